"""A village whose every word and second of sound can be told apart, and a search for them in
everything that comes out of it.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pypdf import PdfReader

from cunshi.archive.project import Project
from cunshi.core.files import walk_files
from cunshi.core.progress import SilentReporter
from cunshi.media.decoding import decode
from support import long_talks
from support.leaks import contents, readings
from support.noises import unique_second
from support.village import LESSON_HEAD, new_village, settle

RATE = 16_000
_COMPARED = 4_000  # hertz
SECONDS = 12
LINE = 3  # seconds
_LIKE = 0.35  # of 1: how much a sound may be like another by chance
_SOUNDS = (".m4a", ".mp3", ".wav", ".ogg", ".opus", ".aac")
_HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Talk:
    """A talk of the village: what is said in its lines and who tells it."""

    number: int
    narrator: str
    folder: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.folder}/金村村_{self.narrator}_2026-01-{10 + self.number}.wav"

    @property
    def title(self) -> str:
        return f"题名{_sentence(900 + self.number)}"


@dataclass
class Secrets:
    """What must not come out: words, and seconds of talks."""

    words: list[str] = field(default_factory=list)
    seconds: list[tuple[int, int]] = field(default_factory=list)

    def of_talk(self, talk: Talk) -> "Secrets":
        """Add all of a talk but its title."""
        self.words += talk.words
        self.seconds += [(talk.number, n) for n in range(SECONDS)]
        return self

    def of_line(self, talk: Talk, line: int) -> "Secrets":
        """Add a line; the edges of its first and last second may be cut by the neighbours."""
        self.words.append(talk.words[line])
        self.seconds += [(talk.number, n) for n in range(line * LINE, (line + 1) * LINE)]
        return self


def _sentence(number: int) -> str:
    """Return a sentence of twelve rare characters that is like no other."""
    chance = np.random.default_rng(number)
    return "".join(chance.choice(_HAN, 12))


def _lines(talk: int, named: str) -> tuple[str, ...]:
    lines = [_sentence(10 * talk + n) for n in range(SECONDS // LINE)]
    return (*lines[:3], f"{lines[3]}{named}来了")


TALKS = (
    Talk(1, "王阿婆", "01-村名", _lines(1, "王阿婆")),
    Talk(2, "金德发", "02-老街", _lines(2, "金德发")),
    Talk(3, "王阿婆", "03-庙会", _lines(3, "")),
)
NAMES = {talk.narrator for talk in TALKS}


@cache
def sound(talk: int, second: int) -> Samples:
    """Return the noise of a second of a talk."""
    return unique_second(1000 * talk + second)


def _write(path: Path, talk: Talk) -> None:
    samples = np.concatenate([sound(talk.number, n) for n in range(SECONDS)])
    path.parent.mkdir(parents=True, exist_ok=True)
    settle(long_talks.write(path, samples * 32767))


def make_village(root: Path) -> Project:
    """Create the village with open talks, corrected transcripts and two lessons."""
    from cunshi import workflow

    project = new_village(root)
    for path in list(walk_files(project.courses)):
        path.unlink()
    term = "{term: 老人家, kind: 人物, meaning: 年纪大的人}"
    project.glossary.write_text(f"terms:\n  - {term}\n", "utf-8")
    (project.recordings / "folder.yml").write_text(
        "consent: {by: 王老师, signed_on: 2026-01-01}\n", "utf-8"
    )
    for talk in TALKS:
        _write(project.recordings / talk.name, talk)
        sidecar = (project.recordings / talk.name).with_suffix(".yml")
        sidecar.write_text(f"title: {talk.title}\n", "utf-8")
        settle(sidecar)
    workflow.ingest(project, SilentReporter())
    for talk in TALKS:
        project.accession(id_of(project, talk)).transcript.write_text(transcript(talk), "utf-8")
    _write_lessons(project)
    return project


def transcript(talk: Talk) -> str:
    cues = (
        f"00:{n * LINE:02}.000 --> 00:{(n + 1) * LINE:02}.000\n{words}\n"
        for n, words in enumerate(talk.words)
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def id_of(project: Project, talk: Talk) -> str:
    return next(a.id for a in project.accessions() if a.id.startswith(f"202601{10 + talk.number}"))


def _write_lessons(project: Project) -> None:
    sections = "".join(
        f"## {name}\n\n讲一讲。\n\n" for name in ("开场", "想一想", "动手做", "回家任务")
    )
    names = []
    for number, talks in ((1, TALKS[:2]), (2, TALKS[1:])):
        clips = "".join(
            f"/// clip | {id_of(project, talk)} 0:03-0:06\n///\n\n"
            f"/// clip | {id_of(project, talk)} 0:09-0:12 金句\n///\n\n"
            for talk in talks
        )
        names.append(f"{number:02}-lesson")
        path = project.courses / names[-1] / "lesson.md"
        path.parent.mkdir()
        text = sections.replace("## 想一想", f"## 听一听\n\n{clips}## 想一想")
        path.write_text(f"{LESSON_HEAD}\n{text}", "utf-8")
    course = f"title: 村史\nlessons: [{', '.join(names)}]\n"
    (project.courses / "course.yml").write_text(course, "utf-8")


def found_in(folder: Path, secrets: Secrets) -> list[str]:
    """Return where secrets are in a folder: in any byte, packed or printed, or in any sound."""
    wanted = [(words, readings(words)) for words in secrets.words]
    found = []
    for path in walk_files(folder) if folder.is_dir() else ():
        for name, data in contents(path.name, path.read_bytes()):
            text = _printed(name, data)
            hits = [w for w, forms in wanted if w in text or any(form in data for form in forms)]
            found += [f"{path}: {name}: {words}" for words in hits]
            found += [f"{path}: {name}: {heard}" for heard in _heard(name, data, secrets)]
    return found


def _printed(name: str, data: bytes) -> str:
    if not name.endswith(".pdf"):
        return ""
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def _heard(name: str, data: bytes, secrets: Secrets) -> Iterator[str]:
    """Yield the secret seconds in a sound. Their middle is looked for: edges may be faded."""
    if not name.endswith(_SOUNDS) or not secrets.seconds:
        return
    samples = _decoded(data)
    if len(samples) < _COMPARED // 4:
        return
    for talk, second in secrets.seconds:
        if _likeness(_searched(talk, second), samples) > _LIKE:
            yield f"second {second} of talk {talk}"


@cache
def _decoded(data: bytes) -> Samples:
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(suffix=".m4a") as file:
        file.write(data)
        file.flush()
        return np.concatenate([np.empty(0, np.float32), *decode(Path(file.name), _COMPARED)])


@cache
def _searched(talk: int, second: int) -> Samples:
    """Return the middle of a second at the lower rate: its edges may be faded."""
    lower = np.fft.irfft(np.fft.rfft(sound(talk, second))[: _COMPARED // 2 + 1], _COMPARED)
    return lower[_COMPARED // 4 : -_COMPARED // 4].astype(np.float32)


def _likeness(searched: Samples, samples: Samples) -> float:
    """Return how much the most similar part of ``samples`` is like a sound, from 0 to 1."""
    size = len(samples) + len(searched)
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(searched, size))
    products = np.abs(np.fft.irfft(product, size)[: len(samples)])
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    ends = np.minimum(np.arange(len(samples)) + len(searched), len(samples))
    power = np.sqrt(np.maximum(energy[ends] - energy[: len(samples)], 0.0))
    length = float(np.linalg.norm(searched))
    loud = power > 0.1 * length / 4  # decoding at a lower rate keeps the level
    return float((products[loud] / power[loud]).max()) / length if loud.any() else 0.0
