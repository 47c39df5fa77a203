"""Where somebody speaks: voice activity, passages of speech for an engine, times and back again.

Silero VAD (MIT), as faster-whisper ships it. Engines get speech without the silence between it:
that is where Whisper hears words that nobody said.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cunshi.media.sampling import RATE, VAD_WINDOW

Samples = NDArray[np.float32]

PADDING = 0.4  # seconds kept on both sides of speech, so that no consonant is cut off
LONG_SILENCE = 4.0  # seconds that are worth a second look
FRESH = 10.0  # seconds that the detector hears at once in a long silence
FRESH_OVERLAP = 2.0
LEAST_AGAIN = 1.0  # seconds of speech in such a piece: half of one can be a note of music
LEAD = 640 * VAD_WINDOW  # samples before a block: the detector hears by what it has heard before
_MOMENT = 0.001  # seconds; times that differ by less are the same
LONGEST = 28.0  # seconds: with its padding a passage fits into Whisper's window of 30
OPTIONS = {
    "min_silence_ms": 500,
    "speech_pad_ms": round(PADDING * 1000),
    "longest": LONGEST,
    "lead": LEAD,
    "fresh": FRESH,
}


@dataclass(frozen=True)
class Span:
    """A stretch of speech in a recording, in seconds, with its padding."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Passage:
    """Spans of speech put together without the silence between them."""

    spans: tuple[Span, ...]
    samples: Samples

    @property
    def length(self) -> float:
        """Seconds."""
        return len(self.samples) / RATE

    def restore(self, start: float, end: float) -> tuple[float, float]:
        """A time range in the passage as one in the recording.

        A range that reaches over a cut lies in one span, since a word is said in one go: in the
        second if its last fifth does, because the pause before a word is counted to the word.
        Where two spans touch nothing was cut out.
        """
        begun, late = 0.0, start + 0.8 * (end - start)
        for number, span in enumerate(self.spans):
            if late < begun + span.length or span is self.spans[-1]:
                earliest, latest = self._unbroken(number)
                moved = (span.start + time - begun for time in (start, end))
                first, last = (min(max(time, earliest), latest) for time in moved)
                return round(first, 3), round(last, 3)
            begun += span.length
        raise ValueError("a passage has at least one span")

    def _unbroken(self, number: int) -> tuple[float, float]:
        """From where to where nothing was cut out around a span."""
        first = last = number
        while first and _touch(self.spans[first - 1], self.spans[first]):
            first -= 1
        while last + 1 < len(self.spans) and _touch(self.spans[last], self.spans[last + 1]):
            last += 1
        return self.spans[first].start, self.spans[last].end

    def halves(self) -> "tuple[Passage, Passage] | None":
        """The passage in two at the pause nearest to its middle, None when it has no pause."""
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
    return second.start - first.end < _MOMENT


def _size(span: Span) -> int:
    return round(span.end * RATE) - round(span.start * RATE)


def passages(blocks: Iterable[tuple[float, Samples]]) -> Iterator[Passage]:
    """The speech in a recording, in passages of at most LONGEST seconds.

    ``blocks`` are its mono samples at 16 kHz, each with the time of its first sample. Passages are
    cut at pauses; speech without any pause for so long is cut where the model is least sure of it.
    A passage goes on in the next block: one cut at the end of each would be a cut more, and would
    move all that follow.
    """
    spans: list[Span] = []
    parts: list[Samples] = []
    for span, samples in _speech(blocks):
        if spans and sum(s.length for s in spans) + span.length > LONGEST:
            yield Passage(tuple(spans), np.concatenate(parts))
            spans, parts = [], []
        spans.append(span)
        parts.append(samples)
    if spans:
        yield Passage(tuple(spans), np.concatenate(parts))


def _speech(blocks: Iterable[tuple[float, Samples]]) -> Iterator[tuple[Span, Samples]]:
    """The spans of speech in a recording; one that reaches into the next block becomes two."""
    before, done = np.empty(0, np.float32), 0.0
    for start, samples in blocks:
        heard = np.concatenate([before, samples])
        begun = start - len(before) / RATE
        for found in find_speech(heard):
            span = Span(max(begun + found.start, done), begun + found.end)
            if span.end > start and span.length > 0:
                yield span, heard[round((span.start - begun) * RATE) :][: _size(span)]
                done = span.end
        before = samples[-LEAD:]


def find_speech(samples: Samples) -> list[Span]:
    """Where somebody speaks, with padding; the spans do not overlap.

    The detector remembers what it heard, and after a minute of silence takes the next sentence for
    silence too (measured: probability 0.3 instead of 0.9). So long silences are looked at again,
    in pieces that it hears with a fresh memory.
    """
    spans = _detect(samples, 0.0)
    ends = [0.0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(samples) / RATE]
    for end, start in zip(ends, starts, strict=True):
        if start - end > LONG_SILENCE:
            spans += _look_again(samples, end, start)
    return _apart(sorted(spans, key=lambda span: span.start))


def _look_again(samples: Samples, start: float, end: float) -> Iterator[Span]:
    at = start
    while at < end:
        until = min(at + FRESH, end)
        yield from _detect(samples[round(at * RATE) : round(until * RATE)], at, LEAST_AGAIN)
        at = until - FRESH_OVERLAP if until < end else end


def _apart(spans: list[Span]) -> list[Span]:
    """Spans in order of time, each beginning where the one before has ended at the earliest."""
    apart: list[Span] = []
    for span in spans:
        start = max(span.start, apart[-1].end) if apart else span.start
        if span.end > start:
            apart.append(Span(start, span.end))
    return apart


def _detect(samples: Samples, start: float, least: float = 0.0) -> list[Span]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=round(least * 1000),
        min_silence_duration_ms=OPTIONS["min_silence_ms"],
        speech_pad_ms=OPTIONS["speech_pad_ms"],
        max_speech_duration_s=LONGEST,
    )
    # A copy: the detector sets the last samples of what it is given to zero.
    found = get_speech_timestamps(samples.copy(), options)
    return [Span(start + f["start"] / RATE, start + f["end"] / RATE) for f in found]
