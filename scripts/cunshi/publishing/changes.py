"""Compare the built site with what is published."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cunshi.core.files import link_or_copy, walk_files


@dataclass(frozen=True)
class Changes:
    """The changes of a publication, as paths in the site."""

    appear: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    disappear: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.appear or self.change or self.disappear)


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
    """Return the changes between two sets of files, each path → digest."""
    return Changes(
        appear=tuple(sorted(new.keys() - old.keys())),
        change=tuple(sorted(p for p in new.keys() & old.keys() if old[p] != new[p])),
        disappear=tuple(sorted(old.keys() - new.keys())),
    )


def digests(folder: Path, digest: Callable[[Path], str]) -> dict[str, str]:
    """Return path → digest of every file below a folder."""
    return {p.relative_to(folder).as_posix(): digest(p) for p in walk_files(folder)}


def git_blob(path: Path) -> str:
    """Return the id of a file's content in git."""
    data = path.read_bytes()
    head = b"blob %d\0" % len(data)
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


def recordings_in(site: Path) -> set[str]:
    """Return the ids of the recordings that a built site shows."""
    return {path.stem for path in (site / "recordings").glob("*.html")} - {"index"}


def mirror_equal(
    served: Mapping[str, str], site: Path, digest: Callable[[Path], str], target: Path
) -> list[str]:
    """Link the served files that a site also has into a folder; return the others' paths.

    ``served`` has the digest of each served path. A path that leads out of the folder is an error.
    """
    others = []
    for path, expected in served.items():
        local = site / path
        if not (target / path).resolve().is_relative_to(target.resolve()):
            raise ValueError(path)
        if local.is_file() and digest(local) == expected:
            link_or_copy(local, target / path)
        else:
            others.append(path)
    return others
