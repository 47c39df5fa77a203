"""Publishing to a branch of the project's git repository, from which a host serves it.

The branch has one commit and no history: what has been withdrawn is not to be found in an earlier
one. Only a branch that was made here is ever replaced.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cunshi.core.errors import SiteError, last_lines
from cunshi.core.i18n import _
from cunshi.publishing.changes import Changes, compare, digests, git_blob

# The first words of the commit, by which the branch is known again.
MESSAGE = "Publish the site of cunshi"
_ADDED = ".nojekyll"
_LAST_LINES = 8


@dataclass(frozen=True)
class Branch:
    """A branch at a remote of the repository in which the project lies."""

    root: Path
    remote: str
    name: str

    def git(self, *words: str) -> str:
        """What git prints; SiteError when it fails."""
        return _run(["git", *words], self.root)

    def fetch(self) -> bool:
        """Make FETCH_HEAD what the remote has of it; whether it has anything."""
        ref = f"refs/heads/{self.name}"
        if not self.git("ls-remote", "--heads", self.remote, ref):
            return False
        self.git("fetch", "--no-tags", self.remote, ref)
        return True


def find_changes(branch: Branch, site: Path) -> Changes:
    """What publishing a site would change on the branch."""
    old = _files(branch)
    old.pop(_ADDED, None)
    return compare(old, digests(site, git_blob))


def check_branch(branch: Branch) -> None:
    """SiteError when the branch is one that people work on."""
    branch.git("check-ref-format", "--branch", branch.name)
    worked_on = branch.git("branch", "--show-current").strip()
    local = branch.git("for-each-ref", "--format=%(subject)", f"refs/heads/{branch.name}")
    subjects = local.splitlines()
    if branch.fetch():
        subjects.append(branch.git("log", "-1", "--format=%s", "FETCH_HEAD").strip())
    if branch.name == worked_on or any(subject != MESSAGE for subject in subjects):
        raise SiteError(
            _("{branch} 这个分支里是别的东西，不会覆盖它").format(branch=branch.name),
            _("换一个分支名，例如 gh-pages"),
            where=branch.root,
        )


def publish_to_branch(branch: Branch, site: Path) -> str:
    """Put a site on the branch and push it; the commit's hash."""
    options = ["--no-history", "--no-jekyll", "--force", "--push"]
    options += ["-m", MESSAGE, "-r", branch.remote, "-b", branch.name]
    _run([sys.executable, "-m", "ghp_import", *options, str(site)], branch.root)
    return branch.git("rev-parse", f"refs/heads/{branch.name}").strip()


def _files(branch: Branch) -> dict[str, str]:
    if not branch.fetch():
        return {}
    found = {}
    for line in branch.git("ls-tree", "-r", "-z", "FETCH_HEAD").split("\0"):
        head, __, path = line.partition("\t")
        if path:
            found[path] = head.split()[2]
    return found


def _run(command: Sequence[str], folder: Path) -> str:
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError as error:
        raise SiteError(_("这台电脑上没有装 git"), _("先装好 git"), where=folder) from error
    if done.returncode:
        last = last_lines(done, _LAST_LINES)
        raise SiteError(
            _("git 没有做成：\n{last}").format(last=last),
            _("按上面的提示改好，再发布一次；原来发布的还在"),
            where=folder,
        )
    return done.stdout
