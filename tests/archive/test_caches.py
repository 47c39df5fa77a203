"""Each cache by itself: what is found again, what is not, and what a damaged file does."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi.archive.cache import file_cache, stage_stamps
from cunshi.archive.cache.file_cache import FileCache, stats_of
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.project import Project
from support.village import settle

# What may stand in a cache file after a crash, an older program, or a curious person.
BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"version": "1"}',
    b'{"version": "1", "entries": []}',
    b'{"version": "1", "entries": {"a": 1}}',
    b'{"version": "1", "entries": {"a": ["key"]}}',
    b'{"entries": {"a": ["key", "value"]}}',
    b"[" * 100_000,
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that has not changed for a while."""
    path = tmp_path / "source.txt"
    path.write_text("甲", "utf-8")
    settle(path)
    return path


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "values.json"


def keep(cache_file: Path, source: Path, version: str = "1") -> None:
    """Keep the value of one file."""
    cache = FileCache(cache_file, version)
    cache.put("a", stats_of([source]), {"of": "甲"})
    cache.save({"a"})


def found(cache_file: Path, source: Path, version: str = "1") -> object:
    return FileCache(cache_file, version).get("a", stats_of([source]))


def test_the_value_of_an_unchanged_file_is_found(cache_file: Path, source: Path) -> None:
    keep(cache_file, source)
    assert found(cache_file, source) == {"of": "甲"}
    assert FileCache(cache_file, "1").get("b", stats_of([source])) is None


def rewrite_longer(path: Path) -> None:
    path.write_text("甲乙", "utf-8")
    settle(path)


@pytest.mark.parametrize("change", [rewrite_longer, lambda path: settle(path, 1), Path.unlink])
def test_the_value_of_a_changed_file_is_not_found(
    cache_file: Path, source: Path, change: Callable[[Path], object]
) -> None:
    keep(cache_file, source)
    change(source)
    assert found(cache_file, source) is None


def test_a_value_of_several_files_is_lost_with_a_change_of_one(
    cache_file: Path, source: Path, tmp_path: Path
) -> None:
    other, missing = tmp_path / "other.txt", tmp_path / "missing.txt"
    other.write_text("乙", "utf-8")
    settle(other)
    cache = FileCache(cache_file, "1")
    cache.put("a", stats_of([source, other, missing]), 1)
    assert cache.get("a", stats_of([source, other, missing])) == 1
    assert cache.get("a", stats_of([source, other])) is None
    missing.write_text("", "utf-8")
    assert cache.get("a", stats_of([source, other, missing])) is None


@pytest.mark.parametrize(
    ("grain", "age", "is_kept"),
    [(2.0, 0.0, False), (2.0, 1.9, False), (2.0, 2.1, True), (0.0, 0.1, True), (2.0, -60.0, False)],
)
def test_nothing_is_kept_of_a_file_that_could_change_without_a_new_time(
    cache_file: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    grain: float,
    age: float,
    is_kept: bool,
) -> None:
    monkeypatch.setattr(time, "time", lambda: source.stat().st_mtime + age)
    cache = FileCache(cache_file, "1", grain)
    cache.put("a", stats_of([source]), 1)
    assert (cache.get("a", stats_of([source])) == 1) is is_kept


def test_nothing_is_kept_of_a_file_that_is_not_there(cache_file: Path, source: Path) -> None:
    source.unlink()
    cache = FileCache(cache_file, "1")
    cache.put("a", stats_of([source]), 1)
    assert cache.get("a", stats_of([source])) is None


def test_of_a_file_that_changed_while_it_was_read_the_value_is_not_found(
    cache_file: Path, source: Path
) -> None:
    cache = FileCache(cache_file, "1")
    before = stats_of([source])
    rewrite_longer(source)
    cache.put("a", before, "read from either")
    assert cache.get("a", stats_of([source])) is None


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_cache_file_is_an_empty_one(cache_file: Path, source: Path, damage: bytes) -> None:
    cache_file.parent.mkdir()
    cache_file.write_bytes(damage)
    assert found(cache_file, source) is None
    keep(cache_file, source)
    assert found(cache_file, source) == {"of": "甲"}


def test_a_cache_of_another_version_is_an_empty_one(cache_file: Path, source: Path) -> None:
    keep(cache_file, source, "1 zh")
    assert found(cache_file, source, "1 en") is None
    assert found(cache_file, source, "1 zh") is not None


def test_a_cache_file_is_not_written_when_nothing_is_new(cache_file: Path, source: Path) -> None:
    keep(cache_file, source)
    before = cache_file.stat()
    FileCache(cache_file, "1").save({"a", "nothing known of it"})
    assert cache_file.stat() == before


def test_names_that_are_gone_are_dropped(cache_file: Path, source: Path) -> None:
    keep(cache_file, source)
    cache = FileCache(cache_file, "1")
    cache.save(set())
    assert cache.get("a", stats_of([source])) is None
    assert "甲" not in cache_file.read_text("utf-8")


