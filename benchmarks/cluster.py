"""Measure half an hour in blocks and in one piece, and a cluster against one computer.

Writes cluster.md beside this. Run inside the environment with the optional part ``cluster``:
``.venv/bin/python benchmarks/cluster.py``; half an hour on two quiet cores. The recording is made
from the talks of the sample village, with pauses and a little noise. Processor time hardly depends
on what else the computer does; the clock does.
"""

import argparse
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psutil
from watching import peak
from workbench import ROOT, Figure, head, publish, table

from cunshi.archive.project import Project
from cunshi.media import audio
from cunshi.transcription import vad
from cunshi.transcription.engines import open_engine
from cunshi.transcription.error_rate import count_errors
from cunshi.transcription.pipeline import map_in_order
from cunshi.transcription.recognise import LocalBackend
from support.dask_cluster import Dask, kill, meanwhile
from support.long_talks import long_talk, write
from support.village import EPOCH, new_village, settle, tree

SECONDS = 1800
RATE = vad.RATE
NEAR = 30.0  # seconds around a join in which words are compared
Row = tuple[str, str, str, str]


def alone(path: Path, longest: float) -> None:
    """Hear a recording in this process; print each character with its times, and the memory."""
    backend, characters = LocalBackend(open_engine("faster-whisper", "base", ROOT)), []
    backend.prepare()

    def recognise(passage: vad.Passage) -> Any:
        return backend.recognise(passage, "cmn", (), "")

    units = vad.passages(audio.blocks(path, longest))
    for __, heard in map_in_order(recognise, units, backend.threads, backend.queue_size):
        for entry in heard.segments:
            for word in entry.segment.words:
                characters += [(character, word.start) for character in word.text]
    print(json.dumps([characters, peak("self")]))


def heard_alone(path: Path, longest: float) -> tuple[list[tuple[str, float]], float]:
    words = [sys.executable, __file__, "--alone", str(path), str(longest)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    characters, megabytes = json.loads(done.stdout)
    return characters, megabytes


def spelt(characters: list[tuple[str, float]]) -> str:
    return "".join(character for character, __ in characters)


def blocks(path: Path, said: str) -> list[Row]:
    one, most = heard_alone(path, 2 * SECONDS)
    many, least = heard_alone(path, 120.0)
    joins = [start for start, __ in audio.blocks(path)][1:]
    matcher = difflib.SequenceMatcher(None, spelt(one), spelt(many), autojunk=False)
    pairs = [
        (one[a + n][1], abs(one[a + n][1] - many[b + n][1]))
        for a, b, size in matcher.get_matching_blocks()
        for n in range(size)
    ]
    near = [off for at, off in pairs if any(abs(at - join) < NEAR for join in joins)]
    rates = [count_errors(said, spelt(heard)).rate for heard in (one, many)]
    return [
        (
            "error rate as heard, in blocks",
            "within 0.003",
            f"{rates[1]:.4f}",
            f"in one piece {rates[0]:.4f}",
        ),
        (f"… characters that differ, of {len(one)}", "", f"{edits(one, many)}", ""),
        ("… with the same times, of the others", "", f"{share(pairs)} of {len(pairs)}", ""),
        (
            f"… farthest apart in time less than {NEAR:.0f} s from one of {len(joins)} joins: s",
            "",
            f"{max(near):.2f}",
            f"{len(near)} characters",
        ),
        ("… peak memory: MB", "", f"{least:.0f}", f"in one piece {most:.0f}"),
    ]


def edits(one: list[tuple[str, float]], many: list[tuple[str, float]]) -> int:
    found = count_errors(spelt(one), spelt(many))
    return found.substitutions + found.deletions + found.insertions


def share(pairs: list[tuple[float, float]]) -> int:
    return sum(off < 0.001 for __, off in pairs)


class Clock:
    """Seconds on the clock, and of processor time: of the command, and of a cluster."""

    def __init__(self, dask: Dask | None = None):
        self.dask = dask
        self.wall = self.head = self.others = 0.0
        self.memory: list[float] = []

    def run(self, project: Project, *words: str) -> None:
        before, begun = self._spent(), time.perf_counter()
        process = cunshi(project, "transcribe", *words)
        __, status, used = os.wait4(process.pid, 0)
        if status:
            sys.exit("transcribe failed")
        self.wall = time.perf_counter() - begun
        self.head = used.ru_utime + used.ru_stime
        self.others += self._spent() - before
        self.memory = [peak(process.pid) for process in self._alive()]

    def kill(self, worker: "subprocess.Popen[bytes]") -> None:
        self.others += spent(worker)
        kill(worker)

    def _spent(self) -> float:
        return sum(spent(process) for process in self._alive())

    def _alive(self) -> "list[subprocess.Popen[bytes]]":
        processes = self.dask.processes if self.dask else []
        return [process for process in processes if process.poll() is None]

    @property
    def all(self) -> float:
        return self.head + self.others


def spent(process: "subprocess.Popen[bytes]") -> float:
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def cunshi(project: Project, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "cunshi", "--root", str(project.root), *words]
    variables = {"PYTHONPATH": str(ROOT / "scripts"), "SOURCE_DATE_EPOCH": EPOCH}
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, env=os.environ | variables, stdout=nothing, stderr=nothing)


