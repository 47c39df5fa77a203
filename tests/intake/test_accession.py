"""Accessioning of deposits."""

import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cunshi.archive.accession import Accession
from cunshi.archive.events import Event
from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.core.files import stat_of
from cunshi.core.problem import Problem
from cunshi.core.progress import SilentReporter
from cunshi.domain.consent import Access
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.intake import deposit_cache
from cunshi.intake.accessioning import Intake, take_in
from cunshi.media import audio
from support.village import sample_path, settle, tree

NAME = "金村村_金家_2026-02-01.amr"
SHORT = "mottoes/金村村"  # the smallest of the samples
Drop = Callable[..., Path]


def take(project: Project) -> Intake:
    return take_in(project, Archive(villages=("金村村",)), SilentReporter())


def put(project: Project, name: str, data: bytes | str) -> Path:
    path = project.recordings / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    settle(path)
    return path


def photo(project: Project, name: str, colour: str = "red") -> Path:
    path = project.recordings / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    settle(path)
    return path


def only(project: Project) -> Accession:
    accessions = project.accessions()
    assert len(accessions) == 1, accessions
    return accessions[0]


def read(project: Project) -> Recording:
    problems: list[Problem] = []
    recording = project.read_recording(only(project), problems)
    assert problems == []
    return recording


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_master_has_every_bit_of_what_was_dropped(village: Project, drop: Drop) -> None:
    dropped = drop(SHORT, f"mottoes/{NAME}")
    intake = take(village)
    digest = sha256(dropped)
    assert intake.taken == [f"20260201-{digest[:8]}"]
    accession = only(village)
    master = accession.master / f"{accession.id}.amr"
    assert [path.name for path in accession.master.iterdir()] == [master.name]
    assert master.read_bytes() == dropped.read_bytes()
    assert accession.manifest.read_text("utf-8") == f"{digest}  master/{master.name}\n"
    recording = read(village)
    assert (recording.sha256, recording.master) == (digest, master.name)
    assert recording.original_name == f"mottoes/{NAME}"
    assert (recording.description.village, recording.description.consent.by) == ("金村村", "王老师")


