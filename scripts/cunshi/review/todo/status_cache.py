"""What each recording's files say of it, looked at again only when one of them has changed."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.catalogue.transcripts import read_words
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.files import stat_of, write_atomic
from cunshi.core.i18n import _, language
from cunshi.core.problem import Problem
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import TranscriptStatus

_BLOCK = 1 << 16  # bytes read at a time from the end of a history
_GRAIN = 2.0  # seconds: on some disks a file can change twice in this time with the same stamp
_VERSION = f"1 {language()}"  # causes and remedies are kept in the language of the messages

Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class Words:
    """How far a transcript has come, and why it cannot be read."""

    status: TranscriptStatus = TranscriptStatus.MISSING
    doubtful: int = 0
    problem: Problem | None = None


@dataclass(frozen=True)
class RecordingStatus:
    """What is known of a recording whatever the day is; ``last`` is who worked on it and when."""

    recording: Recording
    words: Words
    last: dict[str, str] | None
    problems: tuple[Problem, ...]


class StatusCache:
    """Cards of all recordings. What was read of transcripts is kept in build/, too.

    Parsing the transcripts of 500 recordings takes seconds; losing what is kept costs these.
    """

    def __init__(self, project: Project):
        self._project = project
        self._cards: dict[str, tuple[Stamp, RecordingStatus]] = {}
        self._words = dict(_read_kept(project))
        self._is_new = False
        self._reading = threading.Lock()  # several people may ask at once

    def all(self) -> list[RecordingStatus]:
        """Every recording's card, in the order of their ids."""
        with self._reading:
            return self._all()

    def _all(self) -> list[RecordingStatus]:
        found = {a.id: self._card(a) for a in self._project.accessions()}
        self._cards = found
        self._words = {i: kept for i, kept in self._words.items() if i in found}
        if self._is_new:
            self._is_new = False
            _keep(self._project, self._words)
        return [card for __, card in found.values()]

    def _card(self, accession: Accession) -> tuple[Stamp, RecordingStatus]:
        record, words = _stamps(accession)
        stamp = (*record, *words)
        kept = self._cards.get(accession.id)
        if kept and kept[0] == stamp:
            return kept
        problems: list[Problem] = []
        recording = self._project.read_recording(accession, problems)
        found = self._read_words(accession, recording, stamp)
        problems += [
            problem for problem in (_lost(self._project, recording), found.problem) if problem
        ]
        card = RecordingStatus(recording, found, last_worked(accession.history), tuple(problems))
        return stamp, card

    def _read_words(self, accession: Accession, recording: Recording, stamp: Stamp) -> Words:
        kept = self._words.get(accession.id)
        if kept and kept[0] == stamp:
            return kept[1]
        words = read_words_of(self._project, recording)
        if all(time.time() - one[1] / 1e9 > _GRAIN for one in stamp if one):
            self._words[accession.id] = (stamp, words)
            self._is_new = True
        return words


def _stamps(accession: Accession) -> tuple[Stamp, Stamp]:
    """Of what a card depends on: the record and what belongs to it; the transcript."""
    record = (accession.record, accession.manifest, accession.master, accession.history)
    return tuple(map(stat_of, record)), (stat_of(accession.transcript),)


def _lost(project: Project, recording: Recording) -> Problem | None:
    master = project.accession(recording.id).master / recording.master
    if master.is_file():
        return None
    cause, remedy = _("主文件不见了"), _("从备份恢复")
    return Problem(ExitCode.FIXITY, project.relative(master), cause, remedy)


def read_words_of(project: Project, recording: Recording) -> Words:
    """What the to-do list needs of a transcript."""
    try:
        transcript = read_words(project, recording)
    except CunshiError as error:
        where = project.relative(project.accession(recording.id).transcript)
        return Words(problem=replace(Problem.of(error), where=where))
    if transcript.status in {TranscriptStatus.DRAFT, TranscriptStatus.EDITED}:
        doubtful = sum(bool(s.flags or s.suggested) for s in transcript.segments)
        return Words(transcript.status, doubtful)
    return Words(transcript.status)


def _kept_in(project: Project) -> Path:
    return project.cache.with_name("todo.json")


def _read_kept(project: Project) -> Iterator[tuple[str, tuple[Stamp, Words]]]:
    try:
        data = json.loads(_kept_in(project).read_text("utf-8"))
        entries = data["words"] if data["version"] == _VERSION else {}
        for recording_id, (stamp, entry) in entries.items():
            times = tuple(tuple(one) if one else None for one in stamp)
            yield recording_id, (times, _words(**entry))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return


def _words(status: str, doubtful: int, problem: dict[str, Any] | None) -> Words:
    return Words(
        TranscriptStatus(status),
        doubtful,
        Problem(**{**problem, "code": ExitCode(problem["code"])}) if problem else None,
    )


def _keep(project: Project, words: dict[str, tuple[Stamp, Words]]) -> None:
    entries = {i: (stamp, asdict(found)) for i, (stamp, found) in words.items()}
    text = json.dumps({"version": _VERSION, "words": entries}, ensure_ascii=False)
    write_atomic(_kept_in(project), text)


def last_worked(history: Path) -> dict[str, str] | None:
    """Who worked on a transcript last, and when: the last whole line that names somebody.

    A line may hold a whole transcript and a history many of them, so it is read from its end.
    """
    try:
        with history.open("rb") as stream:
            return next(filter(None, map(_entry, _lines_backwards(stream))), None)
    except OSError:
        return None


def _lines_backwards(stream: BinaryIO) -> Iterator[bytes]:
    begin, rest = stream.seek(0, 2), b""
    while begin:
        size = min(begin, max(_BLOCK, len(rest)))
        begin = stream.seek(begin - size)
        first, *lines = (stream.read(size) + rest).split(b"\n")
        yield from reversed(lines)
        rest = first
    yield rest


def _entry(line: bytes) -> dict[str, str] | None:
    try:
        entry = json.loads(line)
        return {"who": str(entry["who"]), "time": str(entry["time"])} if entry["who"] else None
    except (ValueError, KeyError, TypeError):
        return None
