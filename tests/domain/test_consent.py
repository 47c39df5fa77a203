"""Consent: uses, guardians and names, from the form to what is published."""

import datetime as dt
import hashlib
import re
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cunshi import workflow
from cunshi.archive.accession import Accession
from cunshi.archive.events import ACCESSION, Event
from cunshi.archive.fixity.check import verify_fixity
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile, as_logged, follow_deposit
from cunshi.archive.records import ALIASES, read_description, write_recording
from cunshi.catalogue.checks import consent_notes, names_replaced
from cunshi.catalogue.course.citations import why_withheld
from cunshi.catalogue.gather import gather
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.core.progress import SilentReporter
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.access import AccessDecision, Days, access_decision
from cunshi.domain.access_reasons import why
from cunshi.domain.consent import (
    ARCHIVE,
    LESSON,
    NO_USE,
    SOCIAL,
    TRANSCRIPTION,
    USES,
    WEBSITE,
    Access,
    Consent,
)
from cunshi.domain.description_merge import limited, merge, strictest
from cunshi.domain.persons.pseudonyms import names_of
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import Archive, Destination
from cunshi.domain.transcript import Segment, Transcript
from cunshi.exports.classroom import usb_pack
from cunshi.transcription.jobs import Choice
from cunshi.workflow.results import Built, Published
from support.village import settle

TODAY = dt.date(2026, 6, 1)
DAYS = Days(today=TODAY, clock=TODAY)
GIVEN = Consent(by="金老师", signed_on=dt.date(2026, 1, 1))
RECORDED = Choice("recorded")


def ticked(*uses: str, **more: Any) -> Consent:
    return replace(GIVEN, uses=uses, **more)


def recording(**said: Any) -> Recording:
    technical = Technical("mov", "aac", 45.0, 44_100, 1)
    return Recording(
        "20260112-7a994552", Kind.TALK, "m.m4a", "", "金老师.m4a", technical, Description(**said)
    )


def decided(**said: Any) -> AccessDecision:
    return access_decision(recording(**said), DAYS)


def describe(text: str) -> tuple[Description, list[Problem]]:
    problems: list[Problem] = []
    return read_description(parse_fields(text, "folder.yml", problems, ALIASES)), problems


# --- what is written


@pytest.mark.parametrize(
    ("written", "uses"),
    [
        ("uses: [archive, website]", (ARCHIVE, WEBSITE)),
        ("用途: [网站, 存档]", (ARCHIVE, WEBSITE)),
        ("用途: 存档、转写、课程", (ARCHIVE, TRANSCRIPTION, LESSON)),
        ("用途:\n    - 存档\n    - social", (ARCHIVE, SOCIAL)),
        ("用途: [存档, 存档]", (ARCHIVE,)),
        ("用途: 无", (NO_USE,)),
        ("uses: none", (NO_USE,)),
        ("uses: []", (NO_USE,)),
        ("uses:", ()),
        ("form: 12 号", ()),
    ],
)
def test_the_uses_are_read(written: str, uses: tuple[str, ...]) -> None:
    said, problems = describe(f"同意:\n  签署人: 金老师\n  签署日期: 2026-01-01\n  {written}\n")
    assert (said.consent.uses, problems) == (uses, [])
    assert said.consent.by == "金老师"


@pytest.mark.parametrize("written", ["用途: [存档, 随便]", "用途: 全部", "用途: [无, 存档]"])
def test_a_use_that_nobody_knows_is_reported_and_nothing_holds(written: str) -> None:
    said, [problem] = describe(f"同意:\n  签署人: 甲\n  签署日期: 2026-01-01\n  {written}\n")
    assert (problem.line, problem.code) == (4, ExitCode.RECORD)
    assert not decided(**vars(said)).has_consent


def test_guardian_and_name_are_read_in_chinese_and_written_again() -> None:
    said, problems = describe(
        "同意: {签署人: 甲, 签署日期: 2026-01-01, 监护人: 乙, 署名: 阿婆, 用途: [课程]}\n"
    )
    assert problems == []
    assert said.consent == Consent(
        "甲", dt.date(2026, 1, 1), "", None, None, (LESSON,), "乙", "阿婆"
    )
    written = write_recording(recording(consent=said.consent))
    again = read_description(parse_fields(written, "", problems, ALIASES), finish=False)
    assert problems == []
    assert again.consent == said.consent


