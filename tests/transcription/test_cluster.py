"""Transcription on a local Dask cluster gives the same result as on one computer."""

import os
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.core.progress import SilentReporter
from cunshi.media import audio
from cunshi.transcription import dask_cluster, engines
from cunshi.workflow import ingest
from support.cluster_worker import FATAL, UNINTELLIGIBLE
from support.dask_cluster import WAIT, Dask, Line, kill, meanwhile, wait_for
from support.village import EPOCH, ROOT, new_village, settle, tree

pytestmark = pytest.mark.slow

RATE = 16_000
Run = Callable[..., tuple[int, str]]
# Passages after which two recordings are finished, in whatever order two workers' threads send.
FEW = 3


@pytest.fixture(autouse=True)
def _frail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "frail", engines.EngineEntry("support.cluster_worker"))
    monkeypatch.setattr(dask_cluster, "FIRST_WORKER_TIMEOUT", 300.0)  # it may be busy


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    with Dask(tmp_path) as started:
        yield started


@cache
def speech() -> np.ndarray:
    """The ten talks of the sample village, joined, at 16 kHz."""
    talks = [p for p in sorted((ROOT / "recordings").glob("[01]*/*")) if p.suffix != ".yml"]
    return np.concatenate([part for path in talks for part in audio.decode(path, RATE)])


def write(path: Path, samples: np.ndarray, peak: float) -> None:
    path.parent.mkdir(exist_ok=True)
    scaled = samples / np.abs(samples).max() * peak
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((scaled * 32767).astype("<i2").tobytes())
    settle(path)


def village_of(folder: Path, lengths: list[int], peaks: dict[int, float] | None = None) -> Project:
    """Return an archive of recordings of given lengths, not yet transcribed."""
    project = new_village(folder)
    shutil.rmtree(project.courses)
    project.courses.mkdir()
    (project.courses / "course.yml").write_text("title: 村史\nlessons: []\n", "utf-8")
    consent = "consent: {by: 王老师, signed_on: 2026-01-01}\n"
    (project.recordings / "folder.yml").write_text(consent, "utf-8")
    settings = "engine: frail\nmodel: none\ncluster: 是\nvillages: [金村村]\n"
    (project.archive / "archive.yml").write_text(settings, "utf-8")
    rest = speech()
    for number, seconds in enumerate(lengths):
        own, rest = rest[: seconds * RATE], rest[seconds * RATE :]
        name = f"01-讲/金村村_讲{number:02}_2026-01-12.wav"
        write(project.recordings / name, own, (peaks or {}).get(number, 0.5))
    done = ingest(project, SilentReporter())
    assert done.intake and len(done.intake.taken) == len(lengths), done.problems
    return project


def copied(project: Project, name: str) -> Project:
    shutil.copytree(project.root, project.root.parent / name)
    return Project.at(project.root.parent / name)


def finished(project: Project) -> int:
    return len(list(project.archive.glob("*/machine.json")))


@pytest.mark.whisper
def test_forty_recordings_with_a_worker_killed_and_the_connection_cut(
    tmp_path: Path, run: Run, dask: Dask
) -> None:
    here = village_of(tmp_path / "here", [6] * 36 + [36] * 4)
    settings = here.archive / "archive.yml"
    real = "dialects: {wuu: {engine: faster-whisper, model: base}}\n"
    settings.write_text(settings.read_text("utf-8") + real, "utf-8")
    for accession in [a for a in here.accessions() if "讲0" in a.record.read_text("utf-8")][:6]:
        told = accession.record.read_text("utf-8")
        accession.record.write_text(told + "language: wuu\n", "utf-8")
    there = copied(here, "there")
    code, text = run(here, "transcribe")
    assert (code, finished(here)) == (0, 40), text
    line = Line(dask.scheduler())
    dask.allow(20)  # of 45 passages
    first, __ = dask.worker(), dask.worker()

    def disturb() -> None:
        wait_for(lambda: finished(there) >= 6)
        kill(first)
        dask.allow(34)
        wait_for(lambda: finished(there) >= 16)
        assert finished(there) < 40
        line.cut()
        dask.allow(None)

    with meanwhile(disturb):
        code, text = run(there, "transcribe", "--scheduler", line.address)
    assert code == 0, text
    assert "听写：40 件" in text
    assert first.returncode == -signal.SIGKILL
    assert line.connections > 1
    assert tree(there.archive) == tree(here.archive)
    heard = [path.read_text("utf-8") for path in there.archive.glob("*/machine.json")]
    assert sum('"faster-whisper"' in text for text in heard) == 6


