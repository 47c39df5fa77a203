"""Cache the status of recordings until one of their files changes."""

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from cunshi.archive.accession import Accession
from cunshi.archive.cache.file_cache import FileCache, Stats, stats_of
from cunshi.archive.cache.inputs import texts_of
from cunshi.archive.project import Project
from cunshi.catalogue.transcripts import read_transcript
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.i18n import _, language
from cunshi.core.problem import Problem
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import TranscriptStatus

_BLOCK = 1 << 16  # bytes read per step from the end of a history
_VERSION = f"2 {language()}"  # causes and remedies are kept in the language of the messages


@dataclass(frozen=True)
class Words:
    """The progress of a transcript, or why it cannot be read."""

    status: TranscriptStatus = TranscriptStatus.MISSING
    doubtful: int = 0
    problem: Problem | None = None


@dataclass(frozen=True)
class RecordingStatus:
    """The status of a recording that does not depend on the date; ``last`` is who worked on it and
    when.
    """

    recording: Recording
    words: Words
    last: dict[str, str] | None
    problems: tuple[Problem, ...]


class StatusCache:
    """The status of all recordings. What was read of transcripts is kept in build/cache, too.

    Parsing the transcripts of 500 recordings takes seconds; losing what is kept costs these.
    """

    def __init__(self, project: Project):
        self._project = project
        self._known: dict[str, tuple[Stats, RecordingStatus]] = {}
        self._words = FileCache(project.cache / "todo.json", _VERSION)
        self._reading = threading.Lock()  # several requests may come at once

    def all(self) -> list[RecordingStatus]:
        """Return the status of every recording, sorted by id."""
        with self._reading:
            self._known = {a.id: self._status(a) for a in self._project.accessions()}
            self._words.save(self._known.keys())
            return [status for __, status in self._known.values()]

    def _status(self, accession: Accession) -> tuple[Stats, RecordingStatus]:
        record = stats_of((*_record(accession), self._project.persons))
        known = self._known.get(accession.id)
        if known and known[0] == [*record, *_stats_of_texts(accession, known[1].recording)]:
            return known
        problems: list[Problem] = []
        recording = self._project.read_recording(accession, problems)
        stats = [*record, *_stats_of_texts(accession, recording)]
        words = self._read_words(recording, stats)
        problems += filter(None, (_lost(self._project, recording), words.problem))
        last = last_worked(accession.history)
        return stats, RecordingStatus(recording, words, last, tuple(problems))

    def _read_words(self, recording: Recording, stats: Stats) -> Words:
        words = _words_from(self._words.get(recording.id, stats))
        if words is None:
            words = read_words_of(self._project, recording)
            self._words.put(recording.id, stats, asdict(words))
        return words


def _record(accession: Accession) -> tuple[Path, ...]:
    """What a status depends on besides the texts."""
    return accession.record, accession.manifest, accession.master, accession.history


def _stats_of_texts(accession: Accession, recording: Recording) -> Stats:
    return stats_of(texts_of(accession, recording))


def _lost(project: Project, recording: Recording) -> Problem | None:
    master = project.accession(recording.id).master / recording.master
    if master.is_file():
        return None
    cause, remedy = _("主文件不见了"), _("从备份恢复")
    return Problem(ExitCode.FIXITY, project.relative(master), cause, remedy)


def read_words_of(project: Project, recording: Recording) -> Words:
    """Return the transcript data for the to-do list."""
    try:
        transcript = read_transcript(project, recording)
    except CunshiError as error:
        where = project.relative(project.accession(recording.id).transcript)
        return Words(problem=replace(Problem.from_error(error), where=where))
    if transcript.status in {TranscriptStatus.DRAFT, TranscriptStatus.EDITED}:
        doubtful = sum(bool(s.flags or s.suggested) for s in transcript.segments)
        return Words(transcript.status, doubtful)
    return Words(transcript.status)


def _words_from(kept: Any) -> Words | None:
    """What the cache has kept of a transcript; None if it is no such thing."""
    try:
        problem = kept["problem"]
        if problem:
            problem = Problem(**{**problem, "code": ExitCode(problem["code"])})
        return Words(TranscriptStatus(kept["status"]), int(kept["doubtful"]), problem)
    except (KeyError, TypeError, ValueError):
        return None


def last_worked(history: Path) -> dict[str, str] | None:
    """Return who last worked on a transcript and when: the last complete line with a name.

    Read from the end, because a history may contain many whole transcripts.
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
