"""Publishes the built site to its destination: a folder or share, a git branch, a server."""

from collections.abc import Set
from dataclasses import dataclass

from cunshi.archive.project import Project
from cunshi.core import clock
from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.core.problem import Result
from cunshi.domain.settings import Destination
from cunshi.publishing import folder, git_branch, rsync
from cunshi.publishing.changes import Changes


@dataclass(frozen=True)
class Publication:
    """What was published and where; ``made`` names it, and is empty when nothing was."""

    where: str
    made: str
    changes: Changes


@dataclass(frozen=True)
class RolledBack(Result):
    """The release that is served again, and where."""

    where: str
    made: str


def publish_to(
    project: Project, where: Destination, withheld: str, *, dry_run: bool = False
) -> Publication:
    """Bring the built site to a destination; a dry run only finds the changes.

    ``withheld`` names what is withheld of the recordings in it.
    """
    if where.branch and not where.folder:
        target = git_branch.Branch(project.root, where.remote, where.branch)
        git_branch.check_branch(target)
        changes = git_branch.find_changes(target, project.site)
        made = "" if dry_run or not changes else git_branch.publish_to_branch(target, project.site)
        return Publication(f"{where.remote} {where.branch}", made, changes)
    if where.rsync and not where.folder:
        return _send(rsync.Server(where.rsync), project, dry_run)
    share = _share(project, where)
    if not dry_run:
        folder.recover(share)
    changes = folder.find_changes(share, project.site)
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    if dry_run or not changes:
        if not dry_run:  # a run that died may have left what nobody may hear any more
            folder.tidy(share, project.site, withheld)
        return Publication(str(share.current), "", changes)
    made = folder.publish_to_folder(share, project.site, stamp, withheld)
    return Publication(str(share.current), made, changes)


def roll_back(project: Project, where: Destination, allowed: Set[str], withheld: str) -> RolledBack:
    """Serve the release before the published one again, if all in it may still be heard."""
    share = _share(project, where)
    return RolledBack(str(share.current), folder.roll_back(share, allowed, withheld))


def _send(place: rsync.Server, project: Project, dry_run: bool) -> Publication:
    rsync.check_server(place)
    changes = rsync.find_changes(place, project.site)
    if dry_run or not changes:
        return Publication(place.place, "", changes)
    rsync.publish_to_server(place, project.site)
    return Publication(place.place, "rsync", changes)


def _share(project: Project, where: Destination) -> folder.Share:
    if not where.folder:
        raise ConfigurationError(
            _("没有说哪个文件夹"),
            _("写 --to 文件夹，或在 archive.yml 的 publish 下面写 to"),
            where="archive/archive.yml",
        )
    share = folder.Share(project.root / where.folder)
    folder.check_share(share, project.root)
    return share
