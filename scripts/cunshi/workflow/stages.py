"""The common start of all commands, and the stages that they share."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from cunshi.archive.cache.recording_cache import RecordingCache
from cunshi.archive.project import Project
from cunshi.archive.secret_key import keyed_hash
from cunshi.catalogue import gather as catalogues
from cunshi.catalogue.quotations import withheld_words
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.errors import ConfigurationError, CunshiError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter, SilentReporter
from cunshi.domain.access import AccessDecision, Days, access_decisions
from cunshi.domain.consent import Access
from cunshi.domain.persons.narrators import Undecided, with_pseudonyms_of_narrators
from cunshi.domain.persons.pseudonyms import archive_names
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Transcript
from cunshi.domain.withholding import all_withheld, merged
from cunshi.exports.classroom.pdf import can_print
from cunshi.intake import accessioning, amendments
from cunshi.intake.accessioning import Intake
from cunshi.publishing.log import days_of, note_publication
from cunshi.publishing.removal import Judge, blank
from cunshi.transcription import evaluation
from cunshi.transcription.jobs import Choice, transcribe_all
from cunshi.website.up_to_date import SiteStamp
from cunshi.workflow.results import BuiltSite, Surveyed

R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Context:
    """The context of a command; stages add to its ``problems``."""

    project: Project
    reporter: Reporter
    archive: Archive
    days: Days
    problems: list[Problem]
    strict: bool = False

    def finish(self, result: R) -> R:
        """Return the result with all problems of the command, in order."""
        return replace(result, problems=[*self.problems, *result.problems])


def begin(project: Project, reporter: Reporter | None = None, *, strict: bool = False) -> Context:
    """Create a context: read archive.yml and determine the date."""
    problems: list[Problem] = []
    archive = project.read_archive(problems)
    days = days_of(project, problems)
    return Context(project, reporter or SilentReporter(), archive, days, problems, strict)


@contextmanager
def locked(
    project: Project, reporter: Reporter | None = None, *, strict: bool = False
) -> Iterator[Context]:
    """Create the context of a writing command, and lock the project until it ends."""
    with project.lock():
        yield begin(project, reporter, strict=strict)


def take_in(context: Context) -> Intake:
    """Accession new deposits in recordings/."""
    intake = accessioning.take_in(context.project, context.archive, context.reporter)
    context.problems.extend(intake.problems)
    project, archive = context.project, context.archive
    amendments.amend_absent(project, archive, intake.present, context.problems)
    return intake


def amend_records(context: Context) -> None:
    """Write into the records what people have written in recordings/ since."""
    amendments.amend_records(context.project, context.archive, context.problems)


def read_recordings(context: Context) -> list[Recording]:
    """Return every recording of the archive, with the limits that are written in recordings/."""
    project, archive = context.project, context.archive
    found: list[Problem] = []
    recordings = project.read_recordings(found)
    amended = amendments.as_amended(project, archive, recordings, found)
    shown, undecided = with_pseudonyms_of_narrators(amended)
    found += [_undecided_name(project, one) for one in undecided]
    # The records may have been read before, and accessioning may have reported the same.
    context.problems.extend(problem for problem in found if problem not in context.problems)
    return shown


def _undecided_name(project: Project, found: Undecided) -> Problem:
    where = project.relative(project.accession(found.recording.id).record)
    cause = _("讲述人在 {other} 里署别的名字，这一件却没有说：先一样不写真名").format(
        other=found.other.id
    )
    remedy = _(
        "是同一个人，就在 archive/persons.yml 里写上 names 和 shown_as；"
        "是另一个人，或愿意用真名，就在这一件的 consent 里写 shown_as: 这个名字"
    )
    return Problem(ExitCode.RECORD, where, cause, remedy)


def require_names(context: Context) -> None:
    """Raise the error of archive.yml or persons.yml because of which it is not known which names
    are not to be published.
    """
    if context.archive.are_names_known:
        return
    files = ("archive.yml", "persons.yml")
    found = next((p for p in context.problems if p.where.endswith(files) and not p.is_note), None)
    cause = _("不知道哪些名字不公开，什么都没有放出去：{cause}")
    raise ConfigurationError(
        cause.format(cause=found.cause if found else ""),
        found.remedy if found else _("改好 archive.yml 和 persons.yml，再运行一次"),
        where=found.where if found else "archive/archive.yml",
        line=found.line if found else 0,
    )


def publishable(context: Context, recordings: Sequence[Recording]) -> list[Recording]:
    """Return the recordings whose audio and text may be on the site."""
    decisions = access_decisions(recordings, context.days)
    return [r for r in recordings if decisions[r.id].allows_publication()]


def transcribe(context: Context, recordings: Sequence[Recording], choice: Choice) -> Sequence[str]:
    """Draft a transcript of each recording without one; return the ids of those drafted."""
    project, archive, reporter = context.project, context.archive, context.reporter
    done = transcribe_all(project, recordings, archive, choice, reporter)
    context.problems.extend(done.problems)
    return done.drafted


def update_site(context: Context, recordings: Sequence[Recording]) -> BuiltSite:
    """Build the site, unless it is up to date; then only report its remaining problems."""
    from cunshi.website.social_cards import (
        card_face,  # imports Pillow, which most commands do not need
    )

    project = context.project
    index = project.site / "index.html"
    asked = (context.archive, context.days, context.strict, card_face(project))
    stamp = SiteStamp(project, recordings, *asked)
    if stamp.is_current:
        context.problems.extend(stamp.problems)
        return BuiltSite(index, context.days, recordings, stamp.transcripts, None)
    stamp.clear()
    before = len(context.problems)
    built = build_site(context, recordings)
    note_publication(project)
    stamp.record(context.problems[before:], built.transcripts)
    return BuiltSite(index, context.days, recordings, built.transcripts, built.catalogue)


def build_site(context: Context, recordings: Sequence[Recording]) -> Surveyed:
    """Gather everything published, and build the site; the caller logs its content.

    If it cannot be built, what may no longer be seen is taken off the site as it was.
    """
    with blanked_if_failed(context, recordings, context.project.site):
        return _build_site(context, recordings)


@contextmanager
def blanked_if_failed(
    context: Context, recordings: Sequence[Recording], site: Path
) -> Iterator[None]:
    """Take off a site what may no longer be seen, if it cannot be made anew."""
    try:
        yield
    except CunshiError:
        if site.is_dir():
            blank(site, visible(context, recordings).judge)
        raise


def _build_site(context: Context, recordings: Sequence[Recording]) -> Surveyed:
    from cunshi.website import (
        build,  # imports templates and decoders, which most commands do not need
    )
    from cunshi.website.prerender import prerender_recordings

    require_names(context)
    project, archive = context.project, context.archive
    shown = [recording.as_shown for recording in publishable(context, recordings)]
    with ThreadPoolExecutor(1) as pool:  # one after the other, because both use large processes
        measured = pool.submit(evaluation.measure, project, shown, context.problems)
        cache = RecordingCache(project, archive)
        prerender_recordings(project, archive, recordings, context.days, cache)
        pool.submit(can_print)  # which is asked for later
        found = gather(context, recordings, cache=cache)
        catalogue = replace(found.catalogue, measured=measured.result())
        context.problems.extend(build.build_site(project, catalogue, context.reporter))
    cache.save()
    return replace(found, catalogue=catalogue)


def gather(
    context: Context,
    recordings: Sequence[Recording],
    ceiling: Access = Access.OPEN,
    cache: RecordingCache | None = None,
) -> Surveyed:
    """Read all transcripts and lessons, and gather what may be shown under a level of access."""
    project, archive, problems = context.project, context.archive, context.problems
    transcripts = read_transcripts(project, archive, recordings, problems, cache)
    catalogue = catalogues.gather(
        project,
        archive,
        recordings,
        transcripts,
        context.days,
        problems,
        ceiling,
        strict=context.strict,
    )
    return Surveyed(archive, context.days, recordings, transcripts, catalogue)


@dataclass(frozen=True)
class Visible:
    """What may be seen at a moment; ``withheld`` is a keyed hash of what is withheld in it."""

    decisions: Mapping[str, AccessDecision]
    withheld: str
    judge: Judge = field(compare=False)


def visible(context: Context, recordings: Sequence[Recording]) -> Visible:
    """Determine what may be seen, from the records and transcripts."""
    project, archive = context.project, context.archive
    cache = RecordingCache(project, archive)  # full, if the site was just built
    transcripts = read_transcripts(project, archive, recordings, [], cache)
    decisions = access_decisions(recordings, context.days)
    mine = {r.id: transcripts[r.id] for r in publishable(context, recordings)}
    judge = Judge(
        allowed=frozenset(mine),
        silenced={id_: merged(t.silenced + t.unnamed) for id_, t in mine.items()},
        names={"": archive_names(archive)} | {id_: t.names for id_, t in mine.items()},
        words=withheld_words(recordings, transcripts, decisions),
    )
    return Visible(decisions, withheld(context, recordings, transcripts), judge)


def withheld(
    context: Context, recordings: Sequence[Recording], transcripts: Mapping[str, Transcript]
) -> str:
    """Return a keyed hash of what is withheld of the recordings that are published."""
    secrets = all_withheld(publishable(context, recordings), transcripts)
    return keyed_hash(context.project, secrets.encode()) if secrets else ""
