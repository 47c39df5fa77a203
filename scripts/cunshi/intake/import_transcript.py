"""Import transcripts and records of other systems: WebVTT, SubRip, OHMS XML.

What people have written is never overwritten: a transcript is imported if there is none or only a
draft, and a field of the record if it is empty.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cunshi.archive.accession import Accession
from cunshi.archive.events import METADATA_MODIFICATION, Event
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile
from cunshi.archive.records import LANGUAGES
from cunshi.archive.transcript_edit import format_corrected
from cunshi.archive.transcript_file import (
    MEANING,
    blocks,
    check_times,
    is_untouched_draft,
    parse_transcript,
    split_mandarin,
)
from cunshi.core.errors import RecordError
from cunshi.core.files import exists, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Result
from cunshi.core.timecode import parse_timecode
from cunshi.core.yaml_fields import read_text
from cunshi.domain.file_names import parse_day
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Segment

_LINE_ENDS = re.compile(r"\r\n|\r|\n")  # splitlines also splits at other characters
_TIME = r"(\d+:\d+:\d+[,.]\d+)"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_NUMBER = re.compile(r"\s*\d+\s*")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]*)>")
_SPEAKER = re.compile(r"(?!普通话：)([^\s：:，。、]{1,12})：(?=\S)")
_SYNC = re.compile(r"(\d{1,6})\(\d+\)")
_INTERVAL = re.compile(r"\s*(\d{1,3}):")
_SECONDS = 60.0  # default interval of sync marks in OHMS 5.4


@dataclass(frozen=True)
class ForeignTranscript:
    """What a file of another system says; ``values`` are keys of recording.yml.

    ``text`` is the file itself if it is WebVTT, whose comments and settings are kept.
    """

    lines: tuple[Segment, ...]
    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Imported(Result):
    """How many lines came in, and which keys of recording.yml."""

    lines: int
    fields: Sequence[str]


def bring_in(project: Project, recording: Recording, path: Path) -> Imported:
    """Take a file into an accession.

    Raises RecordError if the file cannot be read, or people have edited the transcript.
    """
    found = read_foreign(path, recording.technical.duration)
    accession = project.accession(recording.id)
    text = format_corrected(found.text, recording.id, found.lines) if found.lines else ""
    with project.writing():
        record = RecordFile.open(accession)
        before = read_text(accession.transcript) if exists(accession.transcript) else ""
        if text and before not in {"", text} and not is_untouched_draft(before):
            raise RecordError(
                _("这份文稿已经有人改过，不会覆盖它"),
                _("要用文件里的文字，请在校对台里改"),
                where=project.relative(accession.transcript),
            )
        own = {"holder": project.read_archive([]).institution}
        theirs = {key: value for key, value in found.values.items() if value != own.get(key)}
        values = _missing(theirs, recording, accession)
        changed = bool(record.set(replace(record.description, **values), despite_problems=True))
        changed |= bool(text) and write_atomic(accession.transcript, text)
        told = {name: str(value) for name, value in values.items()}
        event = Event(METADATA_MODIFICATION, source=path.name, decided=told, lines=len(found.lines))
        if changed or not _is_told(accession, event):
            accession.add_event(event)
    return Imported(len(found.lines), list(values))


def _missing(values: dict[str, Any], recording: Recording, accession: Accession) -> dict[str, Any]:
    """What the record lacks, and what a run that died has put there and not told."""
    told: dict[str, Any] = {}
    for event in accession.read_events():
        told |= {**(event.fields or {}), **(event.decided or {})}
    said = {key: getattr(recording.description, key) for key in values}
    return {
        key: value
        for key, value in values.items()
        if not said[key] or (said[key] == value and told.get(key) != str(value))
    }


def _is_told(accession: Accession, new: Event) -> bool:
    """Whether the same came in before and nothing is left to tell."""
    events = ((event.source, event.lines) for event in accession.read_events())
    return not new.decided and (new.source, new.lines) in events


def read_foreign(path: Path, duration: float) -> ForeignTranscript:
    """Read a file by its content; RecordError when it is none of the three."""
    text = read_text(path).lstrip("\ufeff")
    if text.startswith("WEBVTT"):
        return _read_webvtt(text, path)
    if text.lstrip().startswith("<"):
        return _read_ohms(text, path, duration)
    lines = tuple(_read_srt(text, path))
    check_times(lines, str(path))
    return ForeignTranscript(lines)


def _read_webvtt(text: str, path: Path) -> ForeignTranscript:
    """A line here has one speaker: of further voices in a cue the names stand before the words."""
    written = []
    for block in blocks(text):
        first = _VOICE.search(block)
        end = first.end() if first else len(block)
        written.append(block[:end] + _VOICE.sub(r" \1：", block[end:]))
    text = "\n\n".join(written) + "\n"
    return ForeignTranscript(parse_transcript(text, str(path)), text=text)


def _read_srt(text: str, path: Path) -> Iterator[Segment]:
    """Read SubRip: a cue starts at a line with two times and contains all lines below."""
    lines = _LINE_ENDS.split(text)
    times = {n: found for n, line in enumerate(lines) if (found := _TIMES.fullmatch(line))}
    above = lines[: min(times, default=0)]
    if not times or any(line.strip() for line in above if not _NUMBER.fullmatch(line)):
        raise RecordError(_("文件里没有带时间的文字"), _("要 WebVTT、SRT 或 OHMS XML"), where=path)
    are_numbered = bool(above) and bool(_NUMBER.fullmatch(above[-1]))
    for begin, end in pairwise([*times, len(lines)]):
        start, stop = _times(times[begin], path, begin + 1)
        said = lines[begin + 1 : end]
        if are_numbered and end in times and said and _NUMBER.fullmatch(said[-1]):
            said.pop()
        if any(map(str.strip, said)):
            yield _segment(start, stop, [line for line in said if line.strip()])


def _times(found: re.Match[str], path: Path, line: int) -> tuple[float, float]:
    try:
        start, end = (parse_timecode(time.replace(",", ".")) for time in found.groups())
    except ValueError as error:
        raise RecordError(
            _("字幕文件的写法有误：{error}").format(error=found[0].strip()),
            _("改正这一句的时间行"),
            where=path,
            line=line,
        ) from error
    return start, end


def _segment(start: float, end: float, lines: Sequence[str]) -> Segment:
    """Return a line of a format without voices: the speaker is before the words."""
    spoken, meant = split_mandarin(lines)
    named = _SPEAKER.match(spoken)
    text, speaker = (spoken[named.end() :], named[1]) if named else (spoken, "")
    return Segment(start, end, text, speaker=speaker, mandarin=meant)


def _read_ohms(text: str, path: Path, duration: float) -> ForeignTranscript:
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
    if captions := said.get("vtt_transcript", ""):
        found = _read_webvtt(captions, path)
    else:
        paced = _paced(said.get("transcript", ""), said.get("sync", ""), duration)
        found = ForeignTranscript(tuple(paced))
    values = {
        "title": said.get("title", ""),
        "narrator": said.get("interviewee", ""),
        "date": parse_day(dated),
        "language": LANGUAGES.get(said.get("language", ""), ""),
        "holder": said.get("repository", ""),
        "note": said.get("description", ""),
        "rights": said.get("rights", ""),
    }
    return replace(found, values={name: value for name, value in values.items() if value})


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _paced(text: str, sync: str, duration: float) -> Iterator[Segment]:
    """Yield the lines of a transcript with times interpolated between its sync marks.

    A mark ``line(word)`` is where the next interval starts
    (https://www.oralhistoryonline.org/documentation/). Every line is imported once, even if the
    marks are invalid.
    """
    lines = [line.strip() for line in _LINE_ENDS.split(text)]
    named = _INTERVAL.match(sync)
    interval = _SECONDS * (int(named[1]) if named else 1)
    marks = (min(max(int(line) - 1, 0), len(lines)) for line in _SYNC.findall(sync))
    # A mark before the previous one would omit lines.
    bounds = [0, *accumulate(marks, max), len(lines)]
    for number, (first, last) in enumerate(pairwise(bounds)):
        spoken = list(_with_meanings(filter(None, lines[first:last])))
        start = min(number * interval, duration)
        end = duration if last == len(lines) else min(start + interval, duration)
        yield from _spread(spoken, start, end)


def _with_meanings(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield each spoken line with the Mandarin lines that follow it."""
    group: list[str] = []
    for line in lines:
        if group and not line.startswith(MEANING):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _spread(groups: Sequence[Sequence[str]], start: float, end: float) -> Iterator[Segment]:
    """Interpolate the times of lines in a range by their lengths."""
    total, at = sum(len(lines[0]) for lines in groups), start
    for lines in groups:
        until = at + (end - start) * len(lines[0]) / total
        yield _segment(round(at, 3), round(until, 3), lines)
        at = until
