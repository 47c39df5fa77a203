"""Every command that writes, killed and refused at every place where it touches the disk.

Nothing that was there is lost, and a run after it ends as if nothing had happened.
CUNSHI_CASES=all visits also the places that are left out to save time.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from pydub.generators import Sine

from conftest import ROOT, settle, tree
from faults import Fault, Ran, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds names in /proc")
ALL = "CUNSHI_CASES" in os.environ
OHMS = """<ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record id="1">
<title>村里的桥</title><sync>1:|2(1)|</sync><interviewee>金老师</interviewee>
<transcript>村里有一条河。\n金老师：河上有一座桥。</transcript></record></ROOT>"""
Files = dict[str, bytes]


def tone(path: Path, hertz: int) -> None:
    """Two seconds of a tone: a recording that is quickly decoded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        Sine(hertz).to_audio_segment(2000).set_frame_rate(8000).export(stream, "wav")
    settle(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    settle(path)


def done(top: Path, *words: str) -> None:
    """Run a command to prepare."""
    found = run(top, words)
    assert found.code == 0, found.printed


def found_one(pattern: str, folder: Path) -> Path:
    [path] = folder.glob(pattern)
    return path


# --- what there is before each command


def bare(top: Path) -> Path:
    """A village with one talk, and a motto in writing with its photo."""
    village = top / "work" / "village"
    write(village / "mkdocs.yml", "site_name: 村史\n")
    write(village / "courses" / "course.yml", "title: 村史\nlessons: []\n")
    write(village / "archive" / "archive.yml", "institution: 金村档案室\n")
    write(village / "recordings" / "folder.yml", "consent: {by: 王老师, signed_on: 2026-01-01}\n")
    tone(village / "recordings" / "01-村名" / "金村村_金老师_2026-01-12.wav", 300)
    motto = village / "recordings" / "mottoes" / "金村村_金家_2026-02-01.txt"
    write(motto, "勤俭持家")
    Image.new("RGB", (40, 30), "red").save(motto.with_suffix(".jpg"))
    settle(motto.with_suffix(".jpg"))
    return village


def taken_in(top: Path) -> Path:
    village = bare(top)
    done(top, "ingest")
    return village


def said_anew(top: Path) -> Path:
    """Somebody else has signed meanwhile, and there is a photo of the narrator."""
    village = taken_in(top)
    write(village / "recordings" / "folder.yml", "consent: {by: 李老师, signed_on: 2026-02-02}\n")
    photo = found_one("*/*.wav", village / "recordings").with_suffix(".jpg")
    Image.new("RGB", (30, 40), "blue").save(photo)
    settle(photo)
    return village


def heard(top: Path) -> Path:
    village = taken_in(top)
    done(top, "transcribe", "--engine", "recorded")
    return village


def other_language(top: Path) -> Path:
    """What was heard is to be heard again, as another language."""
    village = heard(top)
    write(village / "archive" / "archive.yml", "institution: 金村档案室\nlanguage: wuu\n")
    return village


def talk(village: Path) -> Path:
    """The accession of the talk."""
    return found_one("archive/20260112-*", village)


def damaged(top: Path) -> Path:
    """One accession is gone, and a bit of another one's master has changed; there is a copy."""
    village = heard(top)
    done(top, "backup", "{work}/copy")
    shutil.rmtree(found_one("archive/20260201-*", village))
    master = found_one("master/*.wav", talk(village))
    data = bytearray(master.read_bytes())
    data[len(data) // 2] ^= 1
    master.write_bytes(data)
    return village


def neighbours(top: Path) -> Path:
    """Two villages with one talk in common, which its narrator has withdrawn from the other."""
    village = taken_in(top)
    shutil.copytree(village, top / "other")
    added = top / "work" / "village" / "recordings" / "02-老街" / "金村村_王阿婆_2026-01-20.wav"
    tone(added, 340)
    withdrawn = found_one("*/*金老师*.wav", village / "recordings").with_suffix(".yml")
    write(withdrawn, "consent: {withdrawn_on: 2026-03-01}\n")
    write(village / "archive" / "archive.yml", "institution: 顾家村档案室\nrights: 顾家村的\n")
    done(top, "ingest")
    done(top, "transcribe", "--engine", "recorded")
    village.rename(top / "work" / "other")
    return (top / "other").rename(village)


def foreign(top: Path) -> Path:
    village = taken_in(top)
    write(top / "work" / "in.xml", OHMS)
    record = talk(village) / "recording.yml"
    text = record.read_text("utf-8")
    record.write_text(text.replace("title: 村名", "title:"), "utf-8")
    return village


def copied(top: Path) -> Path:
    """A copy that is behind: a record has changed since, and something is new."""
    village = taken_in(top)
    done(top, "backup", "{work}/copy")
    done(top, "transcribe", "--engine", "recorded")
    record = talk(village) / "recording.yml"
    record.write_text(record.read_text("utf-8").replace("title: 村名", "title: 桥"), "utf-8")
    return village


def published(top: Path) -> Path:
    """A site that was published, and a talk that was taken in since."""
    village = heard(top)
    done(top, "publish", "--to", "{work}/out")
    tone(village / "recordings" / "02-老街" / "金村村_王阿婆_2026-01-20.wav", 340)
    done(top, "ingest")
    return village


def without_links() -> None:
    """As on Windows."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no links here")

    Path.symlink_to = refuse  # type: ignore[method-assign]


@dataclass(frozen=True)
class Case:
    """A command, what there is before it, and what is different in its process."""

    begin: Callable[[Path], Path]
    words: tuple[str, ...]
    differently: Callable[[], None] | None = None


TRANSCRIBE = ("transcribe", "--engine", "recorded")
CASES = {
    "ingest": Case(bare, ("ingest",)),
    "ingest-again": Case(said_anew, ("ingest",)),
    "transcribe": Case(taken_in, TRANSCRIBE),
    "transcribe-again": Case(other_language, TRANSCRIBE),
    "verify": Case(taken_in, ("verify",)),
    "import": Case(foreign, ("import", "{talk}", "{work}/in.xml")),
    "merge": Case(neighbours, ("merge", "{work}/other")),
    "backup": Case(copied, ("backup", "{work}/copy")),
    "bag": Case(taken_in, ("backup", "{work}/out", "--bag")),
    "restore": Case(damaged, ("restore", "{work}/copy")),
    "publish": Case(published, ("publish", "--to", "{work}/out")),
    "publish-without-links": Case(published, ("publish", "--to", "{work}/out"), without_links),
    "build": Case(bare, ("build", "--engine", "recorded")),
}


class Stage:
    """A case that is prepared once and played again and again."""

    def __init__(self, case: Case, top: Path):
        self.case, self.top = case, top
        village = case.begin(top / "start")
        self.words = tuple(
            word.replace("{talk}", talk(village).name) if "{talk}" in word else word
            for word in case.words
        )
        self.start = state(top / "start")

    def play(self, fault: Fault | None = None) -> Ran:
        return run(self.top, self.words, fault, prepare=self.case.differently)

    def reset(self) -> None:
        shutil.rmtree(self.top / "work", ignore_errors=True)
        shutil.copytree(self.top / "start" / "work", self.top / "work", symlinks=True)

    def undisturbed(self, kinds: tuple[str, ...]) -> list[str]:
        """Play it as it should go; the places that were visited."""
        self.reset()
        ran = self.play(Fault(kinds=kinds))
        assert ran.code == 0, ran.printed
        self.end = state(self.top)
        return ran.places

    def unharmed(self, where: str) -> None:
        """Each file is as it was, or as it is to become; none is gone, and none is half there."""
        now = state(self.top)
        for name, data in self.start.items():
            if name in self.end and name not in now:
                assert data in now.values(), (where, name)
            elif name in self.end:
                assert whole(name, now[name], (data, self.end[name])), (where, name)
        for name in now.keys() - self.start.keys():
            if not any(part.startswith(".") for part in Path(name).parts):
                assert whole(name, now[name], (self.end.get(name, b""),)), (where, name)

    def completed(self, where: str) -> None:
        again = self.play()
        assert again.code == 0, (where, again.printed)
        found = state(self.top)
        assert found.keys() == self.end.keys(), where
        for name, data in self.end.items():
            assert same(name, found[name], data), (where, name, found[name][-600:], data[-600:])


def state(top: Path) -> Files:
    """All files but locks, and what is remembered to save time."""
    files = tree(top / "work")
    return {n: d for n, d in files.items() if not n.startswith("village/build/cache/")}


def whole(name: str, data: bytes, known: tuple[bytes, ...]) -> bool:
    """Whether a file is as it was or is to be; a log may be on its way from one to the other."""
    growing = name.endswith(".jsonl") and data.endswith(b"\n")
    return any(data == one or (growing and one.startswith(data)) for one in known)


def same(name: str, found: bytes, expected: bytes) -> bool:
    """Equal bytes. A check that a killed run has noted is one more check that was made."""
    if found == expected or not name.endswith("events.jsonl"):
        return found == expected
    lines = [json.loads(line) for line in found.splitlines()]
    once = [
        line
        for number, line in enumerate(lines)
        if line["event"] != "fixity check" or line not in lines[:number]
    ]
    return once == [json.loads(line) for line in expected.splitlines()]


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(CASES[request.param], tmp_path)


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_killed_at_every_place(stage: Stage) -> None:
    places = stage.undisturbed(("replace", "fsync"))
    assert places
    for number, place in enumerate(places, 1):
        ways = ("before", "after") if place.startswith("replace") else ("before", "after", "torn")
        for how in ways:
            where = f"{number} {how} {place}"
            stage.reset()
            killed = stage.play(Fault(number, how))
            assert killed.code == -signal.SIGKILL, (where, killed.printed)
            stage.unharmed(where)
            stage.completed(where)
