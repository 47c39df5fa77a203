"""Clips begin and end in pauses: synthetic words with hypothesis, and real speech."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cunshi.domain.transcript import Word
from cunshi.media import audio
from cunshi.media.cutting import FRAME, MAX_SHIFT, cut_points
from support.village import sample_path

Samples = NDArray[np.float32]
RATE = 8_000
REAL = Path(__file__).parents[1] / "samples" / "real-speech"
# Hundredths of a second: how long each word lasts and the pause after it.
SPEECH = st.lists(st.tuples(st.integers(12, 45), st.integers(10, 60)), min_size=3, max_size=12)


def spoken(speech: list[tuple[int, int]]) -> tuple[Samples, list[tuple[float, float]]]:
    """Return tone bursts in faint noise, and their times."""
    parts, bursts, at = [np.zeros(RATE, np.float32)], [], 1.0
    for word, pause in speech:
        seconds = np.arange(word * RATE // 100) / RATE
        parts += [0.3 * np.sin(2 * np.pi * 220 * seconds), np.zeros(pause * RATE // 100)]
        bursts.append((at, at + word / 100))
        at += (word + pause) / 100
    samples = np.concatenate([*parts, np.zeros(RATE)])
    noise = np.random.default_rng(1).normal(0, 0.001, len(samples))
    return (samples + noise).astype(np.float32), bursts


def inside(time: float, bursts: list[tuple[float, float]]) -> bool:
    return any(start + FRAME / 2 < time < end - FRAME / 2 for start, end in bursts)


@settings(deadline=None)
@given(SPEECH, st.floats(0, 1), st.floats(0, 1), st.floats(-0.05, 0.05))
def test_no_cut_lies_inside_a_word(
    speech: list[tuple[int, int]], one: float, other: float, shift: float
) -> None:
    samples, bursts = spoken(speech)
    length = bursts[-1][1] - bursts[0][0]
    start, end = (bursts[0][0] + length * share for share in sorted((one, other)))
    words = [Word(first + shift, last + shift, "字", 0.9) for first, last in bursts]
    first, last = cut_points(samples, RATE, start, end, words)
    assert not inside(first, bursts)
    assert not inside(last, bursts)
    assert start - MAX_SHIFT <= first <= start + 1e-6
    assert end - 1e-6 <= last <= end + MAX_SHIFT


def test_a_time_in_a_pause_stays() -> None:
    samples, bursts = spoken([(30, 40), (30, 40), (30, 40)])
    words = [Word(start, end, "字", 0.9) for start, end in bursts]
    start, end = bursts[0][1] + 0.2, bursts[1][1] + 0.2
    assert cut_points(samples, RATE, start, end, words) == (start, pytest.approx(end))


def test_a_cut_goes_to_the_nearest_pause_outside() -> None:
    samples, bursts = spoken([(30, 40), (30, 40), (30, 40), (30, 40)])
    words = [Word(start, end, "字", 0.9) for start, end in bursts]
    first, last = cut_points(samples, RATE, bursts[1][0] + 0.1, bursts[2][0] + 0.1, words)
    assert bursts[1][0] - 0.2 < first <= bursts[1][0]
    assert bursts[2][1] <= last < bursts[2][1] + 0.2


def test_without_word_times_the_sound_alone_decides() -> None:
    samples, bursts = spoken([(20, 40), (20, 40), (20, 40)])
    first, last = cut_points(samples, RATE, bursts[1][0] + 0.1, bursts[1][0] + 0.12)
    assert bursts[0][1] < first <= bursts[1][0]
    assert bursts[1][1] <= last < bursts[2][0]


def test_where_nobody_pauses_the_cut_is_where_it_is_softest_near_the_word() -> None:
    seconds = np.arange(4 * RATE) / RATE
    loudness = 0.3 - 0.2 * np.exp(-(((seconds - 1.5) / 0.02) ** 2))
    samples = (loudness * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)
    words = [Word(0.9, 1.4, "字", 0.9), Word(1.45, 2.4, "字", 0.9), Word(2.4, 4, "字", 0.9)]
    first, __ = cut_points(samples, RATE, 1.6, 3.0, words)
    assert first == pytest.approx(1.49, abs=0.02)


def test_the_ends_of_a_recording() -> None:
    samples, __ = spoken([(30, 40), (30, 40)])
    length = len(samples) / RATE
    first, last = cut_points(samples, RATE, 0.0, length + 0.4)
    assert first == 0
    assert last >= length
    tone = np.full(RATE, 0.3, np.float32)
    first, last = cut_points(tone, RATE, 0.0, 1.0)
    assert 0 <= first < 0.03
    assert 0.97 < last <= 1.03


def levels(samples: Samples, rate: int) -> NDArray[np.float64]:
    size = round(FRAME * rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.asarray(10 * np.log10(np.maximum(np.square(frames).mean(axis=1), 1e-10)))


@pytest.mark.parametrize(
    "path",
    [*sorted(REAL.glob("*.wav")), *map(sample_path, ("01", "03", "08", "mottoes/金村村"))],
    ids=lambda path: path.stem,
)
def test_clips_of_speech_begin_and_end_softly(path: Path) -> None:
    """With random times, half of the cited edges are in loud speech, and far fewer of the
    clips'.
    """
    samples, rate = np.concatenate(list(audio.decode(path, 16_000))), 16_000
    length, chance = len(samples) / rate, random.Random(5)
    loud = np.percentile(levels(samples, rate), 50)
    cited, cut = [], []
    for __ in range(60):
        start, end = sorted((chance.uniform(0.1, length - 0.1), chance.uniform(0.1, length - 0.1)))
        first, last = cut_points(samples, rate, start, end)
        for edges, into in (((start, end), cited), ((first, last), cut)):
            for at in (max(0.0, edges[0]), edges[1] - FRAME):
                frame = samples[round(at * rate) : round((at + FRAME) * rate)]
                into.append(10 * np.log10(max(float(np.square(frame).mean()), 1e-10)))
    assert np.mean(np.array(cut) > loud) < np.mean(np.array(cited) > loud) / 2
    assert np.mean(cut) < np.mean(cited) - 2
