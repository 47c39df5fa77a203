"""Commands in which every file operation can fail, and the state that they leave."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest
from PIL import Image
from pydub.generators import Sine

from cunshi.core.errors import ExitCode
from support.faults import Fault, Ran, run
from support.village import settle, tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds names in /proc")


WORKERS = os.cpu_count() or 1


OHMS = """<ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record id="1">
<title>村里的桥</title><sync>1:|2(1)|</sync><interviewee>金老师</interviewee>
<transcript>村里有一条河。\n金老师：河上有一座桥。</transcript></record></ROOT>"""


REBUILT = "village/build/"  # may be incomplete after a failure


Files = dict[str, bytes]


View = Callable[[Files], Files]


def tone(path: Path, hertz: int) -> None:
    """Write two seconds of a tone: a recording that is quickly decoded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        Sine(hertz).to_audio_segment(2000).set_frame_rate(8000).export(stream, "wav")
    settle(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    settle(path)


def done(top: Path, *words: str) -> None:
    """Run a command that prepares a case."""
    found = run(top, words)
    assert found.code == 0, found.printed


def found_one(pattern: str, folder: Path) -> Path:
    [path] = folder.glob(pattern)
    return path


def bare(top: Path) -> Path:
    """Create a village with one talk, and a written motto with a photo."""
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
    """Change the consent and add a photo after the ingest."""
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
    """Change the language, so that the recordings have to be transcribed again."""
    village = heard(top)
    write(village / "archive" / "archive.yml", "institution: 金村档案室\nlanguage: wuu\n")
    return village


def talk(village: Path) -> Path:
    """Return the accession folder of the talk."""
    return found_one("archive/20260112-*", village)


def damaged(top: Path) -> Path:
    """Delete an accession and flip a bit in another one's master, after a backup."""
    village = heard(top)
    done(top, "backup", "{work}/copy")
    shutil.rmtree(found_one("archive/20260201-*", village))
    master = found_one("master/*.wav", talk(village))
    data = bytearray(master.read_bytes())
    data[len(data) // 2] ^= 1
    master.write_bytes(data)
    return village


def neighbours(top: Path) -> Path:
    """Create two villages with a common talk, of which the other village withdrew the consent."""
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
    """Create an outdated backup: a record has changed and a file is new."""
    village = taken_in(top)
    done(top, "backup", "{work}/copy")
    done(top, "transcribe", "--engine", "recorded")
    record = talk(village) / "recording.yml"
    record.write_text(record.read_text("utf-8").replace("title: 村名", "title: 桥"), "utf-8")
    return village


def published(top: Path, differently: Callable[[], None] | None = None) -> Path:
    """Publish a site twice with a new talk in between, then withdraw one."""
    village = heard(top)
    for hertz, name in ((340, "王阿婆"), (380, "蒋阿姨")):
        found = run(top, ("publish", "--to", "{work}/out"), prepare=differently)
        assert found.code == 0, found.printed
        tone(village / "recordings" / "02-老街" / f"金村村_{name}_2026-01-20.wav", hertz)
        done(top, "build", "--engine", "recorded")
    withdrawn = found_one("*/*王阿婆*.wav", village / "recordings").with_suffix(".yml")
    write(withdrawn, "consent: {withdrawn_on: 2026-03-01}\n")
    done(top, "ingest")
    return village


def moved(top: Path) -> Path:
    """Publish without symbolic links."""
    return published(top, without_links)


def without_links() -> None:
    """Disable symbolic links, as on Windows."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no links here")

    Path.symlink_to = refuse  # type: ignore[method-assign]


def to_erase(top: Path) -> Path:
    """Publish a site and make a backup twice, with a change in between, and with a key."""
    village = heard(top)
    (village / "archive" / "secret.key").write_bytes(bytes(32))
    write(found_one("*/*金老师*.wav", village / "recordings").with_suffix(".yml"), "note: 桥\n")
    for title in ("村史", "村里的历史"):
        write(village / "courses" / "course.yml", f"title: {title}\nlessons: []\n")
        done(top, "publish", "--to", "{work}/out")
        done(top, "backup", "{work}/copy")
    return village


ERASE = (
    *("erase", "{talk}", "--asked-by", "女儿", "--asked-on", "2027-01-10", "--ground", "家属要求"),
    *(
        "--backup",
        "{work}/copy",
        "--to",
        "{work}/out",
        "--confirm",
        "{talk}",
        "--witness",
        "李会计",
    ),
)


@dataclass(frozen=True)
class Case:
    """A command, the state before it, and changes to its process."""

    begin: Callable[[Path], Path]
    words: tuple[str, ...]
    differently: Callable[[], None] | None = None
    step: int = 1  # only every n-th place is tested in a normal run
    refuses: int = 0  # exit code if everything is already done


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
    "bag": Case(taken_in, ("backup", "{work}/out", "--bag"), step=3, refuses=ExitCode.SITE),
    "restore": Case(damaged, ("restore", "{work}/copy")),
    "erase": Case(to_erase, ERASE, step=9),
    "publish": Case(published, ("publish", "--to", "{work}/out"), step=9),
    "publish-without-links": Case(moved, ("publish", "--to", "{work}/out"), without_links, step=9),
    "build": Case(bare, ("build", "--engine", "recorded"), step=19),
}


class Stage:
    """A case that is prepared once and run many times, in several folders in parallel."""

    def __init__(self, case: Case, top: Path):
        self.case, self.origin = case, top / "start"
        village = case.begin(self.origin)
        self.words = tuple(
            word.replace("{talk}", talk(village).name) if "{talk}" in word else word
            for word in case.words
        )
        self.start = state(self.origin)
        self._tops: SimpleQueue[Path] = SimpleQueue()
        for number in range(WORKERS):
            (top / str(number)).mkdir()
            self._tops.put(top / str(number))

    @contextmanager
    def set_up(self) -> Iterator[Path]:
        """Copy the prepared case to a free folder."""
        top = self._tops.get()
        try:
            shutil.rmtree(top / "work", ignore_errors=True)
            shutil.copytree(self.origin / "work", top / "work", symlinks=True)
            yield top
        finally:
            self._tops.put(top)

    def play(self, top: Path, fault: Fault | None = None) -> Ran:
        return run(top, self.words, fault, prepare=self.case.differently)

    def undisturbed(self, kinds: Sequence[str]) -> list[str]:
        """Run the case without faults and return the places that were visited."""
        with self.set_up() as top:
            ran = self.play(top, Fault(kinds=kinds))
            assert ran.code == 0, ran.printed
            self.end = state(top)
        assert not [place for place in ran.loose if REBUILT not in place]
        return ran.places

    def everywhere(self, meet: Callable[[Fault, str], None], faults: dict[Fault, str]) -> None:
        """Run ``meet`` for every fault, with the place where it occurs."""
        with ThreadPoolExecutor(WORKERS) as pool:
            for met in [pool.submit(meet, fault, where) for fault, where in faults.items()]:
                met.result()

    def unharmed(self, top: Path, where: str, view: View = dict) -> None:
        """Check that each file has its content from before or after the command, and none is
        missing.
        """
        start, end, now = view(self.start), view(self.end), view(state(top))
        anything = (*start.values(), *end.values())
        for name, data in start.items():
            if name in end and name not in now and not name.startswith(REBUILT):
                assert data in now.values(), (where, name)
        for name, data in now.items():
            known = [files[name] for files in (start, end) if name in files] or anything
            passing = name.startswith(REBUILT) or "/." in name
            assert passing or whole(name, data, known), (where, name)

    def tells(self, top: Path, ran: Ran, where: str) -> bool:
        """Check that a failed command printed a remedy; return False if the command succeeded."""
        assert ran.code != ExitCode.UNEXPECTED, where
        assert "Traceback" not in ran.printed, where
        if ran.code == 0:
            assert state(top) == self.end, where
            return False
        assert "  → " in ran.printed, where
        return True

    def completed(self, top: Path, where: str, view: View = dict) -> None:
        """Run the command again and check that its result is complete."""
        again = self.play(top)
        assert again.code in {0, self.case.refuses}, (where, again.printed)
        found, end = view(state(top)), view(self.end)
        assert found.keys() == end.keys(), where
        for name, data in end.items():
            assert same(name, found[name], data), (where, name, found[name][-600:], data[-600:])


def state(top: Path) -> Files:
    """Return all files except locks and caches."""
    files = tree(top / "work")
    return {n: d for n, d in files.items() if not n.startswith("village/build/cache/")}


def whole(name: str, data: bytes, known: Sequence[bytes]) -> bool:
    """Check that a file has one of the known contents; a log may have a part of its new lines."""
    growing = name.endswith(".jsonl") and data.endswith(b"\n")
    return any(data == one or (growing and one.startswith(data)) for one in known)


def same(name: str, found: bytes, expected: bytes) -> bool:
    """Compare files; in a log, a fixity check repeated after a killed run is ignored."""
    if found == expected or not name.endswith("events.jsonl"):
        return found == expected
    lines = [json.loads(line) for line in found.splitlines()]
    once = [
        line
        for number, line in enumerate(lines)
        if line["event"] != "fixity check" or line not in lines[:number]
    ]
    return once == [json.loads(line) for line in expected.splitlines()]
