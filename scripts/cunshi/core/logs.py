"""Write build/cunshi.log: what the program did, in a file that a volunteer can send to a helper.

It holds times, counts, exit codes, ids of accessions and the places in the program where an error
was raised; no names of people or files, no words of recordings, and no text of an error message,
which may quote any of them. Modules log through ``logging.getLogger(__name__)``, with a constant
message and the facts as arguments; an argument that is no number and no plain word is left out.
"""

import logging
import platform
import re
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

PACKAGE = "cunshi"
_LARGEST = 1_000_000  # bytes, of the log and of the one before it
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
_LEFT_OUT = "…"

_log = logging.getLogger(__name__)


class PlainFormatter(logging.Formatter):
    """Lines of time, level, room and message; facts and errors reduced to what may be sent."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        plain = logging.makeLogRecord(record.__dict__)
        plain.name = record.name.removeprefix(f"{PACKAGE}.")
        plain.exc_text = None  # another handler may have kept one with its words
        if isinstance(record.args, tuple):
            plain.args = tuple(map(_plain, record.args))
        return super().format(plain)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name that logging gives it)
        """The kinds of the errors and where they were raised, without their words."""
        error: BaseException | None = ei[1]
        lines: list[str] = []
        while error is not None:
            lines.append(type(error).__name__)
            lines += [f"  {_place(frame)}" for frame in traceback.extract_tb(error.__traceback__)]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


class _QuietFile(RotatingFileHandler):
    """A log that hinders nobody: what cannot be written is left out."""

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


@contextmanager
def log_to(path: Path, level: int = logging.INFO) -> Iterator[None]:
    """Log everything of this package into a file, which is made with the first line."""
    logger = logging.getLogger(PACKAGE)
    handler = _QuietFile(path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(PlainFormatter())
    handler.setLevel(level)
    logger.addHandler(handler)
    logger.setLevel(min(level, logging.INFO))
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


@contextmanager
def log_command(name: str, version: str) -> Iterator[None]:
    """Log a command's begin and end, and where the error was raised that ends it."""
    started = time.monotonic()
    python = platform.python_version()
    _log.info("%s begins: Cunshi %s, Python %s, %s", name, version, python, sys.platform)
    try:
        yield
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
        _log.info("%s ends with code %d after %.1f s", name, code, time.monotonic() - started)
        raise
    except Exception:
        seconds = time.monotonic() - started
        _log.exception("%s is ended by an error after %.1f s", name, seconds)
        raise


def _plain(fact: object) -> object:
    if isinstance(fact, int | float):
        return fact
    return fact if isinstance(fact, str) and _PLAIN.fullmatch(fact) else _LEFT_OUT


def _place(frame: traceback.FrameSummary) -> str:
    """File, line and function; of a path only what lies below the package that it belongs to."""
    parts = Path(frame.filename).parts
    known = [n for n, part in enumerate(parts) if part in {PACKAGE, "site-packages"}]
    shown = "/".join(parts[known[-1] :]) if known else parts[-1]
    return f"{shown}:{frame.lineno} {frame.name}"
