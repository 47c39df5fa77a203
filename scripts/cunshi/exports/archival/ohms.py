"""Format interviews as OHMS XML for oral-history viewers.

There are two editions: 5.4, with an order of elements checked by a schema, and the transcript as
plain text; and 6.0, with captions that viewers can follow. Chinese needs 6.0, because 5.4
identifies words by spaces. https://www.oralhistoryonline.org/documentation/
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cunshi.core.text import clean
from cunshi.domain.course import Catalogue, Clip, Entry, Lesson
from cunshi.exports.archival import ExportFile, ExportSource
from cunshi.exports.archival.captions import cues_of, format_webvtt
from cunshi.exports.archival.description import Described

NAMESPACE = "https://www.weareavp.com/nunncenter/ohms"
EDITIONS = ("5.4", "6.0")
# Characters that XML 1.0 does not allow (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export(source: ExportSource) -> Iterator[ExportFile]:
    """Every interview in both editions."""
    described = {entry.id: entry for entry in source.described}
    for entry in source.catalogue.entries:
        if entry.audio:
            said = described[entry.recording.id]
            for edition in EDITIONS:
                text = format_ohms(source.catalogue, entry, said, edition)
                yield f"ohms-{edition}/{said.id}.xml", text


@dataclass(frozen=True)
class _Point:
    """An index point: a passage cited by a lesson."""

    seconds: int
    title: str
    words: str
    keywords: str


def format_ohms(catalogue: Catalogue, entry: Entry, described: Described, edition: str) -> str:
    """Return one interview; ``edition`` is one of EDITIONS."""
    root = ET.Element("ROOT", {"xmlns": NAMESPACE, "xmlns:xsi": _XSI, "xsi:schemaLocation": _PLACE})
    number = str(int(entry.recording.sha256[:7] or "0", 16))
    exported = catalogue.today.isoformat()
    record = ET.SubElement(root, "record", {"id": number, "dt": exported})
    captions = format_webvtt(entry, catalogue.archive)
    for name, value in _elements(catalogue, entry, described, edition):
        if name == "index":
            _add_index(record, _points(catalogue, entry))
        elif name == "date":
            ET.SubElement(record, name, {"value": value, "format": "yyyy-mm-dd"})
        elif name == "mediafile":
            _add_media(record)
        else:
            ET.SubElement(record, name).text = _xml(captions if name == "vtt_transcript" else value)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PLACE = f"{NAMESPACE}/ohms.xsd"


def _elements(
    catalogue: Catalogue, entry: Entry, described: Described, edition: str
) -> Iterable[tuple[str, str]]:
    """Yield all elements of a record in the schema's order."""
    address = catalogue.course.address.rstrip("/")
    title = clean(catalogue.course.title)
    spoken, sync = _plain_lines(entry) if edition == "5.4" else ([], "")
    yield from [
        ("version", edition),
        ("date", described.date),
        ("date_nonpreferred_format", described.date),
        ("cms_record_id", described.id),
        ("title", described.title),
        ("accession", described.id),
        ("duration", _clock(described.length)),
        ("collection_id", ""),
        ("collection_name", title),
        ("series_id", ""),
        ("series_name", "；".join(described.lessons)),
        ("repository", described.holder),
        ("funding", ""),
        ("repository_url", address),
        *(("subject", lesson) for lesson in described.lessons),
        *(("keyword", word) for word in described.words),
        ("interviewee", described.narrator),
        ("interviewer", ""),
        ("format", "audio"),
        ("file_name", f"{described.id}.m4a"),
        ("sync", sync),
        ("sync_alt", ""),
        ("transcript_alt_lang", ""),
        ("translate", "0"),
        ("media_id", ""),
        ("media_url", f"{address}/{entry.audio}" if address else ""),
        ("mediafile", ""),
        ("kembed", ""),
        ("language", described.language),
        ("user_notes", described.transcript),
        ("index", ""),
        ("type", "interview"),
        ("description", described.summary),
        ("rel", described.address),
    ]
    if edition == "6.0":
        yield from [("vtt_transcript", ""), ("vtt_transcript_alt", "")]
    else:
        yield from [("transcript", "\n".join(spoken)), ("transcript_alt", "")]
    yield from [
        ("rights", described.rights),
        ("fmt", "audio"),
        ("usage", described.citation),
        ("userestrict", "0"),
        ("xmllocation", ""),
        ("xmlfilename", f"{described.id}.xml"),
        ("collection_link", address),
        ("series_link", ""),
    ]


def _plain_lines(entry: Entry) -> tuple[list[str], str]:
    """Return the lines without times, and the sync marks: the line at the start of each minute.

    A mark names a line and a word; without spaces, the word is always the first.
    """
    lines, sync = list[str](), list[int]()
    for cue in cues_of(entry):
        sync += [len(lines) + 1] * (int(cue.start // 60) - len(sync))
        lines += cue.lines()
    return lines, "1:|" + "".join(f"{mark}(1)|" for mark in sync) if sync else ""


def _add_media(record: ET.Element) -> None:
    media = ET.SubElement(record, "mediafile")
    for name, value in (
        ("host", "Other"),
        ("avalon_target_domain", ""),
        ("host_account_id", ""),
        ("host_player_id", ""),
        ("host_clip_id", ""),
        ("clip_format", "audio"),
    ):
        ET.SubElement(media, name).text = value


def _points(catalogue: Catalogue, entry: Entry) -> list[_Point]:
    points = {
        _point(lesson, clip)
        for lesson, clips in catalogue.lessons
        for clip in clips
        if clip.ref.recording_id == entry.recording.id and not clip.withheld
    }
    return sorted(points, key=lambda point: (point.seconds, point.title))


def _point(lesson: Lesson, clip: Clip) -> _Point:
    spoken = [word for word in lesson.keywords if word in clip.words]
    return _Point(
        int(clip.ref.start), clean(lesson.title), clean(clip.words), ";".join(map(clean, spoken))
    )


def _add_index(record: ET.Element, points: list[_Point]) -> None:
    index = ET.SubElement(record, "index")
    for point in points:
        element = ET.SubElement(index, "point")
        values = {
            "time": str(point.seconds),
            "title": point.title,
            "partial_transcript": point.words,
            "synopsis": "",
            "keywords": point.keywords,
            "subjects": "",
        }
        ET.SubElement(element, "time").text = values.pop("time")
        for name, value in values.items():
            ET.SubElement(element, name).text = _xml(value)
            ET.SubElement(element, f"{name}_alt")


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)
