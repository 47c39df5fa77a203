"""Editing recording.yml: values can be read back, and all other text is kept."""

import datetime as dt
import json
import tempfile
from collections.abc import Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from cunshi.archive.accession import Accession
from cunshi.archive.record_edit import RecordFile, as_logged, follow_deposit
from cunshi.archive.records import write_recording
from cunshi.core.errors import RecordError
from cunshi.domain.consent import ARCHIVE, LESSON, USES, Access, Consent
from cunshi.domain.recording import Description
from support.consents import ticked
from support.descriptions import descriptions, has_consent, recording

TODAY, DAY = dt.date(2026, 6, 1), dt.date(2026, 1, 12)
GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))


def given_by(by: str = "王老师", **limits: dt.date) -> Consent:
    return Consent(by=by, signed_on=GIVEN.signed_on, **limits)


def in_folder(folder: Path | str, text: str | bytes) -> RecordFile:
    accession = Accession(Path(folder, "20260112-7a994552"))
    accession.folder.mkdir()
    accession.record.write_bytes(text.encode() if isinstance(text, str) else text)
    return RecordFile.open(accession)


# --- RecordFile

TEXT = (
    "# 目录卡\r\n题名:  '村名'  # 照老人的说法\r\n讲述人: 金老师\r\nlesson: 1\r\n"
    "同意书:\r\n  签署人: 王老师  # 本人\r\n  # 还没有日期\r\n\r\n# 完\r\n"
)


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "gb18030"])
def test_values_change_and_every_other_byte_stays(tmp_path: Path, name: str) -> None:
    mark = "\ufeff" if name.startswith("utf-16") else ""
    record = in_folder(tmp_path, (mark + TEXT).encode(name))
    consent = replace(record.description.consent, signed_on=DAY)
    changed = record.set(
        replace(record.description, title="村名的来历", lesson=None, consent=consent)
    )
    assert changed == {
        "title": "村名的来历",
        "lesson": None,
        "consent": {"by": "王老师", "signed_on": "2026-01-12"},
    }
    expected = TEXT.replace(":  '村名'", ": 村名的来历").replace("lesson: 1", "lesson:")
    expected = expected.replace("# 本人\r\n", "# 本人\r\n  signed_on: 2026-01-12\r\n")
    assert record.accession.record.read_bytes() == (mark + expected).encode(name)


def test_what_would_not_come_back_is_refused_and_nothing_written(tmp_path: Path) -> None:
    record = in_folder(tmp_path, TEXT)
    for said in (
        replace(record.description, title=" 村名 "),
        replace(record.description, title="\ud800"),
        replace(record.description, language="法语"),
    ):
        with pytest.raises(RecordError, match="写不进去") as refused:
            record.set(said)
        assert refused.value.where == "archive/20260112-7a994552/recording.yml"
        assert refused.value.remedy
    assert record.accession.record.read_bytes() == TEXT.encode()


UNREAD = "title: 村名\ndate: 去年冬天\n"


def test_while_anything_cannot_be_read_nothing_is_written(tmp_path: Path) -> None:
    record = in_folder(tmp_path, UNREAD)
    for raising in (record.check, lambda: record.set(replace(record.description, title="新"))):
        with pytest.raises(RecordError, match="去年冬天") as refused:
            raising()
        assert refused.value.line == 2
    assert record.accession.record.read_text("utf-8") == UNREAD
    assert record.set(replace(record.description, date=DAY)) == {"date": "2026-01-12"}
    RecordFile.open(record.accession).check()


def test_a_limit_is_written_despite_what_cannot_be_read(tmp_path: Path) -> None:
    record = in_folder(tmp_path, UNREAD)
    sealed = replace(record.description, access=Access.SEALED)
    assert record.set(sealed, despite_problems=True) == {"access": "sealed"}
    assert record.accession.record.read_text("utf-8") == UNREAD + "access: sealed\n"


