"""Atomic and durable file writes, and walks through folders that report every error."""

import errno
import os
import shutil
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

Stat = tuple[int, int]

# What Windows puts into folders. What macOS, Linux and Syncthing put there begins with a dot.
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini"}
# What a browser, a chat, sync or office program calls a file that it has not finished.
_UNFINISHED = (".tmp", ".part", ".crdownload", ".download", ".partial")


def write_atomic(path: Path, data: str | bytes) -> bool:
    """Write a file atomically and durably; return False if it already had this content.

    The temporary name is always the same, so the next run overwrites what a killed run left.
    """
    return _write(path, data, durable=True)


def write_private(path: Path, data: str | bytes) -> bool:
    """Write a file like ``write_atomic``, which only its owner can read, at no moment others."""
    temporary_name(path).unlink(missing_ok=True)  # its permissions would stay
    return _write(path, data, durable=True, opener=_open_private)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_rebuildable(path: Path, data: str | bytes) -> bool:
    """Write a file atomically but not durably; return False if it already had this content.

    For files that can be built again: syncing thousands of pages takes longer than building them.
    """
    return _write(path, data, durable=False)


def _write(
    path: Path,
    data: str | bytes,
    *,
    durable: bool,
    opener: Callable[[str, int], int] | None = None,
) -> bool:
    data = data.encode() if isinstance(data, str) else data
    if has_bytes(path, data):
        return False
    temporary = temporary_name(path)
    with attach_path(path), _open_for_writing(temporary, opener) as stream:
        stream.write(data)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())
    if durable:
        put_in_place(temporary, path)
    else:
        temporary.replace(path)
    return True


def link_or_copy(path: Path, target: Path) -> None:
    """Hard-link a rebuildable file to ``target``, or copy it with its modification time.

    Such files are replaced and never modified in place, so the link keeps its content.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target)
    temporary.unlink(missing_ok=True)  # left by a killed run
    try:
        temporary.hardlink_to(path)
    except (OSError, NotImplementedError):  # another disk, or no hard links there
        shutil.copy2(path, temporary)
    temporary.replace(target)


def _open_for_writing(path: Path, opener: Callable[[str, int], int] | None) -> BinaryIO:
    """Open a file for writing; create its folder if it is missing."""
    try:
        return open(path, "wb", opener=opener)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "wb", opener=opener)


def has_bytes(path: Path, data: bytes) -> bool:
    """Check whether a file has exactly these bytes."""
    stat = stat_of(path)
    return (
        stat is not None and stat[0] == len(data) and path.is_file() and path.read_bytes() == data
    )


class IrregularFileError(OSError):
    """A FIFO, device or folder where a file is expected; reading it might never end."""


def read_regular(path: Path, most: int = -1) -> bytes:
    """Return the first ``most`` bytes of a regular file, by default all.

    Raises IrregularFileError for a FIFO, device or folder, OSError if it cannot be read.
    """
    # Without the flag, opening a FIFO waits for somebody who writes to it.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with attach_path(path), os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))
        return stream.read(most)


def temporary_name(path: Path) -> Path:
    """Return the name in the same folder under which ``path`` is written before it is renamed."""
    return path.with_name(f".{path.name}.tmp")


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a finished file or folder to its final name, atomically and durably.

    Its files must be synced already. The entries of its folders are synced here, so that it is
    complete after a power failure.
    """
    if temporary.is_dir() and not temporary.is_symlink():
        for parent, __, __ in os.walk(temporary):
            sync_folder(Path(parent))
    temporary.replace(path)
    sync_folder(path.parent)


def stat_of(path: Path) -> Stat | None:
    """Return size and modification time (ns), or None if the file cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable (on POSIX systems)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            with attach_path(folder):
                os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def attach_path(path: Path) -> Iterator[None]:
    """Add the path to an OSError that has none: errors of open files carry only a number."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def exists(path: Path) -> bool:
    """Check whether a path exists; true also if the system refuses to say.

    ``Path.exists`` takes a path that cannot be read for a missing one, or raises.
    """
    try:
        path.stat()
    except OSError as error:
        return error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
    return True


def is_ignored(name: str) -> bool:
    """Return whether a program, and no person, has put a file of this name into a folder.

    These are hidden files (``.DS_Store``, ``._a.m4a``), the marks of office programs on open files
    (``~$a.docx``), Windows' own files, and whatever is still being written.
    """
    name = name.lower()
    return name.startswith((".", "~$")) or name in _SYSTEM_FILES or name.endswith(_UNFINISHED)


def is_put_by_system(name: str) -> bool:
    """Return whether Finder or Windows has put a file of this name into a folder."""
    name = name.lower()
    return name in _SYSTEM_FILES or name == ".ds_store" or name.startswith("._")


def is_hidden(path: PurePath) -> bool:
    """Return whether a path or a folder on its way begins with a dot, as locks do."""
    return any(part.startswith(".") for part in path.parts)


def to_nfc(name: str) -> str:
    """Return a name in NFC; macOS may return names in NFD."""
    return unicodedata.normalize("NFC", name)


def unicode_variants(path: Path) -> list[Path]:
    """Return the files whose names equal this one after NFC; the path itself if there are none."""
    name = to_nfc(path.name)
    if unicodedata.is_normalized("NFD", name) or not path.parent.is_dir():
        return [path]
    return [p for p in path.parent.iterdir() if to_nfc(p.name) == name] or [path]


def _raise(error: OSError) -> None:
    """Raise the error: the default for a folder that cannot be read."""
    raise error


def walk_files(folder: Path, on_error: Callable[[OSError], None] = _raise) -> Iterator[Path]:
    """Yield every file below a folder, unordered.

    ``on_error`` is called for each subfolder that cannot be read; ``Path.rglob`` skips it silently.
    """
    return (folder / name for name in walk_file_names(folder, on_error))


def walk_file_names(folder: Path, on_error: Callable[[OSError], None] = _raise) -> Iterator[str]:
    """Yield the files of walk_files as relative paths with slashes, which is faster."""
    return _walk(str(folder), "", on_error)


def irregular_entries(folder: Path) -> Iterator[Path]:
    """Yield what is neither a regular file nor a folder at or below a path: links, FIFOs, devices.

    What a link points to is not looked at.
    """
    mode = folder.lstat().st_mode
    if not stat.S_ISDIR(mode):
        if not stat.S_ISREG(mode):
            yield folder
        return
    with os.scandir(folder) as entries:
        found = sorted(Path(entry.path) for entry in entries)
    for path in found:
        yield from irregular_entries(path)


def _walk(folder: str, before: str, on_error: Callable[[OSError], None]) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return
    except OSError as error:
        on_error(error)
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{before}{entry.name}/", on_error)
        elif Path(entry.path).is_file() if entry.is_symlink() else entry.is_file():
            yield before + entry.name


def remove_file(path: Path) -> None:
    """Remove a file durably, if it is there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder with everything in it durably, if it is there."""
    if folder.is_dir():
        shutil.rmtree(folder)
        sync_folder(folder.parent)
