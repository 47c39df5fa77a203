"""Build the site and publish it; take off what may no longer be seen, whatever else is wrong."""

from collections.abc import Sequence
from pathlib import Path

from cunshi.archive.fixity.check import verify_fixity
from cunshi.archive.project import Project
from cunshi.core.errors import BusyError, CunshiError
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.progress import Reporter
from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Destination
from cunshi.publishing import destinations
from cunshi.publishing.destinations import Publication
from cunshi.publishing.log import note_publication
from cunshi.publishing.removal import Faults
from cunshi.workflow import stages
from cunshi.workflow.results import NotPublished, Published, TakenDown, TakenDownEverywhere
from cunshi.workflow.stages import Context, Visible, begin

_ATTEMPTS = 3  # to build the site while people go on withholding
_SOON = 3.0  # seconds to wait for a site that is being made, before taking down without it


def publish(
    project: Project, reporter: Reporter, asked: Destination | None, *, dry_run: bool
) -> Published | NotPublished:
    """Build the site and publish it.

    While there are problems with the archive or the lessons, only a publication that takes
    something away is made; see ``publishing.removal``. ``asked`` replaces the destination of
    archive.yml; a dry run only determines the changes.
    """
    write_amendments(project)
    with project.building():
        damaged = verify_fixity(project, reporter)
        for __ in range(_ATTEMPTS):
            context = begin(project, reporter)
            context.problems.extend(damaged)
            if done := _publish_once(context, asked, dry_run=dry_run):
                return done
    raise _never_quiet()


def take_down(project: Project, reporter: Reporter) -> TakenDown:
    """Take off the site what has been withdrawn or withheld, also while another command works.

    If a site is being made at the moment, pages that have to change become placeholders until the
    next publication. Without a destination only the site in build/ is made again.
    """
    write_amendments(project)
    try:
        with project.building(_SOON):
            for __ in range(_ATTEMPTS):
                context = begin(project, reporter)
                if not context.archive.publish.kind:
                    stages.build_site(context, stages.read_recordings(context))
                    note_publication(project)
                    return context.finish(TakenDown())
                if done := _publish_once(context, None, dry_run=False):
                    publication = done.publication if isinstance(done, Published) else None
                    return TakenDown(publication, problems=done.problems)
    except BusyError:
        return _take_down_without_site(begin(project, reporter))
    raise _never_quiet()


def take_down_erased(
    project: Project, reporter: Reporter, elsewhere: Destination | None
) -> TakenDownEverywhere:
    """Make the site without what was erased, and let nothing else be served or kept anywhere.

    That is the destination of archive.yml, and the one ``elsewhere``.
    """
    with project.building():
        for __ in range(_ATTEMPTS):
            context = begin(project, reporter)
            recordings = stages.read_recordings(context)
            catalogue = _build(context, recordings)
            visible = stages.visible(context, recordings)
            with project.publishing():
                if visible != _visible_now(project):
                    continue
                if catalogue:
                    note_publication(project)
                new = project.site if catalogue else None
                return _publish_erasure(context, elsewhere, new, visible.withheld)
    raise _never_quiet()


def _publish_erasure(
    context: Context, elsewhere: Destination | None, new: Path | None, withheld: str
) -> TakenDownEverywhere:
    faults, done = Faults.of(_blocking(context)), list[Publication]()
    out_of_reach: list[Problem] = []
    places = filter(None, (context.archive.publish, elsewhere))
    for where in dict.fromkeys(place for place in places if place.kind):
        try:
            made = destinations.publish_erasure(context.project, where, new, faults, withheld)
            done += [made] if made else []
        except (CunshiError, OSError) as error:
            out_of_reach.append(Problem.of_place(error))
    return context.finish(TakenDownEverywhere(done, out_of_reach))


def write_amendments(project: Project) -> None:
    """Bring the records up to date with recordings/, unless another command holds the archive.

    Then they are only applied in memory when the records are read.
    """
    try:
        with stages.locked(project) as context:
            stages.amend_records(context)
    except BusyError:
        pass


def _never_quiet() -> BusyError:
    return BusyError(_("做网站的时候，一直有人在改哪些不公开"), _("等他们改完，再发布一次"))


def _publish_once(
    context: Context, asked: Destination | None, *, dry_run: bool
) -> Published | NotPublished | None:
    """Build and publish; None if something has been withheld meanwhile."""
    project, where = context.project, asked or context.archive.publish
    recordings = stages.read_recordings(context)
    catalogue = _build(context, recordings)
    visible = stages.visible(context, recordings)
    with project.publishing():
        if not dry_run and visible != _visible_now(project):
            return None
        if catalogue:
            note_publication(project)
        if catalogue and not _blocking(context):
            publication = destinations.publish_to(project, where, visible.withheld, dry_run=dry_run)
            return context.finish(Published(recordings, catalogue, publication))
        removal = _remove(context, where, visible, is_built=bool(catalogue), dry_run=dry_run)
        if removal is None:
            return context.finish(NotPublished(recordings, catalogue))
        return context.finish(Published(recordings, catalogue, removal))


def _build(context: Context, recordings: Sequence[Recording]) -> Catalogue | None:
    """Build the site; None if that failed."""
    try:
        return stages.build_site(context, recordings).catalogue
    except CunshiError as error:
        context.problems.append(Problem.from_error(error))
        return None


def _visible_now(project: Project) -> Visible:
    context = begin(project)
    return stages.visible(context, stages.read_recordings(context))


def _blocking(context: Context) -> list[Problem]:
    return [problem for problem in context.problems if problem.blocks_publication]


def _remove(
    context: Context,
    where: Destination,
    visible: Visible,
    *,
    is_built: bool,
    dry_run: bool = False,
) -> Publication | None:
    """Publish what takes away while something is wrong; None if there is nothing to take away."""
    blocking = _blocking(context)
    new = context.project.site if is_built else None
    return destinations.publish_removal(
        context.project,
        where,
        new,
        Faults.of(blocking),
        visible.judge,
        visible.withheld,
        dry_run=dry_run,
    )


def _take_down_without_site(context: Context) -> TakenDown:
    project, where = context.project, context.archive.publish
    visible = stages.visible(context, stages.read_recordings(context))
    if not where.kind:
        raise BusyError(_("另一个窗口正在做网站"), _("等它做完，再撤一次"))
    with project.publishing():
        publication = _remove(context, where, visible, is_built=False)
    return context.finish(TakenDown(publication))
