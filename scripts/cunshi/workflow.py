"""The whole flow on one page: deposit → recording → transcript → lesson → page → site."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from cunshi.archive import backup
from cunshi.archive.backup import Copied
from cunshi.archive.bag import facts_of
from cunshi.archive.cache.recording_cache import RecordingCache
from cunshi.archive.fixity import check as verify
from cunshi.archive.fixity.schedule import Checked, check_in_turn
from cunshi.archive.project import Project
from cunshi.catalogue.course.lesson_draft import Drafted, open_source, refuse, write_draft
from cunshi.catalogue.gather import gather
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.errors import ConfigurationError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.progress import Reporter
from cunshi.domain.access import Days, access_decisions
from cunshi.domain.consent import Access
from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive, Destination
from cunshi.domain.transcript import Transcript
from cunshi.domain.withholding import fingerprint
from cunshi.exports.archival.bundle import make_export
from cunshi.exports.classroom import usb_pack as packing
from cunshi.exports.classroom.pdf import can_print
from cunshi.exports.classroom.usb_pack import Pack
from cunshi.intake import merge_archive
from cunshi.intake.accessioning import Intake, take_in
from cunshi.intake.import_transcript import bring_in
from cunshi.intake.merge_archive import Merged
from cunshi.publishing.log import PACK, days_of, note_publication
from cunshi.publishing.release import Release, release_to, take_back
from cunshi.transcription import evaluation
from cunshi.transcription.evaluation import Evaluation
from cunshi.transcription.jobs import Choice, hear_all
from cunshi.website.up_to_date import SiteStamp

_MOST_CLIPS = 4  # in the draft of a lesson: one hour has time for no more


@dataclass
class Report:
    """What a command did and found; the CLI prints it and ends with the worst code."""

    days: Days
    problems: list[Problem] = field(default_factory=list)
    intake: Intake | None = None
    transcribed: list[str] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    catalogue: Catalogue | None = None
    evaluation: Evaluation = field(default_factory=Evaluation)
    pack: Pack | None = None
    exported: Path | None = None
    checked: Checked | None = None
    copied: Copied | None = None
    merged: Merged | None = None
    imported: tuple[int, list[str]] | None = None
    release: Release | None = None
    strict: bool = False
    drafted: Drafted | None = None

    @property
    def exit_code(self) -> ExitCode:
        return max((problem.code for problem in self.problems), default=ExitCode.OK)

    @property
    def wrong(self) -> list[Problem]:
        """The problems without the notes."""
        return [problem for problem in self.problems if not problem.is_note]


def build(project: Project, reporter: Reporter, choice: Choice, *, strict: bool = False) -> Report:
    """The main job: take in, transcribe, publish. What fails for one recording stops no other."""
    with project.lock():
        report = _begin(project, strict=strict)
        _take_in(project, report, reporter)
        _transcribe(project, report, reporter, choice)
        _renew(project, report, reporter)
    return report


def ingest(project: Project, reporter: Reporter) -> Report:
    """Take in what is new below recordings/."""
    with project.lock():
        report = _begin(project)
        _take_in(project, report, reporter)
    return report


def hear(project: Project, reporter: Reporter) -> Report:
    """Take in what is new below recordings/ and transcribe it: all but the site."""
    with project.lock():
        report = _begin(project)
        _take_in(project, report, reporter)
        _transcribe(project, report, reporter, Choice())
    return report


def transcribe_archive(project: Project, reporter: Reporter, choice: Choice) -> Report:
    """Transcribe what is in the archive and has no transcript yet."""
    with project.lock():
        report = _begin(project)
        if choice.scheduler and not report.archive.cluster:
            raise ConfigurationError(
                _("这个档案库没有说可以请别的电脑听写"),
                _("先在 archive.yml 里写 cluster: 是；网站和同意书会照实说，录音要送到别的电脑"),
                where=project.relative(project.archive / "archive.yml"),
            )
        _read_recordings(project, report)
        _transcribe(project, report, reporter, choice)
    return report


def publish_site(project: Project, reporter: Reporter, *, strict: bool = False) -> Report:
    """Make the site from the archive and the lessons."""
    with project.lock():
        report = _begin(project, strict=strict)
        _read_recordings(project, report)
        _renew(project, report, reporter)
    return report


def pack(project: Project, reporter: Reporter, target: Path | None) -> Report:
    """Make the zip for a USB stick: the site for classrooms, with a page to start from."""
    with project.lock():
        report = _begin(project)
        _read_recordings(project, report)
        from cunshi.website.build import publish

        catalogue = _gather(project, report, Access.CLASSROOM)
        path = packing.target_path(target or project.site.parent, catalogue)
        report.problems += publish(project.classroom, catalogue, reporter)
        report.pack = packing.make_pack(project.classroom.site, catalogue, path)
        note_publication(project.classroom, PACK)
    return report


def export(project: Project, reporter: Reporter, folder: Path) -> Report:
    """Write all that may be shown into a bag, in the forms that other archives read."""
    with project.lock():
        report = _begin(project)
        _read_recordings(project, report)
        _publish(project, report, reporter)
        if report.catalogue:
            report.exported = make_export(project.docs, report.catalogue, folder)
    return report


def remake(project: Project, reporter: Reporter, *, everything: bool) -> Report:
    """Make the site again after a change; ``everything``: what is new in recordings/ as well."""
    return build(project, reporter, Choice()) if everything else publish_site(project, reporter)


def release(
    project: Project, reporter: Reporter, asked: Destination | None, dry_run: bool
) -> Report:
    """Make the site anew and publish it, unless anything is wrong with the archive or the lessons.

    ``asked`` stands for the destination that archive.yml names; a dry run only finds the changes.
    """
    with project.lock():
        report = _begin(project)
        _read_recordings(project, report)
        report.problems += verify.verify_fixity(project, reporter)
        _publish(project, report, reporter)
        if not report.wrong:
            where = asked or report.archive.publish
            withheld = _withheld(report)
            report.release = release_to(project, where, withheld, dry_run=dry_run)
    return report


def roll_back(project: Project, asked: Destination | None) -> Report:
    """Serve the release before the published one again, if all in it may still be heard."""
    with project.lock():
        report = _begin(project)
        _read_recordings(project, report)
        report.transcripts = read_transcripts(
            project, report.archive, report.recordings, report.problems
        )
        where = asked or report.archive.publish
        allowed = {recording.id for recording in _publishable(report)}
        report.release = take_back(project, where, allowed, _withheld(report))
    return report


def _publishable(report: Report) -> list[Recording]:
    decisions = access_decisions(report.recordings, report.days)
    return [r for r in report.recordings if decisions[r.id].allows_publication()]


def _withheld(report: Report) -> str:
    return fingerprint(_publishable(report), report.transcripts)


def survey(project: Project, *, strict: bool = False) -> Report:
    """What is there and what waits for whom; reads only."""
    report = _begin(project, strict=strict)
    _read_recordings(project, report)
    _gather(project, report)
    return report


def check(project: Project, reporter: Reporter, *, strict: bool = False) -> Report:
    """Survey, and hash every master anew; reads only."""
    report = survey(project, strict=strict)
    report.problems += verify.verify_fixity(project, reporter)
    return report


def verify_in_turn(project: Project, reporter: Reporter, seconds: float | None) -> Report:
    """Look at every accession, and hash those whose turn it is; says so in their events."""
    with project.lock():
        report = _begin(project)
        report.checked = check_in_turn(project, reporter, seconds)
        report.problems += report.checked.problems
    return report


def back_up(project: Project, folder: Path, reporter: Reporter, *, bag: bool = False) -> Report:
    """Bring a second copy up to date, or make a bag to hand over, while nothing here changes."""
    with project.lock():
        report = _begin(project)
        if bag and any(problem.code is ExitCode.DISK for problem in report.problems):
            return report  # it would not say whose it is
        if bag:
            facts = facts_of(report.archive, project.root.name)
            report.copied = backup.hand_over(project, folder, facts, report.days.today)
        else:
            report.copied = backup.back_up(project, folder, reporter)
        report.problems += report.copied.problems
    return report


def restore(project: Project, folder: Path, reporter: Reporter, *, rehearse: bool) -> Report:
    """Bring back from a copy what is missing or damaged here, or tell what would be."""
    with project.lock():
        report = _begin(project)
        report.copied = backup.restore(project, folder, reporter, rehearse=rehearse)
        report.problems += report.copied.problems
    return report


def merge(project: Project, folder: Path, reporter: Reporter) -> Report:
    """Bring in what another archive holds."""
    with project.lock():
        report = _begin(project)
        report.merged = merge_archive.merge(project, folder, reporter)
        report.problems += report.merged.problems
    return report


def import_file(project: Project, recording_id: str, path: Path) -> Report:
    """Take a transcript from another system into an accession."""
    with project.lock():
        report = _begin(project)
        _read_recordings(project, report)
        recording = next((r for r in report.recordings if r.id == recording_id), None)
        if recording is None:
            raise ConfigurationError(
                _("档案库里没有编号 {id}").format(id=recording_id),
                _("编号在网站上那段录音的资料里，例如 20260112-7a994552"),
            )
        report.imported = bring_in(project, recording, path)
    return report


def draft_lesson(project: Project, number: int, ids: Sequence[str], slug: str = "") -> Report:
    """Begin a lesson from recordings that may be published; nothing when one of them may not."""
    with project.lock():
        report = _begin(project)
        _read_recordings(project, report)
        recordings = {recording.id: recording for recording in report.recordings}
        cited = [recordings[i] for i in ids if i in recordings]
        transcripts = read_transcripts(project, report.archive, cited, report.problems)
        refused = refuse(ids, recordings, transcripts, report.days)
        report.problems += refused
        if not refused:
            terms = project.read_glossary(report.problems)
            most = max(1, _MOST_CLIPS // len(cited))
            sources = [open_source(project, r, transcripts[r.id], terms, most) for r in cited]
            report.drafted = write_draft(project, number, sources, terms, slug)
    return report


def evaluate(project: Project, reference: Path | None, json: Path | None) -> Report:
    """How far drafts are from what people approved; reads only, but for the file ``json``."""
    report = _begin(project)
    _read_recordings(project, report)
    report.evaluation = evaluation.evaluate(project, report.recordings, reference, report.problems)
    if not report.evaluation.scores:
        report.problems.append(_nothing_to_compare(project))
    elif json:
        evaluation.write_json(report.evaluation, json)
    return report


def _nothing_to_compare(project: Project) -> Problem:
    return Problem(
        ExitCode.USAGE,
        project.relative(project.archive),
        _("还没有校对好、又有机器初稿的录音，没有可以比的"),
        _("先校对几份，在 recording.yml 里写上 approved_by；或用 --reference 给一份写好的文字"),
    )


def _begin(project: Project, *, strict: bool = False) -> Report:
    problems: list[Problem] = []
    archive = project.read_archive(problems)
    return Report(days_of(project, problems), problems, archive=archive, strict=strict)


def _take_in(project: Project, report: Report, reporter: Reporter) -> None:
    report.intake = take_in(project, report.archive, reporter)
    report.problems += report.intake.problems
    _read_recordings(project, report)


def _read_recordings(project: Project, report: Report) -> None:
    report.recordings = project.read_recordings(report.problems)


def _transcribe(project: Project, report: Report, reporter: Reporter, choice: Choice) -> None:
    done, problems = hear_all(project, report.recordings, report.archive, choice, reporter)
    report.transcribed += done
    report.problems += problems


def _renew(project: Project, report: Report, reporter: Reporter) -> None:
    """Publish, unless nothing has changed since: then only what is still wrong is said."""
    from cunshi.website.social_cards import face_for  # drawing, which most commands do without

    asked = (report.archive, report.days, report.strict, face_for(project))
    standing = SiteStamp(project, report.recordings, *asked)
    if standing.holds:
        report.problems += standing.problems
        report.transcripts = standing.transcripts
        return
    standing.begin()
    said = len(report.problems)
    _publish(project, report, reporter)
    standing.note(report.problems[said:], report.transcripts)


def _publish(project: Project, report: Report, reporter: Reporter) -> None:
    from cunshi.website.build import (
        publish,  # templates and decoders, which nothing new does without
    )
    from cunshi.website.prerender import prerender_recordings

    shown = [recording.as_shown for recording in _publishable(report)]
    with ThreadPoolExecutor(1) as pool:  # one after the other: both run in large processes
        measured = pool.submit(evaluation.measure, project, shown, report.problems)
        remembered = RecordingCache(project, report.archive)
        prerender_recordings(project, report.archive, report.recordings, report.days, remembered)
        pool.submit(can_print)  # which is asked for later
        catalogue = _gather(project, report, remembered=remembered)
        catalogue = replace(catalogue, measured=measured.result())
        report.problems += publish(project, catalogue, reporter)
    remembered.keep()
    note_publication(project)


def _gather(
    project: Project,
    report: Report,
    ceiling: Access = Access.OPEN,
    remembered: RecordingCache | None = None,
) -> Catalogue:
    report.transcripts = read_transcripts(
        project, report.archive, report.recordings, report.problems, remembered
    )
    report.catalogue = gather(
        project,
        report.archive,
        report.recordings,
        report.transcripts,
        report.days,
        report.problems,
        ceiling,
        strict=report.strict,
    )
    return report.catalogue
