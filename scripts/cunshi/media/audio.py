"""Inspect recordings, and make access copies and clips of them: normalise, cut, silence, encode."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from cunshi.core.errors import DepositError
from cunshi.core.files import put_in_place, temporary_name
from cunshi.core.i18n import _
from cunshi.domain.recording import Technical
from cunshi.domain.transcript import Word
from cunshi.media.containers import has_frame_count, is_cut_off
from cunshi.media.cutting import EDGE_CONTEXT, cut_points, silence, widen_edge
from cunshi.media.decoding import (
    Samples,
    decode,
    frames_of,
    mono,
    open_audio,
    probe,
    timeline_of,
    unreadable,
)
from cunshi.media.pydub_segment import AudioSegment
from cunshi.media.sampling import RATE as RECOGNITION_RATE
from cunshi.media.sampling import VAD_WINDOW

# Containers whose header states the duration, which shows when a file is truncated.
_DECLARED = {"mov", "flac", "matroska", "asf", "aiff", "caf"}
SILENCE_PEAK = 0.001  # -60 dBFS: the microphone was off
ACCESS_RATE = 32_000  # samples per second of access copies and clips
ACCESS_BIT_RATE = 48_000  # bits per second: clear speech, 22 MB an hour
# Closer to the master than FFmpeg's default search, in a third of the time.
CODER_OPTIONS = {"aac_coder": "fast"}
TARGET_DBFS = -20.0  # loudness of speech in access copies and clips
HEADROOM_DBFS = -1.0
TONE_DBFS = -30.0  # peak of the tone that replaces withheld speech
QUIET_DBFS = -50.0  # quieter parts are ignored when loudness is measured
FADE_MS = 30
CONTEXT_SECONDS = 2.0  # analysed on both sides of a clip, to find pauses
ACCESS_SUFFIX = ".m4a"
# Changes whenever access copies and clips would sound different, so that they are made again.
RECIPE = f"aac {ACCESS_RATE} {ACCESS_BIT_RATE} {TARGET_DBFS} {HEADROOM_DBFS} {FADE_MS} 4"


__all__ = [
    "ACCESS_RATE",
    "ACCESS_SUFFIX",
    "CONTEXT_SECONDS",
    "RECIPE",
    "RECOGNITION_RATE",
    "TARGET_DBFS",
    "TONE_DBFS",
    "Samples",
    "blocks",
    "check",
    "cut_clip",
    "decode",
    "inspect",
    "make_access_copy",
    "probe",
    "timeline_of",
]


@dataclass(frozen=True)
class Inspection:
    """Result of decoding a whole file. Durations are in seconds, ``peak`` is from 0 to 1."""

    technical: Technical
    declared: float
    peak: float
    ends_broken: bool


def inspect(path: Path) -> Inspection:
    """Decode a whole file once; DepositError if it contains no audio."""
    seconds, ends_broken = 0.0, False
    with open_audio(path) as (container, stream):
        rate = stream.codec_context.sample_rate

        def countframes_of() -> Iterator[AudioFrame]:
            nonlocal seconds, ends_broken
            for frame in frames_of(container, stream):
                ends_broken = frame is None
                if frame is not None:
                    seconds += frame.samples / frame.sample_rate
                    yield frame

        peak = max(
            (float(np.abs(block).max()) for block in mono(countframes_of(), rate)), default=0.0
        )
        technical = Technical(
            container=container.format.name.partition(",")[0],
            codec=stream.codec_context.name,
            duration=round(seconds, 3),
            sample_rate=rate,
            channels=stream.codec_context.channels,
        )
        declared = _declared_seconds(path, container, stream)
    if not seconds:
        raise unreadable(path, b"ID3")
    return Inspection(technical, declared, peak, ends_broken)


def _declared_seconds(path: Path, container: InputContainer, stream: AudioStream) -> float:
    """Return the duration in the file's header in seconds, or 0 where it is only an estimate."""
    name = container.format.name.partition(",")[0]
    if name == "mp3" and not has_frame_count(path):
        return 0.0
    if name not in _DECLARED | {"mp3"}:
        return 0.0
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def check(path: Path) -> Technical:
    """Check that a file is a complete, audible recording; DepositError says what is wrong."""
    found = inspect(path)
    decoded, declared = found.technical.duration, found.declared
    missing = declared - decoded
    if missing > max(1.0, 0.02 * declared) or found.ends_broken or is_cut_off(path):
        raise unreadable(path, b"ID3")
    if found.peak < SILENCE_PEAK:
        raise DepositError(
            _("整段录音没有声音"),
            _("检查录音时麦克风是否打开；如果放错了文件，请换成对的录音"),
            where=path,
        )
    return found.technical


