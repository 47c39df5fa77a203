"""Measure the main job against what a user would otherwise do, and write results.md beside this.

Run inside the environment, on a quiet machine: ``.venv/bin/python benchmarks/run.py``. The peer is
a plain call of faster-whisper for each file, with the library's defaults, as its own README shows.
Both sides run in turn in one process tree, on the sample village; ratios are what counts.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from cunshi.engine.whisper_base import model_folder  # noqa: E402
from cunshi.scoring import error_rate  # noqa: E402
from cunshi.store import Project  # noqa: E402
from cunshi.transcripts import parse_transcript  # noqa: E402

ROUNDS = 3
REFERENCE = yaml.safe_load((ROOT / "tests" / "samples" / "reference.yml").read_text("utf-8"))

PLAIN = """
import json, sys
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8")
heard = {}
for path in sys.argv[2:]:
    segments, _ = model.transcribe(path, language="zh")
    heard[path] = "".join(segment.text for segment in segments)
print(json.dumps(heard))
"""


def rate(heard: dict[str, str]) -> float:
    names = (entry["file"].removeprefix("recordings/") for entry in REFERENCE)
    return error_rate(
        (entry["text"], heard[name]) for entry, name in zip(REFERENCE, names, strict=True)
    )


def village(folder: Path) -> Project:
    for name in ("recordings", "courses", "scripts/cunshi/theme"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "archive").mkdir()
    for name in ("archive.yml", "glossary.yml"):
        shutil.copy(ROOT / "archive" / name, folder / "archive")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return Project.at(folder)


def timed(command: list[str]) -> tuple[float, str]:
    begun = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - begun, done.stdout


def cunshi(project: Project, *words: str) -> float:
    return timed([sys.executable, "-m", "cunshi", "--root", str(project.root), *words])[0]


def plain(project: Project) -> tuple[float, dict[str, str]]:
    import json

    paths = [str(project.root / entry["file"]) for entry in REFERENCE]
    seconds, printed = timed([sys.executable, "-c", PLAIN, str(model_folder()), *paths])
    heard = json.loads(printed)
    return seconds, {Path(p).relative_to(project.recordings).as_posix(): heard[p] for p in paths}


def drafts(project: Project) -> dict[str, str]:
    heard = {}
    for accession in project.accessions():
        name = yaml.safe_load(accession.record.read_text("utf-8"))["original_name"]
        text = accession.transcript.read_text("utf-8")
        heard[name] = "".join(segment.text for segment in parse_transcript(text))
    return heard


def once() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        project = village(Path(folder) / "village")
        taken = cunshi(project, "ingest")
        ours = cunshi(project, "transcribe")
        theirs, heard = plain(project)
        site = cunshi(project, "site")
        before_mkdocs = cunshi(project, "ingest") + cunshi(project, "transcribe")
        again = cunshi(project, "build")
        return {
            "take in 16 recordings (s)": taken,
            "transcribe: Cunshi (s)": ours,
            "transcribe: plain faster-whisper (s)": theirs,
            "transcribe: Cunshi / plain": ours / theirs,
            "site: access copies, clips, pages, MkDocs (s)": site,
            "nothing new: ingest + transcribe, two processes (s)": before_mkdocs,
            "nothing new: build with MkDocs (s)": again,
            "error rate: Cunshi": rate(drafts(project)),
            "error rate: plain faster-whisper": rate(heard),
        }


def machine() -> str:
    names = [line for line in _cpu_lines() if line.startswith("model name")]
    processor = names[0].partition(":")[2].strip() if names else platform.processor()
    python = f"Python {platform.python_version()}"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}, {python}"


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text("utf-8").splitlines() if path.exists() else []


def table(rounds: list[dict[str, float]]) -> str:
    rows = ["| figure | median | all runs |", "|---|---|---|"]
    for name in rounds[0]:
        values = [measured[name] for measured in rounds]
        each = ", ".join(f"{value:.3g}" for value in values)
        rows.append(f"| {name} | {statistics.median(values):.3g} | {each} |")
    return "\n".join(rows)


def main(write: Callable[[str], object]) -> None:
    rounds = [once() for __ in range(ROUNDS)]
    packages = ("faster-whisper", "ctranslate2", "av", "mkdocs", "mkdocs-material")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    write(
        "# Measured\n\n"
        f"{date.today()} on {machine()}; {versions}; Whisper base, int8.\n"
        f"{ROUNDS} rounds of `benchmarks/run.py` on the sample village (16 recordings, 404 s of\n"
        "synthetic speech); every step a process of its own, its start and imports included.\n\n"
        f"{table(rounds)}\n"
    )


if __name__ == "__main__":
    main(lambda text: (Path(__file__).parent / "results.md").write_text(text, "utf-8"))
