"""Publish to a folder or network share: ``releases/<stamp>``, and ``current`` to serve.

A release is copied completely and verified before ``current`` points to it, in one step if the file
system has symbolic links. If it is killed at any moment, the old release is still served.
"""

import os
import shutil
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.fixity.manifest import sha256_of
from cunshi.core import clock
from cunshi.core.errors import SiteError
from cunshi.core.files import attach_path, put_in_place, walk_files, write_atomic
from cunshi.core.i18n import _
from cunshi.domain.settings import Destination
from cunshi.publishing import Publisher
from cunshi.publishing.changes import Changes, compare, digests, mirror_equal, recordings_in

_STAMP = ".cunshi-release"


@dataclass(frozen=True)
class Share:
    """The destination folder."""

    target: Path

    @property
    def current(self) -> Path:
        """What a web server serves."""
        return self.target / "current"

    @property
    def releases(self) -> Path:
        return self.target / "releases"

    @property
    def served(self) -> str:
        """The stamp of the served release; empty before the first."""
        return _read_stamp(self.current)[0]

    def stamps(self) -> list[str]:
        """The complete releases, oldest first, including a served folder."""
        found = {p.parent.name for p in self.releases.glob(f"[!.]*/{_STAMP}")}
        return sorted(found | {self.served} - {""})

    def folder(self, stamp: str) -> Path:
        """Return the folder of a release, which is ``current`` itself for a served one without
        links.
        """
        kept = self.releases / stamp
        return kept if kept.is_dir() else self.current


@dataclass(frozen=True)
class FolderPublisher(Publisher):
    """Publishes to a folder outside the project."""

    share: Share
    root: Path

    @property
    def where(self) -> str:
        return str(self.share.current)

    def check(self) -> None:
        share = self.share
        if share.target.resolve().is_relative_to(self.root):
            raise SiteError(
                _("网站不能发布到项目文件夹里面"), _("换一个别处的文件夹"), where=share.target
            )
        strange = share.current.exists() or share.current.is_symlink()
        if strange and not share.served:
            raise SiteError(
                _("这里已经有一个别的 current，不会覆盖它"),
                _("换一个文件夹，或先把它移走"),
                where=share.current,
            )

    def recover(self) -> None:
        recover(self.share)

    def changes(self, site: Path) -> Changes:
        old = digests(self.share.current, sha256_of) if self.share.served else {}
        old.pop(_STAMP, None)
        return compare(old, digests(site, sha256_of))

    def mirror(self, site: Path, target: Path) -> None:
        served = digests(self.share.current, sha256_of) if self.share.served else {}
        served.pop(_STAMP, None)
        for path in mirror_equal(served, site, sha256_of, target):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.share.current / path, target / path)

    def publish(self, site: Path, withheld: str) -> str:
        stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
        return publish_to_folder(self.share, site, stamp, withheld)

    def tidy(self, site: Path, withheld: str) -> None:
        tidy(self.share, site, withheld)

    def forget_earlier(self) -> None:
        for stamp in self.share.stamps():
            if stamp != self.share.served:
                shutil.rmtree(self.share.releases / stamp)

    def roll_back(self, allowed: Set[str], withheld: str) -> str:
        return roll_back(self.share, allowed, withheld)


def open_publisher(root: Path, where: Destination) -> FolderPublisher:
    """Open a folder: absolute, or relative to the project's folder."""
    return FolderPublisher(Share(root / where.folder), root)


def publish_to_folder(share: Share, site: Path, stamp: str, withheld: str = "") -> str:
    """Copy a site and serve it; return the stamp of its release.

    ``withheld`` identifies what is withheld in its recordings: earlier releases that withhold
    something else are removed, because they may contain what has been withheld since.
    """
    recover(share)
    for left in [late for late in share.stamps() if late > share.served]:
        shutil.rmtree(share.releases / left)  # of a run that was killed before it was served
    stamp = _unused(share, stamp)
    _copy(site, share.releases / stamp, stamp, withheld)
    _switch(share, stamp)
    tidy(share, site, withheld)
    return stamp


