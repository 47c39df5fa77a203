"""Inspect deposits in a child process with limits on time and memory.

Decoders are large C programs that a file can crash, and hours of silence can be stored in a few
bytes. So a child process decodes each new file completely; a file that ends or blocks it is
rejected, and a new child is started for the next.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cunshi.core.errors import CunshiError, DepositError, DiskError
from cunshi.core.i18n import _
from cunshi.core.yaml_fields import read_text
from cunshi.domain.recording import Technical, is_photo, is_text
from cunshi.media import photos

# Decoding is hundreds of times faster than real time; phones record about a megabyte per minute.
_MIN_SECONDS = 60.0
_SECONDS_PER_MEGABYTE = 3.0
_MEMORY = 4 << 30  # bytes of address space, where the system supports a limit


class Inspector:
    """Inspects files in a child process, which is started on first use."""

    def __init__(self, min_seconds: float = _MIN_SECONDS):
        self._min_seconds = min_seconds
        self._child: subprocess.Popen[str] | None = None

    def inspect(self, path: Path, name: str = "") -> Technical:
        """Return the technical data of a file; DepositError if it is unusable, DiskError if
        unreadable. ``name`` is the file's name, if it is stored under another one.
        """
        seconds = self._min_seconds + path.stat().st_size / 1e6 * _SECONDS_PER_MEGABYTE
        answer = self._ask([str(path), name], seconds)
        if "technical" in answer:
            return Technical(**answer["technical"])
        if "errno" in answer:
            raise DiskError(OSError(answer["errno"], os.strerror(answer["errno"] or 0)), path)
        raise DepositError(answer["cause"], answer["remedy"])

    def close(self) -> None:
        """End the child; the next inspection starts another."""
        child, self._child = self._child, None
        if child:
            child.kill()
            child.communicate()

    def _ask(self, question: list[str], seconds: float) -> dict[str, Any]:
        child = self._child = self._child or _start()
        watch = threading.Timer(seconds, child.kill)
        watch.start()
        try:
            # Names may not be valid text; JSON escapes preserve them.
            print(json.dumps(question), file=child.stdin, flush=True)
            line = child.stdout.readline() if child.stdout else ""
        except OSError:
            line = ""
        finally:
            in_time = watch.is_alive()
            watch.cancel()
        if line:
            return dict(json.loads(line))
        self.close()
        remedy = _("从手机重新复制一次；还是这样，就用别的程序打开它，另存为 m4a 或 mp3")
        if in_time:
            raise DepositError(_("这个文件让解码器崩溃了，没有收"), remedy)
        raise DepositError(_("解码这个文件太久，没有收"), remedy)


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cunshi.intake.inspection"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="ascii",
    )


def look_at(path: Path, name: str = "") -> Technical:
    """Inspect a file in this process; ``name`` is its name, if it is stored under another."""
    from cunshi.media import audio  # loads the decoders, which the parent process does not need

    name = name or path.name
    if path.stat().st_size == 0:
        raise DepositError(_("文件是空的（0 字节）"), _("从手机重新复制一次"))
    if is_photo(name):
        photos.check(path)
        return Technical(container="photo", codec="photo")
    if not is_text(name):
        return audio.check(path)
    if not read_text(path).strip():
        raise DepositError(_("文件里没有文字"), _("写上家训的文字再放进来"))
    return Technical(container="text", codec="text")


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _answer(path: Path, name: str) -> dict[str, Any]:
    try:
        return {"technical": asdict(look_at(path, name) if name else look_at(path))}
    except DiskError as error:
        return {"errno": error.errno}
    except CunshiError as error:
        return {"cause": error.cause, "remedy": error.remedy}
    except OSError as error:
        return {"errno": error.errno}


def main() -> None:
    """Inspect a file for each line of input."""
    _limit_memory()
    for line in sys.stdin:
        path, name = json.loads(line)
        print(json.dumps(_answer(Path(path), name)), flush=True)


if __name__ == "__main__":
    main()
