"""The to-do list: the progress of each recording, derived from its files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.routing import Route

from cunshi.archive.project import Project
from cunshi.catalogue.titles import recording_title
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.access import AccessDecision, AccessReason, Days, access_decision
from cunshi.domain.consent import TRANSCRIPTION
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import TranscriptStatus
from cunshi.intake import amendments
from cunshi.intake.deposit_cache import DepositCache
from cunshi.intake.deposits import find_deposits
from cunshi.publishing.log import days_of
from cunshi.review.api import ApiRequest, route
from cunshi.review.context import Desk
from cunshi.review.todo.lesson_titles import lesson_titles
from cunshi.review.todo.problems import as_json
from cunshi.review.todo.status_cache import RecordingStatus, StatusCache

# The first state that applies is shown. Consent comes first: it is required for everything, and
# registering it takes a minute, where correcting takes an evening.
TROUBLED, TO_HEAR, TO_ALLOW = "有问题", "待转录", "待授权"
NOT_HEARD = "不转写"  # no consent to transcription, so there is nothing to do
_STATES = {
    TranscriptStatus.MISSING: TO_HEAR,
    TranscriptStatus.DRAFT: "待校对",
    TranscriptStatus.EDITED: "校对中",
    TranscriptStatus.APPROVED: "已校对",
}


def routes(desk: Desk) -> list[Route]:
    """Return the route of the list."""
    cards = StatusCache(desk.project)

    def recordings(ask: ApiRequest) -> dict[str, Any]:
        return everything(desk.project, cards)

    return [route("GET", "/api/recordings", recordings)]


def everything(project: Project, cards: StatusCache) -> dict[str, Any]:
    """Return the data of the to-do page."""
    problems: list[Problem] = []
    archive, days = project.read_archive(problems), days_of(project, problems)
    project.read_glossary(problems)
    found = cards.all()
    found = _as_amended(project, archive, found)
    waiting, more = _recordings_to_come(project, archive, found, problems)
    return {
        "recordings": [describe(card, archive, days) for card in found],
        "course": _course(project, found),
        "waiting": waiting,
        "problems": as_json([*problems, *more], ()),
    }


def _as_amended(
    project: Project, archive: Archive, cards: Sequence[RecordingStatus]
) -> list[RecordingStatus]:
    """Return the recordings with the limits in recordings/ that are not yet in the records."""
    recordings = [card.recording for card in cards]
    amended = amendments.as_amended(project, archive, recordings, [])
    return [replace(card, recording=r) for card, r in zip(cards, amended, strict=True)]


def describe(card: RecordingStatus, archive: Archive, days: Days) -> dict[str, Any]:
    """Return a recording as JSON for the list."""
    recording, said = card.recording, card.recording.description
    decision = access_decision(recording, days)
    consent = consent_state(decision)
    return {
        "id": recording.id,
        "title": recording_title(recording),
        "kind": recording.kind.value,
        "village": said.village,
        "lesson": recording.lesson,
        "narrator": said.narrator,
        "date": said.date.isoformat() if said.date else None,
        "duration": recording.technical.duration,
        "language": recording.language(archive),
        "access": decision.level.name.lower(),
        "consent": consent,
        "transcript": card.words.status.value,
        "state": state(card, consent),
        "doubtful": card.words.doubtful,
        "last": card.last,
        "problems": as_json(card.problems, (recording.id,)),
    }


def consent_state(decision: AccessDecision) -> str:
    """Return the state of a consent, whatever the access level."""
    if decision.has_consent:
        return "held"
    ended = {AccessReason.WITHDRAWN: "withdrawn", AccessReason.EXPIRED: "expired"}
    return ended.get(decision.reason, "missing")


def state(card: RecordingStatus, consent: str) -> str:
    """Return the next task for a recording as one word."""
    if card.problems:
        return TROUBLED
    if card.words.status is TranscriptStatus.MISSING:
        consented = card.recording.description.consent
        unwanted = consent == "held" and not consented.allows(TRANSCRIPTION)
        return NOT_HEARD if unwanted else TO_HEAR
    return _STATES[card.words.status] if consent == "held" else TO_ALLOW


def _course(project: Project, cards: Iterable[RecordingStatus]) -> list[dict[str, Any]]:
    talks: dict[int | None, list[RecordingStatus]] = {}
    for card in cards:
        if card.recording.kind is Kind.TALK:
            talks.setdefault(card.recording.lesson, []).append(card)
    return [
        {
            "number": number,
            "title": title,
            "recordings": len(talks.get(number, ())),
            "approved": sum(
                card.words.status is TranscriptStatus.APPROVED for card in talks.get(number, ())
            ),
        }
        for number, title in lesson_titles(project).items()
    ]


def _recordings_to_come(
    project: Project, archive: Archive, cards: Iterable[RecordingStatus], problems: list[Problem]
) -> tuple[list[str], list[Problem]]:
    """Return the names of new deposits, and problems with others."""
    deposits, inspections = find_deposits(project, archive, problems), DepositCache(project)
    taken = {card.recording.original_name: card.recording for card in cards}
    masters = {h for a in project.accessions() for h in a.hashes().values()}
    waiting, refused = [], []
    for deposit in deposits:
        found: Mapping[str, Any] = inspections.inspection_of(deposit.path) or {}
        if "cause" in found:
            where = project.relative(deposit.path)
            refused.append(Problem(ExitCode.DEPOSIT, where, found["cause"], found["remedy"]))
        elif found.get("sha256") not in masters and not _was_taken(project, deposit.path, taken):
            waiting.append(deposit.path.name)
    return waiting, refused


def _was_taken(project: Project, path: Path, taken: Mapping[str, Recording]) -> bool:
    """Check whether a file was probably accessioned under its name.

    After a project was copied, the cache has no entries for its files, and hashing takes long.
    """
    recording = taken.get(project.relative(path).removeprefix("recordings/"))
    if recording is None:
        return False
    master = project.accession(recording.id).master / recording.master
    return master.is_file() and master.stat().st_size == path.stat().st_size
