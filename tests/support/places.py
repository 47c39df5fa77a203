"""Sites in miniature, and the places that they are published to."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cunshi.domain.settings import Destination
from cunshi.publishing import rsync
from support.village import tree


def write_site(folder_: Path, words: str, *ids: str) -> Path:
    """A site in miniature."""
    shutil.rmtree(folder_, ignore_errors=True)
    (folder_ / "recordings").mkdir(parents=True)
    (folder_ / "index.html").write_text(words, "utf-8")
    for name in ("index", *ids):
        (folder_ / "recordings" / f"{name}.html").write_text(f"{name} {words}", "utf-8")
    return folder_


def git(where: Path, *words: str) -> str:
    name = ["-c", "user.name=王老师", "-c", "user.email=w@example.org"]
    done = subprocess.run(
        ["git", *name, *words], cwd=where, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def new_repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project a git repository with a bare remote beside it; the remote."""
    for kind in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{kind}_NAME", "王老师")
        monkeypatch.setenv(f"GIT_{kind}_EMAIL", "w@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    remote = project.parent / "remote.git"
    git(project.parent, "init", "-q", "--bare", str(remote))
    git(project, "init", "-q", "-b", "main")
    (project / ".gitignore").write_text("build/\nrecordings/\n", "utf-8")
    git(project, "add", ".")
    git(project, "commit", "-qm", "村史")
    git(project, "remote", "add", "origin", str(remote))
    git(project, "push", "-q", "origin", "main")
    return remote


def on_branch(remote: Path, name: str) -> set[str]:
    return set(
        git(remote, "-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", name).split("\n")
    )


def new_host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server that ssh would reach, on this disk: rsync runs for real, only ssh is played."""
    if not shutil.which("rsync") and not os.environ.get("CUNSHI_REQUIRE_RSYNC"):
        pytest.skip("rsync is not installed")
    shell = folder / "ssh"
    shell.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n', "utf-8")
    shell.chmod(0o755)
    monkeypatch.setenv("RSYNC_RSH", str(shell))
    return folder / "srv"


@dataclass(frozen=True)
class Place:
    """A destination that a test can look into.

    ``served`` reads the files that visitors get. ``occupy`` puts somebody else's files there.
    """

    destination: Destination
    served: Callable[[], dict[str, bytes]]
    occupy: Callable[[], object]


def folder_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    current = project.parent / "share" / "current"

    def served() -> dict[str, bytes]:
        files = tree(current.resolve()) if current.exists() else {}
        return {path: data for path, data in files.items() if path != ".cunshi-release"}

    return Place(Destination(folder="../share"), served, lambda: write_site(current, "信"))


def branch_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    remote, name = new_repository(project, monkeypatch), "gh-pages"

    def served() -> dict[str, bytes]:
        if not git(remote, "branch", "--list", name):
            return {}
        paths = on_branch(remote, name) - {".nojekyll"}
        return {path: git(remote, "show", f"{name}:{path}").encode() for path in paths}

    return Place(
        Destination(branch=name), served, lambda: git(project, "push", "origin", f"main:{name}")
    )


def rsync_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    host = new_host(project.parent, monkeypatch)

    def served() -> dict[str, bytes]:
        files = tree(host) if host.exists() else {}
        return {path: data for path, data in files.items() if path != rsync.MARK}

    return Place(Destination(rsync=f"server:{host}"), served, lambda: write_site(host, "信"))


# For each kind of publisher a place to publish to; the project's folder has nothing beside it.
PLACES: dict[str, Callable[[Path, pytest.MonkeyPatch], Place]] = {
    "folder": folder_place,
    "branch": branch_place,
    "rsync": rsync_place,
}
