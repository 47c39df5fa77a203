"""Progress of long work: a bar in a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cunshi.core.i18n import _
from cunshi.core.timecode import format_clock

_SECONDS_BETWEEN_LINES = 5.0


class Task(Protocol):
    """Work on several recordings, measured in seconds of audio."""

    def advance(self, seconds: float) -> None:
        """Report that ``seconds`` more of audio are processed."""

    def finish_one(self, name: str) -> None:
        """Report that a recording is finished."""


class Reporter(Protocol):
    """Where a stage reports its progress."""

    def task(self, title: str, count: int, seconds: float) -> AbstractContextManager[Task]:
        """Start a task of ``count`` recordings and ``seconds`` of audio (0: not measured)."""


class SilentReporter:
    """A reporter that shows nothing."""

    @contextmanager
    def task(self, title: str, count: int, seconds: float) -> Iterator[Task]:
        yield self

    def advance(self, seconds: float) -> None: ...

    def finish_one(self, name: str) -> None: ...


class BarReporter:
    """Show a bar with recordings done, audio done and time left in a terminal."""

    def __init__(self, stream: TextIO | None = None):
        self._console = Console(file=stream or sys.stderr)

    @contextmanager
    def task(self, title: str, count: int, seconds: float) -> Iterator[Task]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[done]}/{task.fields[count]}"),
            TextColumn("{task.fields[clock]}"),
            TextColumn(_("剩余")),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            yield _BarTask(progress, title, count, seconds)


class _BarTask:
    def __init__(self, progress: Progress, title: str, count: int, seconds: float):
        self._progress, self._total, self._seconds, self._done = progress, seconds, 0.0, 0
        self._id = progress.add_task(
            title, total=seconds or None, done=0, count=count, clock=self._clock()
        )

    def _clock(self) -> str:
        return f"{format_clock(self._seconds)}/{format_clock(self._total)}"

    def advance(self, seconds: float) -> None:
        self._seconds += seconds
        self._progress.update(self._id, advance=seconds, clock=self._clock())

    def finish_one(self, name: str) -> None:
        self._done += 1
        self._progress.update(self._id, done=self._done)


class LineReporter:
    """Print a line every few seconds and one at the end, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream or sys.stderr

    @contextmanager
    def task(self, title: str, count: int, seconds: float) -> Iterator[Task]:
        yield _LineTask(self._stream, title, count, seconds)


class _LineTask:
    def __init__(self, stream: TextIO, title: str, count: int, seconds: float):
        self._stream, self._title, self._count, self._total = stream, title, count, seconds
        self._done, self._seconds = 0, 0.0
        self._started = self._printed = time.monotonic()

    def advance(self, seconds: float) -> None:
        self._seconds += seconds
        self._print()

    def finish_one(self, name: str) -> None:
        self._done += 1
        self._print()

    def _print(self) -> None:
        now = time.monotonic()
        if self._done < self._count and now - self._printed < _SECONDS_BETWEEN_LINES:
            return
        self._printed = now
        rate = self._seconds / max(self._printed - self._started, 1e-6)
        left = max(self._total - self._seconds, 0) / rate if rate else 0
        clock = f"  {format_clock(self._seconds)}/{format_clock(self._total)}"
        clock += f"  {_('剩余')} {format_clock(left)}"
        line = f"{self._title} {self._done}/{self._count}{clock if self._total else ''}"
        print(line, file=self._stream, flush=True)
