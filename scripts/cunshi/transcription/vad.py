"""Detect voice activity, split speech into passages for an engine, and convert their times.

Uses Silero VAD (MIT) as distributed with faster-whisper. Engines get speech without the silence in
between, in which Whisper tends to hallucinate.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cunshi.media.sampling import RATE, VAD_WINDOW

Samples = NDArray[np.float32]

PADDING = 0.4  # seconds kept on both sides of speech, so that consonants are not cut off
LONG_SILENCE = 4.0  # seconds: longer silences are scanned again
RESCAN_PIECE = 10.0  # seconds of a piece of a long silence that is scanned again
RESCAN_OVERLAP = 2.0
RESCAN_MIN_SPEECH = 1.0  # seconds of speech in a piece: shorter sounds may be music
LEAD = 640 * VAD_WINDOW  # samples of context before a block, because the detector is stateful
_TOLERANCE = 0.001  # seconds: smaller differences are ignored
MAX_PASSAGE = 28.0  # seconds: with padding, a passage fits into Whisper's window of 30 s
OPTIONS = {
    "min_silence_ms": 500,
    "speech_pad_ms": round(PADDING * 1000),
    "longest": MAX_PASSAGE,
    "lead": LEAD,
    "fresh": RESCAN_PIECE,
}


@dataclass(frozen=True)
class Span:
    """A range of speech in a recording in seconds, with padding."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Passage:
    """Spans of speech joined without the silence between them."""

    spans: tuple[Span, ...]
    samples: Samples

    @property
    def length(self) -> float:
        """Length in seconds."""
        return len(self.samples) / RATE

    def to_recording_time(self, start: float, end: float) -> tuple[float, float]:
        """Convert a time range in the passage to one in the recording.

        A range across a cut is assigned to one span, because a word is not interrupted: to the
        second span if its last fifth is there, because engines count the pause before a word to the
        word. Spans that touch are continuous.
        """
        offset, late = 0.0, start + 0.8 * (end - start)
        for number, span in enumerate(self.spans):
            if late < offset + span.length or span is self.spans[-1]:
                earliest, latest = self._continuous_range(number)
                moved = (span.start + time - offset for time in (start, end))
                first, last = (min(max(time, earliest), latest) for time in moved)
                return round(first, 3), round(last, 3)
            offset += span.length
        raise ValueError("a passage has at least one span")

    def _continuous_range(self, number: int) -> tuple[float, float]:
        """Return the range around a span in which nothing was cut out."""
        first = last = number
        while first and _touch(self.spans[first - 1], self.spans[first]):
            first -= 1
        while last + 1 < len(self.spans) and _touch(self.spans[last], self.spans[last + 1]):
            last += 1
        return self.spans[first].start, self.spans[last].end

    def split_in_half(self) -> "tuple[Passage, Passage] | None":
        """Split the passage at the pause nearest to its middle; None if it has no pause."""
        if len(self.spans) == 1:
            return None
        ends = np.cumsum([span.length for span in self.spans])[:-1]
        first = int(np.argmin(np.abs(ends - self.length / 2))) + 1
        cut = sum(_size(span) for span in self.spans[:first])
        return (
            Passage(self.spans[:first], self.samples[:cut]),
            Passage(self.spans[first:], self.samples[cut:]),
        )


def _touch(first: Span, second: Span) -> bool:
    return second.start - first.end < _TOLERANCE


def _size(span: Span) -> int:
    return round(span.end * RATE) - round(span.start * RATE)


def passages(blocks: Iterable[tuple[float, Samples]]) -> Iterator[Passage]:
    """Split the speech of a recording into passages of at most MAX_PASSAGE seconds.

    ``blocks`` are mono samples at 16 kHz, each with the time of its first sample. Passages are cut
    at pauses; speech without a pause is cut where voice activity is least probable. Passages
    continue across blocks, so that the size of blocks does not influence the cuts.
    """
    spans: list[Span] = []
    parts: list[Samples] = []
    for span, samples in _speech(blocks):
        if spans and sum(s.length for s in spans) + span.length > MAX_PASSAGE:
            yield Passage(tuple(spans), np.concatenate(parts))
            spans, parts = [], []
        spans.append(span)
        parts.append(samples)
    if spans:
        yield Passage(tuple(spans), np.concatenate(parts))


def _speech(blocks: Iterable[tuple[float, Samples]]) -> Iterator[tuple[Span, Samples]]:
    """Yield the spans of speech with their samples; a span across two blocks is split."""
    before, done = np.empty(0, np.float32), 0.0
    for start, samples in blocks:
        context = np.concatenate([before, samples])
        offset = start - len(before) / RATE
        for found in find_speech(context):
            span = Span(max(offset + found.start, done), offset + found.end)
            if span.end > start and span.length > 0:
                yield span, context[round((span.start - offset) * RATE) :][: _size(span)]
                done = span.end
        before = samples[-LEAD:]


def find_speech(samples: Samples) -> list[Span]:
    """Return the spans of speech, with padding and without overlaps.

    The detector is stateful, and after a minute of silence misses the next sentence (measured:
    probability 0.3 instead of 0.9). Therefore long silences are scanned again in pieces, each with
    a new state.
    """
    spans = _detect(samples, 0.0)
    ends = [0.0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(samples) / RATE]
    for end, start in zip(ends, starts, strict=True):
        if start - end > LONG_SILENCE:
            spans += _rescan(samples, end, start)
    return _resolve_overlaps(sorted(spans, key=lambda span: span.start))


def _rescan(samples: Samples, start: float, end: float) -> Iterator[Span]:
    at = start
    while at < end:
        until = min(at + RESCAN_PIECE, end)
        yield from _detect(samples[round(at * RATE) : round(until * RATE)], at, RESCAN_MIN_SPEECH)
        at = until - RESCAN_OVERLAP if until < end else end


def _resolve_overlaps(spans: list[Span]) -> list[Span]:
    """Shorten sorted spans so that each starts after the end of the previous one."""
    resolved: list[Span] = []
    for span in spans:
        start = max(span.start, resolved[-1].end) if resolved else span.start
        if span.end > start:
            resolved.append(Span(start, span.end))
    return resolved


def _detect(samples: Samples, start: float, min_speech: float = 0.0) -> list[Span]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=round(min_speech * 1000),
        min_silence_duration_ms=OPTIONS["min_silence_ms"],
        speech_pad_ms=OPTIONS["speech_pad_ms"],
        max_speech_duration_s=MAX_PASSAGE,
    )
    # Copied, because the detector zeroes the last samples of its input.
    found = get_speech_timestamps(samples.copy(), options)
    return [Span(start + f["start"] / RATE, start + f["end"] / RATE) for f in found]
