"""Transcripts and catalogue records from other systems: WebVTT, SubRip, OHMS XML → an accession.

What people have written here is never overwritten: a transcript comes in where there is none, or
only a machine's draft, and a field of the record where it is empty.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import webvtt
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from webvtt.errors import MalformedCaptionError, MalformedFileError

from cunshi.amendments import set_value
from cunshi.corrections import format_corrected
from cunshi.errors import RecordError
from cunshi.fields import read_text
from cunshi.files import exists, write_atomic
from cunshi.i18n import _
from cunshi.model import Recording, Segment
from cunshi.records import parse_day
from cunshi.store import Accession, Project
from cunshi.timecode import parse_timecode
from cunshi.transcripts import is_untouched_draft, parse_transcript

_MEANING = "普通话："
_SPEAKER = re.compile(r"([^\s：:，。、]{1,12})：(?=\S)")
_SYNC = re.compile(r"(\d{1,6})\(\d+\)")
_INTERVAL = re.compile(r"\s*(\d{1,3}):")
_SECONDS = 60.0  # of an interval in the synchronisation of OHMS 5.4 that names none


@dataclass(frozen=True)
class Imported:
    """What a file of another system says; ``values`` are keys of recording.yml."""

    lines: tuple[Segment, ...]
    values: dict[str, Any] = field(default_factory=dict)


def bring_in(project: Project, recording: Recording, path: Path) -> tuple[int, list[str]]:
    """Take a file into an accession; how many lines and which fields came in.

    Raises RecordError when the file cannot be read, or when people have corrected the transcript.
    """
    found = read_foreign(path, recording.technical.duration)
    accession = project.accession(recording.id)
    text = format_corrected("", recording.id, found.lines) if found.lines else ""
    with project.writing():
        before = read_text(accession.transcript) if exists(accession.transcript) else ""
        if text and before not in {"", text} and not is_untouched_draft(before):
            raise RecordError(
                _("这份文稿已经有人改过，不会覆盖它"),
                _("要用文件里的文字，请在校对台里改"),
                where=project.relative(accession.transcript),
            )
        values = _missing(found.values, recording, accession)
        record = read_text(accession.record)
        for key, value in values.items():
            record = set_value(record, (key,), value)
        changed = bool(text) and write_atomic(accession.transcript, text)
        changed |= write_atomic(accession.record, record)
        told = {name: str(value) for name, value in values.items()}
        detail = {"source": path.name, "decided": told, "lines": len(found.lines)}
        if changed or not _is_told(accession, detail):
            accession.add_event("metadata modification", **detail)
    return len(found.lines), list(values)


def _missing(values: dict[str, Any], recording: Recording, accession: Accession) -> dict[str, Any]:
    """What the record lacks, and what a run that died has put there and not told."""
    told: dict[str, Any] = {}
    for entry in accession.read_events():
        told |= entry.get("fields", {}) | entry.get("decided", {})
    said = {key: getattr(recording.description, key) for key in values}
    return {
        key: value
        for key, value in values.items()
        if not said[key] or (said[key] == value and told.get(key) != str(value))
    }


def _is_told(accession: Accession, detail: dict[str, Any]) -> bool:
    """Whether the same came in before and nothing is left to tell."""
    events = accession.read_events()
    return not detail["decided"] and any(
        (e.get("source"), e.get("lines")) == (detail["source"], detail["lines"]) for e in events
    )


def read_foreign(path: Path, duration: float) -> Imported:
    """Read a file by its content; RecordError when it is none of the three."""
    text = read_text(path).lstrip("\ufeff")
    if text.startswith("WEBVTT"):
        return Imported(parse_transcript(text, str(path)))
    if text.lstrip().startswith("<"):
        return _read_ohms(text, path, duration)
    return Imported(tuple(_read_srt(text, path)))


def _read_srt(text: str, path: Path) -> Iterator[Segment]:
    try:
        captions = webvtt.from_string(_as_webvtt(text), strict=True).captions
    except (MalformedFileError, MalformedCaptionError, ValueError) as error:
        raise RecordError(
            _("看不懂这个文件：{error}").format(error=error),
            _("要 WebVTT、SRT 或 OHMS XML"),
            where=path,
        ) from error
    if not captions:
        raise RecordError(_("文件里没有带时间的文字"), _("要 WebVTT、SRT 或 OHMS XML"), where=path)
    for cue in captions:
        lines = [line.strip() for line in html.unescape(cue.text).splitlines()]
        meant = [line.removeprefix(_MEANING) for line in lines if line.startswith(_MEANING)]
        spoken = " ".join(line for line in lines if line and not line.startswith(_MEANING))
        named = _SPEAKER.match(spoken)
        if spoken:
            yield Segment(
                parse_timecode(cue.start),
                parse_timecode(cue.end),
                spoken[named.end() :] if named else spoken,
                speaker=named[1] if named else "",
                mandarin=" ".join(meant),
            )


def _as_webvtt(text: str) -> str:
    """SubRip as WebVTT: commas in its times, and marks that the other format would read."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if "-->" in line:
            lines.append(line.replace(",", "."))
        else:
            lines.append(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return "WEBVTT\n\n" + "\n".join(lines).strip("\n") + "\n"


def _read_ohms(text: str, path: Path, duration: float) -> Imported:
    """OHMS 5.4 or 6.0. No entity is expanded and nothing fetched."""
    try:
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise RecordError(
            _("这个 XML 文件读不了：{error}").format(error=error), _("要 OHMS XML"), where=path
        ) from error
    record = next((e for e in root.iter() if _name(e) == "record"), None)
    if record is None:
        raise RecordError(_("这个 XML 文件不是 OHMS"), _("要 OHMS XML"), where=path)
    said = {_name(e): (e.text or "").strip() for e in record}
    dated = next((e.get("value", "") for e in record if _name(e) == "date"), "")
    captions = said.get("vtt_transcript", "")
    lines = (
        parse_transcript(captions, str(path))
        if captions
        else tuple(_paced(said.get("transcript", ""), said.get("sync", ""), duration))
    )
    values = {
        "title": said.get("title", ""),
        "narrator": said.get("interviewee", ""),
        "date": parse_day(dated),
        "note": said.get("description", ""),
        "rights": said.get("rights", ""),
    }
    return Imported(lines, {name: value for name, value in values.items() if value})


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _paced(text: str, sync: str, duration: float) -> Iterator[Segment]:
    """Lines of a transcript without times, between the marks that say where each interval begins.

    A mark is ``line(word)``, at whose line the next interval begins
    (https://www.oralhistoryonline.org/documentation/).
    """
    lines = [line.strip() for line in text.splitlines()]
    named = _INTERVAL.match(sync)
    interval = _SECONDS * (int(named[1]) if named else 1)
    marks = [int(line) - 1 for line in _SYNC.findall(sync)]
    bounds = [0, *(m for m in marks if 0 < m < len(lines)), len(lines)]
    for number, (first, last) in enumerate(pairwise(bounds)):
        spoken = [line for line in lines[first:last] if line]
        start = min(number * interval, duration)
        end = duration if last == len(lines) else min(start + interval, duration)
        yield from _spread(spoken, start, end)


def _spread(lines: list[str], start: float, end: float) -> Iterable[Segment]:
    """Lines over a stretch of time, by their lengths: no more is known of when each is said."""
    total, at = sum(map(len, lines)), start
    for line in lines:
        until = at + (end - start) * len(line) / total
        named = _SPEAKER.match(line)
        segment = Segment(round(at, 3), round(until, 3), line)
        yield replace(segment, text=line[named.end() :], speaker=named[1]) if named else segment
        at = until
