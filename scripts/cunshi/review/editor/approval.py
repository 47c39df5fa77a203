"""Approve a transcript or revoke its approval: recording.yml, events.jsonl and history."""

from dataclasses import replace
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.accounts.people import person_key
from cunshi.archive.events import METADATA_MODIFICATION, Event
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile
from cunshi.core.clock import today
from cunshi.core.i18n import _
from cunshi.domain.recording import Description
from cunshi.review.api import ApiError
from cunshi.review.editor import history
from cunshi.review.editor.document import TranscriptDocument


def approve(
    project: Project, accession: Accession, manuscript: TranscriptDocument, person: str
) -> dict[str, Any]:
    """Set approver and date; ApiError 403 if the person may not approve, 422 without words."""
    record = _open(accession)
    if record.description.approved_by:
        return _answer(manuscript, record.description)
    if not manuscript.lines:
        raise ApiError(422, _("还没有文稿，不能定稿"), _("先听写，或把听到的话写下来"))
    if project.read_archive([]).two_people and _is_among(person, manuscript.correctors()):
        raise ApiError(
            403,
            _("这份文稿您自己改过，要请另一个人来定稿"),
            _("请另一位志愿者打开这段录音，听过以后定稿"),
        )
    approved = replace(record.description, approved_by=person, approved_on=today())
    record.set(approved)
    _tell(accession, manuscript, history.APPROVED, person)
    return _answer(manuscript, approved)


def reopen(accession: Accession, manuscript: TranscriptDocument, person: str) -> dict[str, Any]:
    """Revoke an approval, so that the transcript can be edited again."""
    record = _open(accession)
    open_again = replace(record.description, approved_by="", approved_on=None)
    if record.set(open_again):
        _tell(accession, manuscript, history.REOPENED, person)
    return _answer(manuscript, open_again)


def _answer(manuscript: TranscriptDocument, said: Description) -> dict[str, Any]:
    day = said.approved_on
    return {
        "approved_by": said.approved_by,
        "approved_on": day.isoformat() if day else "",
        "revision": manuscript.revision,
    }


def _is_among(person: str, names: tuple[str, ...]) -> bool:
    return person_key(person) in map(person_key, names)


def _open(accession: Accession) -> RecordFile:
    """Open the record; RecordError if a part of it is invalid."""
    record = RecordFile.open(accession)
    record.check()
    return record


def _tell(accession: Accession, manuscript: TranscriptDocument, what: str, person: str) -> None:
    """Log the event after the change; if killed in between, the change is not logged."""
    digest = history.digest(manuscript.text)
    accession.add_event(
        Event(METADATA_MODIFICATION, agent=person, transcript=what, transcript_sha256=digest)
    )
    manuscript.note(person, what)
