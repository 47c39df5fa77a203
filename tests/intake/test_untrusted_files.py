"""What others send is one file's problem in one line: nothing hangs, crashes or runs a command."""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, DepositError, RecordError
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import load_fields, parse_fields, read_text
from cunshi.domain.settings import Destination
from cunshi.intake.inspection import Inspector
from cunshi.media import audio, photos
from cunshi.publishing.destinations import open_publisher
from support.village import ROOT, settle

Run = Callable[..., tuple[int, str]]

VALUES = [
    "9" * 5000,
    "1e999",
    ".nan",
    "0x" + "f" * 3000,
    "99999-13-77",
    "&a [*a, *a]",
    "!!python/object/apply:os.system [true]",
    "[" * 500,
    "{" * 500,
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", ["课", "日期", "未成年", "同意", "用途"])
def test_no_value_of_a_sidecar_ends_a_command(
    village: Project, drop: Callable[..., Path], run: Run, key: str, value: str
) -> None:
    sound = drop("mottoes/欧桥村", "mottoes/a.m4a")
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.m4a")
    sidecar = sound.with_suffix(".yml")
    sidecar.write_text(f"{key}: {value}\n", "utf-8")
    settle(sidecar)
    code, printed = run(village, "ingest")
    assert code in {0, 3, 5}, printed
    assert "Traceback" not in printed
    assert len(printed) < 5000
    assert len(village.accessions()) == 2


def test_numbers_that_python_refuses_are_reported() -> None:
    problems: list[Problem] = []
    fields = parse_fields(f"a: {'9' * 5000}\nb: 1e999\nc: nan\n", "x.yml", problems)
    assert (fields.integer("a"), fields.number("b"), fields.number("c")) == (0, 0.0, 0.0)
    assert [problem.line for problem in problems] == [1, 2, 3]


def test_a_file_of_mistakes_is_reported_in_a_few_lines() -> None:
    problems: list[Problem] = []
    text = "".join(f"key{number}: 1\n" for number in range(100_000))
    parse_fields(text, "x.yml", problems).finish()
    assert 0 < len(problems) < 20
    problems.clear()
    parse_fields("a: 1\n" * 50_000, "x.yml", problems).finish()
    assert 0 < len(problems) < 20


def test_a_text_is_not_read_without_end(tmp_path: Path) -> None:
    path = tmp_path / "folder.yml"
    with path.open("wb") as stream:
        stream.truncate(1 << 32)
    with pytest.raises(RecordError, match="太大"):
        read_text(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs")
@pytest.mark.parametrize("name", ["folder.yml", "a.yml", "a.m4a", "b.jpg"])
def test_a_fifo_stops_nothing(
    village: Project, drop: Callable[..., Path], run: Run, name: str
) -> None:
    drop("mottoes/金村村", "02-桥/金村村_金家_2026-02-01.m4a")
    folder = village.recordings / "01-村"
    folder.mkdir()
    os.mkfifo(folder / name)
    code, printed = run(village, "ingest")
    assert code in {3, 5} and "普通文件" in printed
    assert len(village.accessions()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs")
def test_a_fifo_is_no_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "archive.yml")
    problems: list[Problem] = []
    load_fields(tmp_path / "archive.yml", "archive.yml", problems)
    assert len(problems) == 1


IMPORTS = """
import contextlib, resource, sys
from pathlib import Path
from cunshi.core.errors import CunshiError
from cunshi.intake.import_transcript import read_foreign
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for path in map(Path, sys.argv[1:]):
    print(path.name, flush=True)
    with contextlib.suppress(CunshiError):
        read_foreign(path, 10.0)
"""
REPEATED = ("<v ", "<v a", "<", "1:", "00:00:01,000 --> ", "&lt;", " ")


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of processes")
def test_an_import_comes_to_an_end_whatever_is_repeated(tmp_path: Path) -> None:
    """A pattern that is quadratic in one of them takes hours, and the system ends the process."""
    size, paths = 1_000_000, []
    for number, words in enumerate(REPEATED):
        paths.append(tmp_path / f"{number}.vtt")
        text = f"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{words * (size // len(words))}\n"
        paths[-1].write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *paths],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    read = [REPEATED[int(name.partition(".")[0])] for name in done.stdout.split()]
    assert done.returncode == 0, read[-1:]
    assert read == list(REPEATED)


def wav(path: Path, rate: int, channels: int) -> Path:
    size = 2 * channels * 2000
    head = struct.pack("<4sI4s4sIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, channels)
    speed = (rate * 2 * channels) & 0xFFFFFFFF
    head += struct.pack("<IIHH4sI", rate, speed, 2 * channels, 16, b"data", size)
    path.write_bytes(head + os.urandom(size))
    return path


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (2**31 - 1, 1), (16_000, 255), (3000, 2)])
def test_a_header_that_no_recorder_writes_is_refused(
    tmp_path: Path, rate: int, channels: int
) -> None:
    with pytest.raises(DepositError):
        audio.check(wav(tmp_path / "a.wav", rate, channels))


def test_a_plausible_header_is_not_refused(tmp_path: Path) -> None:
    assert audio.check(wav(tmp_path / "a.wav", 8000, 2)).channels == 2


def png(path: Path, width: int, height: int) -> Path:
    """Write a small PNG that decodes to a large picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path


def test_a_small_file_that_is_a_huge_picture_is_refused(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", 16_000, 16_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(DepositError, match="太大"):
        photos.check(path)
    photos.check(png(tmp_path / "b.png", 4000, 3000))


@pytest.mark.parametrize("form", ["EPS", "TIFF", "BMP", "PPM", "PDF", "ICO", "TGA", "SGI"])
def test_only_the_wanted_formats_are_opened(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (40, 40), "red").save(path, form)
    inspector = Inspector()
    try:
        with pytest.raises(DepositError, match="打不开"):
            inspector.inspect(path)
    finally:
        inspector.close()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_wanted_formats_are_known_by_their_content(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (40, 40), "red").save(path, form)
    photos.check(path)
    photos.make_photo_copy(path, tmp_path / "copy.jpg")


COMMANDS = [
    "--upload-pack=touch {marker}",
    "--exec=touch {marker}",
    "-oProxyCommand=touch {marker}",
    "ext::sh -c touch% {marker}",
    "fd::7",
    "origin\n--upload-pack=touch {marker}",
]


@pytest.mark.parametrize("value", COMMANDS)
@pytest.mark.parametrize("field", ["remote", "branch", "rsync"])
def test_no_destination_runs_a_command(tmp_path: Path, value: str, field: str) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    marker = tmp_path / "marker"
    values = {"branch": "gh-pages"} if field != "rsync" else {}
    where = Destination(**values | {field: value.format(marker=marker)})
    with pytest.raises(CunshiError):
        open_publisher(tmp_path, where)
    assert not marker.exists()
