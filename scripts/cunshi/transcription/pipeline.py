"""Transcribe masters: recognise several recordings at once, write machine.json and first drafts."""

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cunshi.archive.accession import Accession
from cunshi.archive.events import CREATION, Event
from cunshi.archive.fixity import manifest
from cunshi.archive.machine_json import MachineTranscript, format_machine_json, read_machine_json
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import format_draft, is_untouched_draft
from cunshi.core.clock import now
from cunshi.core.errors import (
    CunshiError,
    DiskError,
    EngineUnavailableError,
    ExitCode,
)
from cunshi.core.files import exists, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.progress import Reporter, Task
from cunshi.core.yaml_fields import read_text
from cunshi.domain.consent import TRANSCRIPTION
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Coverage
from cunshi.media import audio
from cunshi.transcription import recognise
from cunshi.transcription.draft import DRAFT_VERSION, draft
from cunshi.transcription.engines import EngineIdentity
from cunshi.transcription.recognise import Backend, RecognisedPassage
from cunshi.transcription.vad import Passage, passages

_log = logging.getLogger(__name__)

Unit = TypeVar("Unit")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Job:
    project: Project
    recording: Recording
    accession: Accession
    language: str


def transcribe(
    project: Project,
    recordings: Iterable[Recording],
    archive: Archive,
    backend: Backend,
    terms: Sequence[Term],
    reporter: Reporter,
) -> tuple[list[str], list[Problem]]:
    """Transcribe the recordings without a current transcript; return the ids done and problems.

    A transcript is made again only if master, engine, model, options or language have changed. It
    is never made again after a person has edited it, by an engine that does not recognise speech,
    or without consent to transcription. Raises EngineError if the engine cannot be used at all.
    """
    engine = backend.engine
    identity = engine.identity()
    jobs: list[_Job] = []
    problems: list[Problem] = []
    for recording in recordings:
        job = _job(project, recording, archive)
        try:
            if not _may_transcribe(recording) or _is_edited(job):
                continue
            if _is_current(job, identity) or (job.accession.machine.exists() and not engine.hears):
                _finish(job, terms)
            else:
                jobs.append(job)
        except (CunshiError, OSError) as error:
            problems.append(_problem(job, error))
    if not jobs:
        return [], problems
    with closing(backend):
        backend.prepare()
        done, more = _run(jobs, backend, terms, reporter)
    return done, problems + more


def _job(project: Project, recording: Recording, archive: Archive) -> _Job:
    return _Job(project, recording, project.accession(recording.id), recording.language(archive))


def _may_transcribe(recording: Recording) -> bool:
    """Check for audio, consent to transcription, and a master with a manifest."""
    allowed = recording.description.consent.allows(TRANSCRIPTION)
    return recording.technical.has_sound and allowed and bool(recording.sha256)


def _is_edited(job: _Job) -> bool:
    """Check whether a person has edited or approved the transcript.

    Reads the files again, because recognition takes hours, in which people may edit.
    """
    path = job.accession.transcript
    if not exists(path):
        return False
    if job.project.read_recording_strictly(job.accession).description.approved_by:
        return True
    try:
        return not is_untouched_draft(read_text(path))
    except DiskError:
        raise  # unreadable at the moment, which says nothing about who wrote it
    except CunshiError:
        return True


def _is_current(job: _Job, identity: EngineIdentity) -> bool:
    machine = read_machine_json(job.accession.machine)
    return machine is not None and machine.cause() == _machine_transcript(job, identity, []).cause()


def _machine_transcript(
    job: _Job, identity: EngineIdentity, passages_done: list[RecognisedPassage]
) -> MachineTranscript:
    found = [entry for part in passages_done for entry in part.segments]
    speech = sum(part.speech for part in passages_done)
    return MachineTranscript(
        recording=job.recording.id,
        master_sha256=job.recording.sha256,
        engine=identity.engine,
        engine_version=identity.version,
        model=identity.model,
        model_sha256=identity.model_sha256,
        options={**identity.options, "listening": recognise.OPTIONS},
        language=job.language,
        segments=tuple(entry.segment for entry in found),
        confidence=tuple(dict(entry.confidence) for entry in found),
        coverage=_coverage(speech, sum(part.lost for part in passages_done)),
        weighed=tuple(entry for part in passages_done for entry in part.weighed),
        created=now().isoformat(timespec="seconds"),
    )


def _coverage(speech: float, lost: float) -> Coverage | None:
    if not speech:
        return None
    return Coverage(round(speech, 1), round(max(0.0, speech - lost), 1))


@dataclass(frozen=True)
class _Unit:
    """A passage of a recording; None marks the end of the recording."""

    job: _Job
    passage: Passage | None = None
    error: CunshiError | OSError | None = None


def _units(jobs: Iterable[_Job], *, hears: bool) -> Iterator[_Unit]:
    """Yield the passages of all recordings, decoded lazily."""
    for job in jobs:
        error: CunshiError | OSError | None = None
        try:
            if hears:
                blocks = audio.blocks(job.accession.master / job.recording.master)
                yield from (_Unit(job, passage) for passage in passages(blocks))
        except (CunshiError, OSError) as found:
            error = found
        yield _Unit(job, error=error)


