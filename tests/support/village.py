"""The sample village and its parts, to build tests from."""

import os
import shutil
from pathlib import Path

from cunshi.archive.project import Project

ROOT = Path(__file__).parents[2]


# A fixed time, so that archives made by two runs have the same bytes.
EPOCH = "1800000000"


# Timeout in milliseconds for a page on a busy computer.
PATIENCE = 60_000


# Front matter of a lesson that cites the talk of ``told``.
LESSON_HEAD = """---
title: 桥
villages: [金村村]
grade: 三年级
minutes: 40
objectives: [听一听]
keywords: [老人家]
sources: [采访]
---
"""


def new_village(folder: Path) -> Project:
    """Create a project without recordings: the sample's settings, course, glossary and theme."""
    (folder / "recordings").mkdir(parents=True)
    (folder / "archive").mkdir()
    for name in ("archive.yml", "glossary.yml"):
        shutil.copy(ROOT / "archive" / name, folder / "archive")
    shutil.copytree(ROOT / "courses", folder / "courses")
    theme = Path("scripts", "cunshi", "theme")
    shutil.copytree(ROOT / theme, folder / theme)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return Project.at(folder)


def sample_path(beginning: str) -> Path:
    folder, __, name = beginning.partition("/")
    return next((ROOT / "recordings").glob(f"{folder}*/{name}*.*[!l]"))


def settle(path: Path, later: int = 0) -> None:
    """Make a file look unchanged for some time."""
    os.utime(path, (1_700_000_000 + later,) * 2)


def chromium_path() -> str | None:
    """Return an installed Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    return next(filter(None, map(shutil.which, names)), None)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, except the locks and the log."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {".lock", ".writing", "cunshi.log"}
    }