def test_killed_while_it_is_written_a_cache_keeps_what_it_had(
    cache_file: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def die(*__: object) -> None:
        raise KilledError

    keep(cache_file, source)
    with pytest.raises(KilledError), monkeypatch.context() as patch:
        patch.setattr(file_cache, "write_atomic", die)
        cache = FileCache(cache_file, "1")
        cache.put("b", stats_of([source]), 2)
        cache.save({"a", "b"})
    assert found(cache_file, source) == {"of": "甲"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "village")


def record(project: Project, *names: str, stage: str = "kits") -> None:
    """Record names as a run does."""
    stamps = StageStamps(project, stage)
    for name in names:
        stamps.record(name, "stamp", [name, "note"])
    stamps.save()


def test_what_was_recorded_with_this_stamp_is_current(project: Project) -> None:
    record(project, "a")
    stamps = StageStamps(project, "kits")
    assert "a" not in stamps
    assert stamps.is_current("a", "stamp")
    assert "a" in stamps
    assert stamps.note_of("a") == ["a", "note"]
    assert not stamps.is_current("a", "another")
    assert not stamps.is_current("b", "stamp")


def test_each_stage_and_edition_has_its_own_stamps(project: Project) -> None:
    record(project, "a")
    assert not StageStamps(project, "hearing").is_current("a", "stamp")
    assert not StageStamps(project.classroom, "kits").is_current("a", "stamp")


def test_what_was_recorded_in_this_run_is_known_in_it(project: Project) -> None:
    stamps = StageStamps(project, "measure")
    stamps.record("a", "stamp", 1)
    assert "a" in stamps and stamps.note_of("a") == 1


def test_without_a_stamp_nothing_is_recorded_or_current(project: Project) -> None:
    stamps = StageStamps(project, "kits")
    stamps.record("a", "")
    assert "a" not in stamps and not stamps.is_current("a", "")
    stamps.save()
    assert not StageStamps(project, "kits").is_current("a", "")


def test_stamps_that_a_run_does_not_ask_for_are_dropped(project: Project) -> None:
    record(project, "a", "gone")
    stamps = StageStamps(project, "kits")
    assert stamps.is_current("a", "stamp")
    stamps.save()
    assert StageStamps(project, "kits").is_current("a", "stamp")
    assert not StageStamps(project, "kits").is_current("gone", "stamp")


def test_killed_at_work_a_stage_has_recorded_nothing(project: Project) -> None:
    record(project, "site", stage="site")
    stamps = StageStamps(project, "site")
    assert stamps.is_current("site", "stamp")
    stamps.clear()
    # The run ends here, before it saves.
    assert not StageStamps(project, "site").is_current("site", "stamp")
    StageStamps(project, "site").clear()  # there is nothing to remove, which is no error


@pytest.mark.parametrize("damage", BROKEN)
def test_broken_stamps_are_none(project: Project, damage: bytes) -> None:
    record(project, "a")
    [path] = project.cache.glob("*")
    path.write_bytes(damage)
    assert not StageStamps(project, "kits").is_current("a", "stamp")
    record(project, "a")
    assert StageStamps(project, "kits").is_current("a", "stamp")


def test_stamps_of_another_program_are_none(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(project, "a")
    with monkeypatch.context() as patch:
        patch.setattr(stage_stamps, "program_stamp", lambda: "another")
        assert not StageStamps(project, "kits").is_current("a", "stamp")
    assert StageStamps(project, "kits").is_current("a", "stamp")


def test_the_programs_stamp_changes_with_its_packages_and_its_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stamp_now = stage_stamps.program_stamp.__wrapped__
    before = stamp_now()
    assert stamp_now() == before
    for name, other in (("_version", lambda package: "0"), ("language", lambda: "tlh")):
        with monkeypatch.context() as patch:
            patch.setattr(stage_stamps, name, other)
            assert stamp_now() != before


def test_the_bytes_of_a_text_count_although_its_size_and_time_stay(source: Path) -> None:
    texts, files = stamp_of(texts=[source]), stamp_of(files=[source])
    source.write_text("乙", "utf-8")
    settle(source)
    assert stamp_of(texts=[source]) != texts
    assert stamp_of(files=[source]) == files
    settle(source, 1)
    assert stamp_of(files=[source]) != files


def test_a_missing_text_differs_from_every_other(source: Path) -> None:
    missing = source.with_name("missing")
    stamps = {stamp_of(texts=[missing])}
    for text in ("", "-", "- "):
        source.write_text(text, "utf-8")
        stamps.add(stamp_of(texts=[source]))
    assert len(stamps) == 4 and "" not in stamps


def test_words_do_not_move_from_one_text_to_the_next_unseen(tmp_path: Path) -> None:
    texts = [tmp_path / "a", tmp_path / "b"]
    stamps = set()
    for pair in (("甲乙", ""), ("", "甲乙"), ("甲", "乙")):
        for path, words in zip(texts, pair, strict=True):
            path.write_text(words, "utf-8")
        stamps.add(stamp_of(texts=texts))
    assert len(stamps) == 3


def test_a_text_that_cannot_be_read_has_no_stamp(tmp_path: Path) -> None:
    folder = tmp_path / "a folder, which nobody can read as a text"
    folder.mkdir()
    assert stamp_of("x", texts=[folder]) == ""