def test_a_date_that_is_none_is_no_reason_to_stop(tmp_path: Path) -> None:
    record = in_folder(tmp_path, "{title: 村名, date: 2026-13-45}\n")
    with pytest.raises(RecordError, match="2026-13-45"):
        record.set(replace(record.description, title="新"))


@pytest.mark.parametrize("text", ["- 一\n- 二\n", "title: [\n", "只有字", "a: " + "[" * 200_000])
def test_a_broken_record_is_left_alone(tmp_path: Path, text: str) -> None:
    record = in_folder(tmp_path, text)
    for despite in (False, True):
        with pytest.raises(RecordError) as refused:
            record.set(Description(title="新"), despite_problems=despite)
        assert refused.value.line == 1 or text.startswith("title")
    assert record.accession.record.read_text("utf-8") == text


@settings(max_examples=40, deadline=None)
@given(ours=descriptions, said=descriptions)
def test_whatever_is_set_comes_back_and_is_set_once(ours: Description, said: Description) -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = in_folder(folder, "# 我的\n" + write_recording(recording(ours)) + "# 完\n")
        changed = record.set(said)
        assert bool(changed) == (said != ours)
        written = RecordFile.open(record.accession)
        assert (written.description, written.problems) == (said, ())
        assert written.set(said) == {}
        lines = iter(written.text.splitlines())
        kept = [line for line in record.text.splitlines() if line.startswith("#")]
        assert all(line in lines for line in kept)


# --- follow_deposit


def amended(
    before: Description,
    edited: str | None,
    now: Description,
    edit: tuple[str, str] = ("", ""),
    *,
    doubtful: bool = False,
    decided: Set[str] = frozenset(),
) -> Description:
    """Return the record of an accession made with ``before``, edited, and updated with ``now``."""
    text = (edited or write_recording(recording(before))).replace(*edit)
    with tempfile.TemporaryDirectory() as folder:
        record = in_folder(folder, text)
        merged = follow_deposit(
            record.description, now, as_logged(before), doubtful=doubtful, decided=decided
        )
        record.set(merged)
        written = RecordFile.open(record.accession)
    assert (written.description, written.problems) == (merged, ())
    return merged


def amended_over(
    ours: Description, before: Description, now: Description, decided: Set[str] = frozenset()
) -> Description:
    """Return the record which a person had changed to ``ours``, updated with ``now``."""
    return amended(before, write_recording(recording(ours)), now, decided=decided)


LONG = Description(title="村名", narrator="金老师", date=DAY, access=Access.OPEN, consent=GIVEN)


@pytest.mark.parametrize(
    ("field", "before", "edit", "now", "expected"),
    [
        # unedited: it follows the folder
        ("title", "村名", ("", ""), "村名的来历", "村名的来历"),
        ("title", "", ("", ""), "村名的来历", "村名的来历"),
        ("title", "村名", ("", ""), "", "村名"),
        ("date", DAY, ("", ""), TODAY, TODAY),
        ("date", DAY, ("", ""), None, DAY),
        ("lesson", 1, ("", ""), 2, 2),
        # edited: it stays
        ("title", "村名", ("title: 村名", "title: 我们的村名"), "村名的来历", "我们的村名"),
        ("title", "", ("title:", "title: 我们的村名"), "村名的来历", "我们的村名"),
        ("date", DAY, ("date: 2026-01-12", "date: 2026-01-13"), TODAY, dt.date(2026, 1, 13)),
        # emptied: it stays empty
        ("title", "村名", ("title: 村名", "title:"), "村名的来历", ""),
        ("title", "村名", ("title: 村名", "title: "), "村名", ""),
        ("date", DAY, ("date: 2026-01-12", "date:"), TODAY, None),
        # taken out altogether: that is emptied too
        ("title", "村名", ("title: 村名\n", ""), "村名的来历", ""),
        # access
        ("access", None, ("", ""), Access.CLASSROOM, Access.CLASSROOM),
        ("access", Access.OPEN, ("", ""), Access.SEALED, Access.SEALED),
        ("access", Access.SEALED, ("", ""), Access.OPEN, Access.OPEN),
        ("access", Access.LISTED, ("", ""), None, Access.LISTED),
        ("access", Access.OPEN, ("access: open", "access: listed"), Access.OPEN, Access.LISTED),
        ("access", Access.OPEN, ("access: open", "access: listed"), Access.SEALED, Access.SEALED),
        ("access", Access.SEALED, ("access: sealed", "access: open"), Access.SEALED, Access.SEALED),
        ("access", Access.SEALED, ("access: sealed", "access: open"), None, Access.OPEN),
        # minority
        ("minor", False, ("", ""), True, True),
        ("minor", True, ("minor: true", "minor: false"), True, True),
    ],
)
def test_a_field_follows_the_folder_until_a_person_edits_it(
    field: str, before: Any, edit: tuple[str, str], now: Any, expected: Any
) -> None:
    said = amended(Description(**{field: before}), None, Description(**{field: now}), edit)
    assert getattr(said, field) == expected


