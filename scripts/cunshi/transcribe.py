"""Masters → machine transcripts and first drafts, several recordings at once, one model for all."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any

from cunshi import audio, fixity
from cunshi.chinese import draft_lines
from cunshi.engine import Engine, EngineIdentity, HeardSegment
from cunshi.errors import CunshiError, ExitCode
from cunshi.fields import read_text
from cunshi.files import write_atomic
from cunshi.i18n import _
from cunshi.model import Archive, Problem, Recording, Segment, Word
from cunshi.progress import Reporter, Task
from cunshi.store import Accession, Project, now
from cunshi.transcripts import (
    Heard,
    format_draft,
    format_heard,
    is_untouched_draft,
    read_heard,
)


@dataclass(frozen=True)
class _Job:
    recording: Recording
    accession: Accession
    language: str


def transcribe(
    project: Project,
    recordings: Iterable[Recording],
    archive: Archive,
    engine: Engine,
    reporter: Reporter,
) -> tuple[list[str], list[Problem]]:
    """Transcribe what has no transcript from this engine; the ids done and what went wrong.

    A transcript is made anew only if master, engine, model, options or language changed, and
    never once a person has edited it, nor by an engine that
    hears nothing. Raises EngineError when the model cannot be used at all.
    """
    identity = engine.identity()
    jobs: list[_Job] = []
    problems: list[Problem] = []
    for recording in recordings:
        job = _job(project, recording, archive)
        if not recording.technical.has_sound or _belongs_to_people(job.accession):
            continue
        if _is_current(job, identity) or (job.accession.machine.exists() and not engine.hears):
            try:
                _finish(job)
            except CunshiError as error:
                problems.append(_problem(job, error))
        else:
            jobs.append(job)
    if not jobs:
        return [], problems
    engine.prepare()
    done, more = _run(jobs, engine, engine.identity(), reporter)
    return done, problems + more


def _job(project: Project, recording: Recording, archive: Archive) -> _Job:
    language = recording.description.language or archive.language
    return _Job(recording, project.accession(recording.id), language)


def _belongs_to_people(accession: Accession) -> bool:
    """Whether there is a transcript that is not an untouched draft."""
    if not accession.transcript.exists():
        return False
    try:
        return not is_untouched_draft(read_text(accession.transcript))
    except CunshiError:
        return True


def _is_current(job: _Job, identity: EngineIdentity) -> bool:
    heard = read_heard(job.accession.machine)
    return heard is not None and heard.cause() == _heard(job, identity, []).cause()


def _heard(job: _Job, identity: EngineIdentity, found: list[HeardSegment]) -> Heard:
    return Heard(
        recording=job.recording.id,
        master_sha256=job.recording.sha256,
        engine=identity.engine,
        engine_version=identity.version,
        model=identity.model,
        model_sha256=identity.model_sha256,
        options=dict(identity.options),
        language=job.language,
        segments=tuple(entry.segment for entry in found),
        confidence=tuple(dict(entry.confidence) for entry in found),
        created=now().isoformat(timespec="seconds"),
    )


def _run(
    jobs: list[_Job], engine: Engine, identity: EngineIdentity, reporter: Reporter
) -> tuple[list[str], list[Problem]]:
    done, problems = [], []
    seconds = sum(job.recording.technical.duration for job in jobs)
    with (
        ThreadPoolExecutor(engine.workers) as pool,
        reporter.task(_("听写"), len(jobs), seconds) as task,
    ):
        futures: dict[Future[None], _Job] = {
            pool.submit(_transcribe_one, job, engine, identity, task): job for job in jobs
        }
        try:
            for future in as_completed(futures):
                job = futures[future]
                try:
                    future.result()
                    done.append(job.recording.id)
                except CunshiError as error:
                    problems.append(_problem(job, error))
                task.finish_one(job.recording.original_name)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(done), sorted(problems, key=lambda problem: problem.where)


def _problem(job: _Job, error: CunshiError) -> Problem:
    where = f"archive/{job.recording.id} ({job.recording.original_name})"
    return Problem(ExitCode.TRANSCRIPTION, where, error.cause, error.remedy)


def _transcribe_one(job: _Job, engine: Engine, identity: EngineIdentity, task: Task) -> None:
    found: list[HeardSegment] = []
    reached = 0.0
    for start, samples in audio.passages(job.accession.master / job.recording.master):
        for entry in engine.transcribe(samples, job.language):
            found.append(_later(entry, start))
            task.advance(max(0.0, found[-1].segment.end - reached))
            reached = max(reached, found[-1].segment.end)
    task.advance(max(0.0, job.recording.technical.duration - reached))
    _set_aside(job.accession)
    write_atomic(job.accession.machine, format_heard(_heard(job, identity, found)))
    _finish(job)


def _later(entry: HeardSegment, seconds: float) -> HeardSegment:
    """The segment with its times counted from the beginning of the recording."""
    old = entry.segment
    words = tuple(
        Word(_shift(w.start, seconds), _shift(w.end, seconds), w.text, w.probability)
        for w in old.words
    )
    segment = Segment(_shift(old.start, seconds), _shift(old.end, seconds), old.text, words)
    return replace(entry, segment=segment)


def _shift(time: float, seconds: float) -> float:
    return round(time + seconds, 3)


def _set_aside(accession: Accession) -> None:
    """What an engine once heard is kept: a newer machine.json never overwrites an older one."""
    if accession.machine.exists():
        digest = fixity.sha256_of(accession.machine)
        accession.machine.replace(accession.folder / f"machine-{digest[:8]}.json")


def _finish(job: _Job) -> None:
    """Draft transcript.vtt and note the event; also when an earlier run was killed before it."""
    accession = job.accession
    digest = fixity.sha256_of(accession.machine)
    told = any(entry.get("machine_sha256") == digest for entry in accession.read_events())
    if told and accession.transcript.exists():
        return
    heard = read_heard(accession.machine)
    if heard is None:
        return
    if not _belongs_to_people(accession):
        lines = draft_lines(heard.segments)
        label = f"{heard.engine} {heard.model}".strip()
        write_atomic(accession.transcript, format_draft(accession.id, label, lines))
    if not told:
        accession.add_event("creation", **_made(heard), machine_sha256=digest)


def _made(heard: Heard) -> dict[str, Any]:
    return {
        "object": "machine.json",
        "agent": f"{heard.engine} {heard.engine_version}",
        "model": heard.model,
        "model_sha256": heard.model_sha256,
    }
