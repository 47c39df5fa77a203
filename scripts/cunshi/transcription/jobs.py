"""Choose the engine for each recording's language, and transcribe what is not up to date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cunshi.archive.cache.inputs import inputs_of
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive, Recogniser
from cunshi.transcription.dask_cluster import Cluster
from cunshi.transcription.engines import Engine, open_engine
from cunshi.transcription.recognise import Backend, LocalBackend


@dataclass(frozen=True)
class Choice:
    """Options of the command line; an empty engine or model means that of archive.yml.

    ``scheduler`` is the address of a Dask cluster; if empty, this computer is used.
    """

    engine: str = ""
    model: str = ""
    scheduler: str = ""

    def recogniser(self, archive: Archive, language: str) -> Recogniser:
        """Return the recogniser of a language; a choice on the command line applies to all.

        A server is always that of archive.yml: no option sends recordings elsewhere.
        """
        if not (self.engine or self.model):
            return archive.recogniser(language)
        engine, model = self.engine or archive.engine, self.model or archive.model
        return Recogniser(engine, model, archive.server)


@dataclass(frozen=True)
class Transcribed(Result):
    """The ids of the recordings that got a draft."""

    drafted: Sequence[str]


def transcribe_all(
    project: Project,
    recordings: Iterable[Recording],
    archive: Archive,
    choice: Choice,
    reporter: Reporter,
) -> Transcribed:
    """Transcribe the recordings without a current transcript."""
    terms = project.read_glossary([])  # gather() reports its problems
    stamps = StageStamps(project, "hearing")
    done: list[str] = []
    problems: list[Problem] = []
    for asked, theirs in _by_recogniser(recordings, archive, choice).items():
        try:
            engine = open_engine(asked.engine, asked.model, project.root, asked.server)
            basis = stamp_of(engine.identity(), terms, archive.language)
            waiting = [r for r in theirs if not stamps.is_current(r.id, _stamp(project, r, basis))]
            backend = _backend(engine, asked, choice, project)
            heard, wrong = _hear(project, waiting, archive, backend, terms, reporter)
        except (CunshiError, OSError) as error:
            # Without an engine, existing transcripts can still be published.
            problems.append(Problem.for_item(error, ""))
            continue
        done += heard
        problems += wrong
        if not wrong:
            for recording in waiting:
                stamps.record(recording.id, _stamp(project, recording, basis))
    stamps.save()
    return Transcribed(done, problems=problems)


def _by_recogniser(
    recordings: Iterable[Recording], archive: Archive, choice: Choice
) -> dict[Recogniser, list[Recording]]:
    """Group recordings by recogniser; the archive's own is always included."""
    found: dict[Recogniser, list[Recording]] = {choice.recogniser(archive, archive.language): []}
    for recording in recordings:
        asked = choice.recogniser(archive, recording.language(archive))
        found.setdefault(asked, []).append(recording)
    return found


def _backend(engine: Engine, asked: Recogniser, choice: Choice, project: Project) -> Backend:
    """Return where an engine runs."""
    if choice.scheduler and engine.hears:
        return Cluster(choice.scheduler, engine, asked, project.root)
    return LocalBackend(engine)


def _hear(
    project: Project,
    recordings: list[Recording],
    archive: Archive,
    backend: Backend,
    terms: Sequence[Term],
    reporter: Reporter,
) -> tuple[list[str], list[Problem]]:
    if not recordings:
        return [], []
    from cunshi.transcription.pipeline import (
        transcribe,  # imports decoders, which take half a second
    )

    return transcribe(project, recordings, archive, backend, terms, reporter)


def _stamp(project: Project, recording: Recording, basis: str) -> str:
    """Return a stamp of everything that requires a new transcript or draft."""
    events = project.accession(recording.id).unpublished_events()
    return inputs_of(project, recording).stamp(basis, events)
