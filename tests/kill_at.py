"""Run a build that is killed, as by a power cut, before or after its n-th file is put in place.

Usage: kill_at.py <root> <n> <before|after>; n = 0 counts instead: the number is printed.
"""

import os
import signal
import sys
import threading
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "scripts"), str(Path(__file__).parent)]

from cunshi import cli, engine  # noqa: E402

ROOT, AT, WHEN = sys.argv[1], int(sys.argv[2]), sys.argv[3]
engine.ENGINES["recorded"] = "recorded_engine"
lock = threading.Lock()
count = 0
rename = Path.replace


def replace(self: Path, target: str | Path) -> Path:
    """Path.replace, through which every finished file and folder gets its name."""
    global count  # noqa: PLW0603
    with lock:
        count += 1
        mine = count
    if mine == AT and WHEN == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = rename(self, target)
    if mine == AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return done


Path.replace = replace  # type: ignore[method-assign, assignment]
try:
    cli.main(["--root", ROOT, "build", "--engine", "recorded"])
finally:
    print("replaced", count)
