"""A village with many recordings that nobody made, to measure how Cunshi grows.

The sample village goes through the whole pipeline with the real model. From one of its talks any
number of others are derived, each as the pipeline would have left it: deposit, master, manifest,
record, events, machine.json, transcript.vtt, access copy. Nothing in them is real: the masters are
one short recording followed by a hole of the wanted size and a number, and the words are the
sample's sentences in other orders, 5 000 characters each. Every record says so.
"""

import hashlib
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import yaml
from workbench import ROOT

from cunshi.archive.accession import Accession
from cunshi.archive.cache.file_cache import stats_of
from cunshi.archive.events import (
    CREATION,
    INGESTION,
    MESSAGE_DIGEST_CALCULATION,
    Event,
    format_event,
)
from cunshi.archive.fixity import manifest
from cunshi.archive.machine_json import MachineTranscript, format_machine_json, read_machine_json
from cunshi.archive.project import Project
from cunshi.archive.record_edit import as_logged
from cunshi.archive.records import write_recording
from cunshi.archive.transcript_file import format_draft
from cunshi.core.files import write_atomic
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Segment, Word
from cunshi.intake.deposit_cache import DepositCache
from cunshi.intake.deposits import Deposit, find_deposits

CHARACTERS = 5000
SECONDS_A_CHARACTER = 0.24
NARRATORS = 200
FOLDER = "替身"
NOTE = "测速用的替身：文字是样例的句子打乱的，原件只有开头半分钟有声音，其余是空的。"
_HEAD, _TAIL = 8, 16  # bytes of an MP4 box "free": its length and name; and a number in it


@dataclass(frozen=True)
class Model:
    """The talk that the others are derived from: a real accession of the sample village."""

    accession: Accession
    recording: Recording
    heard: MachineTranscript
    basis: str
    access_copy: Path

    @classmethod
    def of(cls, project: Project) -> "Model":
        talks = [a for a in project.accessions() if [*a.master.glob("*.m4a")]]
        read = ((a, project.read_recording(a, [])) for a in talks)
        accession, recording = next(
            (a, r) for a, r in read if not r.original_name.startswith(f"{FOLDER}/")
        )
        heard = read_machine_json(accession.machine)
        said = re.search(r"glossary \w+", accession.transcript.read_text("utf-8"))
        if heard is None or said is None:
            raise ValueError("the sample village has not been transcribed")
        copy = project.docs / "audio" / f"{accession.id}.m4a"
        return cls(accession, recording, heard, said[0], copy)

    @property
    def sound(self) -> bytes:
        return (self.accession.master / self.recording.master).read_bytes()


def add_stand_ins(project: Project, first: int, last: int, size: int) -> None:
    """Add the recordings with these numbers to a village that is built; masters of ``size`` bytes.

    What was seen of the deposits is remembered as if they had been taken in by a build.
    """
    model, archive = Model.of(project), project.read_archive([])
    villages = archive.villages
    numbers = {}
    for number in range(first, last):
        village = villages[number % len(villages)]
        day = date(2026, 1, 1) + timedelta(days=number % 300)
        name = f"{village}_替身{number % NARRATORS:03d}_{day}_{number:05d}.m4a"
        numbers[project.recordings / FOLDER / name] = number
    note = f"note: {NOTE}\nrights: 替身，没有版权\n"
    write_atomic(project.recordings / FOLDER / "folder.yml", note)
    digests = dict(_write_masters(model, numbers, size))
    looks = DepositCache(project)
    deposits = find_deposits(project, archive, [])
    for deposit in deposits:
        if deposit.path in numbers:
            _remember(looks, deposit, digests[deposit.path], model)
            _derive(project, model, deposit, digests[deposit.path], numbers[deposit.path])
    looks.save(path for deposit in deposits for path in deposit.files)


def _write_masters(model: Model, numbers: dict[Path, int], size: int) -> Iterator[tuple[Path, str]]:
    """Sparse files, and the SHA-256 of each. Only their last bytes differ."""
    sound = model.sound
    hole = max(0, size - len(sound) - _HEAD - _TAIL)
    head = sound + (hole + _HEAD).to_bytes(4, "big") + b"free"
    shared = hashlib.sha256(head)
    for at in range(0, hole, 1 << 20):
        shared.update(bytes(min(1 << 20, hole - at)))
    for path, number in numbers.items():
        tail = _TAIL.to_bytes(4, "big") + b"free" + number.to_bytes(_TAIL - _HEAD, "big")
        _write_sparse(path, head, hole, tail)
        digest = shared.copy()
        digest.update(tail)
        yield path, digest.hexdigest()


