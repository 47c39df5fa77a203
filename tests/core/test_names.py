"""File names that are spelt, folded or forbidden differently by some systems."""

import datetime as dt
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from cunshi.archive.project import Project
from cunshi.catalogue.course.places import read_places
from cunshi.core.errors import ExitCode
from cunshi.core.files import is_hidden, is_ignored
from cunshi.core.problem import Problem
from cunshi.core.progress import SilentReporter
from cunshi.core.text import is_reserved, safe_file_name
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.settings import Archive
from cunshi.exports.classroom import names
from cunshi.intake.accessioning import take_in
from cunshi.intake.deposits import Deposit, find_deposits
from support.faults import stand_ins
from support.sounds import tone
from support.village import ROOT, settle

Run = Callable[..., tuple[int, str]]
NAME = "金村村_Noël café ガス_2026-01-12"
NFC, NFD = (unicodedata.normalize(form, NAME) for form in ("NFC", "NFD"))
# Windows takes 260 characters for a path; this leaves 100 for where the village's folder is.
LONGEST = 160


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        (".DS_Store", True),
        ("._声音.m4a", True),
        (".syncthing.声音.m4a.tmp", True),
        ("~syncthing~声音.m4a.tmp", True),
        ("~$教案.docx", True),
        ("~WRL0001.tmp", True),
        ("Thumbs.db", True),
        ("THUMBS.DB", True),
        ("desktop.ini", True),
        ("声音.m4a.part", True),
        ("声音.CRDOWNLOAD", True),
        ("声音.m4a", False),
        ("~声音.m4a", False),
        ("readme.md", False),
        ("folder.yml", False),
        ("声音.part.m4a", False),
    ],
)
def test_what_programs_leave_in_folders_is_known_by_its_name(name: str, ignored: bool) -> None:
    assert is_ignored(name) is ignored


def test_a_path_is_hidden_where_any_of_it_is() -> None:
    assert is_hidden(Path("archive/.incoming/a/recording.yml"))
    assert is_hidden(Path("archive/a/.recording.yml.tmp"))
    assert not is_hidden(Path("archive/a/recording.yml"))


def find(village: Project) -> tuple[list[Deposit], list[Problem]]:
    problems: list[Problem] = []
    return find_deposits(village, Archive(), problems), problems


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    settle(path)


@pytest.fixture
def two_spellings(tmp_path: Path) -> None:
    """Skip on disks that normalise file names."""
    (tmp_path / NFC).touch()
    if (tmp_path / NFD).exists():
        pytest.skip("this disk knows both spellings of a name for one")


@pytest.mark.parametrize(("sound", "sidecar"), [(NFC, NFD), (NFD, NFC), (NFD, NFD)])
@pytest.mark.parametrize("suffix", [".yml", ".wav.yml"])
def test_a_sidecar_is_found_under_either_spelling(
    village: Project, sound: str, sidecar: str, suffix: str
) -> None:
    tone(village.recordings / f"{sound}.wav", 300)
    put(village.recordings / f"{sidecar}{suffix}", "consent: {withdrawn_on: 2026-03-01}\n")
    [deposit], problems = find(village)
    assert problems == []
    assert deposit.description.consent.withdrawn_on is not None
    assert deposit.description.narrator == unicodedata.normalize("NFC", "Noël café ガス")


def test_both_sidecars_of_both_spellings_limit(village: Project, two_spellings: None) -> None:
    tone(village.recordings / f"{NFC}.wav", 300)
    put(village.recordings / f"{NFC}.yml", "access: classroom\n")
    put(village.recordings / f"{NFD}.yml", "consent: {withdrawn_on: 2026-03-01}\n")
    [deposit], problems = find(village)
    assert problems == []
    assert deposit.description.consent.withdrawn_on is not None
    assert deposit.description.access is not None


def test_a_misnamed_sidecar_is_seen_under_either_spelling(village: Project) -> None:
    tone(village.recordings / f"{NFC}.wav", 300)
    put(village.recordings / f"{NFD}.yml.txt", "access: sealed\n")
    [deposit], [problem] = find(village)
    assert "名字不对" in problem.cause
    assert deposit.doubtful


@pytest.mark.parametrize(("text", "photo"), [(NFC, NFD), (NFD, NFC)])
def test_companions_are_found_under_either_spelling(
    village: Project, text: str, photo: str
) -> None:
    put(village.recordings / "mottoes" / f"{text}.txt", "勤俭持家")
    put(village.recordings / "mottoes" / f"{photo}.jpg", "?")
    [deposit], problems = find(village)
    assert problems == []
    assert len(deposit.companions) == 1


def test_the_same_recording_in_both_spellings_is_one(village: Project, two_spellings: None) -> None:
    for name in (NFC, NFD):
        tone(village.recordings / f"{name}.wav", 300)
        settle(village.recordings / f"{name}.wav")
    taken = take_in(village, Archive(), SilentReporter())
    assert (len(taken.taken), len(taken.duplicates)) == (1, 1)
    # The folder comes back from a Mac, and everything in it is known.
    (village.recordings / f"{NFC}.wav").unlink()
    again = take_in(village, Archive(), SilentReporter())
    assert (again.taken, again.amended, again.problems) == ([], [], [])


