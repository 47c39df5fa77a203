"""Deletion on demand: nothing of the voice is left, nothing else is lost, nothing comes back."""

import errno
import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from PIL import Image

from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile
from cunshi.archive.secret_key import keyed_hash
from cunshi.workflow import erasure
from support import erasing
from support.desk import open_desk
from support.erasing import DEMAND, NAME, SCAN, WORDS, Place
from support.leaks import leaks
from support.village import new_village, settle, tree

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return erasing.make(tmp_path_factory.mktemp("erasure") / "top")


@pytest.fixture
def place(made: Place, tmp_path: Path) -> Place:
    shutil.copytree(made.top, tmp_path / "top", symlinks=True)
    return Place(tmp_path / "top", made.erased, made.other)


def test_nothing_of_the_voice_is_left_anywhere(place: Place, run: Run) -> None:
    needles = erasing.unique_bytes(place)
    before = erasing.remains(place, needles)
    for where in ("village/archive", "village/recordings", "village/build", "backup", "share"):
        assert any(f"top/{where}" in one for one in before), where
    assert any(one.endswith(": sound") for one in before)
    code, printed = run(place.project, *place.words())
    assert code == 0, printed
    assert erasing.remains(place, needles) == []


def test_everything_else_is_kept_and_sound(place: Place, run: Run) -> None:
    project = place.project
    kept = [project.accession(place.other).folder, project.courses]
    before = [tree(folder) for folder in kept]
    assert run(project, *place.words())[0] == 0
    assert [tree(folder) for folder in kept] == before
    assert [a.id for a in project.accessions()] == [place.other]
    for words in (("verify",), ("check",), ("restore", str(place.backup), "--check")):
        code, printed = run(project, *words)
        assert (code, "✗" in printed) == (0, False), printed
    assert (project.review / f"{place.other}.peaks.json").is_file()
    [release] = (place.share / "releases").iterdir()
    assert (release / "audio" / f"{place.other}.m4a").is_file()
    assert "没有改动" in run(project, "publish", "--to", str(place.share))[1]
    assert run(Project.at(place.backup), "check")[0] == 0


def test_a_dry_run_lists_everything_and_changes_nothing(place: Place, run: Run) -> None:
    before = tree(place.top)
    code, printed = run(place.project, *place.words("--dry-run"))
    assert (code, tree(place.top)) == (0, before)
    names = ("语音001.wav", "语音001.yml", f"master/{place.erased}.wav", SCAN, "history.jsonl")
    for name in (*names, str(place.backup), str(place.share)):
        assert name in printed, (name, printed)
    for copy in ("礼包", "U 盘", "别的村", "接不上的备份"):
        assert copy in printed


def without(words: tuple[str, ...], option: str, instead: str = "") -> tuple[str, ...]:
    at = words.index(option)
    return (*words[:at], *((option, instead) if instead else ()), *words[at + 2 :])


@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ("--confirm", ""),
        ("--confirm", "{other}"),
        ("--witness", ""),
        ("--witness", DEMAND[1]),
        ("--witness", "{erased}"),
        ("--asked-by", ""),
        ("--asked-on", ""),
        ("--ground", ""),
        ("--ground", f"她说过：{WORDS}"),
        ("--asked-by", f"{NAME}的女儿"),
        ("--backup", "{top}/nowhere"),
        ("--backup", "{top}/village"),
    ],
)
def test_without_two_right_confirmations_nothing_changes(
    place: Place, run: Run, option: str, instead: str
) -> None:
    before = tree(place.top)
    values = {"erased": place.erased, "other": place.other, "top": place.top}
    words = without(place.words(), option, instead.format(**values))
    code, printed = run(place.project, *words)
    assert (code, "→" in printed) == (8, True), printed
    assert tree(place.top) == before


@pytest.mark.parametrize("name", ["20260101-00000000", "..", "archive.yml", ""])
def test_what_is_no_recording_is_not_erased(place: Place, run: Run, name: str) -> None:
    before = tree(place.top)
    code, __ = run(place.project, "erase", name, *DEMAND, "--confirm", name, "--witness", "李会计")
    assert code == 8
    assert tree(place.top) == before


