"""Masters → machine transcripts and first drafts, several recordings at once, one model for all."""

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
from cunshi.core.errors import CunshiError, EngineUnavailableError, ExitCode
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
from cunshi.transcription.draft import DRAFTING, draft
from cunshi.transcription.engines import EngineIdentity
from cunshi.transcription.recognise import Listened, Listener
from cunshi.transcription.vad import Passage, passages

_log = logging.getLogger(__name__)

Unit = TypeVar("Unit")
Answer = TypeVar("Answer")


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
    listener: Listener,
    terms: Sequence[Term],
    reporter: Reporter,
) -> tuple[list[str], list[Problem]]:
    """Transcribe what has no transcript from this engine; the ids done and what went wrong.

    A transcript is made anew only if master, engine, model, options or language changed, and
    never once a person has edited it, nor by an engine that
    hears nothing, nor without consent to transcription where consent says what it is for.
    Raises EngineError when the model cannot be used at all.
    """
    engine = listener.engine
    identity = engine.identity()
    jobs: list[_Job] = []
    problems: list[Problem] = []
    for recording in recordings:
        job = _job(project, recording, archive)
        if not _may_be_heard(recording) or _belongs_to_people(job):
            continue
        try:
            if _is_current(job, identity) or (job.accession.machine.exists() and not engine.hears):
                _finish(job, terms)
            else:
                jobs.append(job)
        except (CunshiError, OSError) as error:
            problems.append(_problem(job, error))
    if not jobs:
        return [], problems
    with closing(listener):
        listener.prepare()
        done, more = _run(jobs, listener, terms, reporter)
    return done, problems + more


def _job(project: Project, recording: Recording, archive: Archive) -> _Job:
    return _Job(project, recording, project.accession(recording.id), recording.language(archive))


def _may_be_heard(recording: Recording) -> bool:
    """Whether somebody allowed it, and there is a master that its manifest knows."""
    allowed = recording.description.consent.allows(TRANSCRIPTION)
    return recording.technical.has_sound and allowed and bool(recording.sha256)


def _belongs_to_people(job: _Job) -> bool:
    """Whether there is a transcript that a person has changed, or approved as it was.

    Looks at the files as they are now: recognition takes hours, and people correct meanwhile.
    """
    path = job.accession.transcript
    if not exists(path):
        return False
    if job.project.read_recording(job.accession, []).description.approved_by:
        return True
    try:
        return not is_untouched_draft(read_text(path))
    except CunshiError:
        return True


def _is_current(job: _Job, identity: EngineIdentity) -> bool:
    heard = read_machine_json(job.accession.machine)
    return heard is not None and heard.cause() == _heard(job, identity, []).cause()


def _heard(job: _Job, identity: EngineIdentity, listened: list[Listened]) -> MachineTranscript:
    found = [entry for part in listened for entry in part.segments]
    speech = sum(part.speech for part in listened)
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
        coverage=_coverage(speech, sum(part.lost for part in listened)),
        weighed=tuple(entry for part in listened for entry in part.weighed),
        created=now().isoformat(timespec="seconds"),
    )


def _coverage(speech: float, lost: float) -> Coverage | None:
    if not speech:
        return None
    return Coverage(round(speech, 1), round(max(0.0, speech - lost), 1))


@dataclass(frozen=True)
class _Unit:
    """A passage of a recording; without one, the end of the recording."""

    job: _Job
    passage: Passage | None = None
    error: CunshiError | OSError | None = None


def _units(jobs: Iterable[_Job], *, hears: bool) -> Iterator[_Unit]:
    """The passages of all recordings, decoded only when they are asked for."""
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
class _Desk:
    """What has been heard of the recording at hand, and what became of those before it."""

    listener: Listener
    identity: EngineIdentity
    terms: Sequence[Term]
    task: Task
    done: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parts: list[Listened] = field(default_factory=list)
    error: CunshiError | OSError | None = None

    def hear(self, unit: _Unit) -> Listened | CunshiError | OSError | None:
        """Runs in several threads; an error is an answer, the other recordings go on."""
        if unit.passage is None:
            return unit.error
        job = unit.job
        try:
            return self.listener.listen(
                unit.passage, job.language, self.terms, job.recording.sha256
            )
        except EngineUnavailableError:
            raise
        except CunshiError as error:
            return error

    def take(self, unit: _Unit, answer: Listened | CunshiError | OSError | None) -> None:
        """The answers come in order, recording by recording."""
        if isinstance(answer, Listened):
            self.parts.append(answer)
        elif answer is not None:
            self.error = self.error or answer
        if unit.passage is None:
            self._close(unit.job)
        else:
            self.task.advance(unit.passage.length)

    def _close(self, job: _Job) -> None:
        parts, error, self.parts, self.error = self.parts, self.error, [], None
        try:
            if error:
                raise error
            _write(job, _heard(job, self.identity, parts), self.terms)
            self.done.append(job.recording.id)
        except (CunshiError, OSError) as found:
            self.problems.append(_problem(job, found))
        self.task.finish_one(job.recording.original_name)


