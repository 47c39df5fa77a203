"""What a command spends: time, processor time, and the most memory of it and its children."""

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from workbench import ROOT

_LOOK = 0.05  # seconds between two looks


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
        most = (0.0, 0.0)
        while child.poll() is None:
            most = max(most, _memory(child.pid))
            time.sleep(_LOOK)
    seconds = time.perf_counter() - begun
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(seconds, used, *most)


def peak(process: int | str) -> float:
    """Megabytes that a process had at most. What getrusage says counts what forked it, too."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _memory(process: int) -> tuple[float, float]:
    """Megabytes of a process and all its children: resident, proportional."""
    resident = proportional = 0.0
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                more = _memory(int(child))
                resident, proportional = resident + more[0], proportional + more[1]
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:  # it has ended meanwhile
        return resident, proportional
    sizes = {
        name: float(rest.split()[0]) / 1024 for name, __, rest in (s.partition(":") for s in lines)
    }
    return resident + sizes.get("Rss", 0), proportional + sizes.get("Pss", 0)
