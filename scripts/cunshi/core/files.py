"""Files that are whole or not there: written aside, made durable, then given their name."""

import errno
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

Stat = tuple[int, int]


def write_atomic(path: Path, data: str | bytes) -> bool:
    """Write a whole file or nothing; False when the file already had these bytes.

    The temporary name is always the same, so that what a killed run left is overwritten by the
    next one.
    """
    return _write(path, data, durable=True)


def write_made(path: Path, data: str | bytes) -> bool:
    """Write as write_atomic does what can be made again: whole, but after a power cut perhaps not.

    To make thousands of pages durable one by one takes longer than to make them.
    """
    return _write(path, data, durable=False)


def _write(path: Path, data: str | bytes, *, durable: bool) -> bool:
    data = data.encode() if isinstance(data, str) else data
    if holds(path, data):
        return False
    temporary = temporary_name(path)
    with naming(path), _opened(temporary) as stream:
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
    """Let what can be made again be found under a second name, or copy it with its time.

    What is made is never changed, only replaced by another file, so that both names stay true.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target)
    temporary.unlink(missing_ok=True)  # of a run that was killed
    try:
        temporary.hardlink_to(path)
    except (OSError, NotImplementedError):  # another disk, or one that knows no second name
        shutil.copy2(path, temporary)
    temporary.replace(target)


def _opened(path: Path) -> BinaryIO:
    """A file to write, in a folder that is made if it is missing."""
    try:
        return path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def holds(path: Path, data: bytes) -> bool:
    """Whether a file has these bytes."""
    stat = stat_of(path)
    return (
        stat is not None and stat[0] == len(data) and path.is_file() and path.read_bytes() == data
    )


def temporary_name(path: Path) -> Path:
    """The name beside ``path`` under which it is written before it is put in place."""
    return path.with_name(f".{path.name}.tmp")


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a finished file or folder its name in one step, durably; its files are durable already.

    The names in a folder are made so here: what a power cut leaves of it must be whole.
    """
    if temporary.is_dir() and not temporary.is_symlink():
        for parent, __, __ in os.walk(temporary):
            sync_folder(Path(parent))
    temporary.replace(path)
    sync_folder(path.parent)


def stat_of(path: Path) -> Stat | None:
    """Size and time of change (ns); None when the file is gone."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system knows how."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            with naming(folder):
                os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say in an error which file it is about; the system knows open files by their numbers."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def exists(path: Path) -> bool:
    """Whether a name is there; also when the system refuses to say.

    ``Path.exists`` takes what cannot be looked at for missing, or ends the program.
    """
    try:
        path.stat()
    except OSError as error:
        return error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
    return True


def composed(name: str) -> str:
    """A name with its accents in one piece (NFC): macOS may hand them over in two (NFD)."""
    return unicodedata.normalize("NFC", name)


def spellings(path: Path) -> list[Path]:
    """All files whose name is the same but for how its accents are composed, or the path itself."""
    name = composed(path.name)
    if unicodedata.is_normalized("NFD", name) or not path.parent.is_dir():
        return [path]
    return [p for p in path.parent.iterdir() if composed(p.name) == name] or [path]


def _raise(error: OSError) -> None:
    """What is done about a folder that cannot be opened, unless somebody knows better."""
    raise error


def files_below(folder: Path, refused: Callable[[OSError], None] = _raise) -> Iterator[Path]:
    """Every file in a folder and its subfolders, in no order.

    ``refused`` hears of each subfolder that cannot be opened; ``Path.rglob`` passes over it.
    """
    return (folder / name for name in names_below(folder, refused))


def names_below(folder: Path, refused: Callable[[OSError], None] = _raise) -> Iterator[str]:
    """As files_below, the paths from the folder on, with slashes: of ten thousand a quick list."""
    return _names(str(folder), "", refused)


def _names(folder: str, before: str, refused: Callable[[OSError], None]) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return
    except OSError as error:
        refused(error)
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _names(entry.path, f"{before}{entry.name}/", refused)
        elif Path(entry.path).is_file() if entry.is_symlink() else entry.is_file():
            yield before + entry.name
