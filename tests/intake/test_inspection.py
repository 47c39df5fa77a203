"""A file that crashes or blocks a decoder does not affect others."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import DepositError
from cunshi.intake import deposit_cache, inspection
from cunshi.intake.inspection import Inspector, look_at

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]
# A child that dies of, or never ends with, a file of a certain name.
HOSTILE = """
import os, signal, sys, time
from cunshi.intake import deposit_cache, inspection
look = inspection.look_at
def look_at(path):
    if "crash" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "bomb" in path.name:
        time.sleep(600)
    if "greedy" in path.name:
        return bytearray(1 << 40)
    return look(path)
inspection.look_at = look_at
inspection.main()
"""


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    start = inspection.subprocess.Popen

    def start_(words: list[str], **options: object) -> object:
        assert words[1:] == ["-m", "cunshi.intake.inspection"]
        return start([words[0], "-c", HOSTILE], **options)  # type: ignore[call-overload]

    package = str(Path(inspection.__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", package)
    monkeypatch.setattr(inspection.subprocess, "Popen", start_)
    monkeypatch.setattr(deposit_cache, "Inspector", Inspector)


def test_the_child_says_what_this_process_would_say(sample: Callable[[str], Path]) -> None:
    inspector = Inspector()
    paths = [sample("01/金村村"), sample("mottoes/顾家村"), sample("mottoes/蒋家村")]
    assert [inspector.inspect(path) for path in paths] == [look_at(path) for path in paths]
    inspector.close()


def test_a_refusal_comes_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "空.m4a").touch()
    inspector = Inspector()
    with pytest.raises(DepositError, match="空的") as refused:
        inspector.inspect(tmp_path / "空.m4a")
    assert refused.value.remedy
    inspector.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("name", "cause"), [("crash.m4a", "崩溃"), ("bomb.m4a", "太久"), ("greedy.m4a", "崩溃")]
)
def test_what_ends_the_child_is_refused_and_the_next_is_heard(
    hostile: None, sample: Callable[[str], Path], tmp_path: Path, name: str, cause: str
) -> None:
    (tmp_path / name).write_bytes(b"?")
    inspector = Inspector(min_seconds=2.0 if cause == "太久" else 60.0)
    with pytest.raises(DepositError, match=cause):
        inspector.inspect(tmp_path / name)
    inspector._min_seconds = 60.0  # the next child may take longer to start
    assert inspector.inspect(sample("mottoes/顾家村")).has_sound
    inspector.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_one_crash_stops_no_other_recording(
    hostile: None, village: Project, run: Run, drop: Callable[..., Path]
) -> None:
    drop("mottoes/顾家村", "mottoes/a_crash_1.amr")
    drop("mottoes/金村村", "mottoes/b.amr")
    code, printed = run(village, "ingest")
    assert (code, "新收 1 件" in printed, "崩溃" in printed) == (3, True, True)


def test_the_memory_of_the_child_is_limited() -> None:
    if sys.platform == "win32":
        pytest.skip("no such limit")
    child = inspection._start()
    assert child.stdin and child.stdout
    print('"/dev/null"', file=child.stdin, flush=True)
    child.stdout.readline()
    limits = Path(f"/proc/{child.pid}/limits")
    if limits.exists():
        assert f"{inspection._MEMORY}" in limits.read_text("utf-8")
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
