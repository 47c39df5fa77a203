"""Withhold lines, and check whether they can be heard."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from cunshi.archive.project import Project
from cunshi.archive.transcript_edit import format_corrected
from cunshi.archive.transcript_file import parse_transcript
from cunshi.core.yaml_fields import read_text
from cunshi.domain.transcript import Segment
from cunshi.media import audio
from cunshi.media.cutting import PITCH
from support.evidence import LESSON


def mark(project: Project, recording_id: str, number: int, **values: object) -> Segment:
    """Change a line of a transcript like the desk."""
    path = project.accession(recording_id).transcript
    before = read_text(path)
    lines = list(parse_transcript(before))
    lines[number] = replace(lines[number], **values)  # type: ignore[arg-type]
    path.write_text(format_corrected(before, recording_id, lines), "utf-8")
    return lines[number]


def cite(project: Project, *citations: str) -> None:
    folder = project.courses / "01-qiao"
    folder.mkdir(exist_ok=True)
    text = LESSON.format(citation="\n\n".join(citations))
    (folder / "lesson.md").write_text(text, "utf-8")
    (project.courses / "course.yml").write_text("title: 村史\nlessons: [01-qiao]\n", "utf-8")


def published(project: Project) -> dict[str, bytes]:
    """Return every file of the site and its source, including packed ones."""
    found: dict[str, bytes] = {}
    for folder in (project.site, project.docs):
        for path in folder.rglob("*"):
            if path.is_file():
                found[str(path)] = path.read_bytes()
    for name, data in list(found.items()):
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                found |= {f"{name}/{inside}": packed.read(inside) for inside in packed.namelist()}
    return found


def loudness(path: Path, start: float, end: float) -> float:
    """Return the level in dBFS without the tone that replaces withheld speech."""
    samples = np.concatenate(list(audio.decode(path, 16_000, start, end)))
    spectrum = np.fft.rfft(samples * np.hanning(len(samples)))
    pitches = np.fft.rfftfreq(len(samples), 1 / 16_000)
    power = np.square(np.abs(spectrum[np.abs(pitches - PITCH) > 40])).sum() / len(samples) ** 2
    return float(10 * np.log10(max(float(power) * 16 / 3, 1e-14)))


def tone(path: Path, start: float, end: float) -> float:
    """Return the level in dBFS of the tone that replaces withheld speech."""
    samples = np.concatenate(list(audio.decode(path, 16_000, start, end)))
    wave = np.exp(-2j * np.pi * PITCH * np.arange(len(samples)) / 16_000)
    return float(20 * np.log10(max(abs(complex(np.mean(samples * wave))) * 2, 1e-7)))
