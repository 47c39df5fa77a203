"""Publish to a server with rsync (``host:path``) over ssh.

Files are sent to temporary names and renamed at the end (``--delay-updates``). A folder with other
content is never changed, because publishing deletes files.
"""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cunshi.core.errors import SiteError, last_lines
from cunshi.core.i18n import _
from cunshi.domain.settings import Destination
from cunshi.publishing import Publisher
from cunshi.publishing.changes import Changes

# This file, which is sent first, identifies a folder as Cunshi's.
MARK = ".cunshi-site"
# An ssh host and path; a dash would be an option, "::" and "//" other protocols.
_PLACE = re.compile(r"[\w.@][\w.@-]*:(?!:)(?!//).+")
_PARTIAL_TRANSFER = 23  # rsync's exit code for a missing folder, among others
_LAST_LINES = 8


@dataclass(frozen=True)
class RsyncPublisher(Publisher):
    """Publishes to a folder on a server, ``host:path``."""

    place: str

    @property
    def where(self) -> str:
        return self.place

    @property
    def _folder(self) -> str:
        return self.place.rstrip("/") + "/"

    def check(self) -> None:
        if not self.place.isprintable():
            raise SiteError(_("看不懂要发布到哪里"), _("写成 主机:文件夹"))
        if not _PLACE.fullmatch(self.place):
            raise SiteError(_("看不懂要发布到哪里"), _("写成 主机:文件夹"), where=self.place)
        names = self._names()
        if names and MARK not in names:
            raise SiteError(
                _("服务器上的这个文件夹里是别的东西，不会覆盖它"),
                _("换一个空的文件夹"),
                where=self.place,
            )

    def changes(self, site: Path) -> Changes:
        appear, change, disappear = list[str](), list[str](), list[str]()
        for line in self._sync(site, "--dry-run").splitlines():
            code, __, path = line.partition(" ")
            path = path.strip()
            if code == "*deleting" and not path.endswith("/"):
                disappear.append(path)
            elif code.startswith("<f"):
                (appear if code.endswith("+") else change).append(path)
        return Changes(*(tuple(sorted(paths)) for paths in (appear, change, disappear)))

    def mirror(self, site: Path, target: Path) -> None:
        if not self._names():
            return
        options = ["--recursive", "--checksum", f"--exclude=/{MARK}"]
        options += [f"--link-dest={site.resolve()}", "--8-bit-output"]
        _rsync(*options, "--", self._folder, f"{target}/")

    def publish(self, site: Path, withheld: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / MARK).write_text("", "utf-8")
            _rsync("--recursive", "--chmod=D755,F644", "--", f"{folder}/", self._folder)
        self._sync(site)
        return "rsync"

    def _names(self) -> set[str]:
        """Return the names in the folder on the server; empty if there is no folder."""
        done = _start("--list-only", "--8-bit-output", "--", self._folder)
        if done.returncode == _PARTIAL_TRANSFER and "No such file or directory" in done.stderr:
            return set()
        listed = (line.split(maxsplit=4) for line in _checked(done).splitlines())
        return {columns[4] for columns in listed if len(columns) > 4} - {"."}

    def _sync(self, site: Path, *more: str) -> str:
        options = ["--recursive", "--checksum", "--delete-after", "--delay-updates"]
        options += ["--chmod=D755,F644", f"--exclude=/{MARK}"]
        options += ["--8-bit-output", "--out-format=%i %n"]
        return _rsync(*options, *more, "--", f"{site}/", self._folder)


def open_publisher(root: Path, where: Destination) -> RsyncPublisher:
    """Open a folder on a server by ssh."""
    return RsyncPublisher(where.rsync)


def _rsync(*words: str) -> str:
    return _checked(_start(*words))


def _start(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["rsync", *words],
            check=False,
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError as error:
        raise SiteError(_("这台电脑上没有装 rsync"), _("先装好 rsync，或发布到文件夹")) from error


def _checked(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        last = last_lines(done, _LAST_LINES)
        raise SiteError(
            _("rsync 没有做成：\n{last}").format(last=last), _("按上面的提示改好，再发布一次")
        )
    return done.stdout