def _write_sparse(path: Path, head: bytes, hole: int, tail: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(head)
        stream.seek(hole, os.SEEK_CUR)
        stream.write(tail)
    os.utime(path, (1_700_000_000,) * 2)


def _remember(looks: DepositCache, deposit: Deposit, digest: str, model: Model) -> None:
    technical = vars(model.recording.technical) | {"duration": _duration()}
    seen = {"sha256": digest, "technical": technical}
    looks.put(deposit.path, stats_of([deposit.path]), seen)


def _duration() -> float:
    return CHARACTERS * SECONDS_A_CHARACTER * 1.2


def _derive(project: Project, model: Model, deposit: Deposit, digest: str, number: int) -> None:
    """The accession of a deposit, heard, and three in ten approved, one in ten half corrected."""
    recording = replace(
        model.recording,
        id=f"{deposit.description.date:%Y%m%d}-{digest[:8]}",
        sha256=digest,
        original_name=project.relative(deposit.path).removeprefix("recordings/"),
        technical=replace(model.recording.technical, duration=_duration()),
        description=deposit.description,
    )
    recording = replace(recording, master=f"{recording.id}.m4a")
    accession = project.accession(recording.id)
    accession.master.mkdir(parents=True)
    master = accession.master / recording.master
    _copy_sparse(deposit.path, master)
    hashes = {f"master/{recording.master}": digest}
    write_atomic(accession.manifest, manifest.format_manifest(hashes))
    approved, corrected = number % 10 in {0, 1, 2}, number % 10 in {0, 1, 2, 3}
    said = replace(recording.description, approved_by="替身", approved_on=date(2026, 11, 1))
    recorded = replace(recording, description=said) if approved else recording
    write_atomic(accession.record, write_recording(recorded))
    machine_sha256 = _transcribe(model, accession, recording, number, corrected=corrected)
    events = [
        Event(
            INGESTION,
            original_name=recording.original_name,
            fields=as_logged(recording.description),
        ),
        Event(
            MESSAGE_DIGEST_CALCULATION,
            algorithm="SHA-256",
            hashes=hashes,
            sizes={name: master.stat().st_size for name in hashes},
        ),
        Event(CREATION, object="machine.json", machine_sha256=machine_sha256),
    ]
    write_atomic(accession.events, "".join(map(format_event, events)))
    copy = project.docs / "audio" / f"{recording.id}.m4a"
    copy.write_bytes(model.access_copy.read_bytes())


def _copy_sparse(source: Path, target: Path) -> None:
    """cp knows holes; shutil would fill them."""
    size, data = source.stat().st_size, 0
    with source.open("rb") as stream, target.open("wb") as copy:
        while data < size:
            try:
                begin = os.lseek(stream.fileno(), data, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                break
            data = os.lseek(stream.fileno(), begin, os.SEEK_HOLE)
            stream.seek(begin)
            copy.seek(begin)
            copy.write(stream.read(data - begin))
        copy.truncate(size)


def _transcribe(
    model: Model, accession: Accession, recording: Recording, number: int, *, corrected: bool
) -> str:
    """machine.json and transcript.vtt; the SHA-256 of the first."""
    segments = tuple(spoken(number))
    heard = replace(
        model.heard,
        recording=recording.id,
        master_sha256=recording.sha256,
        segments=segments,
        confidence=({"avg_logprob": -0.21, "compression_ratio": 1.3, "no_speech_prob": 0.01},)
        * len(segments),
        weighed=(),
    )
    write_atomic(accession.machine, format_machine_json(heard))
    digest = manifest.sha256_of(accession.machine)
    basis = f"{heard.label}, machine {digest[:8]}, {model.basis}"
    lines = [replace(segment, words=()) for segment in segments]
    text = format_draft(recording.id, basis, lines)
    if corrected:
        text = text.replace("家", "家呀", 40)
    write_atomic(accession.transcript, text)
    return digest


_REFERENCE = yaml.safe_load((ROOT / "tests/samples/reference.yml").read_text("utf-8"))
_SENTENCES = [s for e in _REFERENCE for s in re.findall("[^。！？]+[。！？]", e["text"])]


def spoken(number: int) -> Iterator[Segment]:
    """Sentences in an order of their own for each number, until there are enough characters."""
    rng = random.Random(number)  # noqa: S311 (no secret: the same talk on every run)
    said, start = 0, 0.5
    while said < CHARACTERS:
        text = rng.choice(_SENTENCES)
        words = tuple(
            Word(
                round(start + at * SECONDS_A_CHARACTER, 2), round(start + (at + 1) * 0.24, 2), c, p
            )
            for at, c in enumerate(text)
            for p in [round(rng.uniform(0.5, 1), 3)]
        )
        yield Segment(words[0].start, words[-1].end, text, words)
        said += len(text)
        start = words[-1].end + rng.choice([0.3, 0.5, 0.8, 1.5])
