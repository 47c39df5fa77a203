"""Exceptions of the package and the exit code of each."""

import errno
import re
from enum import IntEnum
from pathlib import Path
from subprocess import CompletedProcess

from cunshi.core.i18n import _


class ExitCode(IntEnum):
    """Exit codes of every command. A command ends with the largest code of its problems."""

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
    DISK = 12
    INTERRUPTED = 130


class CunshiError(Exception):
    """An error that ends the command, with place, cause and remedy.

    Subclasses set the exit code. An error in one item of many is not raised to the top: it is
    reported as a :class:`cunshi.core.problem.Problem`, and the other items are processed.
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
    """A YAML record or transcript, written by people, that cannot be read."""

    code = ExitCode.RECORD


class UnreadableRecordError(RecordError):
    """A record that cannot be read at the moment, so that nobody knows what it says."""

    code = ExitCode.DISK


class LessonError(CunshiError):
    """An invalid lesson, or an invalid citation in one."""

    code = ExitCode.LESSON


class ConfigurationError(CunshiError):
    """Unusable settings (archive.yml, course.yml) or project folder."""

    code = ExitCode.CONFIGURATION


class EngineError(CunshiError):
    """The recognition engine or its model cannot be used."""

    code = ExitCode.ENGINE


class EngineUnavailableError(EngineError):
    """The engine is gone or misconfigured, so no other recording can be transcribed either."""


class SiteError(CunshiError):
    """MkDocs could not build the site."""

    code = ExitCode.SITE


class BusyError(CunshiError):
    """Another Cunshi process holds the lock of this archive."""

    code = ExitCode.BUSY


# Cause and remedy of each errno, for a reader who is no programmer.
_FULL = (_("磁盘满了"), _("腾出一些空间，再运行一次；已经做好的都在，会接着做"))
_GONE = (_("磁盘或网络盘断开了"), _("重新接好、连上，再运行一次；已经做好的都在，会接着做"))
_READ_ONLY = (_("磁盘是只读的，写不进去"), _("打开写保护，或换一个磁盘，再运行一次"))
_CAUSES = {
    _FULL: (errno.ENOSPC, errno.EDQUOT),
    _GONE: (
        errno.ENOTCONN,
        errno.ESTALE,
        errno.ENODEV,
        errno.ENXIO,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ECONNABORTED,
        errno.ECONNRESET,
    ),
    _READ_ONLY: (errno.EROFS,),
    (
        _("没有权限读写"),
        _("关掉正开着这个文件的程序，看看文件和文件夹是不是只读，再运行一次"),
    ): (errno.EACCES, errno.EPERM),
    (
        _("磁盘读写出错"),
        _("检查磁盘和连接线，再运行一次；还是这样，磁盘可能坏了，先备份到别的磁盘"),
    ): (errno.EIO,),
    (
        _("文件太大，这个磁盘放不下"),
        _("换一个能放大文件的磁盘（U 盘要用 exFAT 格式），再运行一次"),
    ): (errno.EFBIG,),
    (
        _("路径太长"),
        _("把名字改短，或把项目文件夹移到上层，例如 D:\\村史"),
    ): (errno.ENAMETOOLONG,),
    (
        _("文件或文件夹不见了"),
        _("看看它是不是刚被移走或改名了，再运行一次"),
    ): (errno.ENOENT, errno.ENOTDIR),
}
_BY_ERRNO = {code: words for words, codes in _CAUSES.items() for code in codes}
# https://learn.microsoft.com/windows/win32/debug/system-error-codes
_BY_WINDOWS_ERROR = {
    39: _FULL,
    112: _FULL,
    19: _READ_ONLY,
    **dict.fromkeys((21, 53, 55, 59, 64, 67, 121, 1167, 1231), _GONE),
    206: _BY_ERRNO[errno.ENAMETOOLONG],
}
_ERRNO = re.compile(r"\[Errno (\d+)\] [^:\n]*(?:: '(?P<path>[^'\n]+)')?")


class DiskError(CunshiError):
    """An operating system error about a file or folder, with cause and remedy in plain words.

    ``affects_all`` is true if every other file would fail in the same way (disk full, gone or
    read-only).
    """

    code = ExitCode.DISK

    def __init__(self, error: OSError, where: Path | str = ""):
        words = _BY_WINDOWS_ERROR.get(getattr(error, "winerror", None) or 0)
        words = words or _BY_ERRNO.get(error.errno or 0)
        other = (
            _("读写不了：{error}").format(error=error.strerror or error),
            _("检查磁盘、网络和文件夹权限，再运行一次"),
        )
        super().__init__(*(words or other), where=where or _path_of(error))
        self.errno = error.errno
        self.affects_all = words in {_FULL, _GONE, _READ_ONLY}


def _path_of(error: OSError) -> str:
    """Return the path of an error; for a temporary file, the path it was to be renamed to."""
    path = error.filename2 or error.filename
    if not isinstance(path, str | Path):
        return ""
    name = Path(path).name
    final = name[1:-4] if name.startswith(".") and name.endswith(".tmp") else name
    return str(Path(path).with_name(final)) if final else str(path)


def parse_disk_error(text: str) -> DiskError | None:
    """Return the DiskError in the traceback of another Python program, or None."""
    found = [*_ERRNO.finditer(text)]
    if not found:
        return None
    return DiskError(OSError(int(found[-1][1]), "", found[-1]["path"]))


def last_lines(done: CompletedProcess[str], most: int) -> str:
    """Return the last ``most`` lines of a process's output, where it says why it failed."""
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-most:])
