"""What a command spends: time, processor time, and the most memory of it and its children."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from workbench import ROOT

_LOOK = 0.05  # seconds between two looks
_PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20
# What is shared is looked at only so often: the kernel walks all pages for it, and what is measured
# would wait meanwhile.
_TURN = 20


@dataclass(frozen=True)
class Spent:
    """Seconds; megabytes resident, and proportional: what is shared counted once."""

    seconds: float
    used: float
    resident: float
    proportional: float


def watched(command: list[str], folder: Path | None = None, log: Path | None = None) -> Spent:
    """Run a command in a folder; what it says goes to the log, or nowhere."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "NO_MKDOCS_2_WARNING": "1"}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (
        (log or Path(os.devnull)).open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=environment, cwd=folder) as child,
    ):
        resident = proportional = 0.0
        for look in count():
            if child.poll() is not None:
                break
            family = list(_family(child.pid))
            resident = max(resident, sum(map(_resident, family)))
            if look % _TURN == 0:
                proportional = max(proportional, sum(map(_proportional, family)))
            time.sleep(_LOOK)
    seconds = time.perf_counter() - begun
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(seconds, used, resident, proportional)


def peak(process: int | str) -> float:
    """Megabytes that a process had at most. What getrusage says counts what forked it, too."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _family(process: int) -> Iterator[int]:
    """A process and all its children."""
    yield process
    with suppress(FileNotFoundError):  # it has ended meanwhile
        # Any thread may start some.
        for children in list(Path(f"/proc/{process}/task").glob("*/children")):
            for child in _read(str(children)).split():
                yield from _family(int(child))


def _resident(process: int) -> float:
    """Megabytes; 0 for a process that has ended meanwhile."""
    return float((_read(f"/proc/{process}/statm") or "0 0").split()[1]) * _PAGE


def _proportional(process: int) -> float:
    """Megabytes, what is shared counted once."""
    found = _read(f"/proc/{process}/smaps_rollup").partition("\nPss:")[2]
    return float((found or "0").split()[0]) / 1024


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError:
        return ""
