"""Long recordings are decoded in blocks without effects at their boundaries."""

import difflib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.project import Project
from cunshi.domain.transcript import Segment, Word
from cunshi.media import audio
from cunshi.transcription import engines, vad
from cunshi.transcription.engines import EngineEntry, EngineIdentity, HeardSegment
from cunshi.transcription.engines.faster_whisper import FasterWhisper
from cunshi.transcription.error_rate import count_errors
from cunshi.transcription.recognise import RecognisedPassage, recognise_passage
from support.long_talks import RATE, Samples, long_talk, write
from support.village import ROOT, settle

WORD = RATE // 20  # samples
Run = Callable[..., tuple[int, str]]


class Ruler:
    """An engine that returns a word every half second: the number of its first sample.

    It finds the position by looking up four samples at every sixteenth.
    """

    workers = 2
    hears = True
    recording = np.zeros(0, np.int16)

    def __init__(self) -> None:
        marks = np.lib.stride_tricks.sliding_window_view(self.recording, 4)[::16].copy()
        keys = marks.view(np.int64).ravel()
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def identity(self) -> EngineIdentity:
        return EngineIdentity("ruler", "1", "none", "0" * 64, {})

    def prepare(self) -> None: ...

    def _place(self, heard: Samples) -> int | None:
        """Return the position of a range in the recording, None if a cut is in it."""
        for shift in range(16):
            key = np.ascontiguousarray(heard[shift : shift + 4]).view(np.int64)[0]
            found = int(np.searchsorted(self._keys, key))
            if found < len(self._keys) and self._keys[found] == key:
                first = int(self._order[found]) * 16 - shift
                if np.array_equal(self.recording[first : first + len(heard)], heard):
                    return first
        return None

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        heard = np.round(samples * 32768).astype(np.int16)
        for at in range(0, len(heard) - WORD, RATE // 2):
            place = self._place(heard[at : at + WORD])
            if place is not None:
                word = Word(at / RATE, (at + WORD) / RATE, str(place), 0.9)
                yield HeardSegment(Segment(word.start, word.end, word.text, (word,)))

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()


def open_engine(model: str, root: Path) -> Ruler:
    return Ruler()


def test_half_an_hour_in_blocks_has_exact_times_and_every_moment_once(
    village: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, __ = long_talk(1800)
    path = village.recordings / "金村村_金老师_2026-01-12.wav"
    settle(write(path, recording))
    monkeypatch.setattr(Ruler, "recording", recording)
    monkeypatch.setitem(engines.ENGINES, "ruler", EngineEntry(__name__))
    run(village, "ingest")
    code, text = run(village, "transcribe", "--engine", "ruler")
    assert code == 0, text
    [accession] = village.accessions()
    heard = read_machine_json(accession.machine)
    assert heard is not None
    words = [word for segment in heard.segments for word in segment.words]
    for word in words:
        assert word.start == pytest.approx(int(word.text) / RATE, abs=0.0006)
        assert word.end == pytest.approx((int(word.text) + WORD) / RATE, abs=0.0006)
    places = [int(word.text) for word in words]
    assert all(a + WORD <= b for a, b in pairwise(places))
    joins = [start for start, __ in audio.blocks(path)][1:]
    assert len(joins) >= 14
    # What is spoken in other blocks is spoken in these, also beside and across the joins.
    for start, samples in audio.blocks(path, longest=601):
        for span in vad.find_speech(samples):
            begin, end = start + span.start - 0.1, start + span.end + 0.1
            inside = sum(begin <= word.start <= end for word in words)
            assert inside >= 2 * (span.length - 1.5), (begin, end, joins)


MachineTranscript = dict[bytes, RecognisedPassage]


def hear(
    blocks: Iterable[tuple[float, NDArray[np.float32]]], known: MachineTranscript
) -> list[Word]:
    """Return the characters recognised by Whisper with their times, cached per passage."""
    listener, words = FasterWhisper("base", ROOT), list[Word]()
    for passage in vad.passages(blocks):
        times = [round(time, 4) for span in passage.spans for time in (span.start, span.end)]
        key = passage.samples.tobytes() + repr(times).encode()
        known[key] = known.get(key) or recognise_passage(listener, passage, "cmn", ())
        words += [w for entry in known[key].segments for w in entry.segment.words]
    return [
        Word(word.start, word.end, character, word.probability)
        for word in words
        for character in word.text
    ]


def spelt(words: list[Word]) -> str:
    return "".join(word.text for word in words)


@pytest.mark.whisper
def test_four_minutes_in_blocks_have_the_words_and_times_of_one_piece(tmp_path: Path) -> None:
    path = write(tmp_path / "talk.wav", long_talk(260)[0])
    known = MachineTranscript()
    one = hear(audio.blocks(path, longest=3600), known)
    blocks = list(audio.blocks(path, longest=60))
    many = hear(blocks, known)
    assert len(blocks) >= 4
    assert count_errors(spelt(one), spelt(many)).rate <= 0.003
    matcher = difflib.SequenceMatcher(None, spelt(one), spelt(many), autojunk=False)
    offsets = [
        abs(one[a + n].start - many[b + n].start)
        for a, b, size in matcher.get_matching_blocks()
        for n in range(size)
    ]
    assert len(offsets) > 600
    assert np.percentile(offsets, 99) <= 0.02
    assert max(offsets) <= 0.5


PROGRAM = """
import sys
from pathlib import Path
from cunshi.media import audio; from cunshi.transcription import vad as voice
for passage in voice.passages(audio.blocks(Path(sys.argv[1]))):
    pass
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def peak_memory(path: Path) -> int:
    """Return the peak memory in bytes of a process that splits a recording."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        # With the threshold, the C library returns every freed block to the system at once.
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "MALLOC_MMAP_THRESHOLD_": "65536"},
        check=True,
        capture_output=True,
    )
    return int(done.stdout) * 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux")
def test_memory_does_not_grow_with_the_length_of_a_recording(tmp_path: Path) -> None:
    recording, __ = long_talk(300)
    short = peak_memory(write(tmp_path / "short.wav", np.tile(recording, 2)))
    long = peak_memory(write(tmp_path / "long.wav", np.tile(recording, 8)))
    assert long - short < 2 * recording.size * 4  # bytes of 10 of the 30 minutes more
