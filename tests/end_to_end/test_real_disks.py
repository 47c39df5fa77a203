"""Disks that are really full, read-only or gone, and folders of another user.

Tests that need a mount or another user are skipped where this is not permitted.
"""

import codecs
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from cunshi.core.errors import ExitCode
from support.fault_cases import CASES, Stage, heard, pytestmark, state, talk, tone
from support.faults import run

__all__ = ["pytestmark"]
NOBODY = 65534
STEPS = 8
BUILD = ("build", "--engine", "null")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Mount (or remount with other options) a small RAM disk for a case."""
    folder = tmp_path / "disk" / "work"
    folder.mkdir(parents=True)

    def mount(options: str) -> None:
        again = "remount," if os.path.ismount(folder) else ""
        words = ["mount", "-t", "tmpfs", "-o", f"{again}{options}", "none", str(folder)]
        if subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("may not mount a disk")

    yield mount
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


class OnDisk(Stage):
    """A case that runs on the RAM disk."""

    def begin(self) -> Path:
        top = self.origin.parent / "disk"
        for path in (top / "work").iterdir():
            shutil.rmtree(path)
        shutil.copytree(self.origin / "work", top / "work", symlinks=True, dirs_exist_ok=True)
        return top


@pytest.mark.parametrize(
    "name", ["ingest", "ingest-again", "transcribe", "merge", "restore", "build"]
)
def test_a_full_disk(name: str, disk: Callable[..., None], tmp_path: Path) -> None:
    """However full, the command reports it, nothing is lost, and with free space it completes."""
    disk("size=64m")
    stage = OnDisk(CASES[name], tmp_path)
    stage.undisturbed(())
    top = stage.begin()
    least = blocks(top)
    assert stage.play(top).code == 0
    most = max(blocks(top), least + 1)
    for number in range(least, most, -(-(most - least) // STEPS)):
        disk("size=64m")
        top = stage.begin()
        disk(f"size={number * 4}k")
        ran = stage.play(top)
        where = f"{number} of {least} to {most}\n{ran.printed}"
        assert ran.code == ExitCode.DISK, where
        assert "磁盘满了" in ran.printed, where
        stage.unharmed(top, where)
        disk("size=64m")
        stage.completed(top, where)


def blocks(top: Path) -> int:
    """Return the number of blocks in use."""
    found = os.statvfs(top / "work")
    return found.f_blocks - found.f_bfree


def test_a_disk_that_can_only_be_read(disk: Callable[..., None], tmp_path: Path) -> None:
    disk("size=64m")
    stage = OnDisk(CASES["ingest-again"], tmp_path)
    stage.undisturbed(())
    top = stage.begin()
    disk("ro")
    ran = stage.play(top)
    assert (ran.code, "只读" in ran.printed) == (ExitCode.DISK, True), ran.printed
    for reading in ("status", "check"):
        assert run(top, (reading,)).code == 0
    disk("rw")
    stage.completed(top, "")


def pull_out(folder: Path, at: int) -> None:
    """Unmount the disk when it has a number of files."""
    replace, count = os.replace, iter(range(1, 1000))

    def replace_(source: str, target: str) -> None:
        replace(source, target)
        if next(count) == at:
            subprocess.run(["umount", "-l", folder], check=True)

    os.replace = replace_  # type: ignore[assignment]


def test_a_backup_whose_disk_is_pulled_out(disk: Callable[..., None], tmp_path: Path) -> None:
    disk("size=64m")
    heard(tmp_path)
    words = ("backup", str(tmp_path / "disk" / "work"))
    ran = run(tmp_path, words, prepare=partial(pull_out, tmp_path / "disk" / "work", 3))
    assert (ran.code, "断开了" in ran.printed) == (ExitCode.DISK, True), ran.printed
    disk("size=64m")
    assert run(tmp_path, words).code == 0


def limit(size: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [4096, 20_000, 31_000])
def test_a_write_that_fails_half_way(size: int, tmp_path: Path) -> None:
    """As on a file system with a limited file size."""
    stage = Stage(CASES["ingest"], tmp_path)
    stage.undisturbed(())
    with stage.set_up() as top:
        ran = run(top, stage.words, prepare=partial(limit, size))
        assert ran.code == ExitCode.DISK
        assert "文件太大" in ran.printed
        assert "金村村_金老师_2026-01-12.wav" in ran.printed
        stage.unharmed(top, ran.printed)
        stage.completed(top, ran.printed)


# --- folders of somebody else


@pytest.fixture
def top() -> Iterator[Path]:
    """Return a folder that every user may read, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_nobody() -> None:
    """Run as an unprivileged user, because root may do everything."""
    for name in ("utf-8-sig", "gb18030", "utf-16", "unicode-escape"):
        codecs.lookup(name)  # where Python itself is may be closed to others
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def make_read_only(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_folder_that_may_only_be_read(top: Path) -> None:
    village = heard(top)
    before = state(top)
    tone(village / "recordings" / "02-老街" / "金村村_王阿婆_2026-01-20.wav", 340)
    make_read_only(top / "work")
    for words in (("ingest",), ("verify",), BUILD):
        ran = run(top, words, prepare=as_nobody)
        assert ran.code == ExitCode.DISK, ran.printed
        assert "没有权限" in ran.printed
        assert "village/archive" in ran.printed
        assert "  → " in ran.printed
    for command in ("status", "check"):
        assert run(top, (command,), prepare=as_nobody).code == 0
    assert state(top).items() >= before.items()


def test_an_accession_that_may_not_be_looked_into(top: Path) -> None:
    """The others are processed, and neither a check nor a backup takes it for missing."""
    village = heard(top)
    (top / "work").chmod(0o777)
    for path in (top / "work").rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    closed = talk(village) / "master"
    closed.chmod(0)
    try:
        for words in (("check",), ("verify",), ("backup", "{work}/copy"), BUILD):
            ran = run(top, words, prepare=as_nobody)
            assert ran.code == ExitCode.DISK, (words, ran.printed)
            assert f"{talk(village).name}/master" in ran.printed, (words, ran.printed)
            assert "没有权限" in ran.printed
        other = next(p for p in village.glob("archive/2*") if p != talk(village))
        assert (top / "work" / "copy" / "archive" / other.name / "recording.yml").is_file()
        assert '"outcome": "pass"' in (other / "events.jsonl").read_text("utf-8")
        assert '"outcome": "pass"' not in (talk(village) / "events.jsonl").read_text("utf-8")
    finally:
        closed.chmod(0o755)
