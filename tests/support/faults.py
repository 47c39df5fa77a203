"""Inject faults into file operations of a command: kill it there, or raise an error.

A place is an operation on a file below one folder: ``open`` (to write), ``write``, ``read``,
``mkdir``, ``fsync``, ``replace``. Places are counted, so that each can be tested once.

Commands run in processes forked from one that has imported everything, so that a run takes
milliseconds. Slow parts that do not write to the archive are replaced: inspection runs in the same
process, the voice activity detector returns everything, MkDocs only copies, and no PDFs are made.
"""

import builtins
import gc
import io
import multiprocessing
import os
import shutil
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from cunshi import cli
from cunshi.core.files import attach_path
from cunshi.exports.classroom import pdf
from cunshi.intake import accessioning, deposit_cache, inspection
from cunshi.transcription import engines, pipeline
from cunshi.transcription.vad import RATE, Passage, Span
from cunshi.website import mkdocs_run, page_shell

# Test also the places that are skipped to save time.
ALL = int(os.environ.get("CUNSHI_CASES", "0")) > 10_000
KILL = ("replace", "fsync")
_LOOSE, _REFUSED = "loose ", "refused "
WRITING = ("open", "write", "mkdir", "fsync", "replace")
_starting = threading.Lock()
_SPAWN = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th place of the given ``kinds``; with 0, places are only counted.

    ``how`` is an errno, or how the process is killed: ``before``, ``after`` or ``torn``, with half
    of the data that is not yet synced, as after a power failure. A ``lasting`` error also affects
    all later places, and those of the kinds in ``later``.
    """

    at: int = 0
    how: str | int = "before"
    kinds: Sequence[str] = KILL
    lasting: bool = False
    later: Sequence[str] = ()


@dataclass(frozen=True)
class Ran:
    """The result of a command: exit code (negative for a signal), output, and visited places.

    ``loose`` are files that were renamed before they were synced, if no fault occurred. ``refused``
    are the places where an error was raised, including the later ones of a lasting error.
    """

    code: int
    printed: str
    places: list[str]
    loose: list[str]
    refused: list[str]


class Disk:
    """Intercepts a command's operations on the files below a folder."""

    def __init__(self, below: Path, fault: Fault, note: Callable[[str], object]):
        self._below, self._fault, self._note = f"{below}{os.sep}", fault, note
        self._lock, self._count = threading.Lock(), 0
        there = [path.stat() for path in below.rglob("*") if path.exists()]
        self._durable = {found.st_ino: _version(found) for found in there}

    def visit(self, kind: str, path: object) -> str | int:
        """Return the fault for an operation, empty for none; errors of whole calls are raised
        here.
        """
        name = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
        fault = self._fault
        if not name.startswith(self._below):
            return ""
        with self._lock:
            counts = kind in fault.kinds
            if counts:
                self._count += 1
                self._note(f"{kind} {name}\n")
            here, later = counts and self._count == fault.at, self._count > fault.at
        lasts = fault.lasting and later and kind in (*fault.kinds, *fault.later)
        met = fault.at and (here or lasts)
        if met and fault.how == "before":
            die()
        if met and isinstance(fault.how, int):
            self._note(f"{_REFUSED}{kind} {name}\n")
        if met and isinstance(fault.how, int) and kind != "write":
            raise OSError(fault.how, os.strerror(fault.how), name if kind != "fsync" else None)
        return fault.how if met else ""

    def _loose(self, source: Path) -> Iterator[Path]:
        """Yield the files that a power failure could damage, because they are renamed without
        sync.
        """
        if self._fault.at or source.is_symlink():
            return
        for path in (source, *source.rglob("*")):
            found = path.stat()
            if self._durable.get(found.st_ino) != _version(found):
                yield path

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Patch Python's file operations; files opened by C libraries are not intercepted."""
        opened, fsync, replace, mkdir = io.open, os.fsync, os.replace, os.mkdir

        def open_(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
            writes = not set(mode).isdisjoint("wax+")
            self.visit("open" if writes else "read", file)
            stream = opened(file, mode, *rest, **named)
            return _Written(stream, self, file) if writes else stream

        def fsync_(handle: int) -> None:
            is_file = stat.S_ISREG(os.fstat(handle).st_mode)
            name = str(Path(f"/proc/self/fd/{handle}").readlink())
            how = self.visit("fsync", name if is_file else f"{name}/")
            if how == "torn" and is_file:
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
                die()
            fsync(handle)
            self._durable[os.fstat(handle).st_ino] = _version(os.fstat(handle))
            _after(how)

        def replace_(source: Any, target: Any, **named: Any) -> None:
            how = self.visit("replace", target)
            for path in self._loose(Path(source)) if "/." not in str(target) else ():
                self._note(f"{_LOOSE}{path}\n")
            replace(source, target, **named)
            _after(how)

        def mkdir_(path: Any, *rest: Any, **named: Any) -> None:
            self.visit("mkdir", path)
            mkdir(path, *rest, **named)

        with ExitStack() as stack:
            for module, name, instead in (
                (io, "open", open_),
                (builtins, "open", open_),
                (os, "fsync", fsync_),
                (os, "replace", replace_),
                (os, "mkdir", mkdir_),
            ):
                stack.enter_context(patch.object(module, name, instead))
            yield


def _version(found: os.stat_result) -> int:
    """Return a number that changes with the content of a file or the entries of a folder."""
    return found.st_mtime_ns if stat.S_ISDIR(found.st_mode) else found.st_size


class _Written:
    """A file opened for writing that stops in the middle of the data when the disk is full."""

    def __init__(self, stream: Any, disk: Disk, path: Any):
        self._stream, self._disk, self._path = stream, disk, path

    def write(self, data: Any) -> Any:
        how = self._disk.visit("write", self._path)
        if isinstance(how, int):
            self._stream.write(data[: len(data) // 2])
            self._stream.flush()
            raise OSError(how, os.strerror(how))
        return self._stream.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> "_Written":
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._stream)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _after(how: str | int) -> None:
    if how in {"after", "torn"}:
        die()


class Inspector:
    """The inspection without its child process."""

    def inspect(self, path: Path) -> object:
        return inspection.look_at(path)

    def close(self) -> None:
        """Do nothing."""


def speech(blocks: Iterable[tuple[float, Any]]) -> Iterator[Passage]:
    """Return each block as a passage."""
    for start, samples in blocks:
        length = len(samples) / RATE
        yield Passage((Span(start, start + length),), np.asarray(samples))


def copy_for_mkdocs(project: Any, aside: Path, extra: Any) -> None:
    """Write every page and frame under the name that MkDocs would use."""
    shutil.rmtree(aside, ignore_errors=True)
    pages = (path for path in extra["pages"] if not page_shell.is_framed(path))
    texts = {path: (project.docs / path).read_text("utf-8") for path in pages} | extra["frames"]
    for path, text in texts.items():
        made = (aside / path).with_suffix(".html")
        made.parent.mkdir(parents=True, exist_ok=True)
        with attach_path(made):
            made.write_text(text, "utf-8")


@contextmanager
def stand_ins(quick: bool) -> Iterator[None]:
    """Use the recorded engine, and quick replacements for slow parts."""
    with ExitStack() as stack:
        stack.enter_context(
            patch.dict(
                engines.ENGINES, {"recorded": engines.EngineEntry("support.recorded_engine")}
            )
        )
        for module, name, instead in (
            (deposit_cache, "Inspector", Inspector),
            (pipeline, "passages", speech),
            (mkdocs_run, "_start_mkdocs", copy_for_mkdocs),
            (pdf, "_is_installed", lambda: False),
            (accessioning, "_STABLE", 0.0),
        ):
            if quick:
                stack.enter_context(patch.object(module, name, instead))
        yield


def _child(
    top: Path, words: Sequence[str], fault: Fault, epoch: str, prepare: Any, quick: bool
) -> None:
    gc.disable()  # it would copy the memory shared with the parent
    os.environ["SOURCE_DATE_EPOCH"] = epoch
    with (
        (top / "printed").open("w", encoding="utf-8", errors="replace") as printed,
        (top / "places").open("w", buffering=1, encoding="utf-8") as places,
        redirect_stdout(printed),
        redirect_stderr(printed),
        stand_ins(quick),
    ):
        if prepare:
            prepare()
        with Disk(top / "work", fault, places.write).watched():
            cli.main(["--root", str(top / "work" / "village"), *words])


@cache
def _start_server() -> None:
    """Start the process from which all others are forked, with everything imported."""
    _SPAWN.set_forkserver_preload(["__main__", "support.faults", "support.rehearsal"])
    # Older Python versions do not pass on sys.path.
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        forkserver.ensure_running()


def run(
    top: Path,
    words: Sequence[str],
    fault: Fault | None = None,
    epoch: str = os.environ.get("SOURCE_DATE_EPOCH", "1800000000"),
    prepare: Callable[[], object] | None = None,
    *,
    quick: bool = True,
) -> Ran:
    """Run a command on the village below ``top`` in another process.

    ``{work}`` in its arguments is the village's parent folder; faults occur only below it.
    ``prepare`` is called first in that process. Without ``quick``, nothing is replaced.
    """
    said = [word.replace("{work}", str(top / "work")) for word in words]
    _start_server()
    words_ = (top, said, fault or Fault(), epoch, prepare, quick)
    process = _SPAWN.Process(target=_child, args=words_)
    with _starting:  # starting also polls the processes of other threads
        process.start()
    connection.wait([process.sentinel])
    with _starting:
        process.join()
    printed = (top / "printed").read_text("utf-8")
    noted = (top / "places").read_text("utf-8").replace(f"{top / 'work'}{os.sep}", "").splitlines()
    loose = [line for line in noted if line.startswith(_LOOSE)]
    refused = [line.removeprefix(_REFUSED) for line in noted if line.startswith(_REFUSED)]
    places = [line for line in noted if not line.startswith((_LOOSE, _REFUSED))]
    return Ran(process.exitcode or 0, printed, places, loose, refused)
