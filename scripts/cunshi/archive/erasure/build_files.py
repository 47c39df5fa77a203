"""Remove from build/ what may hold something of an erased recording.

Only copies of other recordings' sound and pictures stay, because encoding them takes hours: they
are known by their names. Everything else is made again.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from cunshi.archive.project import Project
from cunshi.core.files import sync_folder, walk_files, write_atomic

_LOCKS = {".lock"}
_NOTES = {".recipe", ".silenced"}  # how the copies were made
_COPIES = {"audio", "clips", "photos", "review"}


def forget_in_build(project: Project, recording_id: str) -> None:
    """Remove everything of a recording from build/."""
    build = project.root / "build"
    for path in sorted(build.glob("cunshi.log*")):
        _forget_lines(path, recording_id)
    for path in sorted(build.rglob(".silenced")):
        _forget_ranges(path, recording_id)
    deposits = project.cache / "deposits.json"
    _forget_absent(project, deposits)
    for path in sorted(walk_files(build)):
        is_mended = path == deposits or path.name.startswith(project.log.name)
        if not is_mended and not _may_stay(path, recording_id):
            path.unlink()
    for folder in sorted(_folders(build), reverse=True):
        if any(folder.iterdir()):
            sync_folder(folder)
        else:
            folder.rmdir()
    if build.is_dir():
        sync_folder(build)


def _may_stay(path: Path, recording_id: str) -> bool:
    """Check whether a file is a lock, or a copy of another recording's sound or picture."""
    if path.name in _LOCKS:
        return True
    is_copy = path.parent.name in _COPIES and path.parent.parent.name in {"docs", "build"}
    return (is_copy or path.name in _NOTES) and recording_id not in path.name


def _folders(build: Path) -> Iterator[Path]:
    return (path for path in build.rglob("*") if path.is_dir() and not path.is_symlink())


def _forget_lines(path: Path, recording_id: str) -> None:
    """Take lines out of a log in place, because it is open."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if recording_id.encode() not in line]
    if len(kept) < len(lines):
        path.write_bytes(b"".join(kept))


def _forget_ranges(path: Path, recording_id: str) -> None:
    try:
        noted = json.loads(path.read_text("utf-8"))
        kept = {name: ranges for name, ranges in noted.items() if recording_id not in name}
        write_atomic(path, json.dumps(kept) + "\n")
    except (ValueError, AttributeError):
        path.unlink()


def _forget_absent(project: Project, cache: Path) -> None:
    """Take out of the cache of deposits what is no longer in recordings/."""
    try:
        data = json.loads(cache.read_text("utf-8"))
        entries = data["entries"]
        kept = {name: one for name, one in entries.items() if (project.root / name).exists()}
        write_atomic(cache, json.dumps(data | {"entries": kept}, ensure_ascii=False))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        cache.unlink(missing_ok=True)