CONSENT = "consent: {by: 王老师, signed_on: 2026-01-01}"
UNTIL, WITHDRAWN = {"until": TODAY}, {"withdrawn_on": TODAY}


@pytest.mark.parametrize(
    ("edit", "now", "expected"),
    [
        # unedited: it follows the folder, also when it is taken away there
        (("", ""), given_by("李老师"), given_by("李老师")),
        (("", ""), given_by(**UNTIL), given_by(**UNTIL)),
        (("", ""), given_by(**WITHDRAWN), given_by(**WITHDRAWN)),
        (("", ""), Consent(), Consent()),
        # edited: it stays, but for its end
        (("by: 王老师", "by: 老王"), given_by("李老师"), given_by("老王")),
        (("by: 王老师", "by: 老王"), given_by(**WITHDRAWN), given_by("老王", **WITHDRAWN)),
        (("by: 王老师", "by: 老王"), given_by(**UNTIL), given_by("老王", **UNTIL)),
        (("by: 王老师", "by: 老王"), Consent(), given_by("老王")),
        # emptied by a person: it stays empty
        ((CONSENT, "consent:"), given_by("李老师"), Consent()),
        ((CONSENT, "consent:"), given_by(), Consent()),
        ((CONSENT + "\n", ""), given_by(), Consent()),
        # written by a person as a block: limits come in there too
        (
            (CONSENT, "consent:  # 见协议\n  by: 老王  # 本人\n  signed_on: 2026-01-01\n  # 完"),
            given_by(**UNTIL, **WITHDRAWN),
            given_by("老王", **UNTIL, **WITHDRAWN),
        ),
    ],
)
def test_a_consent_follows_the_folder_and_its_end_always_comes_in(
    edit: tuple[str, str], now: Consent, expected: Consent
) -> None:
    before, after = Description(consent=GIVEN), Description(consent=now)
    assert amended(before, None, after, edit).consent == expected


@pytest.mark.parametrize("edit", [("", ""), ("by: 王老师", "by: 老王")])
def test_a_doubtful_folder_leaves_nothing_open(edit: tuple[str, str]) -> None:
    before, now = Description(access=Access.OPEN, consent=GIVEN), Description(access=Access.OPEN)
    said = amended(before, None, now, edit, doubtful=True)
    assert said.access is Access.SEALED or not said.consent.by
    assert amended(before, None, before, edit, doubtful=False).access is Access.OPEN


def test_a_late_consent_is_taken_over() -> None:
    assert amended(Description(), None, Description(consent=GIVEN)).consent == GIVEN


@settings(max_examples=30)
@given(before=descriptions, now=descriptions)
def test_an_unedited_record_follows_the_folder_and_silence_empties_nothing_but_consent(
    before: Description, now: Description
) -> None:
    said = amended(before, None, now)
    for name in vars(now).keys() - {"minor"}:
        old, new = getattr(before, name), getattr(now, name)
        assert getattr(said, name) == (old if new in (None, "") else new), name