def village(folder: Path, recording: Path) -> Project:
    project = new_village(folder)
    settings = project.archive / "archive.yml"
    settings.write_text(settings.read_text("utf-8") + "\ncluster: 是\n", "utf-8")
    consent = "consent: {by: 王老师, signed_on: 2026-01-01}\n"
    (project.recordings / "folder.yml").write_text(consent, "utf-8")
    shutil.copy(recording, project.recordings / "金村村_金老师_2026-01-12.wav")
    for path in project.recordings.iterdir():
        settle(path)
    if cunshi(project, "ingest").wait():
        sys.exit("ingest failed")
    return project


def in_cluster(project: Project, folder: Path, killed_after: float = 0.0) -> Clock:
    """Transcribe by two workers with a thread each; one may be killed, and another started."""
    folder.mkdir()
    with Dask(folder) as dask:
        address = dask.scheduler()
        victim, __ = dask.worker(), dask.worker()
        clock = Clock(dask)

        def disturb() -> None:
            time.sleep(killed_after)
            clock.kill(victim)
            dask.worker()

        with meanwhile(disturb) if killed_after else nullcontext():
            clock.run(project, "--scheduler", address)
    return clock


def against_the_cluster(recording: Path, folder: Path) -> list[Row]:
    first = village(folder / "here", recording)
    projects = [first]
    for name in ("there", "killed"):
        shutil.copytree(first.root, folder / name)
        projects.append(Project.at(folder / name))
    here, there, killed = projects
    alone = Clock()
    alone.run(here)
    shared = in_cluster(there, folder / "dask")
    again = in_cluster(killed, folder / "dask killed", shared.wall / 2)
    trees = [tree(project.archive) for project in projects]
    at_work = f"{alone.wall:.0f}, {alone.all:.0f}"
    return [
        (
            "two workers on this computer, clock, processor: s",
            "",
            f"{shared.wall:.0f}, {shared.all:.0f}",
            f"without a cluster {at_work}",
        ),
        ("… processor time of the head: s", "", f"{shared.head:.1f}", ""),
        (
            "… peak memory of scheduler, each worker: MB",
            "",
            ", ".join(f"{megabytes:.0f}" for megabytes in shared.memory),
            "",
        ),
        (
            "… workers that one head can keep busy, by its processor time",
            "",
            f"{shared.others / shared.head:.0f}",
            "",
        ),
        (
            "a worker killed half-way, another started, clock, processor: s",
            "",
            f"{again.wall:.0f}, {again.all:.0f}",
            f"undisturbed {shared.wall:.0f}, {shared.all:.0f}",
        ),
        (
            "the three archives, byte for byte",
            "the same",
            "the same" if equal(trees) else "**different**",
            "",
        ),
    ]


def equal(trees: list[dict[str, bytes]]) -> bool:
    return all(other == trees[0] for other in trees)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.alone:
        alone(Path(words.alone[0]), float(words.alone[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        samples, said = long_talk(SECONDS)
        recording = write(Path(folder) / "talk.wav", samples)
        parts = {
            "In blocks and in one piece": blocks(recording, said),
            "Two workers with a thread each": against_the_cluster(recording, Path(folder)),
        }
    made = (
        f"From a recording of {len(samples) / RATE:.0f} s, {len(said)} characters, made of the\n"
        "sample's talks; once. A worker is a process with one thread.\n\n"
    )
    publish(
        "cluster",
        "Blocks and a cluster",
        head(__file__, "faster-whisper", "distributed", more="; Whisper base, int8"),
        made
        + "\n".join(
            f"## {title}\n\n{table(('figure', 'wanted', 'Cunshi', 'beside it'), rows)}\n"
            for title, rows in parts.items()
        ),
        [Figure(*row) for rows in parts.values() for row in rows],
    )


if __name__ == "__main__":
    main()
