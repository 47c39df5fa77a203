"""A build that is killed at any moment is completed by the next run."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from support.faults import ALL, KILL, Fault, Ran
from support.faults import run as run_apart
from support.village import ROOT, sample_path, settle, tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="POSIX signals, names in /proc")
BUILD = ("build", "--engine", "recorded")


@pytest.fixture
def filled(village: Project) -> Project:
    """Return a village with two talks, a spoken motto, and a written one with a place for a
    photo.
    """
    for beginning, name in (
        ("01/金村村", "01-村名的来历/金村村_金老师_2026-01-12.m4a"),
        ("mottoes/顾家村", "mottoes/顾家村_顾家_2026-02-02.amr"),
        ("mottoes/蒋家村", "02-老街/蒋家村_蒋阿姨_2026-01-20.ogg"),
    ):
        target = village.recordings / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(sample_path(beginning), target)
    (village.recordings / "mottoes" / "金村村_金家_2026-02-01.txt").write_text("勤俭持家", "utf-8")
    for path in village.recordings.rglob("*"):
        settle(path)
    return village


def build(top: Path, fault: Fault | None = None) -> Ran:
    """Build with the real inspection, voice activity detection and MkDocs."""
    return run_apart(top, BUILD, fault, quick=False)


def state(top: Path) -> dict[str, dict[str, bytes]]:
    project = Project(top / "work" / "village")
    return {name: tree(getattr(project, name)) for name in ("archive", "site", "docs")}


def test_a_killed_build_is_completed_by_the_next(filled: Project, tmp_path: Path) -> None:
    """Without the replacements of test_faults.py, at some places of the whole build."""
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(filled.root, undisturbed / "work" / "village")
    done = build(undisturbed, Fault(kinds=KILL))
    assert done.code == 0, done.printed
    expected, count = state(undisturbed), len(done.places)
    assert count > 150
    step = 1 if ALL else count // 5
    for at in range(3, count, step):
        how = ("before", "torn", "after")[at % 3]
        disturbed = tmp_path / str(at)
        shutil.copytree(filled.root, disturbed / "work" / "village")
        assert build(disturbed, Fault(at, how)).code == -signal.SIGKILL, (at, how)
        again = build(disturbed)
        assert again.code == 0, (at, how, again.printed)
        found = state(disturbed)
        for part, files in expected.items():
            assert found[part].keys() == files.keys(), (at, how, part)
            for name, data in files.items():
                assert found[part][name] == data, (at, how, part, name)
        shutil.rmtree(disturbed)


def test_two_builds_at_once(filled: Project, run: Callable[..., tuple[int, str]]) -> None:
    with filled.lock():
        code, printed = run(filled, *BUILD)
    assert code == 11
    assert "另一个窗口正在整理这个档案库" in printed
    assert not list(filled.archive.glob("2*"))
    words = [sys.executable, "-m", "cunshi", "--root", str(filled.root), "build"]
    environment = {"PYTHONPATH": str(ROOT / "scripts"), "PATH": "/usr/bin:/bin"}
    running = [
        subprocess.Popen([*words, "--engine", "null"], stdout=subprocess.DEVNULL, env=environment)
        for __ in range(3)
    ]
    codes = [process.wait() for process in running]
    assert set(codes) <= {0, 11}
    assert 0 in codes
    code, printed = run(filled, *BUILD)
    assert code == 0
    assert len(filled.accessions()) == 4