@settings(max_examples=30)
@given(before=descriptions, ours=descriptions, now=descriptions)
def test_no_amendment_makes_anything_more_public(
    before: Description, ours: Description, now: Description
) -> None:
    """A restriction by a person stays, whatever folder.yml says."""
    said = amended(before, write_recording(recording(ours)), now)
    assert said.minor >= (now.minor or (ours.minor and not before.minor))
    if as_logged(ours).get("access") != as_logged(before).get("access") and ours.access:
        assert said.access is not None and said.access >= ours.access
    if as_logged(ours).get("consent") != as_logged(before).get("consent"):
        assert has_consent(ours, TODAY) or not has_consent(said, TODAY)
        assert not (now.consent.withdrawn_on and has_consent(said, TODAY))


def test_fewer_uses_in_the_folder_limit_a_record_that_a_person_has_edited() -> None:
    base = Description(consent=ticked(*USES))
    ours = Description(consent=ticked(*USES, form="3 号"))
    theirs = Description(consent=ticked(ARCHIVE, LESSON, shown_as="匿名"))
    merged = amended_over(ours, base, theirs).consent
    assert merged == ticked(ARCHIVE, LESSON, form="3 号", shown_as="匿名")


@pytest.mark.parametrize(
    ("name", "deposited", "mine"),
    [
        ("access", Access.SEALED, Access.OPEN),
        ("minor", True, False),
        ("title", "村名", ""),
        ("title", "村名", "我们的村"),
        ("consent", ticked(ARCHIVE), ticked(*USES)),
        ("consent", replace(GIVEN, until=TODAY), GIVEN),
    ],
)
def test_what_was_decided_at_the_desk_outlives_what_the_folder_always_said(
    name: str, deposited: Any, mine: Any
) -> None:
    folder, ours = Description(**{name: deposited}), Description(**{name: mine})
    assert getattr(amended_over(ours, folder, folder, {name}), name) == mine


@pytest.mark.parametrize(
    ("name", "mine", "new", "expected"),
    [
        ("access", Access.OPEN, Access.SEALED, Access.SEALED),
        ("minor", False, True, True),
        ("title", "我们的村", "村名", "我们的村"),
        ("consent", ticked(*USES), ticked(ARCHIVE), ticked(ARCHIVE)),
        ("consent", GIVEN, replace(GIVEN, until=TODAY), replace(GIVEN, until=TODAY)),
    ],
)
def test_a_new_limit_of_the_folder_comes_in_all_the_same(
    name: str, mine: Any, new: Any, expected: Any
) -> None:
    folder, ours = Description(), Description(**{name: mine})
    merged = amended_over(ours, folder, Description(**{name: new}), {name})
    assert getattr(merged, name) == expected


def test_a_withdrawal_in_the_folder_comes_in_whatever_was_decided() -> None:
    folder = Description(consent=replace(GIVEN, withdrawn_on=TODAY))
    ours = Description(consent=GIVEN)
    assert amended_over(ours, folder, folder, {"consent"}).consent.withdrawn_on == TODAY


def test_a_folder_may_still_set_the_day_after_a_person_has_edited_the_record() -> None:
    ours = Description(title="人改过的", consent=GIVEN)
    theirs = Description(title="旧题名", consent=replace(GIVEN, embargo=dt.date(2030, 1, 1)))
    merged = amended_over(ours, Description(title="旧题名"), theirs)
    assert (merged.title, merged.consent.embargo) == ("人改过的", dt.date(2030, 1, 1))


def test_nothing_new_changes_no_byte(tmp_path: Path) -> None:
    text = (
        "# 一\nkind:   talk\ntitle: '村名' # 二\nconsent: {by: 王老师,  signed_on: 2026-01-01}\n\n"
    )
    record = in_folder(str(tmp_path), text)
    logged = json.loads(json.dumps(as_logged(record.description)))
    assert record.set(follow_deposit(record.description, record.description, logged)) == {}
    assert record.accession.record.read_text("utf-8") == text