def _run(
    jobs: list[_Job], listener: Listener, terms: Sequence[Term], reporter: Reporter
) -> tuple[list[str], list[Problem]]:
    engine = listener.engine
    seconds = sum(job.recording.technical.duration for job in jobs)
    with reporter.task(_("听写"), len(jobs), seconds) as task:
        desk = _Desk(listener, engine.identity(), terms, task)
        units = _units(jobs, hears=engine.hears)
        try:
            for unit, answer in in_order(desk.hear, units, listener.threads, listener.ahead):
                desk.take(unit, answer)
        except EngineUnavailableError as error:
            desk.problems.append(Problem.from_error(error))
    return sorted(desk.done), sorted(desk.problems, key=lambda problem: problem.where)


def in_order(
    work: Callable[[Unit], Answer],
    units: Iterable[Unit],
    threads: int,
    ahead: Callable[[], int],
) -> Iterator[tuple[Unit, Answer]]:
    """Work on all units in several threads, the answers in the units' order.

    Every passage is a unit, so that one long talk keeps all cores busy. Only ``ahead()`` units
    are taken in advance: memory does not grow with the length of a recording.
    """
    waiting: deque[tuple[Unit, Future[Answer]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for unit in units:
            waiting.append((unit, pool.submit(work, unit)))
            while len(waiting) > ahead():
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _problem(job: _Job, error: CunshiError | OSError) -> Problem:
    where = f"archive/{job.recording.id} ({job.recording.original_name})"
    found = Problem.for_item(error, where)
    return found if isinstance(error, OSError) else replace(found, code=ExitCode.TRANSCRIPTION)


def _set_aside(accession: Accession) -> None:
    """What an engine once heard is kept: a newer machine.json never overwrites an older one."""
    if accession.machine.exists():
        digest = manifest.sha256_of(accession.machine)
        accession.machine.replace(accession.folder / f"machine-{digest[:8]}.json")


def _write(job: _Job, heard: MachineTranscript, terms: Sequence[Term]) -> None:
    with job.project.writing():
        # What a person began to correct meanwhile keeps the words that it was corrected from.
        if not (_belongs_to_people(job) and job.accession.machine.exists()):
            _set_aside(job.accession)
            write_atomic(job.accession.machine, format_machine_json(heard))
    seconds, lines = job.recording.technical.duration, len(heard.segments)
    _log.info("%s transcribed: %.0f s of sound, %d lines", job.accession.id, seconds, lines)
    _finish(job, terms)


def _finish(job: _Job, terms: Sequence[Term]) -> None:
    """Draft transcript.vtt and note the event; also when an earlier run was killed before it.

    A draft that nobody has touched is drafted anew when the glossary has changed.
    """
    accession = job.accession
    digest = manifest.sha256_of(accession.machine)
    told = any(event.machine_sha256 == digest for event in accession.read_events())
    basis = _basis(digest, terms)
    if told and accession.transcript.exists() and basis in read_text(accession.transcript):
        return
    heard = read_machine_json(accession.machine)
    if heard is None:
        return
    text = format_draft(accession.id, f"{heard.label}, {basis}", draft(heard, terms))
    with job.project.writing():
        if not _belongs_to_people(job):
            write_atomic(accession.transcript, text)
        if not told:
            accession.add_event(_creation(heard, digest))


def _creation(heard: MachineTranscript, digest: str) -> Event:
    return Event(
        CREATION,
        object="machine.json",
        agent=f"{heard.engine} {heard.engine_version}",
        model=heard.model,
        model_sha256=heard.model_sha256,
        machine_sha256=digest,
    )


def _basis(machine_sha256: str, terms: Sequence[Term]) -> str:
    """What a draft was made from, in the file itself: machine.json, glossary, drafting rules."""
    words = [(term.term, term.pinyin, term.heard_as) for term in terms]
    known = hashlib.sha256(repr((DRAFTING, words)).encode()).hexdigest()
    return f"machine {machine_sha256[:8]}, glossary {known[:8]}"
