"""Open and decode audio files to mono samples, by the one timeline of a recording.

Files are opened as byte streams, so that FFmpeg identifies them by content and not by extension.
Only the containers listed below are tried, so a playlist that points to another file is never
followed.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, groupby
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from cunshi.core.errors import DepositError
from cunshi.core.files import stat_of
from cunshi.core.i18n import _
from cunshi.media.pydub_segment import AudioSegment
from cunshi.media.timeline import Stamp, Timeline, is_even

Samples = NDArray[np.float32]

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,wav,w64,ogg,amr,amrnb,amrwb,aac,flac,matroska,webm,asf,aiff,caf,"
    "avi,mpeg,mpegts,flv,ape,au"
)
# Containers with time stamps; in others, the position is known only by decoding from the start.
_SEEKABLE = {"mov", "wav", "w64", "flac", "matroska", "ogg"}
_SILK = b"#!SILK_V3"
_SIGNATURES = (b"ftyp", b"RIFF", b"OggS", b"ID3", b"#!AMR", b"fLaC", b"\x1aE\xdf\xa3", b"FORM")
# Hertz: telephones and the slowest codecs have more, the best converters less.
_RATES = (4_000, 768_000)
_MOST_CHANNELS = 32
EDGE_SECONDS = 5.0  # decoded before a seek target, because codecs need a run-up


def unreadable(path: Path, head: bytes) -> DepositError:
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
        raise unreadable(path, b"ID3") from error
    wav = io.BytesIO()
    AudioSegment(data=pcm.getvalue(), sample_width=2, frame_rate=rate, channels=1).export(
        wav, "wav"
    )
    wav.seek(0)
    return wav


@contextmanager
def open_audio(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
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
            raise unreadable(path, head) from error
        with container:
            audio = container.streams.best("audio")
            if not isinstance(audio, AudioStream):
                raise DepositError(_("文件里没有声音"), _("放进有声音的录音或录像"), where=path)
            _refuse_implausible(audio, path)
            yield container, audio


def _refuse_implausible(stream: AudioStream, path: Path) -> None:
    """Raise DepositError for a header that no recorder writes, by which times would be wrong."""
    rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if not (_RATES[0] <= rate <= _RATES[1] and 1 <= channels <= _MOST_CHANNELS):
        raise DepositError(
            _("录音的文件头不对：每秒 {rate} 次采样，{channels} 个声道").format(
                rate=rate, channels=channels
            ),
            _("从录音机或手机重新复制一次；还是这样，用别的程序打开它，另存为 m4a 或 mp3"),
            where=path,
        )


def frames_of(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame | None]:
    """Yield every decoded frame, and None for each packet that cannot be decoded."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            yield None


def mono(frames: Iterable[AudioFrame], rate: int) -> Iterator[Samples]:
    """Yield blocks of mono samples; channels and rate may change between frames."""
    for __, alike in groupby(frames, key=_form):
        resampler = AudioResampler(format="flt", layout="mono", rate=rate)
        for frame in chain(alike, [None]):
            if frame is not None:
                frame.pts = None  # the resampler must not fill gaps between time stamps
            for converted in resampler.resample(frame):
                if converted.samples:
                    yield converted.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def _form(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def timeline_of(path: Path) -> Timeline:
    """Return how a file's own clock relates to its decoded sound; the file is read, not decoded."""
    return _timeline_of(path, stat_of(path))


@lru_cache(maxsize=64)
def _timeline_of(path: Path, __: object) -> Timeline:
    with open_audio(path) as (container, stream):
        first = next(filter(None, frames_of(container, stream)), None)
    with open_audio(path) as (container, stream):
        codec, base = stream.codec_context, float(stream.time_base or 0)
        length = (codec.frame_size or 0) / codec.sample_rate if codec.sample_rate else 0.0
        packets = (packet for packet in container.demux(stream) if packet.size)
        stamps = (
            Stamp(None if p.pts is None else p.pts * base, (p.duration or 0) * base)
            for p in packets
        )
        even = is_even(container.format.name.partition(",")[0], stamps, length)
    begin = first.time if first else None
    return Timeline(begin or 0.0, even and begin is not None)


def probe(path: Path) -> None:
    """Check that a file starts as a readable recording; DepositError if not."""
    with open_audio(path):
        pass


def decode(
    path: Path, rate: int, start: float = 0.0, end: float | None = None
) -> Iterator[Samples]:
    """Yield blocks of mono samples (float32, -1 to 1) at ``rate`` Hz between two times in
    seconds; see ``timeline``.
    """
    with open_audio(path) as (container, stream):
        if frames := _seek(path, container, stream, start):
            first, position = frames
            following = (frame for frame in frames_of(container, stream) if frame is not None)
            blocks = mono(chain([first], following), rate)
            yield from _trim(blocks, rate, start - position, end, position)
            return
    with open_audio(path) as (container, stream):
        all_frames = (frame for frame in frames_of(container, stream) if frame is not None)
        yield from _trim(mono(all_frames, rate), rate, start, end, 0.0)


def _seek(
    path: Path, container: InputContainer, stream: AudioStream, start: float
) -> tuple[AudioFrame, float] | None:
    """Seek to a run-up before ``start``; return the first frame there and its time.

    None if the file has to be decoded from its beginning.
    """
    name = container.format.name.partition(",")[0]
    if start <= 2 * EDGE_SECONDS or name not in _SEEKABLE or not stream.time_base:
        return None
    timeline = timeline_of(path)
    if not timeline.is_even:
        return None
    target = timeline.begin + start - EDGE_SECONDS
    try:
        container.seek(int(target / stream.time_base), stream=stream)
        first = next(filter(None, frames_of(container, stream)), None)
    except av.error.FFmpegError:
        return None
    if first is None or first.time is None or first.time - timeline.begin > start:
        return None
    return first, first.time - timeline.begin


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