def test_the_tombstone_says_who_and_why_and_not_what(place: Place, run: Run) -> None:
    sums = [sha256_of(p) for p in place.project.accession(place.erased).master.iterdir()]
    run(place.project, *place.words())
    text = place.project.erased.read_text("utf-8")
    assert all(said in text for said in (*DEMAND[1::2], "李会计"))
    assert not any(digest[:8] in text for digest in sums)
    # The same erasure under another key is another line: nothing in it can be computed.
    line = json.loads(text)
    hidden = {line["item"], *line["files"], *line["paths"]}
    guesses = (*sums, place.erased, *(f"cunshi erased file {digest}" for digest in sums))
    assert hidden.isdisjoint(hashlib.sha256(guess.encode()).hexdigest() for guess in guesses)


@pytest.fixture(scope="module")
def erased_once(made: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("erased")
    shutil.copytree(made.top, folder / "top", symlinks=True)
    place = Place(folder / "top", made.erased, made.other)
    assert erasing.command(place.project, *place.words()) == 0
    return place


@pytest.fixture
def erased(made: Place, erased_once: Place, tmp_path: Path) -> Place:
    """The village after the erasure, beside a copy of everything from before."""
    shutil.copytree(made.top, tmp_path / "old", symlinks=True)
    shutil.copytree(erased_once.top, tmp_path / "top", symlinks=True)
    return Place(tmp_path / "top", made.erased, made.other)


def old(place: Place) -> Path:
    return place.top.parent / "old"


def test_the_same_bytes_are_not_taken_in_again(erased: Place, run: Run) -> None:
    sound = next((old(erased) / "village" / "recordings").rglob("*.wav"))
    photo = next((old(erased) / "village" / "recordings").rglob("*.png"))
    folder = erased.project.recordings / "03-再来"
    folder.mkdir()
    shutil.copy(sound, folder / "新名字.wav")
    erasing.write_sound(folder / "另一段.wav", erasing.noise(3))
    shutil.copy(photo, folder / "另一段.png")
    code, printed = run(erased.project, "ingest")
    assert code == 3
    for name in ("新名字.wav", "另一段.png"):
        assert f"recordings/03-再来/{name}：这个文件应要求彻底删除过" in printed
    masters = [p for a in erased.project.accessions() for p in a.master.iterdir()]
    assert sorted(path.suffix for path in masters) == [".wav", ".wav"]


def test_an_old_backup_does_not_bring_it_back(erased: Place, run: Run) -> None:
    before = tree(erased.project.root)
    code, printed = run(erased.project, "restore", str(old(erased) / "backup"))
    assert code == 5
    assert erased.erased in printed and "彻底删除" in printed
    now = tree(erased.project.root)
    assert {n: d for n, d in now.items() if n in before} == before
    assert set(now) == set(before)


def test_an_old_backup_is_told_and_cleaned_later(erased: Place, run: Run) -> None:
    backup = old(erased) / "backup"
    code, printed = run(erased.project, "backup", str(backup))
    assert (code, "--backup" in printed) == (5, True)
    confirmed = ("--confirm", erased.erased, "--witness", "李会计")
    again = ("erase", erased.erased, "--backup", str(backup), *confirmed)
    assert run(erased.project, *again)[0] == 0
    aside = Place(backup.parent, erased.erased, erased.other)
    for folder in ("village", "share"):
        shutil.rmtree(aside.top / folder)
    assert erasing.remains(aside, {}) == []
    assert run(erased.project, "restore", str(backup), "--check")[0] == 0
    assert run(erased.project, "backup", str(backup))[0] == 0


def test_another_archive_does_not_bring_it_in(erased: Place, run: Run) -> None:
    theirs = old(erased) / "village"
    code, printed = run(erased.project, "merge", str(theirs))
    assert code == 5 and "彻底删除" in printed
    assert [a.id for a in erased.project.accessions()] == [erased.other]
    assert erasing.remains(erased, {}) == []


def test_a_new_computer_knows_it_from_the_backup(erased: Place, run: Run, tmp_path: Path) -> None:
    """Also if it has made a key of its own before."""
    fresh = new_village(tmp_path / "fresh")
    keyed_hash(fresh, b"")
    assert run(fresh, "restore", str(erased.backup))[0] == 0
    assert fresh.erased.read_bytes() == erased.project.erased.read_bytes()
    assert run(fresh, "restore", str(old(erased) / "backup"))[0] == 5
    assert [a.id for a in fresh.accessions()] == [erased.other]
    assert not list(fresh.recordings.rglob("语音*"))


@pytest.mark.parametrize("harm", ["lost", "other", "torn"])
def test_without_its_key_nothing_new_is_taken_in(erased: Place, run: Run, harm: str) -> None:
    key = erased.project.secret_key
    data = key.read_bytes()
    key.unlink()
    if harm != "lost":
        key.write_bytes(data[:5] if harm == "torn" else bytes(len(data)))
    erasing.write_sound(erased.project.recordings / "新的.wav", erasing.noise(4))
    code, printed = run(erased.project, "ingest")
    assert code == 5 and "archive/secret.key" in printed
    assert [a.id for a in erased.project.accessions()] == [erased.other]
    key.write_bytes(data)
    assert run(erased.project, "ingest")[0] == 0


def test_a_place_out_of_reach_is_told_and_reached_later(place: Place, run: Run) -> None:
    needles = erasing.unique_bytes(place)
    served = place.share / "current"
    served.rename(aside := place.share / "aside")
    served.mkdir()
    (served / "别的.txt").write_text("?", "utf-8")
    code, printed = run(place.project, *place.words())
    assert code == 10 and "还没有做完" in printed
    assert [a.id for a in place.project.accessions()] == [place.other]
    shutil.rmtree(served)
    aside.rename(served)
    assert run(place.project, *place.words())[0] == 0
    assert erasing.remains(place, needles) == []


def test_all_places_are_reached_where_one_is_not(place: Place, run: Run) -> None:
    """What archive.yml names is taken down beside what the command names, and after a backup."""
    settings = place.project.archive / "archive.yml"
    elsewhere = place.top / "elsewhere"
    assert run(place.project, "publish", "--to", str(elsewhere))[0] == 0
    text = settings.read_text("utf-8")
    settings.write_text(f"{text}\npublish:\n  to: {elsewhere}\n", "utf-8")
    shutil.rmtree(place.share / "current", ignore_errors=True)
    (place.share / "current").unlink(missing_ok=True)
    (place.share / "current").mkdir()
    (place.share / "current" / "别的.txt").write_text("?", "utf-8")
    code, printed = run(place.project, *place.words())
    assert (code, "还没有做完" in printed) == (10, True)
    assert leaks(elsewhere, place.erased) == []
    assert list(elsewhere.rglob(f"{place.other}.m4a"))


def test_a_lesson_that_cites_it_keeps_nothing_of_it_public(place: Place, run: Run) -> None:
    lesson = place.project.courses / "01-qiao" / "lesson.md"
    text = lesson.read_text("utf-8")
    lesson.write_text(f"{text}\n/// clip | {place.erased} 0:01-0:03\n{WORDS}\n///\n", "utf-8")
    run(place.project, "publish", "--to", str(place.share))
    assert leaks(place.share, WORDS)
    code, printed = run(place.project, *place.words())
    assert code == 6
    line = lesson.read_text("utf-8").splitlines().index(f"/// clip | {place.erased} 0:01-0:03") + 1
    assert f"courses/01-qiao/lesson.md:{line}" in printed
    assert leaks(place.share, WORDS) == leaks(place.share, place.erased) == []
    [page] = (place.share / "releases").glob("*/lessons/01.html")
    assert "这段录音现在不能播放" in page.read_text("utf-8")
    assert "没有改动" in run(place.project, "publish", "--to", str(place.share))[1]


def test_a_fault_elsewhere_keeps_no_page_that_may_say_it(place: Place, run: Run) -> None:
    (place.project.root / "mkdocs.yml").write_text("site_name: [", "utf-8")
    needles = erasing.unique_bytes(place)
    run(place.project, *place.words())
    assert erasing.remains(place, needles) == []


def test_a_scan_goes_alone_and_its_consent_with_it(place: Place, run: Run) -> None:
    needles = {SCAN: erasing.unique_bytes(place)[SCAN]}
    accession = place.project.accession(place.erased)
    before = tree(accession.folder)
    words = (*place.words(), "--file", f"consent/{SCAN}")
    assert run(place.project, *words, "--dry-run")[0] == 0
    assert tree(accession.folder) == before
    code, printed = run(place.project, *words)
    assert code == 0, printed
    now = tree(accession.folder)
    assert set(before) - set(now) == {f"consent/{SCAN}"}
    changed = {name for name in now if now[name] != before[name]}
    assert changed == {"recording.yml", "events.jsonl"}
    assert leaks(place.project.root, SCAN) == leaks(place.backup, SCAN) == []
    kept = [path.read_bytes() for path in place.top.rglob("*") if path.is_file()]
    assert not any(part in data for data in kept for part in needles.values())
    # Without a consent it is sealed, also after the folder's text was read again.
    assert f"audio/{place.erased}.m4a" not in {*tree(place.share / "current")}
    for again in (("build", "--engine", "null"), ("check",), ("verify",)):
        assert run(place.project, *again)[0] == 0
    assert "同意书" in run(place.project, "status")[1]
    assert not (place.project.site / "audio" / f"{place.erased}.m4a").exists()
    assert run(place.project, "restore", str(place.backup), "--check")[0] == 0


def test_a_photo_goes_alone(place: Place, run: Run) -> None:
    accession = place.project.accession(place.erased)
    photo = f"{place.erased}.png"
    part = erasing.unique_bytes(place)[photo]
    assert list(place.share.rglob(f"photos/{place.erased}.jpg"))
    code, printed = run(place.project, *place.words(), "--file", f"master/{photo}")
    assert code == 0, printed
    kept = [path for path in place.top.rglob("*") if path.is_file()]
    assert not [path for path in kept if part in path.read_bytes()]
    assert not [path for path in kept if path.name == f"{place.erased}.jpg"]
    assert [path.name for path in accession.master.iterdir()] == [f"{place.erased}.wav"]
    assert list(place.project.recordings.rglob("*.wav"))
    for words in (("verify",), ("check",), ("restore", str(place.backup), "--check"), ("ingest",)):
        assert run(place.project, *words)[0] == 0
    assert f"audio/{place.erased}.m4a" in {*tree(place.share / "current")}


@pytest.mark.parametrize(
    "file", ["transcript.vtt", "master/{id}.wav", "events.jsonl", "../archive.yml", "consent/x"]
)
def test_what_is_no_file_of_its_own_is_not_erased_alone(place: Place, run: Run, file: str) -> None:
    before = tree(place.top)
    code, printed = run(place.project, *place.words(), "--file", file.format(id=place.erased))
    assert (code, "→" in printed) == (8, True)
    assert tree(place.top) == before


def test_what_is_only_listed_is_in_no_earlier_release(place: Place, run: Run) -> None:
    """Its title stood in lists alone, by which nobody can tell which releases show it."""
    record = place.project.accession(place.erased).record
    record.write_text(record.read_text("utf-8").replace("access:", "access: listed"), "utf-8")
    course = place.project.courses / "course.yml"
    for title in ("甲", "乙"):
        course.write_text(f"title: {title}\nlessons: [01-qiao]\n", "utf-8")
        run(place.project, "publish", "--to", str(place.share))
    shown = leaks(place.share, erasing.TITLE)
    assert len({Path(leak).parts[len(place.share.parts) + 1] for leak in shown}) == 2
    assert run(place.project, *place.words())[0] == 0
    assert erasing.remains(place, {}) == []


def test_no_consent_of_a_folder_opens_what_was_closed_with_its_scan(
    village: Project, run: Run
) -> None:
    folder = village.recordings / "folder.yml"
    consent = folder.read_text("utf-8")
    folder.unlink()
    erasing.write_sound(village.recordings / "01-村" / "甲.wav", erasing.noise(5))
    run(village, "ingest")
    [accession] = village.accessions()
    text = accession.record.read_text("utf-8")
    mine = "consent: {by: 祝母, signed_on: 2026-02-01, shown_as: 小祝, uses: [website, archive]}"
    accession.record.write_text(text.replace("consent:", mine), "utf-8")
    erasing.add_scan(accession)
    confirmed = ("--confirm", accession.id, "--witness", "李会计")
    words = ("erase", accession.id, "--file", f"consent/{SCAN}", *DEMAND, *confirmed)
    assert run(village, *words)[0] == 0
    folder.write_text(consent, "utf-8")
    assert run(village, "ingest")[0] == 0
    said = RecordFile.open(accession).description.consent
    assert (said.by, said.signed_on, said.shown_as) == ("", None, "小祝")
    assert said.uses == ("archive", "website")
    assert "等同意书" in run(village, "status")[1]


def test_only_what_belongs_to_it_goes(village: Project, run: Run) -> None:
    """A recording of the same name with its sidecar stays, and a photo of two narrators."""
    folder = village.recordings / "01-村"
    erasing.write_sound(folder / "甲.wav", erasing.noise(6))
    erasing.write_sound(folder / "乙.wav", erasing.noise(7))
    for name in ("甲", "乙"):
        Image.new("RGB", (30, 20), "red").save(folder / f"{name}.png")
        settle(folder / f"{name}.png")
    run(village, "ingest")
    erasing.write_sound(folder / "甲.wave", erasing.noise(8))
    for name in ("甲.yml", "甲.wav.yml", "folder.yml"):
        erasing.write(folder / name, "note: 记\n")
    erased = next(a for a in village.accessions() if "甲" in a.record.read_text("utf-8"))
    other = next(a for a in village.accessions() if a.id != erased.id)
    words = ("erase", erased.id, *DEMAND, "--confirm", erased.id, "--witness", "李会计")
    code, printed = run(village, *words)
    assert code == 0
    assert f"archive/{other.id}/master/{other.id}.png" in printed
    kept = {"甲.wave", "甲.yml", "甲.png", "乙.wav", "乙.png", "folder.yml"}
    assert {path.name for path in folder.iterdir()} == kept
    assert run(village, "verify")[0] == 0
    assert run(village, "ingest")[0] == 0
    assert len(village.accessions()) == 2


def test_what_was_interrupted_is_told_until_it_is_completed(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise OSError(errno.EIO, "?")

    needles = erasing.unique_bytes(place)
    with monkeypatch.context() as patched:
        patched.setattr(erasure, "remove_deposits", stop)
        assert run(place.project, *place.words())[0] == 12
    code, printed = run(place.project, "status")
    assert code == 5 and "没有做完" in printed
    confirmed = ("--confirm", place.erased, "--witness", "李会计")
    reach = ("--backup", str(place.backup), "--to", str(place.share))
    assert run(place.project, "erase", place.erased, *reach, *confirmed)[0] == 0
    assert run(place.project, "status")[0] == 0
    assert erasing.remains(place, needles) == []


def test_at_a_terminal_it_lists_asks_and_has_it_confirmed(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(place.top)
    for answers in (("女儿", "昨天", "家属要求", "不"), ("女儿", "昨天", "家属要求", place.erased)):
        asked = iter((*answers, "女儿"))  # the second person is the one who asked
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(click, "prompt", lambda *_, asked=asked: next(asked))
        code, printed = run(place.project, "erase", place.erased)
        assert code == 8 and "语音001.wav" in printed
        assert tree(place.top) == before


def test_the_desk_takes_no_erased_scan_again(erased: Place) -> None:
    scan = next((old(erased) / "village" / "archive").rglob(SCAN)).read_bytes()
    with open_desk(erased.project) as opened:
        address = f"/api/recordings/{erased.other}/scans/x.jpg"
        octets = {"content-type": "application/octet-stream"}
        answer = opened.client().put(address, content=scan, headers=octets)
    assert answer.status_code == 409 and "彻底删除" in answer.text
    assert not erased.project.accession(erased.other).consent_forms.exists()