def blocks(path: Path, longest: float = 120.0) -> Iterator[tuple[float, Samples]]:
    """Split a recording into blocks of at most ``longest`` seconds for recognition at 16 kHz.

    Each block is cut at the quietest moment of its last fifth. Yields (start in seconds, samples).
    """
    limit, kept, begun = round(longest * RECOGNITION_RATE), np.empty(0, np.float32), 0
    pending: list[Samples] = []
    size = 0
    for block in decode(path, RECOGNITION_RATE):
        pending.append(block)
        size += len(block)
        if size >= limit:
            kept = np.concatenate(pending)
            cut = quietest(kept, round(limit * 0.8), limit)
            cut -= cut % VAD_WINDOW
            yield begun / RECOGNITION_RATE, kept[:cut]
            begun += cut
            pending, size = [kept[cut:]], len(kept) - cut
    if size:
        yield begun / RECOGNITION_RATE, np.concatenate(pending)


def quietest(samples: Samples, first: int, last: int) -> int:
    """Return the middle of the quietest half second between two sample positions."""
    window = RECOGNITION_RATE // 2
    step = window // 5
    starts = range(first, last - window, step)
    energy = [float(np.square(samples[s : s + window]).sum()) for s in starts]
    return starts[int(np.argmin(energy))] + window // 2


