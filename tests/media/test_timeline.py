"""One definition of time: a clip holds the seconds that it is cited by, and nothing withheld.

The sound of each second is a noise of its own, so that it can be found again in any output.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from cunshi.media import audio
from cunshi.media.decoding import decode
from cunshi.review.editor.audio import played_as
from support.noises import unique_second

Samples = NDArray[np.float32]
RATE = 16_000
SECONDS = 30
WITHHELD = (20.0, 22.0)


SOUND = np.concatenate([unique_second(1000 + n) for n in range(SECONDS)])


def where(found: Samples, searched: Samples) -> tuple[float, float]:
    """Return at which second ``searched`` is most like ``found``, and how much (0 to 1)."""
    size = len(found) + len(searched)
    product = np.fft.rfft(searched, size) * np.conj(np.fft.rfft(found, size))
    likeness = np.fft.irfft(product, size)[: len(searched)]
    at = int(np.argmax(np.abs(likeness)))
    part = searched[at : at + len(found)]
    norm = float(np.linalg.norm(part) * np.linalg.norm(found[: len(part)])) or 1.0
    return at / RATE, float(abs(likeness[at])) / norm


Frames = Iterator[tuple[Samples, float]]


def steady() -> Frames:
    """Yield the sound in pieces with the seconds at which they are in the container."""
    for at in range(0, len(SOUND), 1024):
        yield SOUND[at : at + 1024], at / RATE


def late() -> Frames:
    yield from ((piece, time + 2.5) for piece, time in steady())


def paused() -> Frames:
    yield from ((piece, time + (3.2 if time > 12 else 0)) for piece, time in steady())


def paused_twice() -> Frames:
    yield from ((p, t + 1.5 * (t > 6) + 0.7 * (t > 17)) for p, t in steady())


CLOCKS = {"steady": steady, "late": late, "paused": paused, "paused twice": paused_twice}
FORMATS = {
    "m4a": ("mp4", "aac"),
    "mkv": ("matroska", "aac"),
    "webm": ("webm", "libopus"),
    "ts": ("mpegts", "aac"),
}


def write(path: Path, form: str, codec: str, frames: Frames) -> Path:
    rate = 48_000 if codec == "libopus" else RATE
    base = Fraction(1, rate)
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 96_000
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate)
        for piece, time in frames:
            frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="flt", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = round(time * RATE)
            for part in resampler.resample(frame):
                part.time_base = base
                part.pts = round(time * rate)
                for packet in stream.encode(part):
                    container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def wav(path: Path, samples: Samples = SOUND, rate: int = RATE) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            (samples * 32767).astype("<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def encoded(path: Path, codec: str, samples: Samples = SOUND) -> Path:
    with av.open(str(path), "w") as container:
        rate = 48_000 if codec == "libopus" else RATE
        stream = container.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 96_000
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = RATE
        for part in av.AudioResampler(stream.format.name, "mono", rate).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def joined(path: Path, codec: str) -> Path:
    """Write two files one behind the other, as some recorders and people do."""
    half = len(SOUND) // 2
    parts = [
        encoded(path.with_name(f"{n}{path.suffix}"), codec, part)
        for n, part in enumerate((SOUND[:half], SOUND[half:]))
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    **{
        f"{suffix} {clock}": lambda folder, s=suffix, f=form, c=codec, k=frames: write(
            folder / f"a.{s}", f, c, k()
        )
        for suffix, (form, codec) in FORMATS.items()
        for clock, frames in CLOCKS.items()
        if suffix in {"m4a", "mkv"} or clock == "paused"
    },
    "wav": lambda folder: wav(folder / "a.wav"),
    "flac": lambda folder: encoded(folder / "a.flac", "flac"),
    "mp3": lambda folder: encoded(folder / "a.mp3", "mp3"),
    "opus": lambda folder: encoded(folder / "a.ogg", "libopus"),
    "adts": lambda folder: encoded(folder / "a.aac", "aac"),
    "two opus files joined": lambda folder: joined(folder / "a.ogg", "libopus"),
    "two mp3 files joined": lambda folder: joined(folder / "a.mp3", "mp3"),
    "two adts files joined": lambda folder: joined(folder / "a.aac", "aac"),
}


def heard(path: Path) -> Samples:
    return np.concatenate([np.empty(0, np.float32), *decode(path, RATE)])


def check_clips(master: Path, folder: Path, withheld: Sequence[tuple[float, float]]) -> None:
    """Compare clips everywhere in a recording with its access copy."""
    audio.make_access_copy(master, folder / "whole.m4a")
    whole = heard(folder / "whole.m4a")
    assert abs(len(whole) / RATE - audio.inspect(master).technical.duration) < 0.15
    for start in (1.0, 14.0, 26.0):
        clip = folder / f"{start}.m4a"
        audio.cut_clip(master, start, start + 2.0, clip, (), withheld)
        sound = heard(clip)
        middle = sound[len(sound) // 4 : -len(sound) // 4]
        found, likeness = where(middle, whole)
        assert likeness > 0.5, start
        # The edges of a clip may move to a pause: noise has none, so hardly at all.
        assert abs(found - (start + len(sound) / RATE / 4)) < 0.3, (start, found)
        expected, __ = where(whole[round(start * RATE) + 8000 :][:16000], sound)
        assert abs(expected - 0.5) < 0.3


def check_withheld(master: Path, folder: Path, ranges: Sequence[tuple[float, float]]) -> None:
    """Look for the withheld seconds, of the sound without marks, in everything published."""
    plain = heard(folder / "whole.m4a")
    audio.make_access_copy(master, folder / "masked.m4a", ranges)
    outputs = [folder / "masked.m4a"]
    for number, (start, end) in enumerate(((17.0, 19.5), (18.0, 24.0))):
        outputs.append(folder / f"near{number}.m4a")
        audio.cut_clip(master, start, end, outputs[-1], (), ranges)
    sounds = {path.name: heard(path) for path in outputs}
    for begin, end in ranges:
        for at in np.arange(begin, end - 0.2, 0.5):
            secret = plain[round(at * RATE) : round((at + 0.5) * RATE)]
            for name, sound in sounds.items():
                assert where(secret, sound)[1] < 0.35, (name, at)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_clips_hold_the_seconds_they_are_cited_by(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    master = make(tmp_path)
    check_clips(master, tmp_path, ())
    check_withheld(master, tmp_path, [WITHHELD])


@pytest.mark.parametrize("name", MAKERS)
def test_the_desk_plays_a_copy_where_the_clock_differs(name: str, tmp_path: Path) -> None:
    master = MAKERS[name](tmp_path)
    technical = audio.inspect(master).technical
    if any(word in name for word in ("late", "paused", "opus files")):
        assert played_as(technical, master) == ""
    elif name in {"wav", "flac", "opus", "m4a steady"}:
        assert played_as(technical, master)


def test_what_changes_its_rate_is_heard_as_a_whole(tmp_path: Path) -> None:
    first = encoded(tmp_path / "1.mp3", "mp3", SOUND[: 8 * RATE])
    stereo = tmp_path / "2.mp3"
    with av.open(str(stereo), "w") as container:
        stream = container.add_stream("mp3", rate=24_000, layout="stereo")
        part = SOUND[8 * RATE : 16 * RATE]
        frame = av.AudioFrame.from_ndarray(np.stack([part, part]), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        for converted in av.AudioResampler(stream.format.name, "stereo", 24_000).resample(frame):
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    master = tmp_path / "a.mp3"
    with master.open("wb") as target:
        for path in (first, stereo):
            with path.open("rb") as source:
                shutil.copyfileobj(source, target)
    sound = heard(master)
    assert abs(len(sound) / RATE - 16) < 0.4
    for number in (2, 6, 10, 14):
        found, likeness = where(SOUND[number * RATE : (number + 1) * RATE], sound)
        assert likeness > 0.5 and abs(found - number) < 0.3


def syllables(lengths: Sequence[float], pause: float) -> tuple[Samples, list[tuple[float, float]]]:
    """Return bursts of noise with pauses between them, and their times in seconds."""
    chance = np.random.default_rng(7)
    parts, times, at = [np.zeros(RATE, np.float32)], list[tuple[float, float]](), 1.0
    for length in lengths:
        burst = 0.2 * chance.normal(0, 0.3, round(length * RATE)).astype(np.float32)
        times.append((at, at + length))
        parts += [burst, np.zeros(round(pause * RATE), np.float32)]
        at += length + pause
    return np.concatenate([*parts, np.zeros(RATE, np.float32)]), times


def level(sound: Samples, begin: float, end: float) -> float:
    part = sound[round(begin * RATE) : round(end * RATE)]
    return float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0


def left(masked: Samples, sound: Samples, begin: float, end: float) -> float:
    """Return how much of a stretch of sound is left: 1 if all is. The tone does not count."""
    first, last = round(begin * RATE), round(end * RATE)
    search = range(-800, 800, 2)  # codecs move sound by some milliseconds
    kept = sound[first:last]
    found = max(abs(float(np.dot(masked[first + n : last + n], kept))) for n in search)
    unmasked = max(float(np.dot(kept, kept)), 1e-9)
    return found / unmasked


@pytest.mark.parametrize("inside", [0.1, 0.5, 0.9])
def test_silence_goes_on_to_the_pause_that_ends_the_syllable(inside: float, tmp_path: Path) -> None:
    sound, times = syllables([0.15, 0.3, 0.22, 0.4, 0.18, 0.25, 0.35, 0.2] * 2, 0.09)
    master = wav(tmp_path / "a.wav", sound)
    begin, end = (times[n][0] + inside * (times[n][1] - times[n][0]) for n in (5, 9))
    audio.make_access_copy(master, tmp_path / "masked.m4a", [(begin, end)])
    audio.cut_clip(master, times[3][0], times[12][1], tmp_path / "clip.m4a", (), [(begin, end)])
    masked, clip = heard(tmp_path / "masked.m4a"), heard(tmp_path / "clip.m4a")
    spoken = level(masked, *times[1])
    assert level(masked, end, times[9][1]) < 0.05 * spoken
    assert left(masked, sound, times[5][0], begin - 0.02) < 0.1
    # The syllables before and behind are heard, and a clip is silenced as the access copy is.
    assert level(masked, *times[3]) > 0.5 * spoken
    assert level(masked, *times[11]) > 0.5 * spoken
    shift = times[3][0] - (len(clip) / RATE - (times[12][1] - times[3][0])) / 2
    assert level(clip, end - shift + 0.02, times[9][1] - shift - 0.02) < 0.05 * spoken


def test_where_speech_goes_on_without_a_pause_a_quarter_of_a_second_is_silenced(
    tmp_path: Path,
) -> None:
    master = wav(tmp_path / "a.wav")
    audio.make_access_copy(master, tmp_path / "masked.m4a", [WITHHELD])
    masked = heard(tmp_path / "masked.m4a")
    spoken = level(masked, 5, 6)
    assert left(masked, SOUND, WITHHELD[0] - 0.25, WITHHELD[0] - 0.02) < 0.1
    assert level(masked, WITHHELD[1], WITHHELD[1] + 0.25) < 0.05 * spoken
    assert level(masked, WITHHELD[1] + 0.8, WITHHELD[1] + 1.5) > 0.5 * spoken
