"""What a deposit is, found out in a process of its own, with limits.

Decoders are large programs in C, and a file may be made to crash one, or to hold hours of silence
in a few bytes. So a child process decodes each new file once, from its first to its last sample;
what ends or holds up the child is refused, and the next file gets a new child.
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

# Decoding goes at hundreds of times real time; a phone's recording has about a megabyte a minute.
_LEAST_SECONDS = 60.0
_SECONDS_PER_MEGABYTE = 3.0
_MEMORY = 4 << 30  # bytes of address space, where the system knows such a limit


class Inspector:
    """Asks a child process, which is started when the first question comes."""

    def __init__(self, least_seconds: float = _LEAST_SECONDS):
        self._least = least_seconds
        self._child: subprocess.Popen[str] | None = None

    def inspect(self, path: Path) -> Technical:
        """What a file is; DepositError when it cannot become a recording or a companion.

        DiskError when it cannot be read.
        """
        seconds = self._least + path.stat().st_size / 1e6 * _SECONDS_PER_MEGABYTE
        answer = self._ask(path, seconds)
        if "technical" in answer:
            return Technical(**answer["technical"])
        if "errno" in answer:
            raise DiskError(OSError(answer["errno"], os.strerror(answer["errno"] or 0)), path)
        raise DepositError(answer["cause"], answer["remedy"])

    def close(self) -> None:
        """End the child; the next question starts another."""
        child, self._child = self._child, None
        if child:
            child.kill()
            child.communicate()

    def _ask(self, path: Path, seconds: float) -> dict[str, Any]:
        child = self._child = self._child or _start()
        watch = threading.Timer(seconds, child.kill)
        watch.start()
        try:
            # A name may hold what is no text: JSON escapes carry it through.
            print(json.dumps(str(path)), file=child.stdin, flush=True)
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


def look_at(path: Path) -> Technical:
    """What a file is; in this process."""
    from cunshi.media import audio  # decoders, which whoever only asks a child does without

    if path.stat().st_size == 0:
        raise DepositError(_("文件是空的（0 字节）"), _("从手机重新复制一次"))
    if is_photo(path.name):
        photos.check(path)
        return Technical(container="photo", codec="photo")
    if not is_text(path.name):
        return audio.check(path)
    if not read_text(path).strip():
        raise DepositError(_("文件里没有文字"), _("写上家训的文字再放进来"))
    return Technical(container="text", codec="text")


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _answer(path: Path) -> dict[str, Any]:
    try:
        return {"technical": asdict(look_at(path))}
    except DiskError as error:
        return {"errno": error.errno}
    except CunshiError as error:
        return {"cause": error.cause, "remedy": error.remedy}
    except OSError as error:
        return {"errno": error.errno}


def main() -> None:
    """Answer questions, a line each, until nobody asks any more."""
    _limit_memory()
    for line in sys.stdin:
        print(json.dumps(_answer(Path(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
