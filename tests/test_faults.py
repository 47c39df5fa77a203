"""Every command that writes, killed and refused at every place where it touches the disk.

Nothing that was there is lost, and a run after it ends as if nothing had happened.
Whatever gets a name is durable before it does. With CUNSHI_CASES above 10000, as in
tests/test_fuzz.py, also the places are visited that are left out to save time.
"""

import errno
import json
import os
import shutil
import signal
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

from conftest import settle, tree
from cunshi.core.errors import ExitCode
from faults import ALL, KILL, WRITING, Fault, Ran, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds names in /proc")
WORKERS = os.cpu_count() or 1
OHMS = """<ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record id="1">
<title>村里的桥</title><sync>1:|2(1)|</sync><interviewee>金老师</interviewee>
<transcript>村里有一条河。\n金老师：河上有一座桥。</transcript></record></ROOT>"""
REMADE = "village/build/"  # may be anything in between
Files = dict[str, bytes]
View = Callable[[Files], Files]


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


def published(top: Path, differently: Callable[[], None] | None = None) -> Path:
    """A site that was published twice; meanwhile there is another talk, and one was withdrawn."""
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
    """The same where there are no links."""
    return published(top, without_links)


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
    step: int = 1  # in a normal run each so many places are visited
    refuses: int = 0  # how it ends when everything is done already


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
    "publish": Case(published, ("publish", "--to", "{work}/out"), step=9),
    "publish-without-links": Case(moved, ("publish", "--to", "{work}/out"), without_links, step=9),
    "build": Case(bare, ("build", "--engine", "recorded"), step=19),
}


class Stage:
    """A case that is prepared once and played again and again, in several folders at a time."""

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
        """The case as it begins, in a folder of its own."""
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
        """Play it as it should go; the places that were visited."""
        with self.set_up() as top:
            ran = self.play(top, Fault(kinds=kinds))
            assert ran.code == 0, ran.printed
            self.end = state(top)
        assert not [place for place in ran.loose if REMADE not in place]
        return ran.places

    def everywhere(self, meet: Callable[[Fault, str], None], faults: dict[Fault, str]) -> None:
        """Meet every fault, each with the place where it happens."""
        with ThreadPoolExecutor(WORKERS) as pool:
            for met in [pool.submit(meet, fault, where) for fault, where in faults.items()]:
                met.result()

    def unharmed(self, top: Path, where: str, view: View = dict) -> None:
        """Each file is as it was, or as it is to become; none is gone, and none is half there."""
        start, end, now = view(self.start), view(self.end), view(state(top))
        anything = (*start.values(), *end.values())
        for name, data in start.items():
            if name in end and name not in now:
                assert data in now.values(), (where, name)
        for name, data in now.items():
            known = [files[name] for files in (start, end) if name in files] or anything
            passing = name.startswith(REMADE) or "/." in name
            assert passing or whole(name, data, known), (where, name)

    def tells(self, top: Path, ran: Ran, where: str) -> bool:
        """Whether a command says that something is wrong, and what to do; else it has done all."""
        assert ran.code != ExitCode.UNEXPECTED, where
        assert "Traceback" not in ran.printed, where
        if ran.code == 0:
            assert state(top) == self.end, where
            return False
        assert "  → " in ran.printed, where
        return True

    def completed(self, top: Path, where: str, view: View = dict) -> None:
        """Run again, it ends as if nothing had happened."""
        again = self.play(top)
        assert again.code in {0, self.case.refuses}, (where, again.printed)
        found, end = view(state(top)), view(self.end)
        assert found.keys() == end.keys(), where
        for name, data in end.items():
            assert same(name, found[name], data), (where, name, found[name][-600:], data[-600:])


def state(top: Path) -> Files:
    """All files but locks, and what is remembered to save time."""
    files = tree(top / "work")
    return {n: d for n, d in files.items() if not n.startswith("village/build/cache/")}


def unpublished(files: Files) -> Files:
    """All but what tells of publications: one that lacked something is one that was made."""
    kept = {n: d for n, d in files.items() if not n.endswith("publications.jsonl")}
    for name in [name for name in kept if name.endswith("events.jsonl")]:
        lines = kept[name].splitlines(keepends=True)
        kept[name] = b"".join(line for line in lines if b'"dissemination"' not in line)
    return kept


def recorded(files: Files) -> Files:
    """All but logs: that a folder's consent could not be read, and then could, is noted twice."""
    return {n: d for n, d in files.items() if not n.endswith(".jsonl")}


def whole(name: str, data: bytes, known: Sequence[bytes]) -> bool:
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