def test_the_manifest_is_one_that_other_programs_check(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    photo(village, "mottoes/金村村_金家_2026-02-01.jpg")
    take(village)
    accession = only(village)
    lines = accession.manifest.read_text("utf-8").splitlines()
    names = [f"{accession.id}.amr", f"{accession.id}.jpg"]
    assert lines == [f"{sha256(accession.master / name)}  master/{name}" for name in names]
    if program := shutil.which("sha256sum"):
        command = [program, "--check", "--strict", accession.manifest.name]
        assert subprocess.run(command, cwd=accession.folder, check=False).returncode == 0


def test_what_happened_is_told_in_events(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    events = only(village).read_events()
    assert [event.kind for event in events] == ["ingestion", "message digest calculation"]
    assert events[0].original_name == f"mottoes/{NAME}"
    assert (events[0].fields or {})["narrator"] == "金家"
    assert events[1].hashes == only(village).hashes()
    assert all(event.time == "2027-01-15T08:00:00+00:00" for event in events)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_separator_in_a_title_breaks_no_events(
    village: Project, drop: Drop, separator: str
) -> None:
    sidecar = drop(SHORT, f"mottoes/{NAME}").with_suffix(".yml")
    title = f"石桥{separator}和河"
    sidecar.write_text(json.dumps({"title": title}), "utf-8")
    settle(sidecar)
    take(village)
    assert (only(village).read_events()[0].fields or {})["title"] == title
    assert take(village).problems == []


def test_taking_in_twice_changes_nothing(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    before = tree(village.root)
    again = take(village)
    assert (again.taken, again.amended, again.problems) == ([], [], [])
    noted = "build/cache/settled-intake.json"  # the second look finds that nothing is left to do
    after = tree(village.root)
    assert after.pop(noted) != before.pop(noted)
    assert after == before
    second = tree(village.root)
    take(village)
    assert tree(village.root) == second


def test_without_the_cache_everything_is_the_same(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    photo(village, "mottoes/金村村_金家_2026-02-01.jpg")
    put(village, "01-村名/坏的.mp3", "这不是录音")
    take(village)
    before = tree(village.archive)
    shutil.rmtree(village.cache)
    again = take(village)
    assert (again.taken, again.amended, len(again.problems)) == ([], [], 1)
    assert tree(village.archive) == before


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}', '{"version": 0, "seen": {}}'])
def test_a_damaged_cache_is_no_cache(village: Project, drop: Drop, damage: str) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    village.cache.mkdir(parents=True)
    (village.cache / "deposits.json").write_text(damage, "utf-8")
    assert len(take(village).taken) == 1


@pytest.mark.parametrize(("version", "believed"), [(deposit_cache._VERSION, True), ("0 zh", False)])
def test_a_cache_of_another_version_is_not_believed(
    village: Project, drop: Drop, version: str, believed: bool
) -> None:
    path = drop(SHORT, f"mottoes/{NAME}")
    refused = {"sha256": sha256(path), "cause": "坏", "remedy": "换"}
    village.cache.mkdir(parents=True)
    entries = {village.relative(path): [[stat_of(path)], refused]}
    kept = json.dumps({"version": version, "entries": entries})
    (village.cache / "deposits.json").write_text(kept, "utf-8")
    assert bool(take(village).problems) is believed


def test_the_drop_box_is_only_read(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    put(village, "01-村名/坏的.mp3", "这不是录音")
    before = tree(village.recordings)
    take(village)
    assert tree(village.recordings) == before


def test_the_same_bytes_under_two_names_are_one_item(village: Project, drop: Drop) -> None:
    drop(SHORT, f"01-甲/{NAME}")
    drop(SHORT, "02-乙/又一次.amr")
    intake = take(village)
    assert len(intake.taken) == 1
    assert intake.duplicates == [("recordings/02-乙/又一次.amr", f"recordings/01-甲/{NAME}")]
    assert take(village).duplicates == intake.duplicates
    assert read(village).original_name == f"01-甲/{NAME}"


def test_a_withdrawal_beside_any_of_the_copies_counts(village: Project, drop: Drop) -> None:
    drop(SHORT, f"01-甲/{NAME}")
    take(village)
    drop(SHORT, "02-乙/又一次.amr")
    put(village, "02-乙/又一次.yml", "consent: {withdrawn_on: 2026-03-01}\naccess: 目录\n")
    take(village)
    said = read(village).description
    assert (str(said.consent.withdrawn_on), said.access) == ("2026-03-01", Access.LISTED)


def test_a_renamed_deposit_is_the_same_item(village: Project, drop: Drop) -> None:
    dropped = drop(SHORT, f"mottoes/{NAME}")
    taken = take(village).taken
    dropped.rename(dropped.with_name("金村村_金家家_2026-02-02.amr"))
    again = take(village)
    assert (again.taken, again.amended) == ([], taken)
    recording = read(village)
    assert (recording.id, recording.original_name) == (taken[0], f"mottoes/{NAME}")
    assert (recording.description.narrator, str(recording.description.date)) == (
        "金家家",
        "2026-02-02",
    )


def test_a_deposit_taken_away_leaves_its_item(village: Project, drop: Drop) -> None:
    dropped = drop(SHORT, f"mottoes/{NAME}")
    take(village)
    before = tree(village.archive)
    dropped.unlink()
    assert take(village).problems == []
    assert tree(village.archive) == before


def test_a_file_that_grows_while_looked_at_waits(
    village: Project, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing, still = drop(SHORT, f"mottoes/{NAME}"), drop("mottoes/顾家村", "mottoes/乙.amr")
    whole = growing.read_bytes()
    growing.write_bytes(whole[:5000])  # just now, so that it is looked at twice

    def grow(seconds: float) -> None:
        with growing.open("ab") as stream:
            stream.write(whole[5000:6000])

    monkeypatch.setattr("cunshi.intake.accessioning.time.sleep", grow)
    intake = take(village)
    assert intake.waiting == [f"recordings/mottoes/{NAME}"]
    assert (len(intake.taken), intake.problems) == (1, [])
    assert read(village).sha256 == sha256(still)
    growing.write_bytes(whole)
    settle(growing)
    assert (take(village).waiting, len(village.accessions())) == ([], 2)


def test_a_file_just_copied_and_still_is_taken(
    village: Project, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(drop(SHORT, f"mottoes/{NAME}"))
    slept: list[float] = []
    monkeypatch.setattr("cunshi.intake.accessioning.time.sleep", slept.append)
    intake = take(village)
    assert (len(slept), len(intake.taken), intake.waiting) == (1, 1, [])


def test_a_photo_that_is_still_being_copied_keeps_its_recording_waiting(
    village: Project, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    picture = photo(village, "mottoes/金村村_金家_2026-02-01.jpg")
    os.utime(picture)
    monkeypatch.setattr("cunshi.intake.accessioning.time.sleep", lambda _: picture.write_bytes(b""))
    assert take(village).waiting == [f"recordings/mottoes/{NAME}"]


def test_a_photo_that_comes_later_is_kept_too(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    accession, before = only(village), only(village).hashes()
    added = photo(village, "mottoes/金村村_金家_2026-02-01.jpg")
    assert take(village).amended == [accession.id]
    name = f"{accession.id}.jpg"
    assert (accession.master / name).read_bytes() == added.read_bytes()
    assert accession.hashes() == before | {f"master/{name}": sha256(added)}
    assert accession.read_events()[-1].hashes == {f"master/{name}": sha256(added)}
    assert read(village).photo == name
    assert take(village).amended == []


def test_a_second_photo_takes_no_name_that_is_taken(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    picture = photo(village, "mottoes/金村村_金家_2026-02-01.jpg")
    take(village)
    first = picture.read_bytes()
    photo(village, "mottoes/金村村_金家_2026-02-01.jpg", "blue")
    os.utime(picture, (1_700_000_100, 1_700_000_100))
    take(village)
    accession = only(village)
    assert (accession.master / f"{accession.id}.jpg").read_bytes() == first
    assert (accession.master / f"{accession.id}-2.jpg").read_bytes() == picture.read_bytes()
    assert len(accession.hashes()) == 3


def test_a_bad_photo_is_reported_and_its_recording_is_taken(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    put(village, "mottoes/金村村_金家_2026-02-01.jpg", b"\xff\xd8\xff\xe0no photo")
    intake = take(village)
    assert len(intake.taken) == 1
    assert [p.where for p in intake.problems] == ["recordings/mottoes/金村村_金家_2026-02-01.jpg"]
    assert read(village).photo == ""


def test_a_text_alone_is_a_motto(village: Project) -> None:
    put(village, "mottoes/金村村_金家_2026-02-01.txt", "勤俭持家".encode("gb18030"))
    take(village)
    recording = read(village)
    assert not recording.technical.has_sound
    master = only(village).master / recording.master
    assert master.read_bytes() == "勤俭持家".encode("gb18030")


# --- what the folder says later


def test_a_late_consent_reaches_the_record(village: Project, drop: Drop) -> None:
    consent = (village.recordings / "folder.yml").read_text("utf-8")
    (village.recordings / "folder.yml").unlink()
    drop(SHORT, f"mottoes/{NAME}")
    taken = take(village).taken
    assert not read(village).description.consent.by
    (village.recordings / "folder.yml").write_text(consent, "utf-8")
    assert take(village).amended == taken
    assert read(village).description.consent.by == "王老师"
    assert only(village).read_events()[-1].fields == {
        "consent": {"by": "王老师", "signed_on": "2026-01-01"}
    }
    assert take(village).amended == []


def test_a_withdrawal_in_the_folder_reaches_a_record_that_a_person_edited(
    village: Project, drop: Drop
) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    record = only(village).record
    edited = record.read_text("utf-8").replace("by: 王老师", "by: 老王")
    record.write_text(edited + "# 我的话\n", "utf-8")
    with (village.recordings / "folder.yml").open("a", encoding="utf-8") as stream:
        stream.write("  withdrawn_on: 2026-03-01\naccess: 封存\n")
    take(village)
    said = read(village).description
    assert (said.consent.by, str(said.consent.withdrawn_on)) == ("老王", "2026-03-01")
    assert said.access is Access.SEALED
    assert record.read_text("utf-8").endswith("# 我的话\n")


def test_a_persons_edits_survive_everything(village: Project, drop: Drop) -> None:
    dropped = drop(SHORT, f"mottoes/{NAME}")
    take(village)
    record = only(village).record
    text = record.read_text("utf-8")
    edited = text.replace("narrator: 金家", "narrator: 金福林  # 他的本名")
    edited = edited.replace("village: 金村村", "village:")
    record.write_bytes(edited.replace("\n", "\r\n").encode())
    before = record.read_bytes()
    dropped.rename(dropped.with_name("欧桥村_陆家_2026-02-01.amr"))
    assert take(village).amended == []
    assert record.read_bytes() == before
    said = read(village).description
    assert (said.narrator, said.village) == ("金福林", "")


def test_a_broken_record_is_not_touched(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    record = only(village).record
    record.write_text(record.read_text("utf-8").replace("title:", "title：x"), "utf-8")
    before = record.read_bytes()
    put(village, "folder.yml", "access: 封存\n")
    take(village)
    assert record.read_bytes() == before


def test_a_killed_run_that_told_nothing_is_told_later(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    accession = only(village)
    put(village, "mottoes/folder.yml", "rights: 金家所有\n")
    take(village)
    whole = accession.events.read_bytes()
    accession.events.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    take(village)
    assert accession.events.read_bytes() == whole


@pytest.mark.parametrize(
    ("at_desk", "in_folder", "by_hand"),
    [
        ({"access": "open"}, "access: sealed\n", ("access: sealed", "access: open")),
        ({"minor": False}, "minor: true\n", ("minor: true", "minor: false")),
    ],
)
def test_what_was_decided_at_the_desk_yields_to_what_the_folder_says_anew(
    village: Project,
    drop: Drop,
    at_desk: dict[str, Any],
    in_folder: str,
    by_hand: tuple[str, str],
) -> None:
    """And stays so: what is opened in the file afterwards is no decision of the desk."""
    drop(SHORT, f"mottoes/{NAME}")
    take(village)
    accession = only(village)
    accession.add_event(Event("metadata modification", agent="王", decided=at_desk))
    put(village, "mottoes/folder.yml", in_folder)
    assert take(village).amended
    limited = accession.record.read_text("utf-8")
    assert by_hand[0] in limited
    accession.record.write_text(limited.replace(*by_hand), "utf-8")
    settle(accession.record, 1)
    take(village)
    assert accession.record.read_text("utf-8") == limited
    # At the desk it can still be opened, and the folder that says the same as before lets it be.
    accession.record.write_text(limited.replace(*by_hand), "utf-8")
    settle(accession.record, 2)
    accession.add_event(Event("metadata modification", agent="王", decided=at_desk))
    take(village)
    assert accession.record.read_text("utf-8") == limited.replace(*by_hand)


# --- names


def test_an_undated_recording_has_an_id_too(village: Project, drop: Drop) -> None:
    dropped = drop(SHORT, "mottoes/录音_20260112_153012.amr")
    assert take(village).taken == [f"undated-{sha256(dropped)[:8]}"]


def test_an_id_that_is_taken_gets_more_digits(village: Project, drop: Drop) -> None:
    dropped = drop(SHORT, f"mottoes/{NAME}")
    digest = sha256(dropped)
    other = village.archive / f"20260201-{digest[:8]}"
    (other / "master").mkdir(parents=True)
    (other / "manifest-sha256.txt").write_text(f"{digest[::-1]}  master/x.amr\n", "utf-8")
    intake = take(village)
    assert intake.taken == [f"20260201-{digest[:12]}"]
    assert other.is_dir()
    again = take(village)
    assert (again.taken, again.problems) == ([], [])


# --- what cannot be taken in


def silent_wav() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(16_000))
    return buffer.getvalue()


def half(beginning: str) -> bytes:
    data = sample_path(beginning).read_bytes()
    return data[: len(data) // 2]


BROKEN, NO_SOUND = "不完整", "不是录音"
PLAYLIST = "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"
BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("01-甲/a.m4a", lambda: b"", "0 字节"),
    "a text with a sound's name": ("01-甲/a.mp3", "这是文字。\n".encode, NO_SOUND),
    "half an m4a": ("01-甲/a.m4a", lambda: half("mottoes/横泾村"), BROKEN),
    "half an mp4": ("01-甲/a.mp4", lambda: half("06"), BROKEN),
    "half a wav": ("01-甲/a.wav", lambda: half("05"), BROKEN),
    "half an ogg": ("01-甲/a.ogg", lambda: half("mottoes/蒋家村"), BROKEN),
    "half an amr": ("01-甲/a.amr", lambda: half(SHORT), BROKEN),
    "half an mp3": ("01-甲/a.mp3", lambda: half("mottoes/妙桥"), BROKEN),
    "a wav with nothing in it": ("01-甲/a.wav", silent_wav, "没有声音"),
    "random bytes": ("01-甲/a.m4a", lambda: random.Random(7).randbytes(5000), NO_SOUND),
    "a playlist": ("01-甲/a.m3u8", PLAYLIST.encode, NO_SOUND),
    "a playlist with a sound's name": ("01-甲/a.mp3", PLAYLIST.encode, NO_SOUND),
    "a photo that is none": ("mottoes/a.jpg", lambda: b"\xff\xd8\xff\xe0", "同名"),
    "an empty motto": ("mottoes/a.txt", lambda: b"", "0 字节"),
    "a motto of spaces": ("mottoes/a.txt", "\u3000\r\n \n".encode, "没有文字"),
    "a motto that is no text": ("mottoes/a.txt", lambda: b"\x00\xff\xff\xff", "不是文字"),
    "an office document": ("01-甲/a.docx", lambda: b"PK\x03\x04" + bytes(200), NO_SOUND),
}


@pytest.mark.parametrize(("name", "data", "cause"), BAD.values(), ids=BAD)
def test_a_bad_file_is_named_with_cause_and_remedy_and_stops_nothing(
    village: Project, drop: Drop, name: str, data: Callable[[], bytes], cause: str
) -> None:
    put(village, name, data())
    drop(SHORT, f"mottoes/{NAME}")
    intake = take(village)
    assert [(p.where, p.code) for p in intake.problems] == [
        (f"recordings/{name}", ExitCode.DEPOSIT)
    ]
    assert cause in intake.problems[0].cause
    assert intake.problems[0].remedy
    assert len(intake.taken) == 1
    assert len(village.accessions()) == 1


def test_what_was_seen_is_not_decoded_again(
    village: Project, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    put(village, "01-甲/a.amr", half(SHORT))
    put(village, "01-甲/b.mp3", "这是文字")
    first = take(village)
    assert len(first.problems) == 2

    def fail(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(audio, "check", fail)
    assert take(village).problems == first.problems


def test_a_bad_file_that_is_copied_anew_is_looked_at_anew(village: Project) -> None:
    path = put(village, "01-甲/a.amr", half(SHORT))
    assert len(take(village).problems) == 1
    path.write_bytes(sample_path(SHORT).read_bytes())
    settle(path)
    again = take(village)
    assert (len(again.taken), again.problems) == (1, [])


def test_what_a_killed_run_left_is_swept_away(village: Project, drop: Drop) -> None:
    drop(SHORT, f"mottoes/{NAME}")
    left = village.incoming / "20260201-00000000" / "master"
    left.mkdir(parents=True)
    (left / "half").touch()
    take(village)
    assert not village.incoming.exists() or not list(village.incoming.iterdir())
    assert only(village).hashes()
