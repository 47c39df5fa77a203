"""The folders in recordings/ for uploads, identified by opaque ids."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cunshi.archive.project import Project
from cunshi.core.files import is_ignored
from cunshi.core.i18n import _
from cunshi.domain.file_names import describe_folder
from cunshi.intake.deposits import MOTTOES
from cunshi.review.api import ApiError
from cunshi.review.todo.lesson_titles import lesson_name, lesson_titles
from cunshi.review.uploads.file_names import clean_name

_MAX_DEPTH = 3  # levels of subfolders


@dataclass(frozen=True)
class Folder:
    """A folder for recordings; ``path`` may not exist until the first upload."""

    path: Path
    title: str
    lesson: int | None = None
    is_motto: bool = False

    @property
    def id(self) -> str:
        """An opaque id, which is only compared."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    def as_json(self) -> dict[str, Any]:
        kind = "motto" if self.is_motto else "talk"
        return {"id": self.id, "title": self.title, "lesson": self.lesson, "kind": kind}


def find_folder(project: Project, folder_id: str) -> Folder:
    """Return the folder with an id, which is never joined to a path; ApiError 404 if unknown."""
    for folder in list_folders(project):
        if folder.id == folder_id:
            return folder
    raise ApiError(404, _("没有这个文件夹"), _("刷新页面，再选一次"))


def list_folders(project: Project) -> list[Folder]:
    """Return the folders of all lessons (even new ones), mottoes, other folders, and
    recordings/.
    """
    root = project.recordings
    found = [_folder(project, path) for path in _folders_below(root, 1)]
    there = {folder.lesson for folder in found if folder.path.parent == root}
    for number, title in lesson_titles(project).items():
        if number not in there:
            name = clean_name(f"{number:02}-{title}" if title else f"{number:02}")
            found.append(Folder(root / name, lesson_name(number, title), number))
    if not any(folder.is_motto for folder in found):
        found.append(Folder(root / MOTTOES, _("家训"), is_motto=True))
    found.sort(key=lambda f: (f.is_motto, f.lesson is None, f.lesson or 0, f.path))
    return [*found, Folder(root, _("还没有定是哪一课"))]


def _folders_below(folder: Path, depth: int) -> list[Path]:
    entries = sorted(Path(entry.path) for entry in os.scandir(folder)) if folder.is_dir() else []
    found = []
    for path in entries:
        if path.is_dir() and not path.is_symlink() and not is_ignored(path.name):
            found.append(path)
            found += _folders_below(path, depth + 1) if depth < _MAX_DEPTH else []
    return found


def _folder(project: Project, path: Path) -> Folder:
    parts = path.relative_to(project.recordings).parts
    if MOTTOES in parts:
        rest = parts[parts.index(MOTTOES) + 1 :]
        return Folder(path, " / ".join((_("家训"), *rest)), is_motto=True)
    numbers = [describe_folder(part)[0] for part in parts]
    lesson = next((number for number in reversed(numbers) if number is not None), None)
    words = (
        lesson_name(n, describe_folder(p)[1]) if n else p
        for n, p in zip(numbers, parts, strict=True)
    )
    return Folder(path, " / ".join(words), lesson)
