"""Inspect, decode, normalise, cut and encode audio; the only module that uses PyAV and pydub.

Files are opened as byte streams, so that FFmpeg identifies them by content and not by extension.
Only the containers listed below are tried, so a playlist that points to another file is never
followed.
"""

import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

with warnings.catch_warnings():
    # pydub asks for an ffmpeg binary when imported; PyAV does all decoding and encoding here.
    warnings.simplefilter("ignore", RuntimeWarning)
    from pydub import AudioSegment

from cunshi.core.errors import DepositError
from cunshi.core.files import put_in_place, temporary_name
from cunshi.core.i18n import _
from cunshi.domain.recording import Technical
from cunshi.domain.transcript import Word
from cunshi.media.containers import has_frame_count, is_cut_off
from cunshi.media.cutting import cut_points, silence
from cunshi.media.sampling import RATE as RECOGNITION_RATE
from cunshi.media.sampling import VAD_WINDOW

Samples = NDArray[np.float32]

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,wav,w64,ogg,amr,amrnb,amrwb,aac,flac,matroska,webm,asf,aiff,caf,"
    "avi,mpeg,mpegts,flv,ape,au"
)
# Containers with time stamps; in others, the position is known only by decoding from the start.
_SEEKABLE = {"mov", "wav", "w64", "flac", "matroska", "ogg"}
# Containers whose header states the duration, which shows when a file is truncated.
_DECLARED = {"mov", "flac", "matroska", "asf", "aiff", "caf"}
_SILK = b"#!SILK_V3"
_SIGNATURES = (b"ftyp", b"RIFF", b"OggS", b"ID3", b"#!AMR", b"fLaC", b"\x1aE\xdf\xa3", b"FORM")

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
EDGE_SECONDS = 5.0  # decoded before a seek target, because codecs need a run-up
ACCESS_SUFFIX = ".m4a"
# Changes whenever access copies and clips would sound different, so that they are made again.
RECIPE = f"aac {ACCESS_RATE} {ACCESS_BIT_RATE} {TARGET_DBFS} {HEADROOM_DBFS} {FADE_MS} 3"


@dataclass(frozen=True)
class Inspection:
    """Result of decoding a whole file. Durations are in seconds, ``peak`` is from 0 to 1."""

    technical: Technical
    declared: float
    peak: float
    ends_broken: bool


def _unreadable(path: Path, head: bytes) -> DepositError:
    if any(signature in head[:16] for signature in _SIGNATURES):
        return DepositError(
            _("录音不完整或已损坏，放不出来"),
            _("从手机重新复制一次；复制时不要中断"),
            where=path,
        )
    return DepositError(
        _("这不是录音（内容不是任何一种声音格式）"),
        _("放进录音文件；别的文件请移出 recordings 文件夹"),
        where=path,
    )


def _silk_to_wav(stream: BinaryIO, path: Path) -> BinaryIO:
    """Convert a WeChat voice message (SILK) to WAV, with the optional package silk-python."""
    try:
        import pysilk
    except ImportError as error:
        raise DepositError(
            _("微信 silk 语音需要另装一个小解码器"),
            _("运行一次：python scripts/run.py add silk"),
            where=path,
        ) from error
    pcm, rate = io.BytesIO(), 24_000
    try:
        pysilk.decode(stream, pcm, rate)
    except Exception as error:  # the extension module raises several unrelated types
        raise _unreadable(path, b"ID3") from error
    wav = io.BytesIO()
    AudioSegment(data=pcm.getvalue(), sample_width=2, frame_rate=rate, channels=1).export(
        wav, "wav"
    )
    wav.seek(0)
    return wav