def _segment(samples: Samples) -> AudioSegment:
    pcm = (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    return AudioSegment(data=pcm, sample_width=2, frame_rate=ACCESS_RATE, channels=1)


def _gain(segments: Iterable[AudioSegment]) -> float:
    """Return the gain in dB that brings speech to TARGET_DBFS, limited by headroom for most
    peaks.
    """
    power, count, peaks = 0.0, 0, []
    for segment in segments:
        if segment.dBFS > QUIET_DBFS:
            power += float(segment.rms) ** 2 * segment.frame_count()
            count += int(segment.frame_count())
            peaks.append(segment.max)
    if not count:
        return 0.0
    full = float(1 << 15)
    loudness = 10 * np.log10(power / count / full**2)
    peak = 20 * np.log10(max(float(np.percentile(peaks, 99)), 1.0) / full)
    return float(min(TARGET_DBFS - loudness, HEADROOM_DBFS - peak))


def _split(blocks: Iterator[Samples], seconds: float = 1.0) -> Iterator[AudioSegment]:
    """Split blocks of any length into segments of ``seconds``; the last may be shorter."""
    size, pending = round(seconds * ACCESS_RATE), np.empty(0, np.float32)
    for block in blocks:
        pending = np.concatenate([pending, block])
        while len(pending) >= size:
            yield _segment(pending[:size])
            pending = pending[size:]
    if len(pending):
        yield _segment(pending)


def make_access_copy(
    master: Path, target: Path, silenced: Sequence[tuple[float, float]] = ()
) -> None:
    """Write the access copy of a master: mono AAC with normalised loudness. Streams the audio.

    The ``silenced`` ranges (seconds) start with a tone and are otherwise silent.
    """

    silenced = widen(master, silenced)

    def masked(tone: float = 0.0) -> Iterator[AudioSegment]:
        blocks = decode(master, ACCESS_RATE)
        return _split(silence(blocks, ACCESS_RATE, silenced, tone=tone))

    gain = _gain(masked())
    louder = (segment.apply_gain(gain) for segment in masked(_tone(gain)))
    _encode(louder, target)


def widen(master: Path, ranges: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return ranges (seconds) widened to the pauses around them, as ``cutting.widen_edge`` does.

    The result depends on the master and the ranges alone, so that access copies and clips are
    silenced alike.
    """
    if not ranges:
        return ranges
    edges = sorted({edge for pair in ranges for edge in pair})
    around = _around(master, edges)
    return [
        (
            begin - widen_edge(around[begin][::-1], ACCESS_RATE),
            end + widen_edge(around[end], ACCESS_RATE),
        )
        for begin, end in ranges
    ]


def _around(master: Path, times: Sequence[float]) -> dict[float, Samples]:
    """Return the samples from EDGE_CONTEXT seconds before to as long after each of the times.

    What lies outside the recording is silence. The file is decoded once.
    """
    reach = round(EDGE_CONTEXT * ACCESS_RATE)
    begin = max(0.0, times[0] - EDGE_CONTEXT)
    found = {time: np.zeros(2 * reach, np.float32) for time in times}
    at = round(begin * ACCESS_RATE)
    for block in decode(master, ACCESS_RATE, begin, times[-1] + EDGE_CONTEXT):
        for time, window in found.items():
            first = round(time * ACCESS_RATE) - reach
            low, high = max(at, first), min(at + len(block), first + 2 * reach)
            if low < high:
                window[low - first : high - first] = block[low - at : high - at]
        at += len(block)
    return found


def _tone(gain: float) -> float:
    """Return the amplitude that, after ``gain`` dB, gives a tone of TONE_DBFS."""
    return float(10 ** ((TONE_DBFS - gain) / 20))


def cut_clip(
    master: Path,
    start: float,
    end: float,
    target: Path,
    words: Sequence[Word] = (),
    silenced: Sequence[tuple[float, float]] = (),
) -> None:
    """Write the range from ``start`` to ``end`` seconds of a master as a clip with fades.

    An edge inside a word is moved outwards. ``words`` and the ``silenced`` ranges, which are
    replaced by a tone, have times in the whole recording.
    """
    silenced = widen(master, silenced)
    begin = max(0.0, start - CONTEXT_SECONDS)
    parts = decode(master, ACCESS_RATE, begin, end + CONTEXT_SECONDS)
    samples = np.concatenate([np.empty(0, np.float32), *parts])
    near = [
        Word(word.start - begin, word.end - begin, word.text, word.probability)
        for word in words
        if word.end > begin and word.start < end + CONTEXT_SECONDS
    ]
    times = cut_points(samples, ACCESS_RATE, start - begin, end - begin, near)
    first, last = (round(time * ACCESS_RATE) for time in times)

    def masked(tone: float = 0.0) -> AudioSegment:
        parts = silence([samples] if len(samples) else [], ACCESS_RATE, silenced, begin, tone)
        return _segment(np.concatenate([np.empty(0, np.float32), *parts])[first:last])

    quiet = masked()
    gain = _gain(quiet[at : at + 1000] for at in range(0, len(quiet), 1000))
    clip = (masked(_tone(gain)) if silenced else quiet).apply_gain(gain)
    _encode([clip.fade_in(FADE_MS).fade_out(FADE_MS)], target)


def _encode(segments: Iterable[AudioSegment], target: Path) -> None:
    """Encode as AAC in MP4 with the index first, so that browsers can start playing at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target)
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    try:
        with av.open(str(temporary), "w", format="ipod", options=options) as container:
            stream: Any = container.add_stream(
                "aac", rate=ACCESS_RATE, layout="mono", options=CODER_OPTIONS
            )
            stream.bit_rate = ACCESS_BIT_RATE
            for frame in _audioframes_of(segments):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except av.error.FFmpegError as error:  # PyAV reports a full disk so, not as an OSError
        raise OSError(error.errno, error.strerror, str(target)) from error
    put_in_place(temporary, target)


def _audioframes_of(segments: Iterable[AudioSegment]) -> Iterator[AudioFrame]:
    position = 0
    for segment in segments:
        samples = np.frombuffer(segment.raw_data, "<i2").reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = ACCESS_RATE, position
        position += samples.shape[1]
        yield frame
