"""What every measurement needs: a village, the machine's name, a clock, and a place for results.

A part of the measurements is a script of its own: it writes ``<part>.md``, all that it measured,
and gives the figures that RESULTS.md collects, each beside what is promised and what others need.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
for _folder in (ROOT / "tests", ROOT / "scripts"):
    sys.path.insert(1, str(_folder))

from cunshi.archive.project import Project  # noqa: E402

_COLLECTED = HERE / "RESULTS.json"


@dataclass(frozen=True)
class Figure:
    """A line of RESULTS.md: ``wanted`` is what the project promises itself, where it does."""

    what: str
    wanted: str
    ours: str
    others: str


def publish(part: str, title: str, head: str, text: str, figures: list[Figure]) -> None:
    """Write ``<part>.md`` and collect its figures; those of the other parts stay."""
    (HERE / f"{part}.md").write_text(f"# {title}\n\n{head}\n\n{text}", "utf-8")
    collected = json.loads(_COLLECTED.read_text("utf-8")) if _COLLECTED.exists() else {}
    collected[part] = {"title": title, "head": head, "figures": [astuple(f) for f in figures]}
    kept = json.dumps(collected, ensure_ascii=False, indent=1, sort_keys=True)
    _COLLECTED.write_text(f"{kept}\n", "utf-8")
    print(text, file=sys.stderr)


def collected() -> dict[str, tuple[str, str, list[Figure]]]:
    """Title, head and figures of every part that was measured."""
    parts = json.loads(_COLLECTED.read_text("utf-8"))
    return {
        name: (part["title"], part["head"], [Figure(*each) for each in part["figures"]])
        for name, part in parts.items()
    }


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows as a table of Markdown."""
    names = list(columns)
    lines = ["| " + " | ".join(row) + " |" for row in (names, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(names), *lines[1:]])


def head(script: str, *packages: str, more: str = "") -> str:
    """The day, the machine and the versions that a part was measured with, and by what."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    made = f"Made by `benchmarks/{Path(script).name}`."
    return f"{date.today()} on {machine()}; {versions}{more}. {made}"


def machine() -> str:
    names = [line for line in _cpu_lines() if line.startswith("model name")]
    processor = names[0].partition(":")[2].strip() if names else platform.processor()
    python = f"Python {platform.python_version()}"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}, {python}"


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text("utf-8").splitlines() if path.exists() else []


def village(folder: Path) -> Project:
    """The sample village as a clean clone has it."""
    for name in ("recordings", "courses", "scripts/cunshi/theme"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "archive").mkdir()
    for name in ("archive.yml", "glossary.yml"):
        shutil.copy(ROOT / "archive" / name, folder / "archive")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return Project.at(folder)


def timed(command: list[str]) -> tuple[float, str]:
    """Seconds of a process, its start included, and what it printed."""
    begun = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - begun, done.stdout


def cunshi(project: Project, *words: str) -> float:
    return timed([sys.executable, "-m", "cunshi", "--root", str(project.root), *words])[0]