def test_one_bad_passage_costs_its_recording_alone(tmp_path: Path, run: Run, dask: Dask) -> None:
    peaks = {1: (UNINTELLIGIBLE + FATAL) / 2, 2: 1.0}
    project = village_of(tmp_path / "village", [6, 6, 6, 6], peaks)
    # Of what kills workers Dask tries four; here the second worker has to hear the rest.
    address = dask.scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    dask.worker(), dask.worker()
    code, text = run(project, "transcribe", "--scheduler", address)
    assert code == ExitCode.TRANSCRIPTION
    assert "听写：2 件" in text
    assert "讲01_2026-01-12.wav" in text
    assert "听不清" in text
    assert "走近一点" in text
    assert "讲02_2026-01-12.wav" in text
    assert "一再中途停掉" in text
    assert finished(project) == 2


def test_when_the_scheduler_is_gone_what_was_finished_stays(
    tmp_path: Path, run: Run, dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = village_of(tmp_path / "village", [6] * 12)
    line = Line(dask.scheduler())
    dask.allow(FEW)
    dask.worker()

    def disturb() -> None:
        wait_for(lambda: finished(project) >= 2)
        monkeypatch.setattr(dask_cluster, "CONNECT_TIMEOUT", 3.0)
        monkeypatch.setattr(dask_cluster, "GIVE_UP_AFTER", 3.0)
        line.cut(for_good=True)

    with meanwhile(disturb):
        code, text = run(project, "transcribe", "--scheduler", line.address)
    assert code == ExitCode.ENGINE
    assert "连接断了" in text
    done = finished(project)
    assert 2 <= done < 12
    assert f"听写：{done} 件" in text
    dask.allow(None)
    code, text = run(project, "transcribe", "--scheduler", dask.address)
    assert (code, finished(project)) == (0, 12)
    assert f"听写：{12 - done} 件" in text


def test_a_scheduler_that_is_started_again_goes_on(tmp_path: Path, run: Run, dask: Dask) -> None:
    project = village_of(tmp_path / "village", [6] * 10)
    line = Line(dask.scheduler())
    dask.allow(FEW)
    dask.worker()

    def disturb() -> None:
        wait_for(lambda: finished(project) >= 2)
        for process in dask.processes:
            kill(process)
        dask.allow(None)
        line.lead_to(dask.scheduler())
        dask.worker()

    with meanwhile(disturb):
        code, text = run(project, "transcribe", "--scheduler", line.address)
    assert (code, finished(project)) == (0, 10), text
    assert "听写：10 件" in text


def test_when_no_worker_is_left_the_run_ends(
    tmp_path: Path, run: Run, dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = village_of(tmp_path / "village", [6] * 8)
    monkeypatch.setattr(dask_cluster, "GIVE_UP_AFTER", 2.0)
    monkeypatch.setattr(dask_cluster, "CHECK_INTERVAL", 0.5)
    address = dask.scheduler()
    dask.allow(FEW)
    worker = dask.worker()

    def disturb() -> None:
        wait_for(lambda: finished(project) >= 2)
        kill(worker)

    with meanwhile(disturb):
        code, text = run(project, "transcribe", "--scheduler", address)
    assert code == ExitCode.ENGINE
    assert f"dask worker {address}" in text
    assert 2 <= finished(project) < 8


def test_a_worker_that_comes_later_helps(tmp_path: Path, run: Run, dask: Dask) -> None:
    project = village_of(tmp_path / "village", [6] * 10)
    address = dask.scheduler()
    dask.allow(FEW)
    first = dask.worker()

    def disturb() -> None:
        wait_for(lambda: finished(project) >= 2)
        dask.worker("--name=later")
        kill(first)
        dask.allow(None)

    with meanwhile(disturb):
        code, text = run(project, "transcribe", "--scheduler", address)
    assert (code, finished(project)) == (0, 10), text


def test_a_worker_with_another_version_ends_the_run(tmp_path: Path, run: Run, dask: Dask) -> None:
    project = village_of(tmp_path / "village", [6, 6])
    address = dask.scheduler()
    dask.worker(CUNSHI_TEST_VERSION="0.0.9")
    code, text = run(project, "transcribe", "--scheduler", address)
    assert code == ExitCode.ENGINE
    assert "cunshi 0.0.9 ≠" in text
    assert "装同一版村史" in text
    assert finished(project) == 0


def test_a_worker_that_cannot_open_the_model_says_so(tmp_path: Path, run: Run, dask: Dask) -> None:
    project = village_of(tmp_path / "village", [6])
    models = tmp_path / "models"
    (models / "ours").mkdir(parents=True)
    (models / "ours" / "model.bin").write_bytes(b"a model")
    address = dask.scheduler()
    dask.worker(HF_HUB_OFFLINE="1", CUNSHI_ROOT=str(tmp_path / "elsewhere"))
    words = ["transcribe", "--engine", "faster-whisper", "--model", "../models/ours"]
    code, text = run(project, *words, "--scheduler", address)
    assert code == ExitCode.ENGINE
    assert "找不到 Whisper 模型 “../models/ours”" in text
    assert finished(project) == 0


def test_nobody_there(
    tmp_path: Path, run: Run, dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = village_of(tmp_path / "village", [6])
    monkeypatch.setattr(dask_cluster, "FIRST_WORKER_TIMEOUT", 1.0)
    code, text = run(project, "transcribe", "--scheduler", dask.scheduler())
    assert (code, "没有听写的电脑" in text) == (ExitCode.ENGINE, True), text
    code, text = run(project, "transcribe", "--scheduler", "tcp://127.0.0.1:9")
    assert (code, "连不上集群" in text) == (ExitCode.ENGINE, True), text
    code, text = run(project, "transcribe", "--scheduler", "地址")
    assert (code, "连不上集群" in text) == (ExitCode.ENGINE, True), text
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, text = run(project, "transcribe", "--scheduler", dask.address)
    assert (code, "run.py add cluster" in text) == (ExitCode.CONFIGURATION, True), text


def test_no_sound_goes_to_a_cluster_that_archive_yml_does_not_allow(
    tmp_path: Path, run: Run, dask: Dask
) -> None:
    project = village_of(tmp_path / "village", [6])
    settings = project.archive / "archive.yml"
    settings.write_text(settings.read_text("utf-8").replace("cluster: 是\n", ""), "utf-8")
    line = Line(dask.scheduler())
    code, text = run(project, "transcribe", "--scheduler", line.address)
    assert code == ExitCode.CONFIGURATION
    assert "cluster: 是" in text
    assert line.connections == 0


def test_ctrl_c_takes_back_what_was_sent(tmp_path: Path, dask: Dask) -> None:
    from distributed import Client

    project = village_of(tmp_path / "village", [6] * 10)
    address = dask.scheduler()
    dask.allow(FEW)  # the third one waits at the worker when the signal comes
    dask.worker()
    # A shell that starts these tests in the background lets its children ignore the signal.
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heeded}; import support.cluster_worker; from cunshi.cli import main; main()"
    words = [sys.executable, "-c", program, "--root", str(project.root)]
    paths = os.pathsep.join(map(str, (ROOT / "scripts", ROOT / "tests")))
    process = subprocess.Popen(
        [*words, "transcribe", "--scheduler", address],
        env={**os.environ, "PYTHONPATH": paths, "SOURCE_DATE_EPOCH": EPOCH},
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: finished(project) >= 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(WAIT) == ExitCode.INTERRUPTED
    assert 2 <= finished(project) < 10
    with Client(address, set_as_default=False) as client:
        wait_for(lambda: not client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.tasks))


def test_over_tls(tmp_path: Path, run: Run, dask: Dask) -> None:
    project = village_of(tmp_path / "village", [6, 6])
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl makes the certificate of this test")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cunshi"]
    subprocess.run(
        [openssl, *words, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    secured = {"REQUIRE_ENCRYPTION": "true", "TLS__CA_FILE": str(certificate)}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        secured[f"TLS__{who}__KEY"] = str(key)
        secured[f"TLS__{who}__CERT"] = str(certificate)
    variables = {f"DASK_DISTRIBUTED__COMM__{name}": value for name, value in secured.items()}
    address = dask.scheduler("--protocol=tls", **variables)
    assert address.startswith("tls://")
    dask.worker(**variables)
    code, text = run(project, "transcribe", "--scheduler", address)
    assert (code, "连不上集群" in text) == (ExitCode.ENGINE, True), text
    from dask import config

    prefix = "distributed.comm."
    keys = {prefix + n.lower().replace("__", ".").replace("_", "-"): v for n, v in secured.items()}
    with config.set(keys):
        code, text = run(project, "transcribe", "--scheduler", address)
    assert (code, finished(project)) == (0, 2), text