def roll_back(share: Share, allowed: Set[str], withheld: str = "") -> str:
    """Serve the previous release again and return its stamp.

    Raises SiteError if there is none, if it shows a recording that is not in ``allowed``, or if it
    withholds something else than ``withheld``.
    """
    recover(share)
    earlier = [stamp for stamp in share.stamps() if stamp < share.served]
    if not earlier:
        raise SiteError(_("没有可以退回的上一版"), _("用 publish 重新发布"), where=share.target)
    withdrawn = recordings_in(share.folder(earlier[-1])) - allowed
    if withdrawn:
        raise SiteError(
            _("上一版里有现在不公开的录音：{ids}").format(ids="、".join(sorted(withdrawn))),
            _("不能退回；改好内容，再用 publish 发布"),
            where=share.target,
        )
    if _read_stamp(share.folder(earlier[-1]))[1] != withheld:
        raise SiteError(
            _("上一版里有后来不公开的话或名字"),
            _("不能退回；改好内容，再用 publish 发布"),
            where=share.target,
        )
    _switch(share, earlier[-1])
    return earlier[-1]


def _read_stamp(release: Path) -> tuple[str, str]:
    """Return the stamp of a release and what it withholds; empty if it is not a release.

    Raises OSError if that cannot be read: an unknown release must not be removed as an old one.
    """
    try:
        lines = (release / _STAMP).read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        lines = []
    stamp, withheld, *__ = [*lines, "", ""]
    return stamp.strip(), withheld.strip()


def recover(share: Share) -> None:
    """Remove what a killed run left, and complete a switch by two renames."""
    for left in (*share.releases.glob(".*.tmp"), *share.target.glob(".current.tmp")):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()
    stamps = share.stamps()
    if stamps and not share.current.exists() and not share.current.is_symlink():
        _switch(share, stamps[-1])


def _unused(share: Share, stamp: str) -> str:
    """Return a stamp later than all others, even within a second or after a clock was set back."""
    last = max(share.stamps(), default="")
    if stamp > last:
        return stamp
    base, __, number = last.partition("-")
    return f"{base}-{int(number or 1) + 1:03}"


def _copy(site: Path, release: Path, stamp: str, withheld: str) -> None:
    temporary = release.with_name(f".{release.name}.tmp")
    for path in sorted(walk_files(site)):
        copy = temporary / path.relative_to(site)
        copy.parent.mkdir(parents=True, exist_ok=True)
        _copy_durably(path, copy)
    if digests(site, sha256_of) != digests(temporary, sha256_of):
        raise SiteError(
            _("拷过去的文件读出来不一样"), _("检查磁盘和网络，再发布一次"), where=temporary
        )
    write_atomic(temporary / _STAMP, f"{stamp}\n{withheld}\n")
    put_in_place(temporary, release)


def _copy_durably(source: Path, target: Path) -> None:
    with attach_path(target), source.open("rb") as old, target.open("wb") as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())


def _switch(share: Share, stamp: str) -> None:
    if share.current.is_symlink() or not share.current.exists():
        try:
            _point(share, stamp)
        except (OSError, NotImplementedError):
            pass  # Windows without permission for links, or a share without links
        else:
            return
    _move(share, stamp)


def _point(share: Share, stamp: str) -> None:
    link = share.target / ".current.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases", stamp), target_is_directory=True)
    put_in_place(link, share.current)


def _move(share: Share, stamp: str) -> None:
    """Switch by two renames; if killed in between, the next run completes it."""
    if share.current.is_symlink():  # made on a system with links
        share.current.unlink()
    elif share.served:
        share.current.replace(share.releases / share.served)
    put_in_place(share.releases / stamp, share.current)


def tidy(share: Share, site: Path, withheld: str = "") -> None:
    """Keep the served release and the previous one, and remove the others.

    The previous one is also removed if it shows what is no longer published.
    """
    shown, served = recordings_in(site), share.served
    kept = {served, *[stamp for stamp in share.stamps() if stamp < served][-1:]}
    for stamp in share.stamps():
        folder = share.releases / stamp
        if stamp == served or not folder.is_dir():
            continue
        other = _read_stamp(folder)[1] != withheld
        if stamp not in kept or other or recordings_in(folder) - shown:
            shutil.rmtree(folder)
