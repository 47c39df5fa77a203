"""Publish the built site to its destination: a folder or share, a git branch, a server."""

import shutil
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.project import Project
from cunshi.core.problem import Result
from cunshi.domain.settings import Destination
from cunshi.publishing import Publisher, folder, git_branch, no_folder, rsync
from cunshi.publishing.changes import Changes
from cunshi.publishing.removal import NOTHING_STAYS, Faults, Judge, compose


@dataclass(frozen=True)
class Publication:
    """The result of publishing; ``made`` names the publication, empty if there is none.

    While something is wrong, pages are ``waiting`` as they were published before, or ``blank``.
    """

    where: str
    made: str
    changes: Changes
    waiting: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


@dataclass(frozen=True)
class RolledBack(Result):
    """The release that is served again, and its destination."""

    where: str
    made: str


# Functions that open a publisher, by the field of Destination that names the place.
PUBLISHERS: Mapping[str, Callable[[Path, Destination], Publisher]] = {
    "folder": folder.open_publisher,
    "branch": git_branch.open_publisher,
    "rsync": rsync.open_publisher,
}


def open_publisher(root: Path, where: Destination) -> Publisher:
    """Return the checked publisher of a destination; ``root`` is the project's folder."""
    if not where.kind:
        raise no_folder()
    publisher = PUBLISHERS[where.kind](root, where)
    publisher.check()
    return publisher


def publish_to(
    project: Project, where: Destination, withheld: str, *, dry_run: bool = False
) -> Publication:
    """Publish the built site; a dry run only determines the changes.

    ``withheld`` is a digest of what is withheld in its recordings.
    """
    publisher, made = open_publisher(project.root, where), ""
    if not dry_run:
        publisher.recover()
    changes = publisher.changes(project.site)
    if changes and not dry_run:
        made = publisher.publish(project.site, withheld)
    elif not dry_run:  # a killed run may have left what has been withheld since
        publisher.tidy(project.site, withheld)
    return Publication(publisher.where, made, changes)


def publish_removal(
    project: Project,
    where: Destination,
    new: Path | None,
    faults: Faults,
    judge: Judge,
    withheld: str,
    *,
    dry_run: bool = False,
) -> Publication | None:
    """Publish what takes away while something is wrong; None if there is nothing to take away.

    ``new`` is the site that was just built, None if that failed. See ``removal.compose``.
    """
    publisher, made = open_publisher(project.root, where), ""
    if not dry_run:
        publisher.recover()
    folder = project.root / "build" / "removal"
    shutil.rmtree(folder, ignore_errors=True)
    served, site = folder / "served", folder / "site"
    for path in (served, site):
        path.mkdir(parents=True)
    try:
        publisher.mirror(new or project.site, served)
        composition = compose(served, new, faults, judge)
        if not composition.takes_away:
            return None
        composition.write(site)
        changes = publisher.changes(site)
        if changes and not dry_run:
            made = publisher.publish(site, withheld)
        pages = (p for p in composition.kept if p.endswith(".html"))
        return Publication(publisher.where, made, changes, tuple(pages), tuple(composition.blank))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish_erasure(
    project: Project, where: Destination, new: Path | None, faults: Faults, withheld: str
) -> Publication | None:
    """Publish a site without what was erased; nothing of what was published before stays.

    What was erased cannot be looked for any more. So a page with a faulty source becomes a
    placeholder, and earlier publications are removed. None if nothing was served.
    """
    publication = publish_removal(project, where, new, faults, NOTHING_STAYS, withheld)
    open_publisher(project.root, where).forget_earlier()
    return publication


def roll_back(project: Project, where: Destination, allowed: Set[str], withheld: str) -> RolledBack:
    """Serve the previous release again, if everything in it may still be published."""
    publisher = open_publisher(project.root, where)
    return RolledBack(publisher.where, publisher.roll_back(allowed, withheld))
