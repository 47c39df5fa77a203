"""Find where to cut a clip outside of words, and mask withheld ranges. Works on samples only.

Whisper's word times are off by 0.1 s on average, and by more than 0.2 s for one word in ten, so
they only limit the search; the energy of the signal determines the cut.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cunshi.domain.transcript import Word

HOP = 0.005  # seconds between candidate cuts
FRAME = 0.02  # seconds that must be quiet at the edge of a clip
MIN_PAUSE = 0.04  # seconds: anything shorter may be the closure of a consonant
PAUSE_SEARCH = 0.15  # seconds of a pause, from its nearer end, that are searched
WORD_TIME_ERROR = 0.25  # seconds of error assumed in word times
MAX_SHIFT = 1.0  # seconds that an edge may move
BOUNDARY_WEIGHT = 40.0  # dB per second from the word boundary, where there is no pause
SPEECH_RANGE = 40.0  # dB below speech that count as silence even in digital recordings
MIN_PAUSE_DEPTH = 10.0  # dB below speech that a pause has to reach
MARGIN = 0.1  # seconds around a withheld line, because word times are inexact
FADE = 0.03  # seconds of fade around a withheld line
PITCH = 1000.0  # hertz of the tone that replaces it
MAX_TONE = 1.0  # seconds of tone, followed by silence
EDGE_CONTEXT = 2.0  # seconds analysed on both sides of an edge of a withheld line
WIDEST = 0.5  # seconds that silence may go on behind a withheld line, to the next pause
LEAST = 0.25  # seconds that it goes on where there is no pause
PAUSE_FRACTION = 0.35  # level of a pause, as a fraction from silence to speech in dB


def cut_points(
    samples: NDArray[np.float32], rate: int, start: float, end: float, words: Sequence[Word] = ()
) -> tuple[float, float]:
    """Return ``start`` and ``end`` in seconds, moved outwards to pauses if they are inside words.

    ``samples`` should reach two seconds beyond both. All times, also those of ``words``, count from
    the first sample. A time inside a pause is not moved.
    """
    length = len(samples) / rate
    frames = _decibels(samples, rate)
    quiet = _quiet(frames)
    first = _snap(frames, quiet, start, *_search_range(start, words))
    # Reverse the time axis, so that the end is found like a start.
    back = [Word(length - w.end, length - w.start, w.text, w.probability) for w in reversed(words)]
    mirrored = _decibels(samples[::-1], rate)
    last = _snap(mirrored, quiet, length - end, *_search_range(length - end, back))
    return first, length - last


def _decibels(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the level in dB of the frame that begins at each hop."""
    hop, frame = round(HOP * rate), round(FRAME * rate)
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, max(1, len(samples) - frame), hop)
    ends = np.minimum(starts + frame, len(samples))
    mean = (power[ends] - power[starts]) / np.maximum(1, ends - starts)
    return np.asarray(10 * np.log10(np.maximum(mean, 1e-10)))


def _quiet(frames: NDArray[np.float64]) -> float:
    """Return the level in dB below which a frame is quiet, relative to the loudest and softest."""
    silence, speech = np.percentile(frames, [5, 90])
    silence = max(silence, speech - SPEECH_RANGE)
    return float(min(silence + PAUSE_FRACTION * (speech - silence), speech - MIN_PAUSE_DEPTH))


def _search_range(time: float, words: Sequence[Word]) -> tuple[float, float]:
    """Return the earliest allowed start of a clip, and the start of the word at ``time``.

    The earliest start is not before the middle of the previous word.
    """
    started = [word for word in words if word.start <= time]
    if not started or time > started[-1].end + WORD_TIME_ERROR:
        return time - WORD_TIME_ERROR, time
    current = started[-1]
    furthest = max(current.start - WORD_TIME_ERROR, time - MAX_SHIFT)
    if len(started) > 1:
        furthest = max(furthest, (started[-2].start + started[-2].end) / 2)
    return min(furthest, time), current.start


def _snap(
    frames: NDArray[np.float64], quiet: float, time: float, furthest: float, boundary: float
) -> float:
    """Return the best moment for a cut between ``furthest`` and the later ``time``."""
    at = min(max(0, round(time / HOP)), len(frames) - 1)
    low = min(max(0, round(furthest / HOP)), at)
    paused = _pauses(frames < quiet)
    if paused[at]:
        return time
    within = low + np.flatnonzero(paused[low : at + 1])
    if len(within):
        low, at = _last_run(within)
        distance = np.zeros(at + 1 - low)
    else:
        distance = np.abs(np.arange(low, at + 1) * HOP - boundary)
    return float(low + int(np.argmin(frames[low : at + 1] + BOUNDARY_WEIGHT * distance))) * HOP


def _pauses(is_quiet: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each frame whether it is in a pause, given which frames are quiet."""
    shortest = round((MIN_PAUSE - FRAME) / HOP)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_quiet, [False]])))
    paused = np.zeros_like(is_quiet)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        paused[first:last] = last - first >= shortest
    return paused


def _last_run(paused: NDArray[np.int_]) -> tuple[int, int]:
    """Return the first and last position near the end of the last unbroken run of positions."""
    breaks = np.flatnonzero(np.diff(paused) > 1)
    run = paused[breaks[-1] + 1 :] if len(breaks) else paused
    run = run[-round(PAUSE_SEARCH / HOP) :]
    return int(run[0]), int(run[-1])


def widen_edge(samples: NDArray[np.float32], rate: int) -> float:
    """Return by how many seconds silence has to go on behind a withheld line.

    ``samples`` are as long before its end as behind it. Silence goes on to the pause that ends the
    syllable; without one within WIDEST, to the quietest moment after LEAST. Reverse the samples for
    the beginning of a line.
    """
    frames = _decibels(samples, rate)
    paused = _pauses(frames < _quiet(frames))
    middle = len(samples) // (2 * round(HOP * rate))
    behind = paused[middle : middle + round(WIDEST / HOP)]
    if behind.any():
        return float(np.argmax(behind)) * HOP
    least = middle + round(LEAST / HOP)
    dip = np.argmin(frames[least : middle + round(WIDEST / HOP)])
    return LEAST + float(dip) * HOP


def silence(
    blocks: Iterable[NDArray[np.float32]],
    rate: int,
    ranges: Sequence[tuple[float, float]],
    start: float = 0.0,
    tone: float = 0.0,
) -> Iterator[NDArray[np.float32]]:
    """Yield the samples with the ``ranges`` (seconds) silenced; the first sample is at ``start``.

    The fades are outside of the ranges, so that no withheld speech remains. A ``tone`` of that
    amplitude starts each range, so that a listener does not take it for a defect.
    """
    if not ranges:
        yield from blocks
        return
    edges = [(a - start, b - start) for a, b in ranges]
    done = 0
    for block in blocks:
        times = (done + np.arange(len(block))) / rate
        sound_gain, tone_gain = np.ones(len(block)), np.zeros(len(block))
        for begin, end in edges:
            if begin - MARGIN - FADE < times[-1] and times[0] < end + MARGIN + FADE:
                outside = np.maximum(begin - MARGIN - times, times - end - MARGIN)
                sound_gain = np.minimum(sound_gain, np.clip(outside / FADE, 0.0, 1.0))
                inside = np.minimum(times - begin, min(end, begin + MAX_TONE) - times)
                tone_gain = np.maximum(tone_gain, np.clip(inside / FADE, 0.0, 1.0))
        wave = tone * np.sin(2 * np.pi * PITCH * (times + start)) if tone else 0.0
        yield (block * sound_gain + wave * tone_gain).astype(np.float32)
        done += len(block)
