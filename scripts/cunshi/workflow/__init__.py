"""The commands: deposit → recording → transcript → lesson → page → site.

A command is a function of a project. It creates a `Context`, passes it through `stages`, which add
to its problems, and returns a `Result`, which `report` puts into words.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from cunshi.archive import backup
from cunshi.archive.backup import BackedUp, HandedOver, Restored
from cunshi.archive.bag import facts_of
from cunshi.archive.fixity.check import verify_fixity
from cunshi.archive.fixity.schedule import Verified, check_in_turn
from cunshi.archive.project import Project
from cunshi.catalogue.course.lesson_draft import Drafted, check_sources, prepare_source, write_draft
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.errors import ConfigurationError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Refused
from cunshi.core.progress import Reporter
from cunshi.domain.consent import Access
from cunshi.domain.settings import Destination
from cunshi.exports.archival.bundle import Exported, make_export
from cunshi.exports.classroom import usb_pack
from cunshi.exports.classroom.usb_pack import Packed
from cunshi.intake import merge_archive
from cunshi.intake.import_transcript import Imported, bring_in
from cunshi.intake.merge_archive import Merged
from cunshi.publishing import destinations
from cunshi.publishing.destinations import RolledBack
from cunshi.publishing.log import PACK, note_publication
from cunshi.transcription import evaluation
from cunshi.transcription.evaluation import Evaluation
from cunshi.transcription.jobs import Choice, Transcribed
from cunshi.workflow import erasure, publication, stages
from cunshi.workflow.erasure import Demand, Erased, Erasure, Planned
from cunshi.workflow.results import (
    Built,
    BuiltSite,
    Checked,
    Ingested,
    IngestedAndTranscribed,
    NotPublished,
    Published,
    Surveyed,
    TakenDown,
)
from cunshi.workflow.stages import begin, locked

# Seconds after which records are read again: people may have withheld something meanwhile.
_RECENT = 5.0
_MOST_CLIPS = 4  # in a draft lesson: a lesson has no time for more


def build(project: Project, reporter: Reporter, choice: Choice, *, strict: bool = False) -> Built:
    """Accession, transcribe and build. An error in one recording does not stop the others."""
    with locked(project, reporter, strict=strict) as context:
        intake = stages.take_in(context)
        recordings, read_at = stages.read_recordings(context), time.monotonic()
        drafted = stages.transcribe(context, recordings, choice)
        with project.building():
            if time.monotonic() - read_at > _RECENT:
                recordings = stages.read_recordings(context)
            site = stages.update_site(context, recordings)
        return context.finish(
            Built(drafted=drafted, recordings=recordings, intake=intake, site=site)
        )


def ingest(project: Project, reporter: Reporter) -> Ingested:
    """Accession new deposits in recordings/."""
    with locked(project, reporter) as context:
        intake = stages.take_in(context)
        return context.finish(Ingested(stages.read_recordings(context), intake))


def ingest_and_transcribe(project: Project, reporter: Reporter) -> IngestedAndTranscribed:
    """Accession and transcribe new deposits: everything except the site."""
    with locked(project, reporter) as context:
        intake = stages.take_in(context)
        recordings = stages.read_recordings(context)
        drafted = stages.transcribe(context, recordings, Choice())
        return context.finish(
            IngestedAndTranscribed(drafted=drafted, recordings=recordings, intake=intake)
        )


def transcribe(project: Project, reporter: Reporter, choice: Choice) -> Transcribed:
    """Transcribe the recordings in the archive that have no transcript yet."""
    with locked(project, reporter) as context:
        if choice.scheduler and not context.archive.cluster:
            raise ConfigurationError(
                _("这个档案库没有说可以请别的电脑听写"),
                _("先在 archive.yml 里写 cluster: 是；网站和同意书会照实说，录音要送到别的电脑"),
                where=project.relative(project.archive / "archive.yml"),
            )
        drafted = stages.transcribe(context, stages.read_recordings(context), choice)
        return context.finish(Transcribed(drafted))


def build_site(project: Project, reporter: Reporter, *, strict: bool = False) -> BuiltSite:
    """Build the site from the archive and the lessons."""
    with locked(project, reporter, strict=strict) as context, project.building():
        return context.finish(stages.update_site(context, stages.read_recordings(context)))


def rebuild(project: Project, reporter: Reporter, *, everything: bool) -> Built | BuiltSite:
    """Build the site after a change; with ``everything``, also process new deposits."""
    return build(project, reporter, Choice()) if everything else build_site(project, reporter)


def pack(project: Project, reporter: Reporter, target: Path | None) -> Packed:
    """Make the zip for a USB stick: the classroom edition of the site with a start page."""
    from cunshi.website import build

    with locked(project, reporter) as context, project.building():
        stages.amend_records(context)
        recordings = stages.read_recordings(context)
        with stages.blanked_if_failed(context, recordings, project.classroom.site):
            stages.require_names(context)
            catalogue = stages.gather(context, recordings, Access.CLASSROOM).catalogue
            path = usb_pack.target_path(target or project.site.parent, catalogue)
            context.problems.extend(build.build_site(project.classroom, catalogue, reporter))
        packed = usb_pack.make_pack(project.classroom.site, catalogue, path)
        note_publication(project.classroom, PACK)
        return context.finish(packed)


def export(project: Project, reporter: Reporter, folder: Path) -> Exported:
    """Write everything published to a bag, in archival formats."""
    with locked(project, reporter) as context, project.building():
        catalogue = stages.build_site(context, stages.read_recordings(context)).catalogue
        note_publication(project)
        return context.finish(make_export(project.docs, catalogue, folder))


def publish(
    project: Project, reporter: Reporter, asked: Destination | None, *, dry_run: bool
) -> Published | NotPublished:
    """Build the site and publish it; while something is wrong, only what takes away.

    ``asked`` replaces the destination of archive.yml; a dry run only determines the changes.
    """
    return publication.publish(project, reporter, asked, dry_run=dry_run)


def take_down(project: Project, reporter: Reporter) -> TakenDown:
    """Take off the site what has been withdrawn or withheld, also while another command works."""
    return publication.take_down(project, reporter)


def roll_back(project: Project, asked: Destination | None) -> RolledBack:
    """Serve the previous release again, if everything in it may still be published."""
    with locked(project) as context:
        stages.require_names(context)
        stages.amend_records(context)
        recordings = stages.read_recordings(context)
        transcripts = read_transcripts(project, context.archive, recordings, context.problems)
        allowed = {recording.id for recording in stages.publishable(context, recordings)}
        withheld = stages.withheld(context, recordings, transcripts)
        where = asked or context.archive.publish
        with project.publishing():
            return context.finish(destinations.roll_back(project, where, allowed, withheld))


def survey(project: Project, *, strict: bool = False) -> Surveyed:
    """Report the state of all recordings; writes nothing."""
    context = begin(project, strict=strict)
    context.problems.extend(erasure.unfinished(project))
    return context.finish(stages.gather(context, stages.read_recordings(context)))


def check(project: Project, reporter: Reporter, *, strict: bool = False) -> Checked:
    """Report the state of all recordings, and hash every master; writes nothing."""
    found = survey(project, strict=strict)
    problems = [*found.problems, *verify_fixity(project, reporter)]
    return Checked(**vars(found) | {"problems": problems})


def verify(project: Project, reporter: Reporter, seconds: float | None) -> Verified:
    """Check every accession, hash those that are due, and log this in their events."""
    with locked(project, reporter) as context:
        return context.finish(check_in_turn(project, reporter, seconds))


def back_up(project: Project, folder: Path, reporter: Reporter) -> BackedUp:
    """Update a backup, while the archive is locked."""
    with locked(project, reporter) as context:
        return context.finish(backup.back_up(project, folder, reporter))


def hand_over(project: Project, folder: Path) -> HandedOver | Refused:
    """Make a bag of the whole archive for a new holder."""
    with locked(project) as context:
        if any(problem.code is ExitCode.DISK for problem in context.problems):
            return context.finish(Refused())  # the bag would have no source organisation
        facts = facts_of(context.archive, project.root.name)
        return context.finish(backup.hand_over(project, folder, facts, context.days.today))


def restore(project: Project, folder: Path, reporter: Reporter, *, rehearse: bool) -> Restored:
    """Restore missing or damaged files from a backup, or report what would be restored."""
    with locked(project, reporter) as context:
        return context.finish(backup.restore(project, folder, reporter, rehearse=rehearse))


def merge(project: Project, folder: Path, reporter: Reporter) -> Merged:
    """Merge another archive."""
    with locked(project, reporter) as context:
        return context.finish(merge_archive.merge(project, folder, reporter))


def import_file(project: Project, recording_id: str, path: Path) -> Imported:
    """Import a transcript from another system into an accession."""
    with locked(project) as context:
        known = {recording.id for recording in stages.read_recordings(context)}
        if recording_id not in known:
            raise ConfigurationError(
                _("档案库里没有编号 {id}").format(id=recording_id),
                _("编号在网站上那段录音的资料里，例如 20260112-7a994552"),
            )
        recording = project.read_recording_strictly(project.accession(recording_id))
        return context.finish(bring_in(project, recording, path))


def plan_erasure(project: Project, what: Erasure) -> Planned:
    """Return what an erasure would remove, and what is out of reach; writes nothing."""
    return erasure.plan(project, what)


def erase(project: Project, reporter: Reporter, what: Erasure, demand: Demand) -> Erased:
    """Erase a recording, or a file of one, here, in backups and where it is published."""
    return erasure.erase(project, reporter, what, demand)


def draft_lesson(
    project: Project, number: int, ids: Sequence[str], slug: str = ""
) -> Drafted | Refused:
    """Draft a lesson from recordings, if all of them may be published."""
    with locked(project) as context:
        recordings = {recording.id: recording for recording in stages.read_recordings(context)}
        cited = [recordings[i] for i in ids if i in recordings]
        transcripts = read_transcripts(project, context.archive, cited, context.problems)
        if refused := check_sources(ids, recordings, transcripts, context.days):
            return context.finish(Refused(problems=refused))
        terms = project.read_glossary(context.problems)
        most = max(1, _MOST_CLIPS // len(cited))
        sources = [prepare_source(project, r, transcripts[r.id], terms, most) for r in cited]
        return context.finish(write_draft(project, number, sources, terms, slug))


def evaluate(project: Project, reference: Path | None, json: Path | None) -> Evaluation:
    """Compare drafts with approved transcripts; writes only the file ``json``."""
    context = begin(project)
    recordings = stages.read_recordings(context)
    found = evaluation.evaluate(project, recordings, reference, context.problems)
    if not found.scores:
        context.problems.append(evaluation.nothing_to_compare(project))
    elif json:
        evaluation.write_json(found, json)
    return context.finish(found)