# --- what it allows

OPEN, CLASS, LISTED, SEALED = Access.OPEN, Access.CLASSROOM, Access.LISTED, Access.SEALED


@pytest.mark.parametrize(
    ("uses", "open_", "classroom", "listed"),
    [
        ((), OPEN, CLASS, LISTED),
        (USES, OPEN, CLASS, LISTED),
        ((ARCHIVE, WEBSITE, LESSON), OPEN, CLASS, LISTED),
        ((ARCHIVE, LESSON), CLASS, CLASS, SEALED),
        ((ARCHIVE, WEBSITE), OPEN, SEALED, LISTED),
        ((ARCHIVE, TRANSCRIPTION, SOCIAL), SEALED, SEALED, SEALED),
        ((ARCHIVE,), SEALED, SEALED, SEALED),
        ((WEBSITE, LESSON, TRANSCRIPTION, SOCIAL), SEALED, SEALED, SEALED),
        ((NO_USE,), SEALED, SEALED, SEALED),
    ],
)
def test_what_was_not_ticked_is_not_done(
    uses: tuple[str, ...], open_: Access, classroom: Access, listed: Access
) -> None:
    given = ticked(*uses)
    assert decided(consent=given).level is open_
    for asked, expected in ((OPEN, open_), (CLASS, classroom), (LISTED, listed), (SEALED, SEALED)):
        assert decided(consent=given, access=asked).level is expected


def test_no_use_makes_anything_more_public() -> None:
    for n in range(2 ** len(USES)):
        uses = tuple(use for bit, use in enumerate(USES) if n >> bit & 1) or (NO_USE,)
        for access in Access:
            assert decided(consent=ticked(*uses), access=access).level >= access


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"consent": GIVEN}, SEALED),
        ({"consent": GIVEN, "access": OPEN}, OPEN),
        ({"consent": ticked(*USES), "access": OPEN}, SEALED),
        ({"consent": ticked(*USES, guardian="金妈妈"), "access": OPEN}, OPEN),
        ({"consent": ticked(*USES, guardian="金妈妈")}, SEALED),
        ({"consent": ticked(ARCHIVE, LESSON, guardian="金妈妈"), "access": OPEN}, CLASS),
    ],
)
def test_a_minor_needs_a_guardian_where_uses_are_ticked(
    said: dict[str, Any], expected: Access
) -> None:
    assert decided(minor=True, **said).level is expected


def test_what_is_not_for_lessons_is_neither_cited_nor_in_the_pack() -> None:
    told = decided(consent=ticked(ARCHIVE, TRANSCRIPTION, WEBSITE))
    assert told.allows_publication()
    assert not told.allows_publication(Access.CLASSROOM)
    cause, remedy = why_withheld("a", told)
    assert "没有同意用在课程里" in cause
    assert remedy
    assert why_withheld("a", decided(consent=ticked(*USES))) == ("", "")


