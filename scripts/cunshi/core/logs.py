"""Write build/cunshi.log, a log that a volunteer can send to a helper.

It contains times, counts, exit codes and the places in the code where an error was raised. It
contains no names of people or files, no ids of recordings, which may be sealed, no words of
recordings, and no text of error messages, which may quote any of these. Modules log through
``logging.getLogger(__name__)`` with a constant message and values as arguments; an argument that is
neither a number nor a plain ASCII word is replaced by an ellipsis.
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
_LARGEST = 1_000_000  # bytes, of the log and of its one predecessor
_ID = re.compile(r"(\d{8}|undated)-[0-9a-f]{8}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
_LEFT_OUT = "…"

_log = logging.getLogger(__name__)


class PlainFormatter(logging.Formatter):
    """Format records as time, level, room and message, without anything private."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        plain = logging.makeLogRecord(record.__dict__)
        plain.name = record.name.removeprefix(f"{PACKAGE}.")
        plain.exc_text = None  # may hold the error's text, formatted by another handler
        if isinstance(record.args, tuple):
            plain.args = tuple(map(_plain, record.args))
        return super().format(plain)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name that logging gives it)
        """Return the types of the errors and where they were raised, without their texts."""
        error: BaseException | None = ei[1]
        lines: list[str] = []
        seen = set[int]()
        while error is not None and id(error) not in seen:
            seen.add(id(error))  # an error may be raised again while one that it caused is handled
            lines.append(type(error).__name__)
            lines += [f"  {_place(frame)}" for frame in traceback.extract_tb(error.__traceback__)]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


class _QuietFile(RotatingFileHandler):
    """A log file whose write errors are ignored."""

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


@contextmanager
def log_to(path: Path, level: int = logging.INFO) -> Iterator[None]:
    """Log the package's records into a file, which is created with the first record."""
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
    """Log the start and end of a command, and where the error that ends it was raised."""
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
    plain = isinstance(fact, str) and _PLAIN.fullmatch(fact) and not _ID.fullmatch(fact)
    return fact if plain else _LEFT_OUT


def _place(frame: traceback.FrameSummary) -> str:
    """Return file, line and function; paths start at the package's folder."""
    parts = Path(frame.filename).parts
    known = [n for n, part in enumerate(parts) if part in {PACKAGE, "site-packages"}]
    shown = "/".join(parts[known[-1] :]) if known else parts[-1]
    return f"{shown}:{frame.lineno} {frame.name}"