def ways(place: str) -> Sequence[str]:
    """How to be killed at a place so that no state of the disk is left out.

    What is there after a file was made durable is there before it gets its name. Before it was,
    half of it is worse than the whole.
    """
    if ALL:
        return ("before", "after") if place.startswith("replace") else ("before", "torn", "after")
    if place.startswith("replace"):
        return "before", "after"
    return ("after",) if place.endswith("/") else ("torn",)


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_killed_at_every_place(stage: Stage) -> None:
    places = stage.undisturbed(KILL)

    def meet(fault: Fault, where: str) -> None:
        with stage.set_up() as top:
            killed = stage.play(top, fault)
            assert killed.code == -signal.SIGKILL, (where, killed.printed)
            stage.unharmed(top, where)
            stage.completed(top, where)

    chosen = some(places, stage.case.step)
    faults = {Fault(n, how): f"{n} {how} {place}" for n, place in chosen for how in ways(place)}
    assert len(faults) > 6
    stage.everywhere(meet, faults)


# Errors: what the system says, whether it says so from then on, and words that must be told.
REFUSALS = (
    (errno.ENOSPC, True, "磁盘满了"),
    (errno.EACCES, False, "没有权限"),
    (errno.EIO, False, "读写出错"),
    (errno.ENOTCONN, True, "断开了"),
    (errno.EROFS, True, "只读"),
    (errno.EPERM, False, "没有权限"),
    (errno.EDQUOT, True, "磁盘满了"),
    (errno.ESTALE, True, "断开了"),
)


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_refused_at_every_place(stage: Stage) -> None:
    """The command says what is wrong with which file, and loses nothing; later it is completed."""
    chosen = some(stage.undisturbed(WRITING), 2 * stage.case.step)
    words = {number: said for number, __, said in REFUSALS}

    def meet(fault: Fault, where: str) -> None:
        with stage.set_up() as top:
            ran = stage.play(top, fault)
            where += ran.printed
            if stage.tells(top, ran, where):
                assert words[int(fault.how)] in ran.printed, where
                assert any(name_in(place) in ran.printed for place in ran.refused), where
            view = dict if fault.lasting else unpublished
            stage.unharmed(top, where, view)
            stage.completed(top, where, view)

    faults = {}
    for turn, (number, place) in enumerate(chosen):
        for how, lasting, __ in REFUSALS if ALL else REFUSALS[turn % len(REFUSALS) :][:1]:
            later = ("read",) if how in {errno.ENOTCONN, errno.ESTALE} else ()
            fault = Fault(number, how, WRITING, lasting, later)
            faults[fault] = f"{errno.errorcode[how]} {number} {place}\n"
    stage.everywhere(meet, faults)


# What was once taken for missing or bad, when it could only not be read for a moment.
FOUND = ("manifest-sha256.txt", "machine.json", "/archive.yml", "金村村_金家_2026-02-01.txt")


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_one_file_that_cannot_be_read(stage: Stage) -> None:
    """It is named, the others are done, and no master, manifest or text of a person changes."""
    places = stage.undisturbed(("read",))
    chosen = set(some(places, 4 * stage.case.step))
    if "publish" not in stage.words:  # which reads the same as build, slowly
        chosen |= {(n, place) for n, place in enumerate(places, 1) if place.endswith(FOUND)}

    def meet(fault: Fault, where: str) -> None:
        with stage.set_up() as top:
            ran = stage.play(top, fault)
            where += ran.printed
            if stage.tells(top, ran, where):
                # Two threads read: it need not be the place that had this number before.
                [place] = ran.refused
                parts = (*Path(place.partition(" ")[2]).parts[-3:], name_in(place))
                assert any(part in ran.printed for part in parts), where
            now = state(top)
            for name, data in stage.start.items():
                if not name.startswith("village/archive/"):
                    continue
                if "/master/" in name or name.endswith((".txt", ".vtt", ".json", ".jsonl")):
                    assert now[name].startswith(data) or now[name] == stage.end[name], (where, name)
            stage.completed(top, where, recorded)

    faults = {Fault(n, errno.EIO, ("read",)): f"{n} {place}\n" for n, place in sorted(chosen)}
    stage.everywhere(meet, faults)


def name_in(place: str) -> str:
    """The name of what a place is about, as people know it."""
    name = Path(place.partition(" ")[2]).name
    return name.removeprefix(".").removesuffix(".tmp")


def some(places: Sequence[str], step: int) -> list[tuple[int, str]]:
    """Numbered places; of a long run every so many, the last one among them."""
    found = list(enumerate(places, 1))
    return found if ALL else found[::-step][::-1]
