"""Where to cut a clip so that it neither begins nor ends inside a word, and what to silence. Pure.

Needs samples only. Whisper's word times are off by 0.1 s on average and by more than 0.2 s for one
word in ten, so they only say how far to look: where exactly, the energy of the sound decides.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cunshi.domain.transcript import Word

HOP = 0.005  # seconds between the moments at which a cut is considered
FRAME = 0.02  # seconds at a clip's edge that have to be quiet
SHORTEST_PAUSE = 0.04  # seconds: anything shorter may be the closure of a consonant
INTO_PAUSE = 0.15  # seconds of a pause, from its near end, in which the quietest moment is taken
ERROR = 0.25  # seconds by which a word's times may be wrong
FURTHEST = 1.0  # seconds that an edge may move at most
PULL = 40.0  # decibels a second: without any pause, how much the word's boundary counts
RANGE = 40.0  # decibels below speech, where silence begins even in a digital recording
SHALLOWEST = 10.0  # decibels below speech: where nothing is softer, there is no pause
MARGIN = 0.1  # seconds around a withheld line: its words may begin a little before it does
FADE = 0.03  # seconds in which the sound around it goes
PITCH = 1000.0  # hertz of the tone in its place
LONGEST_TONE = 1.0  # seconds of it; then there is silence
QUIET = 0.35  # how far up from silence to speech, in decibels, a pause reaches


def cut_points(
    samples: NDArray[np.float32], rate: int, start: float, end: float, words: Sequence[Word] = ()
) -> tuple[float, float]:
    """The cited ``start`` and ``end`` in seconds, moved outwards to pauses where they need it.

    ``samples`` should reach two seconds beyond both. Times, those of ``words`` too, count from the
    first sample. A time that lies in a pause stays as it is.
    """
    length = len(samples) / rate
    frames = _decibels(samples, rate)
    quiet = _quiet(frames)
    first = _snap(frames, quiet, start, *_before(start, words))
    # Seen from behind, an end is a start.
    back = [Word(length - w.end, length - w.start, w.text, w.probability) for w in reversed(words)]
    mirrored = _decibels(samples[::-1], rate)
    last = _snap(mirrored, quiet, length - end, *_before(length - end, back))
    return first, length - last


def _decibels(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """The level of the frame that begins at each hop."""
    hop, frame = round(HOP * rate), round(FRAME * rate)
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, max(1, len(samples) - frame), hop)
    ends = np.minimum(starts + frame, len(samples))
    mean = (power[ends] - power[starts]) / np.maximum(1, ends - starts)
    return np.asarray(10 * np.log10(np.maximum(mean, 1e-10)))


def _quiet(frames: NDArray[np.float64]) -> float:
    """The level below which there is a pause, seen by the loudest and the softest frames."""
    silence, speech = np.percentile(frames, [5, 90])
    silence = max(silence, speech - RANGE)
    return float(min(silence + QUIET * (speech - silence), speech - SHALLOWEST))


def _before(time: float, words: Sequence[Word]) -> tuple[float, float]:
    """How early a clip may begin instead of at ``time``, and where a word is said to begin.

    No earlier than the middle of the word before the one that ``time`` is in or close to.
    """
    begun = [word for word in words if word.start <= time]
    if not begun or time > begun[-1].end + ERROR:
        return time - ERROR, time
    own = begun[-1]
    furthest = max(own.start - ERROR, time - FURTHEST)
    if len(begun) > 1:
        furthest = max(furthest, (begun[-2].start + begun[-2].end) / 2)
    return min(furthest, time), own.start


def _snap(
    frames: NDArray[np.float64], quiet: float, time: float, furthest: float, boundary: float
) -> float:
    """The moment between ``time`` and ``furthest``, which is earlier, at which to begin."""
    at = min(max(0, round(time / HOP)), len(frames) - 1)
    low = min(max(0, round(furthest / HOP)), at)
    paused = _pauses(frames < quiet)
    if paused[at]:
        return time
    within = low + np.flatnonzero(paused[low : at + 1])
    if len(within):
        low, at = _near_part(within)
        distance = np.zeros(at + 1 - low)
    else:
        distance = np.abs(np.arange(low, at + 1) * HOP - boundary)
    return float(low + int(np.argmin(frames[low : at + 1] + PULL * distance))) * HOP


def _pauses(still: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the quiet lasts; ``still`` says which frames are quiet."""
    shortest = round((SHORTEST_PAUSE - FRAME) / HOP)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
    paused = np.zeros_like(still)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        paused[first:last] = last - first >= shortest
    return paused


def _near_part(paused: NDArray[np.int_]) -> tuple[int, int]:
    """The end of the last unbroken run of positions, as first and last of them."""
    breaks = np.flatnonzero(np.diff(paused) > 1)
    run = paused[breaks[-1] + 1 :] if len(breaks) else paused
    run = run[-round(INTO_PAUSE / HOP) :]
    return int(run[0]), int(run[-1])


def silence(
    blocks: Iterable[NDArray[np.float32]],
    rate: int,
    ranges: Sequence[tuple[float, float]],
    start: float = 0.0,
    tone: float = 0.0,
) -> Iterator[NDArray[np.float32]]:
    """The samples without their sound in the ``ranges``, in seconds; the first is at ``start``.

    The sound around them fades outside, so that nothing of what was said there is left. A ``tone``
    of that amplitude begins each, so that nobody takes what is missing for a fault.
    """
    if not ranges:
        yield from blocks
        return
    edges = [(a - start, b - start) for a, b in ranges]
    done = 0
    for block in blocks:
        times = (done + np.arange(len(block))) / rate
        kept, heard = np.ones(len(block)), np.zeros(len(block))
        for begin, end in edges:
            if begin - MARGIN - FADE < times[-1] and times[0] < end + MARGIN + FADE:
                outside = np.maximum(begin - MARGIN - times, times - end - MARGIN)
                kept = np.minimum(kept, np.clip(outside / FADE, 0.0, 1.0))
                inside = np.minimum(times - begin, min(end, begin + LONGEST_TONE) - times)
                heard = np.maximum(heard, np.clip(inside / FADE, 0.0, 1.0))
        wave = tone * np.sin(2 * np.pi * PITCH * (times + start)) if tone else 0.0
        yield (block * kept + wave * heard).astype(np.float32)
        done += len(block)
