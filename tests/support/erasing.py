"""A village from which a voice is erased: everything that may hold its words, names and sound."""

import shutil
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cunshi import cli
from cunshi.archive.accession import Accession
from cunshi.archive.events import ACCESSION, Event
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.catalogue.course import lessons
from cunshi.media import audio
from cunshi.review.editor import document
from support.faults import stand_ins
from support.leaks import contents, leaks
from support.village import EPOCH, LESSON_HEAD, new_village, settle

RATE = 16_000
NAME, TITLE, WORDS = "祝阿金", "灶台边的旧账", "那年雪夜我把契约埋在枇杷树下。"
EARLIER = "那年雪夜我把地契埋在枇杷树下。"  # as the desk had it before it was corrected
NOTE, SCAN = "枇杷树的照片是她女儿给的", "祝家同意书.jpg"
OTHER = "顾老师"
DEMAND = ("--asked-by", "讲述人的女儿", "--asked-on", "2027-01-10", "--ground", "家属要求")
SECTIONS = "".join(f"## {name}\n\n讲一讲。\n\n" for name in lessons.SECTIONS)


def noise(seed: int, seconds: float = 8.0) -> NDArray[np.float32]:
    """Return noise that is in no other sound."""
    made = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (0.2 * made).clip(-1, 1).astype(np.float32)


