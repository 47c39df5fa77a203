"""Publish to a branch of the project's git repository, from which a host serves it.

The branch has a single commit, so that withdrawn files are not in its history. Only a branch
created by this program is replaced.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cunshi.core.errors import SiteError, last_lines
from cunshi.core.i18n import _
from cunshi.domain.settings import Destination
from cunshi.publishing import Publisher, check_value
from cunshi.publishing.changes import Changes, compare, digests, git_blob, mirror_equal

# The start of the commit message, which identifies the branch.
MESSAGE = "Publish the site of cunshi"
_ADDED = ".nojekyll"
_LAST_LINES = 8


@dataclass(frozen=True)
class BranchPublisher(Publisher):
    """Publishes to a branch at a remote of the project's repository."""

    root: Path
    remote: str
    name: str

    @property
    def where(self) -> str:
        return f"{self.remote} {self.name}"

    def check(self) -> None:
        for value in (self.remote, self.name):
            check_value(value, "archive/archive.yml")
        self._git("check-ref-format", "--branch", self.name)
        worked_on = self._git("branch", "--show-current").strip()
        local = self._git("for-each-ref", "--format=%(subject)", f"refs/heads/{self.name}")
        subjects = local.splitlines()
        if self._fetch():
            subjects.append(self._git("log", "-1", "--format=%s", "FETCH_HEAD").strip())
        if self.name == worked_on or any(subject != MESSAGE for subject in subjects):
            raise SiteError(
                _("{branch} 这个分支里是别的东西，不会覆盖它").format(branch=self.name),
                _("换一个分支名，例如 gh-pages"),
                where=self.root,
            )

    def changes(self, site: Path) -> Changes:
        old = self._files()
        old.pop(_ADDED, None)
        return compare(old, digests(site, git_blob))

    def mirror(self, site: Path, target: Path) -> None:
        served = self._files()
        served.pop(_ADDED, None)
        for path in mirror_equal(served, site, git_blob, target):
            data = _run_bytes(["git", "cat-file", "blob", served[path]], self.root)
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(data)

    def publish(self, site: Path, withheld: str) -> str:
        options = ["--no-history", "--no-jekyll", "--force", "--push"]
        options += ["-m", MESSAGE, "-r", self.remote, "-b", self.name]
        _run([sys.executable, "-m", "ghp_import", *options, str(site)], self.root)
        return self._git("rev-parse", f"refs/heads/{self.name}").strip()

    def _git(self, *words: str) -> str:
        """Return the output of git; SiteError if it fails."""
        return _run(["git", *words], self.root)

    def _fetch(self) -> bool:
        """Fetch the branch to FETCH_HEAD; return whether the remote has it."""
        ref = f"refs/heads/{self.name}"
        if not self._git("ls-remote", "--heads", "--", self.remote, ref):
            return False
        self._git("fetch", "--no-tags", "--", self.remote, ref)
        return True

    def _files(self) -> dict[str, str]:
        """Return path → content id of every file on the remote branch."""
        if not self._fetch():
            return {}
        found = {}
        for line in self._git("ls-tree", "-r", "-z", "FETCH_HEAD").split("\0"):
            head, __, path = line.partition("\t")
            if path:
                found[path] = head.split()[2]
        return found


def open_publisher(root: Path, where: Destination) -> BranchPublisher:
    """Open a branch of the repository that contains the project."""
    return BranchPublisher(root, where.remote, where.branch)


def _run(command: Sequence[str], folder: Path) -> str:
    """Return the output of a command as text; SiteError if it fails."""
    return _run_bytes(command, folder).decode("utf-8", "replace")


def _run_bytes(command: Sequence[str], folder: Path) -> bytes:
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "PYTHONUTF8": "1"}
    environment["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh"  # no ext::, which runs commands
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except FileNotFoundError as error:
        raise SiteError(_("这台电脑上没有装 git"), _("先装好 git"), where=folder) from error
    if done.returncode:
        output = (data.decode("utf-8", "replace") for data in (done.stdout, done.stderr))
        last = last_lines(
            subprocess.CompletedProcess(command, done.returncode, *output), _LAST_LINES
        )
        raise SiteError(
            _("git 没有做成：\n{last}").format(last=last),
            _("按上面的提示改好，再发布一次；原来发布的还在"),
            where=folder,
        )
    return done.stdout
