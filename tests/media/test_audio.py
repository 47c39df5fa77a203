"""Audio: complete files are accepted, clips have the right times, and loudness is normalised."""

import functools
import io
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pysilk
import pytest
from numpy.typing import NDArray

from cunshi.core.errors import DepositError
from cunshi.media import audio
from support.village import sample_path

Samples = NDArray[np.float32]
RATE = 16_000
M4A, MP3, WAV, MP4, OGG, AMR = "01", "03", "05", "06", "08", "mottoes/金村村"
FORMATS = {"m4a": M4A, "mp3": MP3, "wav": WAV, "mp4": MP4, "ogg": OGG, "amr": AMR}


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def decoded(path: Path, start: float = 0.0, end: float | None = None, rate: int = RATE) -> Samples:
    return np.concatenate(list(audio.decode(path, rate, start, end)))


@functools.cache
def whole_of(beginning: str, rate: int = RATE) -> Samples:
    return decoded(sample_path(beginning), rate=rate)


def known_seconds(path: Path) -> float:
    """Return the duration of a sample from its headers, without decoding."""
    data = path.read_bytes()
    if path.suffix == ".amr":
        sizes, at, frames = (12, 13, 15, 17, 19, 20, 26, 31, 5), 6, 0
        while at < len(data):
            at, frames = at + 1 + sizes[data[at] >> 3 & 15], frames + 1
        return frames * 0.02
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return (container.duration or 0) / 1_000_000


def db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def speech_db(samples: Samples, rate: int) -> float:
    """Return the loudness of the seconds with speech."""
    seconds = [samples[at : at + rate] for at in range(0, len(samples), rate)]
    return db(np.concatenate([second for second in seconds if db(second) > -50]))


def best_match(clip: Samples, whole: Samples, rate: int) -> tuple[float, float]:
    """Return the offset in seconds at which a clip fits best in ``whole``, and the correlation."""
    size = 1 << (len(whole) + len(clip)).bit_length()
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(clip, size))
    correlation = np.fft.irfft(product, size)[: len(whole) - len(clip) + 1]
    at = int(np.argmax(correlation))
    norm = np.linalg.norm(clip) * np.linalg.norm(whole[at : at + len(clip)])
    return at / rate, float(correlation[at] / norm)


@pytest.mark.parametrize("beginning", FORMATS.values(), ids=FORMATS)
def test_every_format_of_the_samples_passes_with_its_duration(beginning: str) -> None:
    path = sample_path(beginning)
    technical = audio.check(path)
    assert technical.duration == pytest.approx(known_seconds(path), abs=0.05)
    assert technical.channels == 1
    assert technical.has_sound
    assert len(whole_of(beginning)) / RATE == pytest.approx(technical.duration, abs=0.1)


def test_content_and_not_the_name_says_what_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(sample_path("mottoes/横泾村").read_bytes())
    assert audio.check(path).codec == "aac"


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile a.amr\n", "#EXTM3U\na.amr\n"])
def test_a_playlist_is_never_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "a.amr").write_bytes(sample_path(AMR).read_bytes())
    (tmp_path / "list.mp3").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)  # where FFmpeg would look for a.amr
    with pytest.raises(DepositError, match="不是录音"):
        audio.check(tmp_path / "list.mp3")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(DepositError, match="没有声音"):
        audio.check(path)


@pytest.mark.parametrize(("peak", "heard"), [(0.0, False), (0.0005, False), (0.005, True)])
def test_silence_is_refused_and_a_whisper_is_not(tmp_path: Path, peak: float, heard: bool) -> None:
    tone = peak * np.sin(np.arange(RATE) / 10, dtype=np.float32)
    path = write_wav(tmp_path / "a.wav", tone)
    if heard:
        assert audio.check(path).duration == 1.0
    else:
        with pytest.raises(DepositError, match="整段录音没有声音") as refused:
            audio.check(path)
        assert refused.value.remedy


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("beginning", FORMATS.values(), ids=FORMATS)
def test_a_copy_that_was_cut_off_is_refused(tmp_path: Path, beginning: str, kept: float) -> None:
    whole = sample_path(beginning)
    path = tmp_path / whole.name
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * kept) - 1])
    with pytest.raises(DepositError, match="不完整") as refused:
        audio.check(path)
    assert "重新复制" in refused.value.remedy