def write_sound(path: Path, samples: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes((samples * 32767).astype("<i2").tobytes())
    settle(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    settle(path)


def command(project: Project, *words: str) -> int:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(SystemExit) as ended:
        patched.setenv("SOURCE_DATE_EPOCH", EPOCH)
        with stand_ins(quick=True):
            cli.main(["--root", str(project.root), *words])
    return int(ended.value.code or 0)


@dataclass(frozen=True)
class Place:
    """A village with what it was published and backed up to, and the ids of its two talks."""

    top: Path
    erased: str
    other: str

    @property
    def project(self) -> Project:
        return Project.at(self.top / "village")

    @property
    def backup(self) -> Path:
        return self.top / "backup"

    @property
    def share(self) -> Path:
        return self.top / "share"

    def words(self, *more: str) -> tuple[str, ...]:
        """Return the command that erases the voice everywhere."""
        reach = ("--backup", str(self.backup), "--to", str(self.share))
        confirmed = ("--confirm", self.erased, "--witness", "李会计")
        return ("erase", self.erased, *DEMAND, *reach, *confirmed, *more)


def make(top: Path) -> Place:
    """Make the village: recorded, transcribed, corrected at the desk, published twice, packed and
    backed up three times.
    """
    project = _drop(top)
    assert command(project, "build", "--engine", "recorded") == 0
    ids = {NAME in a.record.read_text("utf-8"): a.id for a in project.accessions()}
    place = Place(top, ids[True], ids[False])
    _correct(place, EARLIER)
    assert command(project, "backup", str(place.backup)) == 0
    _correct(place, WORDS)
    add_scan(place.project.accession(place.erased))
    clips = f"/// clip | {place.other} 0:01-0:03\n///\n"
    write(project.courses / "01-qiao" / "lesson.md", f"{LESSON_HEAD}\n{SECTIONS}{clips}")
    write(project.courses / "course.yml", "title: 村史\nlessons: [01-qiao]\n")
    assert command(project, "backup", str(place.backup)) == 0
    assert command(project, "publish", "--to", str(place.share)) == 0
    write(project.courses / "course.yml", "title: 村里的历史\nlessons: [01-qiao]\n")
    assert command(project, "publish", "--to", str(place.share)) == 0
    assert command(project, "pack") == 0
    project.review.mkdir(exist_ok=True)
    for id_ in (place.erased, place.other):
        (project.review / f"{id_}.peaks.json").write_text('{"peaks": [1]}', "utf-8")
    assert command(project, "backup", str(place.backup)) == 0
    assert len([*(place.share / "releases").iterdir()]) == 2
    return place


def _drop(top: Path) -> Project:
    """Drop the voice twice with a sidecar and a photo, and another voice."""
    project = new_village(top / "village")
    shutil.rmtree(project.courses)
    write(project.courses / "course.yml", "title: 村史\nlessons: []\n")
    write(project.glossary, "terms:\n  - {term: 老人家, kind: 人物, meaning: 年纪大的人}\n")
    write(project.recordings / "folder.yml", "consent: {by: 王老师, signed_on: 2026-01-01}\n")
    first = project.recordings / "01-村名" / f"金村村_{NAME}_2026-01-12.wav"
    write_sound(first, noise(1))
    write(first.with_suffix(".yml"), f"title: {TITLE}\nnote: {NOTE}\n")
    Image.effect_noise((80, 60), 90).save(first.with_suffix(".png"))
    settle(first.with_suffix(".png"))
    copy = project.recordings / "02-又一份" / "语音001.wav"
    copy.parent.mkdir()
    shutil.copy(first, copy)
    write(copy.with_suffix(".yml"), f"note: {NOTE}\n")
    settle(copy)
    write_sound(project.recordings / "02-又一份" / f"金村村_{OTHER}_2026-01-13.wav", noise(2))
    return project


def _correct(place: Place, words: str) -> None:
    """Correct the transcript as the desk does, so that it has a history."""
    accession = place.project.accession(place.erased)
    with document.opened(place.project, accession) as opened:
        line = opened.lines[0]
        changed = (type(line)(line.start, line.end, words), *opened.lines[1:])
        opened.save("李老师", opened.revision, changed)


def add_scan(accession: Accession) -> None:
    """Add a scan of the consent as the desk does."""
    scan = accession.consent_forms / SCAN
    scan.parent.mkdir()
    Image.effect_noise((50, 40), 80).save(scan)
    hashes = {f"consent/{SCAN}": sha256_of(scan)}
    accession.add_event(Event(ACCESSION, algorithm="SHA-256", hashes=hashes, agent="李老师"))


def unique_bytes(place: Place) -> dict[str, bytes]:
    """Return a part of every file that is to go, and its name: masters, photo, scan."""
    accession = place.project.accession(place.erased)
    files = [*accession.master.iterdir(), *accession.consent_forms.iterdir()]
    return {path.name: path.read_bytes()[600:800] for path in files}


def remains(place: Place, needles: dict[str, bytes]) -> list[str]:
    """Return every file below the village, the share and the backup that holds something of it."""
    folders = [folder for folder in place.top.iterdir() if folder.is_dir()]
    words = (NAME, TITLE, WORDS, EARLIER, NOTE, SCAN, place.erased, place.erased.split("-")[1])
    found = [leak for folder in folders for one in words for leak in leaks(folder, one)]
    for folder in folders:
        names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        found += [name for name in names if any(one in name for one in words)]
        for path in (path for path in folder.rglob("*") if path.is_file()):
            for name, data in contents(path.name, path.read_bytes()):
                found += [f"{name}: {needle}" for needle, part in needles.items() if part in data]
    return found + [f"{name}: sound" for name, match in sounds(place) if match > 0.2]


def sounds(place: Place) -> Iterator[tuple[str, float]]:
    """Yield every sound that can be decoded, also packed ones, with its likeness to the voice."""
    for path in (path for path in place.top.rglob("*") if path.is_file()):
        for name, data in contents(path.as_posix(), path.read_bytes()):
            if name.endswith((".m4a", ".wav")):
                aside = place.top.parent / f"heard{Path(name).suffix}"
                aside.write_bytes(data)
                yield name, likeness(np.concatenate(list(audio.decode(aside, RATE))), noise(1))


def likeness(sound: NDArray[np.float32], voice: NDArray[np.float32]) -> float:
    """Return the largest correlation of any second of a voice with a sound."""
    size = 1 << int(np.ceil(np.log2(len(sound) + RATE)))
    spectrum, best = np.fft.rfft(sound, size), 0.0
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound.astype(np.float64)))])
    for start in range(0, len(voice) - RATE, RATE):
        part = voice[start : start + RATE]
        found = np.fft.irfft(spectrum * np.conj(np.fft.rfft(part, size)), size)
        found = np.abs(found[: max(1, len(sound) - RATE)])
        local = energy[RATE : RATE + len(found)] - energy[: len(found)]
        if len(local) == len(found):
            norm = np.sqrt(np.maximum(local, 1e-6) * float(np.square(part).sum()))
            best = max(best, float(np.max(found / norm)))
    return best
