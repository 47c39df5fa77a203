"""The to-do list: how far each recording has come, told from the files alone."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.routing import Route

from cunshi import store
from cunshi.catalogue import read_words
from cunshi.deposits import find_deposits
from cunshi.errors import CunshiError, ExitCode
from cunshi.i18n import _
from cunshi.looks import Looks
from cunshi.model import Consent, Kind, Problem, Recording, TranscriptStatus
from cunshi.review.asking import Ask, route
from cunshi.review.course import lesson_titles
from cunshi.review.desk import Desk
from cunshi.review.problems import as_json
from cunshi.settings import Archive
from cunshi.store import Accession, Project
from cunshi.templating import recording_title

_BLOCK = 1 << 16  # bytes read at a time from the end of a history

# What stands first wins. Consent comes before correcting: without it nothing is ever heard, and
# registering it takes a minute where correcting takes an evening.
TROUBLED, TO_HEAR, TO_ALLOW = "有问题", "待转录", "待授权"
_STATES = {
    TranscriptStatus.MISSING: TO_HEAR,
    TranscriptStatus.DRAFT: "待校对",
    TranscriptStatus.EDITED: "校对中",
    TranscriptStatus.APPROVED: "已校对",
}

Stamp = tuple[tuple[int, int] | None, ...]


def routes(desk: Desk) -> list[Route]:
    """The list of all recordings."""
    cards = Cards(desk.project)

    def recordings(ask: Ask) -> dict[str, Any]:
        return everything(desk.project, cards)

    return [route("GET", "/api/recordings", recordings)]


@dataclass(frozen=True)
class Card:
    """What is known of a recording whatever the day is; ``last`` is who worked on it and when."""

    recording: Recording
    status: TranscriptStatus
    doubtful: int
    last: dict[str, str] | None
    problems: tuple[Problem, ...]


class Cards:
    """Cards of all recordings, each read again only when one of its files has changed."""

    def __init__(self, project: Project):
        self._project = project
        self._kept: dict[str, tuple[Stamp, Card]] = {}

    def all(self) -> list[Card]:
        """Every recording's card, in the order of their ids."""
        found = {a.id: self._card(a) for a in self._project.accessions()}
        self._kept = found
        return [card for __, card in found.values()]

    def _card(self, accession: Accession) -> tuple[Stamp, Card]:
        stamp = _stamp(accession)
        kept = self._kept.get(accession.id)
        return kept if kept and kept[0] == stamp else (stamp, read_card(self._project, accession))


def _stamp(accession: Accession) -> Stamp:
    paths = (accession.record, accession.manifest, accession.transcript, accession.history)
    return (*map(_times, paths), _times(accession.master))


def _times(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def read_card(project: Project, accession: Accession) -> Card:
    """A recording's card from its files; what is wrong with one of them is among its problems."""
    problems: list[Problem] = []
    recording = project.read_recording(accession, problems)
    master = accession.master / recording.master
    if not master.is_file():
        cause, remedy = _("主文件不见了"), _("从备份恢复")
        problems.append(Problem(ExitCode.FIXITY, project.relative(master), cause, remedy))
    status, doubtful = TranscriptStatus.MISSING, 0
    try:
        transcript = read_words(project, recording)
        status = transcript.status
        if status in {TranscriptStatus.DRAFT, TranscriptStatus.EDITED}:
            doubtful = sum(bool(s.flags or s.suggested) for s in transcript.segments)
    except CunshiError as error:
        where = project.relative(accession.transcript)
        problems.append(replace(Problem.of(error), where=where))
    last = last_worked(accession.history)
    return Card(recording, status, doubtful, last, tuple(problems))


def last_worked(history: Path) -> dict[str, str] | None:
    """Who saved a transcript last, and when: the last line of its history that is whole.

    A line holds a whole transcript and a history many of them, so it is read from its end.
    """
    try:
        with history.open("rb") as stream:
            end, tail = stream.seek(0, 2), b""
            while end and tail.count(b"\n") < 2:
                begin = max(0, end - max(_BLOCK, len(tail)))
                stream.seek(begin)
                tail, end = stream.read(end - begin) + tail, begin
        for line in reversed(tail.splitlines()):
            if entry := _entry(line):
                return entry
    except OSError:
        return None
    return None


def _entry(line: bytes) -> dict[str, str] | None:
    try:
        entry = json.loads(line)
        return {"who": str(entry["who"]), "time": str(entry["time"])}
    except (ValueError, KeyError, TypeError):
        return None


def everything(project: Project, cards: Cards) -> dict[str, Any]:
    """All that the page of the to-do list shows."""
    problems: list[Problem] = []
    archive, today = project.read_archive(problems), store.today()
    project.read_glossary(problems)
    found = cards.all()
    waiting, more = _recordings_to_come(project, archive, problems)
    return {
        "recordings": [describe(card, archive, today) for card in found],
        "course": _course(project, found),
        "waiting": waiting,
        "problems": as_json([*problems, *more], ()),
    }


def describe(card: Card, archive: Archive, today: dt.date) -> dict[str, Any]:
    """A recording as the list shows it."""
    recording, said = card.recording, card.recording.description
    consent = consent_state(said.consent, today)
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
        "access": recording.access(today).name.lower(),
        "consent": consent,
        "transcript": card.status.value,
        "state": state(card, consent),
        "doubtful": card.doubtful,
        "last": card.last,
        "problems": as_json(card.problems, (recording.id,)),
    }


def consent_state(consent: Consent, today: dt.date) -> str:
    """``withdrawn`` counts most: what is taken back can never hold again."""
    if consent.withdrawn_on is not None:
        return "withdrawn"
    if consent.holds(today):
        return "held"
    expired = consent.until is not None and today > consent.until
    return "expired" if consent.by and expired else "missing"


def state(card: Card, consent: str) -> str:
    """The one word that says what to do next."""
    if card.problems:
        return TROUBLED
    if card.status is TranscriptStatus.MISSING:
        return TO_HEAR
    return _STATES[card.status] if consent == "held" else TO_ALLOW


def _course(project: Project, cards: Iterable[Card]) -> list[dict[str, Any]]:
    talks: dict[int | None, list[Card]] = {}
    for card in cards:
        if card.recording.kind is Kind.TALK:
            talks.setdefault(card.recording.lesson, []).append(card)
    return [
        {
            "number": number,
            "title": title,
            "recordings": len(talks.get(number, ())),
            "approved": sum(
                card.status is TranscriptStatus.APPROVED for card in talks.get(number, ())
            ),
        }
        for number, title in lesson_titles(project).items()
    ]


def _recordings_to_come(
    project: Project, archive: Archive, problems: list[Problem]
) -> tuple[list[str], list[Problem]]:
    """Names of deposits that nobody has taken in yet, and why others could not be."""
    deposits, looks = find_deposits(project, archive, problems), Looks(project)
    masters = {h for a in project.accessions() for h in a.hashes().values()}
    waiting, refused = [], []
    for deposit in deposits:
        look: Mapping[str, Any] = looks.remembered(deposit.path) or {}
        if "cause" in look:
            where = project.relative(deposit.path)
            refused.append(Problem(ExitCode.DEPOSIT, where, look["cause"], look["remedy"]))
        elif look.get("sha256") not in masters:
            waiting.append(deposit.path.name)
    return waiting, refused