# --- WeChat's voice messages


@pytest.fixture(scope="module")
def silk() -> bytes:
    speech = decoded(sample_path(AMR), 0, 3, rate=24_000)
    pcm = io.BytesIO((speech * 32767).astype("<i2").tobytes())
    coded = io.BytesIO()
    pysilk.encode(pcm, coded, 24_000, 24_000)
    return coded.getvalue()


@pytest.mark.parametrize("first", [0, 1], ids=["as WeChat writes it", "without its first byte"])
@pytest.mark.parametrize("name", ["msg_1.amr", "msg_1.silk"])
def test_a_wechat_voice_message_is_heard(
    tmp_path: Path, silk: bytes, first: int, name: str
) -> None:
    assert silk.startswith(b"\x02#!SILK_V3")
    path = tmp_path / name
    path.write_bytes(silk[first:])
    assert audio.check(path).duration == pytest.approx(3.0, abs=0.05)
    __, alike = best_match(decoded(path)[RATE : 2 * RATE], whole_of(AMR), RATE)
    assert alike > 0.8


def test_half_a_wechat_voice_message_is_refused(tmp_path: Path, silk: bytes) -> None:
    path = tmp_path / "msg_1.amr"
    path.write_bytes(silk[: len(silk) // 2])
    with pytest.raises(DepositError, match="不完整"):
        audio.check(path)


def test_without_its_decoder_a_wechat_voice_message_is_answered_with_the_remedy(
    tmp_path: Path, silk: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pysilk", None)
    path = tmp_path / "msg_1.amr"
    path.write_bytes(silk)
    with pytest.raises(DepositError) as refused:
        audio.check(path)
    assert "run.py add silk" in refused.value.remedy


# --- stretches


@pytest.mark.parametrize("beginning", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.5), (2.0, 4.0), (20.3, 23.1), (30.0, None)])
def test_a_stretch_is_the_same_as_in_the_whole(
    beginning: str, start: float, end: float | None
) -> None:
    path, whole = sample_path(beginning), whole_of(beginning)
    if start > len(whole) / RATE:  # the shorter ones end sooner: ask for their middle
        start, end = 3.3, 5.1
    expected = whole[round(start * RATE) : None if end is None else round(end * RATE)]
    found = decoded(path, start, end)
    assert len(found) == pytest.approx(len(expected), abs=RATE * 0.005)
    at, alike = best_match(found[: 3 * RATE // 2], whole, RATE)
    assert at == pytest.approx(start, abs=0.005)
    assert alike > 0.97


@pytest.mark.parametrize("end", [1.0, 100.0])
def test_a_stretch_that_ends_before_it_begins_or_after_the_end_is_short(end: float) -> None:
    path = sample_path("mottoes/横泾村")
    found = list(audio.decode(path, RATE, 6.0, end))
    assert sum(map(len, found)) / RATE == pytest.approx(0 if end == 1.0 else 1.05, abs=0.05)


def test_passages_are_cut_where_it_is_quiet_and_lose_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 13 * RATE).astype(np.float32)
    quiet = [(4.2, 4.9), (8.7, 9.4)]
    for begin, end in quiet:
        noise[round(begin * RATE) : round(end * RATE)] = 0
    path = write_wav(tmp_path / "long.wav", noise)
    found = list(audio.blocks(path, longest=5.0))
    starts = [start for start, __ in found]
    assert starts[0] == 0
    for start, (begin, end) in zip(starts[1:], quiet, strict=False):
        assert begin < start < end
    assert len(found) == 3
    whole = decoded(path)
    for start, samples in found:
        assert len(samples) <= 5.0 * RATE
        assert np.array_equal(samples, whole[round(start * RATE) :][: len(samples)])
    assert np.array_equal(np.concatenate([samples for __, samples in found]), whole)


def test_a_short_recording_is_one_passage() -> None:
    ((start, samples),) = audio.blocks(sample_path(AMR))
    assert (start, len(samples) / RATE) == (0, pytest.approx(7.48, abs=0.05))


# --- access copies and clips


@pytest.fixture(scope="module")
def speech() -> Samples:
    return whole_of(WAV)[: 12 * RATE]


@pytest.mark.parametrize("factor", [0.03, 1.0, 5.0], ids=["quiet", "as it is", "far too loud"])
def test_an_access_copy_is_mono_whole_and_as_loud_as_every_other(
    tmp_path: Path, speech: Samples, factor: float
) -> None:
    target = tmp_path / "new" / "copy.m4a"
    audio.make_access_copy(write_wav(tmp_path / "a.wav", speech * factor), target)
    with av.open(str(target)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.channels) == ("aac", 1)
        assert stream.rate == audio.ACCESS_RATE
    heard = decoded(target)
    assert len(heard) == pytest.approx(len(speech), abs=RATE * 0.1)
    assert speech_db(heard, RATE) == pytest.approx(audio.TARGET_DBFS, abs=3)
    assert best_match(heard[RATE : 4 * RATE], speech, RATE)[0] == pytest.approx(1.0, abs=0.02)
    assert [path.name for path in target.parent.iterdir()] == ["copy.m4a"]


@pytest.mark.parametrize("beginning", [M4A, MP3, MP4, OGG], ids=["m4a", "mp3", "mp4", "ogg"])
def test_a_clip_is_cut_at_its_times_with_soft_edges(tmp_path: Path, beginning: str) -> None:
    master, target = sample_path(beginning), tmp_path / "clip.m4a"
    start, end = 18.7, 24.2
    audio.cut_clip(master, start, end, target)
    rate = audio.ACCESS_RATE
    clip, whole = decoded(target, rate=rate), whole_of(beginning, rate)
    assert end - start - 0.07 < len(clip) / rate < end - start + 0.7
    middle = clip[rate // 2 : rate // 2 + 4 * rate]
    at, alike = best_match(middle, whole, rate)
    assert start - 0.27 < at - 0.5 < start + 0.02
    assert alike > 0.9
    ms = rate // 1000
    for edge in (clip[:ms], clip[-ms:]):
        assert np.abs(edge).max() < 0.02
    assert db(clip) == pytest.approx(audio.TARGET_DBFS, abs=3)


def test_a_clip_fades_where_the_master_is_loud(tmp_path: Path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(5 * RATE) / RATE, dtype=np.float32)
    audio.cut_clip(write_wav(tmp_path / "tone.wav", tone), 1.0, 3.0, tmp_path / "clip.m4a")
    clip = decoded(tmp_path / "clip.m4a")[: 2 * RATE]
    ms = RATE // 1000
    loudness = [float(np.abs(clip[at * ms : (at + 4) * ms]).max()) for at in range(0, 2000, 4)]
    assert max(loudness[0], loudness[-1]) < 0.25 * loudness[250]
    assert loudness[2] > loudness[0]
    assert loudness[20] == pytest.approx(loudness[250], rel=0.2)


def test_two_cuts_of_the_same_stretch_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.m4a", "b.m4a"):
        audio.cut_clip(sample_path(AMR), 1.0, 3.0, tmp_path / name)
    assert (tmp_path / "a.m4a").read_bytes() == (tmp_path / "b.m4a").read_bytes()


def test_no_other_program_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object, **options: object) -> Iterator[None]:
        raise AssertionError(words)

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(subprocess, "Popen", refuse)
    for beginning in (AMR, "mottoes/妙桥", "mottoes/蒋家村"):
        audio.check(sample_path(beginning))
        audio.make_access_copy(sample_path(beginning), tmp_path / "copy.m4a")
        audio.cut_clip(sample_path(beginning), 1, 2, tmp_path / "clip.m4a")
    assert decoded(tmp_path / "clip.m4a").any()
