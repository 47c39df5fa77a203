"""Killed at any moment and run again, a build ends like one that was never disturbed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import EPOCH, sample_path, settle, tree
from cunshi.store import Project

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def build(project: Project, at: int = 0, when: str = "before") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "kill_at.py"), str(project.root), str(at), when],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
    )


@pytest.fixture
def filled(village: Project) -> Project:
    """A village with two talks, a motto in sound and one in writing with a photo's place."""
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


def state(project: Project) -> dict[str, dict[str, bytes]]:
    return {
        "archive": tree(project.archive),
        "site": tree(project.site),
        "docs": tree(project.docs),
    }


def points(count: int) -> list[tuple[int, str]]:
    """Early ones, where the archive is written, closely; the site's many files here and there."""
    spread = [1, 2, 4, 6, 8, 10, 12, 14, 17, 20, count // 2, count - 1]
    return [(n, "before" if i % 2 else "after") for i, n in enumerate(spread)]


def test_a_killed_build_is_completed_by_the_next(filled: Project, tmp_path: Path) -> None:
    undisturbed = Project(shutil.copytree(filled.root, tmp_path / "undisturbed"))
    done = build(undisturbed)
    assert done.returncode == 0, done.stdout + done.stderr
    count = int(done.stdout.split("replaced ")[1])
    assert count > 60
    expected = state(undisturbed)
    for at, when in points(count):
        disturbed = Project(shutil.copytree(filled.root, tmp_path / f"{at}-{when}"))
        assert build(disturbed, at, when).returncode == -signal.SIGKILL, (at, when)
        again = build(disturbed)
        assert again.returncode == 0, (at, when, again.stdout + again.stderr)
        found = state(disturbed)
        for part, files in expected.items():
            assert found[part].keys() == files.keys(), (at, when, part)
            for name, data in files.items():
                assert found[part][name] == data, (at, when, part, name)
        shutil.rmtree(disturbed.root)


def test_killed_while_consent_is_taken_over(filled: Project, tmp_path: Path) -> None:
    """Late consent reaches the record and the event log, wherever the run between is killed."""
    assert build(filled).returncode == 0
    (filled.recordings / "folder.yml").write_text(
        "consent: {by: 李老师, signed_on: 2026-02-02}\n", "utf-8"
    )
    settle(filled.recordings / "folder.yml")
    undisturbed = Project(shutil.copytree(filled.root, tmp_path / "undisturbed"))
    assert build(undisturbed).returncode == 0
    for at, when in ((1, "before"), (1, "after"), (2, "after"), (3, "before"), (4, "after")):
        disturbed = Project(shutil.copytree(filled.root, tmp_path / f"{at}-{when}"))
        assert build(disturbed, at, when).returncode == -signal.SIGKILL
        assert build(disturbed).returncode == 0
        assert tree(disturbed.archive) == tree(undisturbed.archive), (at, when)


def test_two_builds_at_once(filled: Project, run: Callable[..., tuple[int, str]]) -> None:
    with filled.lock():
        code, printed = run(filled, "build", "--engine", "recorded")
    assert code == 11
    assert "另一个窗口正在整理这个档案库" in printed
    assert not list(filled.archive.glob("2*"))
    command = [sys.executable, str(HERE / "kill_at.py"), str(filled.root), "0", "before"]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for __ in range(3)]
    codes = [process.wait() for process in running]
    assert set(codes) <= {0, 11}
    assert 0 in codes
    code, printed = run(filled, "build", "--engine", "recorded")
    assert code == 0
    assert len(filled.accessions()) == 4
