"""The embedded model is verified, and restored if damaged."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cunshi.core.errors import EngineError
from cunshi.transcription.engines import whisper_base

NAMES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
PARTS = {"model.bin.part1": b"first part, ", "model.bin.part2": b"second part"}
SMALL = {
    "config.json": b"{}",
    "model.bin": b"".join(PARTS.values()),
    "tokenizer.json": b'{"a": 1}',
    "vocabulary.txt": b"a\nb\n",
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary user cache, removed early because the model is large."""

    def path(name: str, appauthor: object = None) -> Path:
        return tmp_path / "cache" / name

    monkeypatch.setattr(whisper_base, "user_cache_path", path)
    yield tmp_path / "cache" / "cunshi" / "whisper-base"
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


@pytest.fixture
def packages(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small packages in place of the real ones, to test every kind of damage."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, data in (SMALL | PARTS).items():
        (folder / name).write_bytes(data)
    (folder / "model.bin").unlink()
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in SMALL.items()}
    monkeypatch.setattr(whisper_base, "_SHA256", hashes)
    monkeypatch.setattr(whisper_base, "_package_data", lambda package: folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file, including hidden ones."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_installed_packages_hold_the_published_model(cache: Path) -> None:
    folder = whisper_base.model_folder()
    assert folder == cache
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    with (folder / "model.bin").open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    # Of model.bin in https://huggingface.co/Systran/faster-whisper-base
    assert digest == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
    assert digest == whisper_base.MODEL_SHA256


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink])
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_made_anew_and_the_others_are_left(
    packages: Path, name: str, damage: Callable[[Path], None]
) -> None:
    folder = whisper_base.model_folder()
    assert contents(folder) == SMALL
    others = {other: (folder / other).stat().st_ino for other in NAMES if other != name}
    damage(folder / name)
    assert contents(whisper_base.model_folder()) == SMALL
    assert {other: (folder / other).stat().st_ino for other in others} == others


def test_a_whole_model_is_not_written_again(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whisper_base.model_folder()

    def fail(name: str) -> list[Path]:
        raise AssertionError(name)

    monkeypatch.setattr(whisper_base, "_sources", fail)
    whisper_base.model_folder()


@pytest.mark.parametrize("part", ["model.bin.part1", "model.bin.part2", "vocabulary.txt"])
def test_a_wrong_part_is_refused_and_leaves_nothing_behind(packages: Path, part: str) -> None:
    flip(packages / part)
    name = part.removesuffix(".part1").removesuffix(".part2")
    with pytest.raises(EngineError) as refused:
        whisper_base.model_folder()
    assert name in refused.value.cause
    assert refused.value.remedy
    cache = whisper_base.user_cache_path("cunshi", appauthor=False) / "whisper-base"
    found = contents(cache)
    assert name not in found
    assert found.items() <= SMALL.items()


def test_parts_in_the_wrong_order_are_refused(
    packages: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = whisper_base._sources
    monkeypatch.setattr(whisper_base, "_sources", lambda name: sources(name)[::-1])
    with pytest.raises(EngineError, match=r"model\.bin"):
        whisper_base.model_folder()
    assert "model.bin" not in contents(cache)


def test_a_wrong_part_never_replaces_what_is_there(packages: Path, cache: Path) -> None:
    whisper_base.model_folder()
    flip(cache / "model.bin")
    damaged = (cache / "model.bin").read_bytes()
    flip(packages / "model.bin.part1")
    with pytest.raises(EngineError):
        whisper_base.model_folder()
    assert contents(cache) == SMALL | {"model.bin": damaged}


def test_a_package_that_is_missing_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper_base, "_PACKAGES", ("no_such_package", "no_such_package_2"))
    with pytest.raises(EngineError, match="no_such_package") as refused:
        whisper_base.model_folder()
    assert refused.value.remedy
    assert not list(cache.glob("*")) or not contents(cache)


def test_a_cache_that_cannot_be_written_is_explained(packages: Path, cache: Path) -> None:
    cache.parent.parent.mkdir(parents=True, exist_ok=True)
    cache.parent.write_bytes(b"a file in the way")
    with pytest.raises(EngineError) as refused:
        whisper_base.model_folder()
    assert refused.value.remedy
    cache.parent.unlink()
