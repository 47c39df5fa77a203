"""What can go wrong, and the exit code that says so."""

from enum import IntEnum
from pathlib import Path
from subprocess import CompletedProcess


class ExitCode(IntEnum):
    """Exit codes of every command; a larger one is worse, and a command ends with its worst."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    DEPOSIT = 3
    TRANSCRIPTION = 4
    RECORD = 5
    LESSON = 6
    FIXITY = 7
    CONFIGURATION = 8
    ENGINE = 9
    SITE = 10
    BUSY = 11
    INTERRUPTED = 130


class CunshiError(Exception):
    """A failure that ends the command: where it happened, its cause and its remedy.

    Subclasses carry the exit code. Something wrong with one file of many is not raised to the
    top: it becomes a :class:`cunshi.model.Problem` and the others go on.
    """

    code = ExitCode.UNEXPECTED

    def __init__(self, cause: str, remedy: str = "", *, where: Path | str = "", line: int = 0):
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.where = str(where)
        self.line = line


class DepositError(CunshiError):
    """A file in recordings/ that cannot become a recording."""

    code = ExitCode.DEPOSIT


class RecordError(CunshiError):
    """A YAML record or transcript that people wrote and that cannot be read."""

    code = ExitCode.RECORD


class LessonError(CunshiError):
    """A lesson, or a citation in it, that does not hold."""

    code = ExitCode.LESSON


class ConfigurationError(CunshiError):
    """archive.yml, course.yml or the folder itself is not usable."""

    code = ExitCode.CONFIGURATION


class EngineError(CunshiError):
    """The recognition engine or its model cannot be used."""

    code = ExitCode.ENGINE


class OutOfReachError(EngineError):
    """Who listens is gone, or is not what it should be: no other recording need be tried."""


class SiteError(CunshiError):
    """MkDocs could not build the site."""

    code = ExitCode.SITE


class BusyError(CunshiError):
    """Another Cunshi is at work on the same archive."""

    code = ExitCode.BUSY


def last_lines(done: CompletedProcess[str], most: int) -> str:
    """What another program said at its end, which is where it says why it failed."""
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-most:])