@dataclass
class _Collector:
    """Collects the results of the current recording, and those of finished recordings."""

    backend: Backend
    identity: EngineIdentity
    terms: Sequence[Term]
    task: Task
    done: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    recognised: list[RecognisedPassage] = field(default_factory=list)
    error: CunshiError | OSError | None = None

    def recognise(self, unit: _Unit) -> RecognisedPassage | CunshiError | OSError | None:
        """Recognise a unit (called by several threads); return errors, so that other recordings
        continue.
        """
        if unit.passage is None:
            return unit.error
        job = unit.job
        try:
            return self.backend.recognise(
                unit.passage, job.language, self.terms, job.recording.sha256
            )
        except EngineUnavailableError:
            raise
        except CunshiError as error:
            return error

    def collect(
        self, unit: _Unit, result: RecognisedPassage | CunshiError | OSError | None
    ) -> None:
        """Add a result. Results arrive in order, recording by recording."""
        if isinstance(result, RecognisedPassage):
            self.recognised.append(result)
        elif result is not None:
            self.error = self.error or result
        if unit.passage is None:
            self._close(unit.job)
        else:
            self.task.advance(unit.passage.length)

    def _close(self, job: _Job) -> None:
        recognised, error, self.recognised, self.error = self.recognised, self.error, [], None
        try:
            if error:
                raise error
            _write(job, _machine_transcript(job, self.identity, recognised), self.terms)
            self.done.append(job.recording.id)
        except (CunshiError, OSError) as found:
            self.problems.append(_problem(job, found))
        self.task.finish_one(job.recording.original_name)


def _run(
    jobs: list[_Job], backend: Backend, terms: Sequence[Term], reporter: Reporter
) -> tuple[list[str], list[Problem]]:
    engine = backend.engine
    seconds = sum(job.recording.technical.duration for job in jobs)
    with reporter.task(_("听写"), len(jobs), seconds) as task:
        collector = _Collector(backend, engine.identity(), terms, task)
        units = _units(jobs, hears=engine.hears)
        try:
            for unit, result in map_in_order(
                collector.recognise, units, backend.threads, backend.queue_size
            ):
                collector.collect(unit, result)
        except EngineUnavailableError as error:
            collector.problems.append(Problem.from_error(error))
    return sorted(collector.done), sorted(collector.problems, key=lambda problem: problem.where)


def map_in_order(
    work: Callable[[Unit], Result],
    units: Iterable[Unit],
    threads: int,
    queue_size: Callable[[], int],
) -> Iterator[tuple[Unit, Result]]:
    """Process units in several threads and yield their results in order.

    A unit is a passage, so that a single long recording uses all cores. At most ``queue_size()``
    units are queued, so that memory does not grow with the length of a recording.
    """
    pending: deque[tuple[Unit, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for unit in units:
            pending.append((unit, pool.submit(work, unit)))
            while len(pending) > queue_size():
                first, future = pending.popleft()
                yield first, future.result()
        while pending:
            first, future = pending.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _problem(job: _Job, error: CunshiError | OSError) -> Problem:
    where = f"archive/{job.recording.id} ({job.recording.original_name})"
    found = Problem.for_item(error, where)
    return found if isinstance(error, OSError) else replace(found, code=ExitCode.TRANSCRIPTION)


def _keep_previous_machine_json(accession: Accession) -> None:
    """Rename machine.json, so that an earlier result is never overwritten."""
    if accession.machine.exists():
        digest = manifest.sha256_of(accession.machine)
        accession.machine.replace(accession.folder / f"machine-{digest[:8]}.json")


def _write(job: _Job, machine: MachineTranscript, terms: Sequence[Term]) -> None:
    with job.project.writing():
        # An edited transcript keeps the machine.json that it was based on.
        if not (_is_edited(job) and job.accession.machine.exists()):
            _keep_previous_machine_json(job.accession)
            write_atomic(job.accession.machine, format_machine_json(machine))
    seconds, lines = job.recording.technical.duration, len(machine.segments)
    _log.info("Transcribed: %.0f s of sound, %d lines", seconds, lines)
    _finish(job, terms)


def _finish(job: _Job, terms: Sequence[Term]) -> None:
    """Write the draft and log the event, also if an earlier run was killed before that.

    An unedited draft is written again if the glossary has changed.
    """
    accession = job.accession
    digest = manifest.sha256_of(accession.machine)
    is_logged = any(event.machine_sha256 == digest for event in accession.read_events())
    basis = _basis(digest, terms)
    if is_logged and accession.transcript.exists() and basis in read_text(accession.transcript):
        return
    machine = read_machine_json(accession.machine)
    if machine is None:
        return
    text = format_draft(accession.id, f"{machine.label}, {basis}", draft(machine, terms))
    with job.project.writing():
        if not _is_edited(job):
            write_atomic(accession.transcript, text)
        if not is_logged:
            accession.add_event(_creation(machine, digest))


def _creation(machine: MachineTranscript, digest: str) -> Event:
    return Event(
        CREATION,
        object="machine.json",
        agent=f"{machine.engine} {machine.engine_version}",
        model=machine.model,
        model_sha256=machine.model_sha256,
        machine_sha256=digest,
    )


def _basis(machine_sha256: str, terms: Sequence[Term]) -> str:
    """Return what a draft was made from: hashes of machine.json, glossary and drafting rules."""
    words = [(term.term, term.pinyin, term.heard_as) for term in terms]
    known = hashlib.sha256(repr((DRAFT_VERSION, words)).encode()).hexdigest()
    return f"machine {machine_sha256[:8]}, glossary {known[:8]}"
