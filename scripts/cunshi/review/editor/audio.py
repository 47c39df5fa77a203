"""Audio and waveform for the editor: the master, or a copy that browsers can play."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.domain.recording import Recording, Technical
from cunshi.media import audio
from cunshi.review.api import ApiError, ApiRequest, route
from cunshi.review.context import Desk
from cunshi.review.jobs.background import BackgroundWorker, Make, Progress

PEAKS_PER_SECOND = 20
PEAK_RATE = 8000  # samples per second used for waveforms
_LOUDEST = 127
# Formats that Chrome, Edge, Firefox and Safari play: FFmpeg's container and codecs → media type.
_PLAYED = {
    "mov": ({"aac", "mp3"}, "audio/mp4"),
    "mp3": ({"mp3", "mp3float"}, "audio/mpeg"),
    "wav": ({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"}, "audio/wav"),
    "ogg": ({"opus", "libopus", "vorbis"}, "audio/ogg"),
    "flac": ({"flac"}, "audio/flac"),
    "matroska": ({"opus", "libopus", "vorbis"}, "audio/webm"),
}
_VARIABLE_RATE = (b"Xing", b"VBRI")


def routes(desk: Desk) -> list[Route]:
    """Return the routes of audio and waveforms."""
    maker = BackgroundWorker()

    def media(ask: ApiRequest) -> Response:
        recording, master = _heard(desk, ask)
        kind = played_as(recording.technical, master)
        copy = desk.project.review / f"{recording.id}{audio.ACCESS_SUFFIX}"
        if not kind and not copy.is_file():
            return _later(maker, copy, lambda tell: audio.make_access_copy(master, copy))
        path = master if kind else copy
        headers = {"content-disposition": "inline"}
        return FileResponse(path, media_type=kind or "audio/mp4", headers=headers)

    def waveform(ask: ApiRequest) -> Any:
        recording, master = _heard(desk, ask)
        path = desk.project.review / f"{recording.id}.peaks.json"
        return _read_peaks(path, recording) or _later(
            maker, path, _drawing(path, recording, master)
        )

    return [
        route("GET", "/media/{id}", media),
        route("GET", "/api/recordings/{id}/peaks", waveform),
    ]


def played_as(technical: Technical, master: Path) -> str:
    """Return the media type with which browsers play a file by the times of its transcript, and
    seek exactly; empty if they need a copy.
    """
    codecs, kind = _PLAYED.get(technical.container, (set(), ""))
    if technical.codec not in codecs:
        return ""
    if technical.container == "matroska" and master.suffix.lower() != ".webm":
        return ""
    exact = kind != "audio/mpeg" or not _has_variable_rate(master)
    return kind if exact and audio.timeline_of(master).is_that_of_players else ""


def _has_variable_rate(path: Path) -> bool:
    """Check for an MP3 in which browsers can only estimate positions."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    return any(tag in head for tag in _VARIABLE_RATE)


def _heard(desk: Desk, ask: ApiRequest) -> tuple[Recording, Path]:
    """Return a recording with audio and its master; ApiError 404 without audio."""
    accession = desk.accession(ask.path["id"])
    recording = desk.recording(accession.id)
    if not recording.technical.has_sound:
        raise ApiError(404, _("这一件只有文字，没有声音"))
    master = accession.master / recording.master
    inside = master.resolve().is_relative_to(accession.master.resolve())
    if not (recording.sha256 and inside and master.is_file()):
        raise ApiError(404, _("原件不见了"), _("从备份恢复这个文件夹"))
    return recording, master


def _later(maker: BackgroundWorker, path: Path, make: Make) -> Response:
    return JSONResponse({"done": round(maker.ask(path, make), 3)}, 202)


def _read_peaks(path: Path, recording: Recording) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    current = isinstance(found, dict) and found.pop("sha256", "") == recording.sha256
    return found if current else None


def _drawing(path: Path, recording: Recording, master: Path) -> Callable[[Progress], None]:
    def draw(tell: Progress) -> None:
        found: list[float] = []
        for block in peaks(master, PEAKS_PER_SECOND):
            found += block.tolist()
            tell(min(1.0, len(found) / PEAKS_PER_SECOND / recording.technical.duration))
        # Relative to the maximum, so that quiet recordings are visible.
        loudest = max(found, default=0.0) or 1.0
        drawn = {
            "sha256": recording.sha256,
            "rate": PEAKS_PER_SECOND,
            "duration": round(len(found) / PEAKS_PER_SECOND, 3),
            "peaks": [round(peak / loudest * _LOUDEST) for peak in found],
        }
        write_atomic(path, json.dumps(drawn))

    return draw


def peaks(path: Path, per_second: int) -> Iterator[audio.Samples]:
    """Yield blocks of maximum amplitudes (0 to 1), ``per_second`` of them per second."""
    size, pending = PEAK_RATE // per_second, np.empty(0, np.float32)
    for block in audio.decode(path, PEAK_RATE):
        pending = np.concatenate([pending, block])
        whole = len(pending) // size * size
        if whole:
            yield np.abs(pending[:whole]).reshape(-1, size).max(axis=1)
            pending = pending[whole:]
    if len(pending):
        yield np.abs(pending).max(keepdims=True)
