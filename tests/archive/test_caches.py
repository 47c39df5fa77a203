"""Unit tests of each cache: hits, misses, and damaged files."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from cunshi.archive.cache import file_cache, recording_cache, stage_stamps
from cunshi.archive.cache.file_cache import FileCache, stats_of
from cunshi.archive.cache.recording_cache import CachedRecording, CachedSegments, RecordingCache
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.core.errors import DepositError, DiskError
from cunshi.domain.recording import Technical
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment, Transcript
from cunshi.intake.deposit_cache import DepositCache
from cunshi.intake.inspection import Inspector
from cunshi.publishing import log
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
    """Return a file that has not changed for some time."""
    path = tmp_path / "source.txt"
    path.write_text("甲", "utf-8")
    settle(path)
    return path


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "values.json"


def keep(cache_file: Path, source: Path, version: str = "1") -> None:
    """Cache a value for one file."""
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
    """Record stamps for names, as a run does."""
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


ARCHIVE = Archive("文化站")
LINES = (Segment(0.0, 1.0, "一条河。"), Segment(1.0, 2.0, "一座桥。"))


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """The file of one recording."""
    return tmp_path / "told" / "a.json"


def keep_entry(entry: Path, stamp: str = "stamp") -> None:
    cached = CachedRecording(entry, stamp)
    cached.put("known", {"status": "draft"})
    cached.put_text("spoken", "", "一条河。")
    cached.put_text("mentions", "words asked", "一座桥。")
    cached.release()


def test_values_and_texts_of_a_recording_are_found_again(entry: Path) -> None:
    keep_entry(entry)
    cached = CachedRecording(entry, "stamp")
    assert cached.get("known") == {"status": "draft"}
    assert cached.get("nothing") is None
    assert cached.get_text("spoken", "") == "一条河。"
    assert cached.get_text("mentions", "words asked") == "一座桥。"
    assert cached.get_text("mentions", "other words") is None
    assert cached.get_text("nothing", "") is None


@pytest.mark.parametrize("stamp", ["another", ""])
def test_with_another_stamp_or_none_nothing_of_a_recording_is_found(
    entry: Path, stamp: str
) -> None:
    keep_entry(entry)
    cached = CachedRecording(entry, stamp)
    assert cached.get("known") is None and cached.get_text("spoken", "") is None


def test_what_is_added_later_leaves_the_rest(entry: Path) -> None:
    keep_entry(entry)
    cached = CachedRecording(entry, "stamp")
    cached.put("golden", True)
    cached.put_text("mentions", "other words", "两座桥。")
    cached.release()
    for again in (cached, CachedRecording(entry, "stamp")):
        assert again.get("known") == {"status": "draft"} and again.get("golden") is True
        assert again.get_text("spoken", "") == "一条河。"
        assert again.get_text("mentions", "other words") == "两座桥。"


def test_what_is_made_from_other_inputs_replaces_all_of_a_recording(entry: Path) -> None:
    keep_entry(entry)
    cached = CachedRecording(entry, "another")
    cached.put("known", 1)
    cached.release()
    assert CachedRecording(entry, "another").get_text("spoken", "") is None
    assert "河" not in entry.read_text("utf-8")


def test_a_recording_with_nothing_new_is_not_written(entry: Path) -> None:
    keep_entry(entry)
    before = entry.stat()
    cached = CachedRecording(entry, "stamp")
    cached.put("known", {"status": "draft"})
    cached.release()
    assert entry.stat() == before


@pytest.mark.parametrize(
    "damage",
    [
        *(lambda data, broken=broken: broken for broken in BROKEN[:-1]),
        lambda data: data[:-1],
        lambda data: data[:-3] + "井".encode(),
        lambda data: data.partition(b"\n")[0],
        lambda data: data.replace(b'"texts": [[', b'"texts": [[1, '),
    ],
)
def test_a_broken_file_of_a_recording_is_an_empty_one(
    entry: Path, damage: Callable[[bytes], bytes]
) -> None:
    keep_entry(entry)
    entry.write_bytes(damage(entry.read_bytes()))
    cached = CachedRecording(entry, "stamp")
    assert cached.get("known") is None and cached.get_text("spoken", "") is None
    keep_entry(entry)
    assert CachedRecording(entry, "stamp").get("known") == {"status": "draft"}


def test_killed_before_it_is_released_nothing_of_a_recording_is_kept(entry: Path) -> None:
    cached = CachedRecording(entry, "stamp")
    cached.put("known", 1)
    cached.put_text("spoken", "", "一条河。")
    assert cached.get("known") == 1 and cached.get_text("spoken", "") == "一条河。"
    assert not entry.exists()


def test_without_a_file_it_is_kept_in_memory_alone(tmp_path: Path) -> None:
    cached = CachedRecording()
    cached.put("known", 1)
    cached.release()
    assert cached.get("known") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def village(project: Project) -> Project:
    project.archive.mkdir(parents=True)
    (project.archive / "archive.yml").write_text("institution: 文化站\n", "utf-8")
    return project


def keep_recordings(project: Project, *ids: str, archive: Archive = ARCHIVE) -> None:
    cache = RecordingCache(project, archive)
    for recording_id in ids:
        cache.recording(recording_id, "stamp").put("known", recording_id)
    cache.save()


def known(project: Project, recording_id: str, archive: Archive = ARCHIVE) -> Any:
    return RecordingCache(project, archive).recording(recording_id, "stamp").get("known")


def test_recordings_that_a_run_does_not_ask_for_are_dropped(village: Project) -> None:
    keep_recordings(village, "a", "b")
    assert (known(village, "a"), known(village, "b"), known(village, "c")) == ("a", "b", None)
    keep_recordings(village, "b")
    assert (known(village, "a"), known(village, "b")) == (None, "b")
    assert [path.stem for path in (village.cache / "told").rglob("*.json")] == ["b"]


def test_what_all_recordings_depend_on_makes_all_of_them_anew(
    village: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_recordings(village, "a")
    assert known(village, "a", Archive("档案馆")) is None
    with monkeypatch.context() as patch:
        patch.setattr(recording_cache, "program_stamp", lambda: "another")
        assert known(village, "a") is None
    assert known(village, "a") == "a"
    (village.archive / "archive.yml").write_text("institution: 档案馆\n", "utf-8")
    assert known(village, "a") is None
    # Nothing of what was made before is left behind.
    keep_recordings(village, "b")
    assert [path.stem for path in (village.cache / "told").rglob("*.json")] == ["b"]
    assert len(list((village.cache / "told").iterdir())) == 1


def test_while_a_text_about_all_recordings_cannot_be_read_none_is_kept(village: Project) -> None:
    keep_recordings(village, "a")
    (village.archive / "archive.yml").unlink()
    (village.archive / "archive.yml").mkdir()
    assert known(village, "a") is None
    keep_recordings(village, "a")
    assert list((village.cache / "told").rglob("*.json")) == []


def test_a_recording_is_older_than_a_file_that_changed_since(
    village: Project, source: Path
) -> None:
    assert RecordingCache(village, ARCHIVE).is_older("a", [])
    keep_recordings(village, "a")
    cache = RecordingCache(village, ARCHIVE)
    assert not cache.is_older("a", [source, source.with_name("missing")])
    settle(source, later=10**9)
    assert cache.is_older("a", [source])


class Reader:
    """Reads the lines, and counts how often it did."""

    count = 0

    def __call__(self) -> tuple[Segment, ...]:
        self.count += 1
        return LINES


def test_segments_are_read_when_somebody_asks_for_them_and_once() -> None:
    read = Reader()
    lines = CachedSegments(read, CachedRecording())
    assert Transcript(lines).derived is lines and read.count == 0
    assert (list(lines), lines[0], lines[1:], len(lines)) == ([*LINES], LINES[0], LINES[1:], 2)
    assert lines == LINES and hash(lines) == hash(LINES) and read.count == 1
    lines.release()
    assert lines[1] == LINES[1] and read.count == 2


def test_segments_that_were_read_already_are_taken() -> None:
    read = Reader()
    lines = CachedSegments(read, CachedRecording())
    lines.preload(LINES[:1])
    assert tuple(lines) == LINES[:1] and read.count == 0


def test_what_is_derived_is_worked_out_once_until_the_inputs_change(entry: Path) -> None:
    made: list[str] = []

    def make(name: str) -> Callable[[], str]:
        return lambda: made.append(name) or name  # type: ignore[func-returns-value]

    for stamp in ("one", "one", "two"):
        derived = Transcript(CachedSegments(Reader(), CachedRecording(entry, stamp))).derived
        for __ in range(2):
            assert derived.value("value", make("value")) == "value"
            assert derived.text("text", make("text")) == "text"
            assert derived.text("asked", make("asked"), "basis") == "asked"
        derived.release()
    assert made == ["value", "text", "asked"] * 2


def test_what_is_false_or_empty_is_kept_as_well(entry: Path) -> None:
    lines = CachedSegments(Reader(), CachedRecording(entry, "stamp"))
    assert lines.value("golden", lambda: False) is False
    assert lines.text("spoken", lambda: "") == ""
    lines.release()
    again = CachedSegments(Reader(), CachedRecording(entry, "stamp"))
    assert again.value("golden", lambda: True) is False
    assert again.text("spoken", lambda: "made anew") == ""


def test_what_is_kept_in_memory_goes_with_the_segments() -> None:
    lines = CachedSegments(Reader(), CachedRecording())
    first = lines.in_memory("paragraphs", lambda: [*LINES])
    assert lines.in_memory("paragraphs", lambda: [*LINES]) is first
    lines.release()
    assert lines.in_memory("paragraphs", lambda: [*LINES]) is not first


def test_a_stamp_of_what_was_made_is_kept_with_the_segments(entry: Path) -> None:
    lines = CachedSegments(Reader(), CachedRecording(entry, "one"))
    assert not lines.is_current("pages", "stamp") and not lines.is_current("pages", "")
    lines.record("pages", "stamp")
    lines.release()
    again = CachedSegments(Reader(), CachedRecording(entry, "one"))
    assert again.is_current("pages", "stamp") and not again.is_current("pages", "another")
    assert not CachedSegments(Reader(), CachedRecording(entry, "two")).is_current("pages", "stamp")


def test_segments_made_of_others_share_what_is_kept_and_are_released_together(
    entry: Path,
) -> None:
    read = Reader()
    whole = CachedSegments(read, CachedRecording(entry, "stamp"))
    shown = Transcript(whole.other_segments(lambda: tuple(whole[:1])))
    assert read.count == 0
    assert tuple(shown.segments) == LINES[:1]
    shown.derived.record("pages", "stamp")
    shown.derived.release()
    assert read.count == 1 and whole.is_current("pages", "stamp")
    assert len(whole) == 2 and read.count == 2


def test_a_plain_transcript_works_everything_out_each_time() -> None:
    transcript, made = Transcript(LINES), list[int]()

    def make() -> str:
        made.append(1)
        return "made"

    for __ in range(2):
        assert transcript.derived.value("a", make) == "made"
        assert transcript.derived.text("a", make) == "made"
        assert transcript.derived.in_memory("a", make) == "made"
        transcript.derived.record("a", "stamp")
        assert not transcript.derived.is_current("a", "stamp")
        transcript.derived.release()
    assert len(made) == 6
    assert transcript.derived.other_segments(lambda: LINES[:1]) == LINES[:1]


def test_other_segments_in_a_copy_of_a_transcript_have_nothing_derived_from_the_old_ones(
    entry: Path,
) -> None:
    transcript = Transcript(CachedSegments(Reader(), CachedRecording(entry, "stamp")))
    assert transcript.derived.value("count", lambda: 2) == 2
    assert replace(transcript, segments=LINES[:1]).derived.value("count", lambda: 1) == 1


@pytest.fixture
def deposit(village: Project) -> Path:
    """A text in the drop box, which needs no decoder."""
    path = village.recordings / "mottoes" / "金村村_金家_2026-02-01.txt"
    path.parent.mkdir(parents=True)
    path.write_text("勤俭持家", "utf-8")
    settle(path)
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are hashed."""
    names: list[str] = []
    real = manifest.sha256_of

    def note(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(manifest, "sha256_of", note)
    monkeypatch.setattr(log, "sha256_of", note)
    return names


def inspect(project: Project, path: Path) -> tuple[str, Technical]:
    """Inspect a deposit as a run does."""
    inspections = DepositCache(project)
    found = inspections.sha256(path), inspections.inspect(path)
    inspections.save([path])
    return found


def test_an_unchanged_deposit_is_hashed_and_inspected_once(
    village: Project, deposit: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = inspect(village, deposit)
    assert DepositCache(village).inspection_of(deposit) == {
        "sha256": found[0],
        "technical": asdict(found[1]),
    }
    with monkeypatch.context() as patch:
        patch.setattr(Inspector, "inspect", lambda *__: pytest.fail("it was inspected again"))
        assert inspect(village, deposit) == found
    assert hashed == [deposit.name]
    deposit.write_text("读书明理", "utf-8")
    settle(deposit, 1)
    assert DepositCache(village).inspection_of(deposit) is None
    assert inspect(village, deposit)[0] != found[0]
    assert hashed == [deposit.name] * 2


def test_a_refused_deposit_is_refused_again_without_another_look(
    village: Project, deposit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*__: object) -> Technical:
        raise DepositError("坏的", "换一个")

    inspections = DepositCache(village)
    with monkeypatch.context() as patch, pytest.raises(DepositError):
        patch.setattr(Inspector, "inspect", refuse)
        inspections.inspect(deposit)
    inspections.save([deposit])
    with pytest.raises(DepositError) as refused:
        DepositCache(village).inspect(deposit)
    assert (refused.value.cause, refused.value.remedy) == ("坏的", "换一个")


def test_what_the_disk_refuses_for_a_moment_is_tried_again(
    village: Project, deposit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*__: object) -> Technical:
        raise DiskError(OSError("a cable is loose"), deposit)

    inspections = DepositCache(village)
    with monkeypatch.context() as patch, pytest.raises(DiskError):
        patch.setattr(Inspector, "inspect", fail)
        inspections.inspect(deposit)
    inspections.save([deposit])
    assert inspect(village, deposit)[1].container


def test_a_deposit_that_is_gone_is_dropped(village: Project, deposit: Path) -> None:
    inspect(village, deposit)
    DepositCache(village).save([])
    assert DepositCache(village).inspection_of(deposit) is None


def test_published_files_are_hashed_once_until_they_change(
    village: Project, hashed: list[str]
) -> None:
    village.site.mkdir(parents=True)
    for name in ("a.html", "b.html"):
        (village.site / name).write_text(name)
    first = log._hashes(village)
    assert first == {name: sha256(name.encode()).hexdigest() for name in ("a.html", "b.html")}
    assert log._hashes(village) == first and len(hashed) == 2
    (village.site / "a.html").write_text("longer than before")
    (village.site / "b.html").unlink()
    assert log._hashes(village) == {"a.html": sha256(b"longer than before").hexdigest()}
    assert hashed[2:] == ["a.html"]
    assert "b.html" not in (village.cache / "published.json").read_text("utf-8")


@pytest.mark.parametrize("damage", BROKEN)
def test_broken_hashes_of_what_is_published_are_computed_anew(
    village: Project, hashed: list[str], damage: bytes
) -> None:
    village.site.mkdir(parents=True)
    (village.site / "a.html").write_text("a")
    first = log._hashes(village)
    (village.cache / "published.json").write_bytes(damage)
    assert log._hashes(village) == first and len(hashed) == 2