def test_a_lesson_is_found_under_either_spelling(village: Project, run: Run) -> None:
    lesson = village.courses / unicodedata.normalize("NFD", "01-Noël")
    shutil.copytree(ROOT / "courses" / "01-cunming", lesson)
    put(
        village.courses / "course.yml",
        f"title: 村史\nlessons: [{unicodedata.normalize('NFC', lesson.name)}]\n",
    )
    __, printed = run(village, "check")
    assert "没有这个文件" not in printed
    assert "课程表里没有这一课" not in printed


def test_a_name_as_long_as_names_get(village: Project) -> None:
    """The names of its sidecars would be too long, so there are none."""
    name = "长" * 83 + "x.wav"
    assert len(name.encode()) == 254
    tone(village.recordings / name, 300)
    settle(village.recordings / name)
    assert len(take_in(village, Archive(), SilentReporter()).taken) == 1


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="no folders as handles")
def test_a_path_that_is_too_long_is_reported(village: Project) -> None:
    """Creates a folder that can be reached by a handle but not by its path."""
    tone(village.recordings / "好.wav", 300)
    settle(village.recordings / "好.wav")
    handle = os.open(village.recordings, os.O_DIRECTORY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=handle)
        deeper = os.open("d" * 250, os.O_DIRECTORY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)
    intake = take_in(village, Archive(), SilentReporter())
    assert len(intake.taken) == 1
    [problem] = intake.problems
    assert problem.cause == "路径太长"
    assert "把名字改短" in problem.remedy
    assert "d" * 250 in problem.where


@pytest.mark.parametrize("name", ["con", "CON", "aux.txt", "Com1", "lpt¹", "nul .m4a", "CONIN$"])
def test_names_of_devices_are_known(name: str) -> None:
    assert is_reserved(name)
    assert not is_reserved(safe_file_name(name))


@pytest.mark.parametrize("name", ["cone", "com", "com10", "01-con", "x.con", ""])
def test_other_names_are_no_devices(name: str) -> None:
    assert not is_reserved(name)


def test_no_page_of_a_place_is_named_like_a_device() -> None:
    problems: list[Problem] = []
    text = "villages:\n" + "".join(
        f"- {{name: {name}, slug: {name}, x: 1, y: 1}}\n" for name in ("con", "aux", "nul", "lpt1")
    )
    places = read_places(parse_fields(text, "x", problems))
    assert len(problems) == len(places) == 4
    assert not any(is_reserved(place.slug) for place in places)


# --- everything that is made


HARD = ["CON", "con", "NUL.", "aux x", "A村", "a村", "é村", "e\u0301村", "长" * 150]
DEPOSITS = [
    "CON.wav", "con.wav", "a?b:c.wav", "Com1 .wav", "tail .x ", "é.wav", "e\u0301.wav", "A.wav",
    "长" * 72 + ".supercalifragilistic.",
]  # fmt: skip


@pytest.fixture
def everything(village: Project, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the relative paths of all files made from difficult names."""
    if os.name != "posix":
        pytest.skip("this disk takes no such names")
    monkeypatch.setattr(names, "can_print", lambda: False)  # their names are like the others
    with stand_ins(quick=True):
        yield make_everything(village, run)


def make_everything(village: Project, run: Run) -> list[str]:
    before = {path for path in village.root.rglob("*") if path.is_file()}
    for number, (name, said) in enumerate(zip(DEPOSITS, HARD, strict=True), 1):
        folder = village.recordings / f"{number:02d}-{said[:20]}"
        tone(folder / name, 300 + 20 * number)
        said_of = dict.fromkeys(("village", "narrator", "title"), said)
        words = yaml.safe_dump({**said_of, "date": dt.date(2026, 1, number)}, allow_unicode=True)
        put(folder / f"{name}.yml", words)
        motto = village.recordings / "mottoes" / f"{name}-{number}.txt"
        put(motto, said)
        Image.new("RGB", (9, 9), (number, 0, 0)).save(motto.with_suffix(".jpg"))
    terms = "".join(f"- {{term: '{name}', meaning: 词, kind: '{name}'}}\n" for name in HARD)
    put(village.glossary, f"terms:\n{terms}")
    for path in village.recordings.rglob("*"):
        settle(path)
    printed = run(village, "build", "--engine", "recorded")[1]
    ids = [accession.id for accession in village.accessions()]
    assert len(ids) == 2 * len(HARD), printed
    for number, slug in enumerate(("con", "A é e\u0301?", "长" * 150), 1):
        assert run(village, "lesson", "new", str(number), "--from", ids[0], "--slug", slug)[0] == 0
    assert run(village, "pack")[0] < ExitCode.SITE
    assert run(village, "export", "--to", str(village.root / "build" / "out"))[0] < ExitCode.SITE
    assert list((village.root / "build").glob("*.zip"))
    made = {path for path in village.root.rglob("*") if path.is_file()} - before
    made = {path for path in made if not path.is_relative_to(village.recordings)}
    assert len(made) > 200
    return sorted(path.relative_to(village.root).as_posix() for path in made)


def test_what_is_made_has_names_for_every_disk(everything: list[str]) -> None:
    folded = [unicodedata.normalize("NFC", path).casefold() for path in everything]
    assert len(set(folded)) == len(folded)
    for path in everything:
        assert len(path) + len("..tmp") <= LONGEST, path
        for part in path.split("/"):
            assert not is_reserved(part), path
            assert part == part.rstrip(" ."), path
            assert not set(part) & set('<>:"\\|?*') and part.isprintable(), path
            assert unicodedata.is_normalized("NFC", part), path
        if path.startswith(("build/site/", "build/docs/")):
            assert path.isascii(), path