@contextmanager
def _open_audio(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open a file as container and best audio stream; DepositError if there is none, or OSError."""
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(0)
        stream = _silk_to_wav(file, path) if _SILK in head[:16] else file
        try:
            container: InputContainer = av.open(
                stream, "r", options={"format_whitelist": CONTAINERS}
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise _unreadable(path, head) from error
        with container:
            audio = container.streams.best("audio")
            if not isinstance(audio, AudioStream):
                raise DepositError(_("文件里没有声音"), _("放进有声音的录音或录像"), where=path)
            yield container, audio


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame | None]:
    """Yield every decoded frame, and None for each packet that cannot be decoded."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            yield None


def _mono(frames: Iterable[AudioFrame], rate: int) -> Iterator[Samples]:
    resampler = AudioResampler(format="flt", layout="mono", rate=rate)
    for frame in chain(frames, [None]):
        for converted in resampler.resample(frame):
            if converted.samples:
                yield converted.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def probe(path: Path) -> None:
    """Check that a file starts as a readable recording; DepositError if not."""
    with _open_audio(path):
        pass


def inspect(path: Path) -> Inspection:
    """Decode a whole file once; DepositError if it contains no audio."""
    samples, ends_broken = 0, False
    with _open_audio(path) as (container, stream):
        rate = stream.codec_context.sample_rate

        def count_frames() -> Iterator[AudioFrame]:
            nonlocal samples, ends_broken
            for frame in _frames(container, stream):
                ends_broken = frame is None
                if frame is not None:
                    samples += frame.samples
                    yield frame

        peak = max(
            (float(np.abs(block).max()) for block in _mono(count_frames(), rate)), default=0.0
        )
        technical = Technical(
            container=container.format.name.partition(",")[0],
            codec=stream.codec_context.name,
            duration=round(samples / rate, 3),
            sample_rate=rate,
            channels=stream.codec_context.channels,
        )
        declared = _declared_seconds(path, container, stream)
    if not samples:
        raise _unreadable(path, b"ID3")
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
        raise _unreadable(path, b"ID3")
    if found.peak < SILENCE_PEAK:
        raise DepositError(
            _("整段录音没有声音"),
            _("检查录音时麦克风是否打开；如果放错了文件，请换成对的录音"),
            where=path,
        )
    return found.technical


def decode(
    path: Path, rate: int, start: float = 0.0, end: float | None = None
) -> Iterator[Samples]:
    """Yield blocks of mono samples (float32, -1 to 1) at ``rate`` Hz between two times in
    seconds.
    """
    with _open_audio(path) as (container, stream):
        frames = (frame for frame in _frames(container, stream) if frame is not None)
        position = 0.0
        name = container.format.name.partition(",")[0]
        if start > 2 * EDGE_SECONDS and name in _SEEKABLE and stream.time_base:
            container.seek(int((start - EDGE_SECONDS) / stream.time_base), stream=stream)
            first = next(frames)
            position = float(first.time or 0.0)
            frames = chain([first], frames)  # type: ignore[assignment]
        yield from _trim(_mono(frames, rate), rate, start - position, end, position)


def _trim(
    blocks: Iterator[Samples], rate: int, skip: float, end: float | None, position: float
) -> Iterator[Samples]:
    first = max(0, round(skip * rate))
    last = None if end is None else round((end - position) * rate)
    done = 0
    for block in blocks:
        kept = block[max(0, first - done) : None if last is None else max(0, last - done)]
        done += len(block)
        if len(kept):
            yield kept
        if last is not None and done >= last:
            return


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

    def masked(tone: float = 0.0) -> Iterator[AudioSegment]:
        blocks = decode(master, ACCESS_RATE)
        return _split(silence(blocks, ACCESS_RATE, silenced, tone=tone))

    gain = _gain(masked())
    louder = (segment.apply_gain(gain) for segment in masked(_tone(gain)))
    _encode(louder, target)


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
            for frame in _audio_frames(segments):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except av.error.FFmpegError as error:  # PyAV reports a full disk so, not as an OSError
        raise OSError(error.errno, error.strerror, str(target)) from error
    put_in_place(temporary, target)


def _audio_frames(segments: Iterable[AudioSegment]) -> Iterator[AudioFrame]:
    position = 0
    for segment in segments:
        samples = np.frombuffer(segment.raw_data, "<i2").reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = ACCESS_RATE, position
        position += samples.shape[1]
        yield frame
