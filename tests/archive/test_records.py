"""File names, folder.yml and recording.yml: what is said, and whose words stay."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cunshi.archive.glossary_file import read_glossary
from cunshi.archive.record_edit import amend_record, as_logged, set_value
from cunshi.archive.records import (
    ALIASES,
    load_description,
    read_description,
    read_recording,
    write_recording,
)
from cunshi.archive.settings_file import read_archive
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.consent import Access, Consent
from cunshi.domain.description_merge import merge, strictest
from cunshi.domain.file_names import describe_folder, describe_name, parse_day
from cunshi.domain.recording import Description, Kind, Recording, Technical

VILLAGES = ("金村村", "妙桥社区")
TODAY, DAY = dt.date(2026, 6, 1), dt.date(2026, 1, 12)
GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))
TECHNICAL = Technical("mov", "aac", 45.279, 44_100, 1)


def given_by(by: str = "王老师", **limits: dt.date) -> Consent:
    return Consent(by=by, signed_on=GIVEN.signed_on, **limits)


def describe(text: str) -> tuple[Description, list[Problem]]:
    problems: list[Problem] = []
    return read_description(parse_fields(text, "folder.yml", problems, ALIASES)), problems


@pytest.mark.parametrize(
    ("stem", "village", "narrator", "day"),
    [
        ("金村村_金老师_2026-01-12", "金村村", "金老师", DAY),
        ("新村_李奶奶_20260112", "新村", "李奶奶", DAY),
        ("金村村_金老师_2026年1月12日", "金村村", "金老师", DAY),
        ("金村村_金老师_2026.1.12", "金村村", "金老师", DAY),
        ("金村村＿金老师＿2026-01-12", "金村村", "金老师", DAY),
        (" 金村村_金老师_2026-01-12 ", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-01-12 (1)", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-01-12(1)", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-01-12_上集", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-02-30", "金村村", "", None),
        ("新村_李奶奶_2026-02-30", "", "", None),
        ("金村村", "金村村", "", None),
        ("金村村_金老师", "金村村", "金老师", None),
        ("金村村_2026-01-12", "金村村", "", None),
        ("妙桥社区_", "妙桥社区", "", None),
        ("新村_李奶奶", "", "", None),
        ("录音_20260112_153012", "", "", None),
        ("录音_153012_20260112", "", "", None),
        ("mmexport1706012345678", "", "", None),
        ("新录音 12", "", "", None),
        ("REC_20260112_153012", "", "", None),
        ("20260112_153012", "", "", None),
        ("2026-01-12", "", "", None),
        ("", "", "", None),
    ],
)
def test_a_name_says_what_it_says_and_nothing_is_guessed(
    stem: str, village: str, narrator: str, day: dt.date | None
) -> None:
    said = describe_name(stem, VILLAGES)
    assert said == Description(village=village, narrator=narrator, date=day)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-01-12", DAY),
        ("2026-1-12", DAY),
        ("20260112", DAY),
        ("2026年01月12日", DAY),
        (" 2026.1.12 ", DAY),
        ("2026-13-01", None),
        ("20261301", None),
        ("30260112", None),
        ("2026-01", None),
        ("2026-01.12", None),
        ("", None),
    ],
)
def test_a_day_is_read_or_not_at_all(written: str, day: dt.date | None) -> None:
    assert parse_day(written) == day


@given(st.text(max_size=40))
def test_any_name_is_described(stem: str) -> None:
    describe_name(stem, VILLAGES)
    describe_folder(stem)


@pytest.mark.parametrize(
    ("name", "number", "title"),
    [
        ("01-村名的来历", 1, "村名的来历"),
        ("3 金村庙会", 3, "金村庙会"),
        ("10、家乡的变化", 10, "家乡的变化"),
        ("04", 4, ""),
        ("mottoes", None, ""),
        ("第1课", None, ""),
    ],
)
def test_a_folder_says_its_lesson(name: str, number: int | None, title: str) -> None:
    assert describe_folder(name) == (number, title)


# --- merge


@pytest.mark.parametrize(
    ("outer", "inner", "effective"),
    [
        (None, None, None),
        (None, Access.OPEN, Access.OPEN),
        (Access.LISTED, None, Access.LISTED),
        (Access.SEALED, Access.OPEN, Access.SEALED),
        (Access.OPEN, Access.CLASSROOM, Access.CLASSROOM),
    ],
)
def test_of_two_access_levels_the_stricter_holds(
    outer: Access | None, inner: Access | None, effective: Access | None
) -> None:
    assert merge(Description(access=outer), Description(access=inner)).access is effective


@pytest.mark.parametrize(
    ("outer", "said", "effective"),
    [
        (Access.OPEN, Description(minor=True), Access.SEALED),
        (None, Description(minor=True), Access.SEALED),
        (Access.OPEN, Description(minor=True, access=Access.CLASSROOM), Access.CLASSROOM),
        (Access.OPEN, Description(), Access.OPEN),
    ],
)
def test_a_minor_starts_sealed_whatever_an_outer_folder_opens(
    outer: Access | None, said: Description, effective: Access
) -> None:
    assert merge(Description(access=outer), said).access is effective


def test_of_several_copies_every_limit_counts() -> None:
    first = Description(title="甲", access=Access.OPEN, consent=GIVEN)
    copies = [
        first,
        Description(title="乙", access=Access.LISTED),
        Description(minor=True, consent=Consent(until=TODAY)),
        Description(consent=Consent(by="李老师", withdrawn_on=TODAY)),
    ]
    assert strictest([first]) == first
    assert strictest(copies) == Description(
        title="甲",
        access=Access.LISTED,
        minor=True,
        consent=given_by(until=TODAY, withdrawn_on=TODAY),
    )


def test_the_inner_folder_speaks_and_is_silent_field_by_field() -> None:
    outer = Description(village="金村村", rights="甲", minor=True, consent=GIVEN)
    inner = Description(village="欧桥村", note="乙", consent=Consent(form="口头", by="李老师"))
    assert merge(outer, inner) == Description(
        village="欧桥村",
        rights="甲",
        note="乙",
        minor=True,
        consent=Consent(by="李老师", signed_on=GIVEN.signed_on, form="口头"),
    )


def test_a_limit_of_the_outer_consent_is_kept_within() -> None:
    outer = Description(consent=Consent(by="甲", signed_on=DAY, until=TODAY, withdrawn_on=TODAY))
    merged = merge(outer, Description(consent=GIVEN)).consent
    assert (merged.by, merged.until, merged.withdrawn_on) == ("王老师", TODAY, TODAY)


# --- what cannot be read fails closed


@pytest.mark.parametrize(
    "line",
    [
        "until: 明年",
        "until: 2026-02-30",
        "withdrawn_on: 昨天",
        "signed_on: 2026",
        "withdraw_on: 2026-02-01",
        "撤回: 2026-02-01",
    ],
)
def test_a_consent_that_cannot_be_read_is_none(line: str) -> None:
    text = f"consent:\n  by: 王老师\n  {line}\n"
    text += "" if line.startswith("signed") else "  signed_on: 2026-01-01\n"
    said, problems = describe(text)
    assert said.consent == Consent()
    assert [problem.line for problem in problems] == [3]


@pytest.mark.parametrize("written", ["同意", "[王老师]"])
def test_a_consent_of_another_form_is_none(written: str) -> None:
    assert describe(f"consent: {written}\n")[0].consent == Consent()


def test_a_whole_consent_is_read_in_chinese() -> None:
    said, problems = describe(
        "同意书:\n  签署人: 王老师\n  签署日期: 2026-01-01\n  凭据: 口头\n"
        "  有效期至: 2026-12-31\n  撤回日期: 2026-06-01\n"
    )
    assert problems == []
    assert said.consent == Consent(
        "王老师", dt.date(2026, 1, 1), "口头", dt.date(2026, 12, 31), dt.date(2026, 6, 1)
    )


@pytest.mark.parametrize(
    ("written", "access"),
    [
        ("", None),
        ("公开", Access.OPEN),
        ("open", Access.OPEN),
        ("课堂", Access.CLASSROOM),
        ("目录", Access.LISTED),
        ("封存", Access.SEALED),
        ("大家都可以听", Access.SEALED),
        ("OPEN", Access.SEALED),
    ],
)
def test_an_unknown_access_level_is_the_strictest(written: str, access: Access | None) -> None:
    said, problems = describe(f"access: {written}\n")
    assert said.access is access
    assert bool(problems) is (written in {"大家都可以听", "OPEN"})


def test_an_unreadable_minor_is_a_minor() -> None:
    said, problems = describe("minor: 14 岁\n")
    assert (said.minor, len(problems)) == (True, 1)


# --- recording.yml


def recording(description: Description, **changes: Any) -> Recording:
    values: dict[str, Any] = {
        "id": "20260112-3f9a2c1b",
        "kind": Kind.TALK,
        "master": "20260112-3f9a2c1b.m4a",
        "sha256": "0" * 64,
        "original_name": "01/金村村_金老师.m4a",
        "technical": TECHNICAL,
        "description": description,
    }
    return Recording(**values | changes)


# What people type; control characters are not among it.
said_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])
    | st.sampled_from("'\":#-{}[],&*!|>%@`~?\\：，\n\t "),
    max_size=40,
).map(str.strip)
days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)) | st.none()
consent_text = said_text.filter(lambda text: not set(text) & set(",?[]{}:#"))
consents = st.builds(
    Consent, by=consent_text, signed_on=days, form=consent_text, until=days, withdrawn_on=days
)
descriptions = st.builds(
    Description,
    lesson=st.integers(1, 99) | st.none(),
    title=said_text,
    village=said_text,
    narrator=said_text,
    date=days,
    language=st.sampled_from(("", "cmn", "wuu", "mixed")),
    access=st.sampled_from(Access) | st.none(),
    minor=st.booleans(),
    consent=consents,
    rights=said_text,
    note=said_text,
    motto=said_text,
    meaning=said_text,
    approved_by=said_text,
    approved_on=days,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "20260112-3f9a2c1b"
    folder.mkdir()
    return folder


def read_back(folder: Path, text: str) -> tuple[Recording, list[Problem]]:
    problems: list[Problem] = []
    path = folder / "recording.yml"
    path.write_bytes(text.encode())
    return read_recording(path, "recording.yml", "0" * 64, (), problems), problems


@given(said=descriptions, name=said_text.filter(bool), kind=st.sampled_from(Kind))
def test_a_record_is_read_as_it_was_written(
    folder: Path, said: Description, name: str, kind: Kind
) -> None:
    written = recording(said, original_name=name, kind=kind)
    assert read_back(folder, write_recording(written)) == (written, [])


@pytest.mark.parametrize(
    "word", ["null", "~", "是", "no", "1e3", "2026-01-12", "- a", "...", "---"]
)
def test_words_with_a_meaning_in_yaml_stay_words(folder: Path, word: str) -> None:
    written = recording(Description(title=word, note=f"一\n{word}\n二"))
    assert read_back(folder, write_recording(written)) == (written, [])


def test_every_field_stands_on_a_line_of_its_own(folder: Path) -> None:
    long = Description(
        note="很久 以前 " * 99 + "完", consent=replace(GIVEN, form="word, " * 99 + "x")
    )
    short = write_recording(recording(Description(note="短", consent=GIVEN)))
    text = write_recording(recording(long))
    assert text.count("\n") == short.count("\n")
    assert read_back(folder, text)[0].description == long


def test_the_folder_and_not_the_record_names_a_recording(folder: Path) -> None:
    text = write_recording(recording(Description(), id="20260101-00000000"))
    read, problems = read_back(folder, text)
    assert read.id == folder.name
    assert [problem.line for problem in problems] == [text[: text.index("\nid:")].count("\n") + 2]


# --- amend_record


def amended(
    before: Description,
    edited: str | None,
    now: Description,
    edit: tuple[str, str] = ("", ""),
    *,
    doubtful: bool = False,
) -> Description:
    """What a record says that was taken in as ``before``, edited, and met by ``now``."""
    text = (edited or write_recording(recording(before))).replace(*edit)
    ours = read_description(parse_fields(text, "", [], ALIASES), finish=False)
    new = amend_record(text, ours, now, as_logged(before), doubtful=doubtful)
    problems: list[Problem] = []
    said = read_description(parse_fields(new, "", problems, ALIASES), finish=False)
    assert problems == []
    return said


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
    """Whatever a person closed stays closed, whatever the folder says."""
    said = amended(before, write_recording(recording(ours)), now)
    assert said.minor >= (now.minor or (ours.minor and not before.minor))
    if as_logged(ours).get("access") != as_logged(before).get("access") and ours.access:
        assert said.access is not None and said.access >= ours.access
    if as_logged(ours).get("consent") != as_logged(before).get("consent"):
        assert ours.consent.holds(TODAY) or not said.consent.holds(TODAY)
        assert not (now.consent.withdrawn_on and said.consent.holds(TODAY))


def test_nothing_new_changes_no_byte() -> None:
    text = (
        "# 一\nkind:   talk\ntitle: '村名' # 二\nconsent: {by: 王老师,  signed_on: 2026-01-01}\n\n"
    )
    ours = read_description(parse_fields(text, "", [], ALIASES), finish=False)
    logged = json.loads(json.dumps(as_logged(ours)))
    assert amend_record(text, ours, ours, logged) == text


# --- set_value


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a: 1\nnote: 旧\nb: 2\n", "note", "a: 1\nnote: 新\nb: 2\n"),
        ("note: '旧'  # 注\n", "note", "note: 新  # 注\n"),
        ('note: "旧: #"\n', "note", "note: 新\n"),
        ("note:\n# 注\nb: 2\n", "note", "note: 新\n# 注\nb: 2\n"),
        ("note:   # 注\n", "note", "note: 新   # 注\n"),
        ("note: 旧\n  续\nb: 2\n", "note", "note: 新\nb: 2\n"),
        ("note: 旧", "note", "note: 新"),
        ("备注: 旧\n", "note", "备注: 新\n"),
        ("a: 1\r\nnote: 旧\r\nb: 2\r\n", "note", "a: 1\r\nnote: 新\r\nb: 2\r\n"),
        ("a: 1\n# 完\n", "note", "a: 1\n# 完\nnote: 新\n"),
        ("", "note", "\nnote: 新\n"),
        ("# 只有注\n", "note", "# 只有注\nnote: 新\n"),
        ("consent: {by: 旧}\n", "consent.by", "consent: {by: 新}\n"),
        ("consent: {by: 甲}\n", "consent.form", "consent: {by: 甲, form: 新}\n"),
        ("consent: {}\n", "consent.form", "consent: {form: 新}\n"),
        ("consent:\nb: 2\n", "consent.form", "consent: {form: 新}\nb: 2\n"),
        ("b: 2\n", "consent.form", "b: 2\nconsent: {form: 新}\n"),
        ("consent:\n  by: 旧  # 注\nb: 2\n", "consent.by", "consent:\n  by: 新  # 注\nb: 2\n"),
        (
            "consent:\n    by: 甲\n    # 注\nb: 2\n",
            "consent.form",
            "consent:\n    by: 甲\n    form: 新\n    # 注\nb: 2\n",
        ),
        (
            "同意书:\n  签署人: 甲\n",
            "consent.form",
            "同意书:\n  签署人: 甲\n  form: 新\n",
        ),
    ],
)
def test_one_value_is_set_and_every_other_byte_stays(text: str, path: str, expected: str) -> None:
    assert set_value(text, tuple(path.split(".")), "新") == expected


def test_a_mapping_is_replaced_or_emptied_whole() -> None:
    text = "a: 1\nconsent:\n  by: 甲\n  form: 乙\n# 注\nb: 2\n"
    assert set_value(text, ("consent",), None).splitlines() == ["a: 1", "consent:", "# 注", "b: 2"]
    assert set_value(text, ("consent",), {"by": "丙"}) == "a: 1\nconsent: {by: 丙}\n# 注\nb: 2\n"


KEYS = ("title", "village", "narrator", "rights", "note", "motto", "meaning")
comments = st.lists(st.sampled_from(["# 注", "#title: x", "", "  # 缩进的注", "# it's \"a: b"]))
plain = st.sampled_from(["", "旧", "'单: 引'", '"双 # 引"', "旧 [一]", "旧\n   续", "{x: y}"])
after = st.sampled_from(["", "  # 行末: '注", " "])


@given(
    lines=st.lists(
        st.tuples(comments, st.sampled_from(KEYS), plain, after), unique_by=lambda v: v[1]
    ),
    end=comments,
    name=st.sampled_from(KEYS),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_comments_and_every_other_byte_survive(
    lines: list[tuple[list[str], str, str, str]], end: list[str], name: str, newline: str
) -> None:
    def written(new: dict[str, str]) -> str:
        text = ""
        for before, key, value, behind in lines:
            shown = new.get(key, value)
            text += "".join(line + "\n" for line in before)
            text += f"{key}: {shown}{behind}\n" if shown else f"{key}:{behind}\n"
        return (text + "".join(line + "\n" for line in end)).replace("\n", newline)

    text = written({})
    changed = set_value(text, (name,), "新的")
    if name in {key for __, key, __, __ in lines}:
        assert changed == written({name: "新的"})
    else:
        assert changed == f"{text.rstrip()}\n{name}: 新的\n"


# --- the other files


def test_the_settings_have_defaults_and_a_village_alone_is_a_list(tmp_path: Path) -> None:
    path, problems = tmp_path / "archive.yml", list[Problem]()
    path.write_text("villages: 金村村\nengin: null\n", "utf-8")
    archive = read_archive(path, "archive.yml", problems)
    assert (archive.villages, archive.engine, archive.model) == (
        ("金村村",),
        "faster-whisper",
        "base",
    )
    assert [(p.line, "engine" in p.remedy) for p in problems] == [(2, True)]


def test_a_missing_sidecar_says_nothing(tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert load_description(tmp_path / "a.yml", "a.yml", problems) == Description()
    assert problems == []


def test_a_term_needs_a_meaning_and_stands_once(tmp_path: Path) -> None:
    path, problems = tmp_path / "glossary.yml", list[Problem]()
    path.write_text(
        "terms:\n  - term: 土布\n    kind: 物\n    meaning: 手织的布\n    heard_as: [图布]\n"
        "  - term: 庙会\n  - term: 土布\n    meaning: 又一次\n",
        "utf-8",
    )
    terms = read_glossary(path, "glossary.yml", problems)
    assert terms[0].heard_as == ("图布",)
    assert [problem.line for problem in problems] == [6, 0]
    assert "土布" in problems[1].cause
