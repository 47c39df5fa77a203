"""What can go wrong, and the exit code that says so."""

import errno
import re
from enum import IntEnum
from pathlib import Path
from subprocess import CompletedProcess

from cunshi.core.i18n import _


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
    DISK = 12
    INTERRUPTED = 130


class CunshiError(Exception):
    """A failure that ends the command: where it happened, its cause and its remedy.

    Subclasses carry the exit code. Something wrong with one file of many is not raised to the
    top: it becomes a :class:`cunshi.core.problem.Problem` and the others go on.
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


# What the numbers of errors mean to who reads them, and what helps.
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
_BY_NUMBER = {number: said for said, numbers in _CAUSES.items() for number in numbers}
# https://learn.microsoft.com/windows/win32/debug/system-error-codes
_BY_WINDOWS = {
    39: _FULL,
    112: _FULL,
    19: _READ_ONLY,
    **dict.fromkeys((21, 53, 55, 59, 64, 67, 121, 1167, 1231), _GONE),
    206: _BY_NUMBER[errno.ENAMETOOLONG],
}
_ERRNO = re.compile(r"\[Errno (\d+)\] [^:\n]*(?:: '(?P<path>[^'\n]+)')?")


class DiskError(CunshiError):
    """What the system said of a file or folder, in words.

    ``meets_all`` tells that every other file would meet it as well.
    """

    code = ExitCode.DISK

    def __init__(self, error: OSError, where: Path | str = ""):
        said = _BY_WINDOWS.get(getattr(error, "winerror", None) or 0)
        said = said or _BY_NUMBER.get(error.errno or 0)
        other = (
            _("读写不了：{error}").format(error=error.strerror or error),
            _("检查磁盘、网络和文件夹权限，再运行一次"),
        )
        super().__init__(*(said or other), where=where or _named(error))
        self.errno = error.errno
        self.meets_all = said in {_FULL, _GONE, _READ_ONLY}


def _named(error: OSError) -> str:
    """The file that an error is about, under the name that it was to get."""
    path = error.filename2 or error.filename
    if not isinstance(path, str | Path):
        return ""
    name = Path(path).name
    final = name[1:-4] if name.startswith(".") and name.endswith(".tmp") else name
    return str(Path(path).with_name(final)) if final else str(path)


def disk_error_in(text: str) -> DiskError | None:
    """The error of the system that another Python program died of, told from its last words."""
    found = [*_ERRNO.finditer(text)]
    if not found:
        return None
    return DiskError(OSError(int(found[-1][1]), "", found[-1]["path"]))


def last_lines(done: CompletedProcess[str], most: int) -> str:
    """What another program said at its end, which is where it says why it failed."""
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-most:])
