"""Which recordings the catalogue publishes by their consents, and what people are asked about."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.catalogue.checks import consent_notes, names_replaced
from cunshi.catalogue.course.citations import why_withheld
from cunshi.catalogue.gather import gather
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.core.progress import SilentReporter
from cunshi.domain.consent import ARCHIVE, LESSON, TRANSCRIPTION, USES, WEBSITE, Access
from cunshi.domain.persons.pseudonyms import names_of
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment, Transcript
from support.consents import DAYS, GIVEN, decided, described, ticked, write_sidecar


def test_what_is_not_for_lessons_is_neither_cited_nor_in_the_pack() -> None:
    decision = decided(consent=ticked(ARCHIVE, TRANSCRIPTION, WEBSITE))
    assert decision.allows_publication()
    assert not decision.allows_publication(Access.CLASSROOM)
    cause, remedy = why_withheld("a", decision)
    assert "没有同意用在课程里" in cause
    assert remedy
    assert why_withheld("a", decided(consent=ticked(*USES))) == ("", "")


def test_one_character_is_no_name_to_look_for() -> None:
    talk = described(narrator="金", title="金村", consent=replace(GIVEN, shown_as="匿名"))
    assert names_of(talk, Archive()) == ()
    assert names_replaced(talk, Transcript(), ()) == []


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
    write_sidecar(project, "金村村_金老师", f"同意: {{用途: {uses}}}\n")
    workflow.ingest(project, SilentReporter())
    for ceiling, expected in ((Access.OPEN, entries), (Access.CLASSROOM, in_pack)):
        problems: list[Problem] = []
        archive = project.read_archive(problems)
        recordings = project.read_recordings(problems)
        transcripts = read_transcripts(project, archive, recordings, problems)
        found = gather(project, archive, recordings, transcripts, DAYS, problems, ceiling)
        assert (len(found.entries), len(found.listed)) == (expected, 0)


@pytest.mark.parametrize(
    ("values", "entries"),
    [
        ({"consent": replace(GIVEN, shown_as="匿名")}, 1),
        ({"consent": replace(GIVEN, shown_as="匿名", by="")}, 0),
        ({"consent": ticked(*USES, shown_as="匿名", guardian="金妈妈"), "minor": True}, 1),
        ({"consent": ticked(*USES, shown_as="匿名"), "minor": True}, 0),
    ],
)
def test_a_name_to_be_shown_opens_and_closes_nothing(
    village: Project, values: dict[str, Any], entries: int
) -> None:
    talk = described(access=Access.OPEN, narrator="金老师", **values)
    found = gather(village, Archive(), [talk], {talk.id: Transcript()}, DAYS, [])
    assert len(found.entries) == entries


def test_names_are_looked_for_in_all_that_is_shown(village: Project) -> None:
    """Also in what is on the website alone."""
    lines = (Segment(0, 2, "我姓金老"), Segment(2, 4, "师傅都认得"))
    transcript = Transcript(lines, names=(("金老师", "匿名"),))
    for uses, found in (((ARCHIVE, WEBSITE), 1), ((ARCHIVE, LESSON), 1), ((ARCHIVE,), 0)):
        shown = described(consent=ticked(*uses))
        notes = consent_notes(village, [shown], {shown.id: transcript}, DAYS)
        assert [note.code for note in notes] == [ExitCode.RECORD] * found


@pytest.mark.parametrize(
    ("until", "remaining"),
    [("2026-05-31", ""), ("2026-06-01", "0 天"), ("2026-07-31", "60 天"), ("2026-08-01", "")],
)
def test_a_consent_that_ends_within_sixty_days_is_named(
    village: Project, until: str, remaining: str
) -> None:
    ending = described(consent=replace(GIVEN, until=dt.date.fromisoformat(until)))
    notes = consent_notes(village, [ending], {}, DAYS)
    assert [note.code for note in notes] == [ExitCode.OK] * bool(remaining)
    assert all(remaining in note.cause and until in note.cause and note.remedy for note in notes)