# --- several texts


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ((), (), ()),
        ((), (ARCHIVE,), (ARCHIVE,)),
        ((ARCHIVE, LESSON), (), (ARCHIVE, LESSON)),
        ((ARCHIVE, LESSON), (WEBSITE, LESSON), (LESSON,)),
        ((ARCHIVE,), (WEBSITE,), (NO_USE,)),
        ((NO_USE,), USES, (NO_USE,)),
    ],
)
def test_only_what_both_allow_is_allowed(
    outer: tuple[str, ...], inner: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    one, other = Description(consent=ticked(*outer)), Description(consent=ticked(*inner))
    assert merge(one, other).consent.uses == expected
    assert strictest([one, other]).consent.uses == expected
    assert limited(one.consent, other.consent).uses == expected


def test_the_inner_text_names_guardian_and_name() -> None:
    outer = Description(consent=replace(GIVEN, guardian="甲", shown_as="阿公"))
    inner = Description(consent=Consent(shown_as="匿名"))
    assert merge(outer, inner).consent == replace(GIVEN, guardian="甲", shown_as="匿名")


def test_a_copy_that_hides_the_name_hides_it() -> None:
    plain, hidden = Description(consent=GIVEN), Description(consent=replace(GIVEN, shown_as="匿名"))
    assert strictest([plain, hidden]).consent.shown_as == "匿名"


def amended(
    base: Description, ours: Description, theirs: Description, decided: set[str] | None = None
) -> Description:
    """Return the record of a person after the folder changed from ``base`` to ``theirs``."""
    merged = follow_deposit(ours, theirs, as_logged(base), decided=decided or set())
    with tempfile.TemporaryDirectory() as folder:
        accession = Accession(Path(folder))
        accession.record.write_text(write_recording(recording(**vars(ours))), "utf-8")
        RecordFile.open(accession).set(merged)
        written = RecordFile.open(accession)
    assert (written.description, written.problems) == (merged, ())
    return merged


def test_fewer_uses_in_the_folder_limit_a_record_that_a_person_has_edited() -> None:
    base = Description(consent=ticked(*USES))
    ours = Description(consent=ticked(*USES, form="3 号"))
    theirs = Description(consent=ticked(ARCHIVE, LESSON, shown_as="匿名"))
    said = amended(base, ours, theirs).consent
    assert said == ticked(ARCHIVE, LESSON, form="3 号", shown_as="匿名")


@pytest.mark.parametrize(
    ("name", "said", "mine"),
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
    name: str, said: Any, mine: Any
) -> None:
    folder, ours = Description(**{name: said}), Description(**{name: mine})
    assert getattr(amended(folder, ours, folder, {name}), name) == mine


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
    said = amended(folder, ours, Description(**{name: new}), {name})
    assert getattr(said, name) == expected


def test_a_withdrawal_in_the_folder_comes_in_whatever_was_decided() -> None:
    folder = Description(consent=replace(GIVEN, withdrawn_on=TODAY))
    ours = Description(consent=GIVEN)
    assert amended(folder, ours, folder, {"consent"}).consent.withdrawn_on == TODAY


# --- what is published


def say(project: Project, name: str, text: str) -> None:
    path = next(project.recordings.glob(f"*/{name}*.m4a")).with_suffix(".yml")
    path.write_text(text, "utf-8")
    settle(path)


def built(project: Project) -> Built:
    report = workflow.build(project, SilentReporter(), RECORDED)
    assert report.wrong == []
    return report


def texts_below(folder: Path) -> str:
    """Return all text in the files of a folder, and in zip files."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.append(path.relative_to(folder).as_posix())
        data = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                data = [name.encode() + packed.read(name) for name in packed.namelist()]
        found += [part.decode("utf-8", "replace") for part in data]
    return "\n".join(found)


def test_a_name_that_is_not_to_be_shown_is_nowhere(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    assert "金老师" in texts_below(project.site)
    say(project, "金村村_金老师", "同意: {签署人: 金老师, 署名: 东街老伯}\n题名: 村名\n")
    cues = project.accession(shown).transcript
    spoken = re.sub(r"(-->.*\n)", r"\1<v 金老师>", cues.read_text("utf-8"))
    cues.write_text(spoken, "utf-8")
    assert workflow.draft_lesson(project, 1, [shown], "cunming").wrong == []
    (project.courses / "course.yml").write_text("title: 村史\nlessons: [01-cunming]\n", "utf-8")
    built(project)
    everything = texts_below(project.site)
    for page in ("recordings", "lessons", "kits", "search"):
        assert "东街老伯" in texts_below(project.site / page), page
    assert "金老师" not in everything
    assert "金老师" in project.accession(shown).record.read_text("utf-8")
    workflow.pack(project, SilentReporter(), None)
    [pack] = project.root.glob("build/*.zip")
    with zipfile.ZipFile(pack) as packed:
        packed.extractall(project.root / "unpacked")
    everything = texts_below(project.root / "unpacked")
    assert "东街老伯" in everything
    assert "金老师" not in everything


def test_where_a_name_is_replaced_a_person_is_told(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    say(
        project,
        "金村村_金老师",
        "同意: {署名: 东街老伯}\n题名: 金老师讲村名\n备注: 金老师家里录的\n",
    )
    [note] = built(project).problems
    assert note.is_note
    assert note.where == f"archive/{shown}/recording.yml"
    assert "东街老伯" in note.cause
    assert "题名、备注" in note.cause
    page = (project.site / "recordings" / f"{shown}.html").read_text("utf-8")
    assert "东街老伯讲村名" in page
    assert "金老师" not in page


def test_one_character_is_no_name_to_look_for() -> None:
    told = recording(narrator="金", title="金村", consent=replace(GIVEN, shown_as="匿名"))
    assert names_of(told, Archive()) == ()
    assert names_replaced(told, Transcript(), ()) == []


@pytest.mark.parametrize(
    ("uses", "entries", "in_pack"),
    [
        ("存档、转写、课程、网站", 1, 1),
        ("存档、转写、课程", 0, 1),
        ("存档、转写、网站", 1, 0),
        ("存档", 0, 0),
        ("无", 0, 0),
    ],
)
def test_site_and_pack_hold_what_was_ticked(
    told: tuple[Project, str, str], uses: str, entries: int, in_pack: int
) -> None:
    project, __, __ = told
    say(project, "金村村_金老师", f"同意: {{用途: {uses}}}\n")
    workflow.ingest(project, SilentReporter())
    for ceiling, expected in ((Access.OPEN, entries), (Access.CLASSROOM, in_pack)):
        problems: list[Problem] = []
        archive = project.read_archive(problems)
        recordings = project.read_recordings(problems)
        transcripts = read_transcripts(project, archive, recordings, problems)
        found = gather(project, archive, recordings, transcripts, DAYS, problems, ceiling)
        assert (len(found.entries), len(found.listed)) == (expected, 0)


@pytest.mark.parametrize(
    ("said", "entries"),
    [
        ({"consent": replace(GIVEN, shown_as="匿名")}, 1),
        ({"consent": replace(GIVEN, shown_as="匿名", by="")}, 0),
        ({"consent": ticked(*USES, shown_as="匿名", guardian="金妈妈"), "minor": True}, 1),
        ({"consent": ticked(*USES, shown_as="匿名"), "minor": True}, 0),
    ],
)
def test_a_name_to_be_shown_opens_and_closes_nothing(
    village: Project, said: dict[str, Any], entries: int
) -> None:
    told = recording(access=Access.OPEN, narrator="金老师", **said)
    found = gather(village, Archive(), [told], {told.id: Transcript()}, DAYS, [])
    assert len(found.entries) == entries


def test_a_pack_says_how_many_recordings_their_consents_reserve_for_classrooms(
    told: tuple[Project, str, str],
) -> None:
    project, __, __ = told
    say(project, "金村村_金老师", "同意: {用途: 存档、转写、课程}\n")
    workflow.ingest(project, SilentReporter())
    packed = workflow.pack(project, SilentReporter(), None)
    assert packed.classroom == 1
    with zipfile.ZipFile(packed.path) as zipped:
        [read_me] = [name for name in zipped.namelist() if name.endswith(usb_pack.READ_ME)]
        assert "里面有只供课堂播放的录音" in zipped.read(read_me).decode("utf-8-sig")


def test_names_are_looked_for_in_all_that_is_shown(village: Project) -> None:
    """Also in what is on the website alone."""
    lines = (Segment(0, 2, "我姓金老"), Segment(2, 4, "师傅都认得"))
    transcript = Transcript(lines, names=(("金老师", "匿名"),))
    for uses, found in (((ARCHIVE, WEBSITE), 1), ((ARCHIVE, LESSON), 1), ((ARCHIVE,), 0)):
        shown = recording(consent=ticked(*uses))
        notes = consent_notes(village, [shown], {shown.id: transcript}, DAYS)
        assert [note.code for note in notes] == [ExitCode.RECORD] * found


def test_who_did_not_agree_to_archiving_is_to_be_asked(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    say(project, "金村村_金老师", "同意: {用途: 网站}\n")
    [note] = built(project).problems
    assert note.is_note
    assert note.where == f"archive/{shown}/recording.yml"
    assert not (project.site / "recordings" / f"{shown}.html").exists()


def test_without_transcription_nothing_is_written_down_or_shown(
    told: tuple[Project, str, str], village: Project
) -> None:
    project, shown, __ = told
    words = project.accession(shown).transcript.read_text("utf-8").splitlines()[-1][-8:]
    assert words in texts_below(project.site)
    say(project, "金村村_金老师", "同意: {用途: 存档、课程、网站}\n")
    machine = project.accession(shown).machine
    machine.unlink()
    built(project)
    assert not machine.exists()
    assert (project.site / "recordings" / f"{shown}.html").exists()
    assert words not in texts_below(project.site)


def test_the_written_words_of_a_motto_are_no_transcription(village: Project) -> None:
    folder = village.recordings / "mottoes"
    folder.mkdir()
    (folder / "金村村_金家_2026-02-01.txt").write_text("勤俭持家", "utf-8")
    (folder / "folder.yml").write_text("同意: {用途: 存档、课程、网站}\n", "utf-8")
    for path in folder.iterdir():
        settle(path)
    built(village)
    assert "勤俭持家" in texts_below(village.site)


# --- what was signed


@pytest.fixture
def signed(told: tuple[Project, str, str]) -> tuple[Project, Path]:
    """Return a village with a scan of a consent form."""
    project, shown, __ = told
    accession = project.accession(shown)
    accession.consent_forms.mkdir()
    scan = accession.consent_forms / "同意书.txt"
    scan.write_text("我姓金，名建国。13800000000", "utf-8")
    digest = hashlib.sha256(scan.read_bytes()).hexdigest()
    hashes = {f"consent/{scan.name}": digest}
    accession.add_event(Event(ACCESSION, algorithm="SHA-256", hashes=hashes))
    return project, scan


def test_scans_are_never_published(signed: tuple[Project, Path], tmp_path: Path) -> None:
    project, scan = signed
    built(project)
    workflow.pack(project, SilentReporter(), tmp_path / "pack" / "礼包.zip")
    share = tmp_path / "share"
    where = Destination(folder=str(share))
    done = workflow.publish(project, SilentReporter(), where, dry_run=False)
    assert isinstance(done, Published)
    for folder in (project.site, project.classroom.site, tmp_path / "pack", share):
        everything = texts_below(folder)
        assert len(everything) > 1000
        assert "13800000000" not in everything
        assert scan.name not in everything


def test_a_scan_that_changes_or_goes_is_noticed(signed: tuple[Project, Path]) -> None:
    project, scan = signed
    assert verify_fixity(project, SilentReporter()) == []
    scan.write_text("别的", "utf-8")
    [changed] = verify_fixity(project, SilentReporter())
    scan.unlink()
    [missing] = verify_fixity(project, SilentReporter())
    assert {changed.code, missing.code} == {ExitCode.FIXITY}
    assert changed.where == missing.where == project.relative(scan)
    assert "变了" in changed.cause
    assert "不见" in missing.cause


@pytest.mark.parametrize(
    ("until", "told"),
    [("2026-05-31", ""), ("2026-06-01", "0 天"), ("2026-07-31", "60 天"), ("2026-08-01", "")],
)
def test_a_consent_that_ends_within_sixty_days_is_named(
    village: Project, until: str, told: str
) -> None:
    ending = recording(consent=replace(GIVEN, until=dt.date.fromisoformat(until)))
    notes = consent_notes(village, [ending], {}, DAYS)
    assert [note.code for note in notes] == [ExitCode.OK] * bool(told)
    assert all(told in note.cause and until in note.cause and note.remedy for note in notes)


# --- not before a day


def test_nothing_is_published_before_the_day_that_was_agreed() -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    consent = replace(GIVEN, embargo=tomorrow)
    waiting = decided(consent=consent)
    over = access_decision(recording(consent=consent), Days(today=tomorrow, clock=tomorrow))
    assert (waiting.level, over.level) == (Access.SEALED, Access.OPEN)
    assert "2026-06-02" in why(waiting, consent)
    assert "下次发布" in why(over, consent)


def test_of_several_days_the_latest_holds() -> None:
    early, late = (replace(GIVEN, embargo=dt.date(year, 1, 1)) for year in (2027, 2030))
    for one, other in ((early, late), (late, early), (GIVEN, late), (late, GIVEN)):
        first, second = Description(consent=one), Description(consent=other)
        assert merge(first, second).consent.embargo == late.embargo
        assert strictest((first, second)).consent.embargo == late.embargo
        assert limited(one, other).embargo == late.embargo
    said, problems = describe("consent: {by: 王, signed_on: 2026-01-01, 解禁日期: 2030-01-01}")
    assert (said.consent.embargo, problems) == (dt.date(2030, 1, 1), [])


def test_a_folder_may_still_set_the_day_after_a_person_has_edited_the_record() -> None:
    ours = Description(title="人改过的", consent=GIVEN)
    theirs = Description(title="旧题名", consent=replace(GIVEN, embargo=dt.date(2030, 1, 1)))
    said = amended(Description(title="旧题名"), ours, theirs)
    assert (said.title, said.consent.embargo) == ("人改过的", dt.date(2030, 1, 1))
