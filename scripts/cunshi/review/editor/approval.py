"""Approving a transcript, and taking that back: recording.yml, events.jsonl and the history."""

from dataclasses import replace
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.archive.record_edit import set_fields
from cunshi.archive.records import ALIASES, read_description
from cunshi.core.clock import today
from cunshi.core.errors import RecordError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.text import clean
from cunshi.core.yaml_fields import parse_fields, read_text
from cunshi.domain.recording import Description
from cunshi.review.api import ApiError
from cunshi.review.editor import history
from cunshi.review.editor.document import TranscriptDocument


def approve(
    project: Project, accession: Accession, manuscript: TranscriptDocument, person: str
) -> dict[str, Any]:
    """Set who approved it and when. ApiError 403 for somebody who may not, 422 without words."""
    text, said = _read(project, accession)
    if said.approved_by:
        return _answer(manuscript, said)
    if not manuscript.lines:
        raise ApiError(422, _("还没有文稿，不能定稿"), _("先听写，或把听到的话写下来"))
    if project.read_archive([]).two_people and _is_among(person, manuscript.correctors()):
        raise ApiError(
            403,
            _("这份文稿您自己改过，要请另一个人来定稿"),
            _("请另一位志愿者打开这段录音，听过以后定稿"),
        )
    approved = replace(said, approved_by=person, approved_on=today())
    _write(project, accession, text, said, approved)
    _tell(accession, manuscript, history.APPROVED, person)
    return _answer(manuscript, approved)


def reopen(
    project: Project, accession: Accession, manuscript: TranscriptDocument, person: str
) -> dict[str, Any]:
    """Take an approval back, so that the transcript can be corrected again."""
    text, said = _read(project, accession)
    if said.approved_by or said.approved_on:
        open_again = replace(said, approved_by="", approved_on=None)
        _write(project, accession, text, said, open_again)
        _tell(accession, manuscript, history.REOPENED, person)
        said = open_again
    return _answer(manuscript, said)


def _answer(manuscript: TranscriptDocument, said: Description) -> dict[str, Any]:
    day = said.approved_on
    return {
        "approved_by": said.approved_by,
        "approved_on": day.isoformat() if day else "",
        "revision": manuscript.revision,
    }


def _is_among(person: str, names: tuple[str, ...]) -> bool:
    return clean(person).casefold() in {clean(name).casefold() for name in names}


def _read(project: Project, accession: Accession) -> tuple[str, Description]:
    """The record; RecordError when any of it cannot be read: it would be written wrongly."""
    where = project.relative(accession.record)
    problems: list[Problem] = []
    text = read_text(accession.record)
    said = read_description(parse_fields(text, where, problems, ALIASES), finish=False)
    if problems:
        first = problems[0]
        raise RecordError(first.cause, first.remedy, where=where, line=first.line)
    return text, said


def _write(
    project: Project, accession: Accession, text: str, said: Description, wanted: Description
) -> None:
    written = set_fields(text, said, wanted)
    where = project.relative(accession.record)
    if read_description(parse_fields(written, where, [], ALIASES), finish=False) != wanted:
        raise RecordError(
            _("目录卡里写不进去"), _("请懂电脑的人用记事本打开 recording.yml 改好"), where=where
        )
    write_atomic(accession.record, written)


def _tell(accession: Accession, manuscript: TranscriptDocument, what: str, person: str) -> None:
    """After it is done; a kill in between leaves it done and untold."""
    digest = history.digest(manuscript.text)
    accession.add_event(
        "metadata modification", agent=person, transcript=what, transcript_sha256=digest
    )
    manuscript.note(person, what)
