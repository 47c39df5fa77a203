"""Describe recordings with the terms shared by all archival formats.

The terms are those of Dublin Core
(https://www.dublincore.org/specifications/dublin-core/dcmi-terms/). The Chinese names follow the
elements of a draft of DA/T 59; conformance is not claimed.
"""

from dataclasses import dataclass

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.titles import cite, lesson_title, recording_title
from cunshi.core.text import clean
from cunshi.domain.course import Catalogue, Entry, lessons_of
from cunshi.domain.recording import Kind, Recording


@dataclass(frozen=True)
class Described:
    """The description of a recording as printable text; unknown values are empty.

    ``length`` is in seconds. A recording that is only listed has just title, narrator, village and
    date.
    """

    id: str
    title: str
    kind: str
    narrator: str
    village: str
    date: str
    language: str
    length: float
    lessons: tuple[str, ...]
    words: tuple[str, ...]
    summary: str
    rights: str
    access: str
    holder: str
    contact: str
    transcript: str
    form: str
    sha256: str
    address: str
    citation: str


NOTHING = Described(
    *("",) * 7,
    0.0,
    (),
    (),
    *("",) * 10,  # the positions of length, lessons and words
)


def describe(catalogue: Catalogue) -> list[Described]:
    """Return the descriptions of all published and listed recordings, sorted by id."""
    shown = [describe_entry(catalogue, entry) for entry in catalogue.entries]
    listed = [_listed(catalogue, recording) for recording in catalogue.listed]
    return sorted(shown + listed, key=lambda described: described.id)


def describe_entry(catalogue: Catalogue, entry: Entry) -> Described:
    """Return the description of a published recording."""
    recording, archive = entry.recording, catalogue.archive
    description, technical = recording.description, recording.technical
    spoken = entry.transcript
    text = spoken.derived.text("text", lambda: " ".join(s.text for s in spoken.segments))
    numbers = lessons_of(catalogue, recording)
    common = _common(catalogue, recording)
    return Described(
        **common,
        language=recording.language(archive) if technical.has_sound else "",
        length=technical.duration,
        lessons=tuple(f"第{n}课 {clean(lesson_title(catalogue, n))}" for n in numbers),
        words=tuple(clean(t.term) for t in catalogue.terms if t.term and t.term in text),
        summary=clean(description.meaning if recording.kind is Kind.MOTTO else description.note),
        access="公开",
        transcript=transcript_quality.status(entry, archive) if text else "",
        form=f"{technical.container} {technical.codec}".strip(),
        sha256=recording.sha256,
        address=_address(catalogue, recording),
    )


def _listed(catalogue: Catalogue, recording: Recording) -> Described:
    return Described(
        **_common(catalogue, recording),
        language="",
        length=0.0,
        lessons=(),
        words=(),
        summary="",
        access="目录",
        transcript="",
        form="",
        sha256="",
        address="",
    )


def _common(catalogue: Catalogue, recording: Recording) -> dict[str, str]:
    description, archive = recording.description, catalogue.archive
    return {
        "id": recording.id,
        "title": clean(recording_title(recording)),
        "kind": "家训" if recording.kind is Kind.MOTTO else "讲述",
        "narrator": clean(description.narrator),
        "village": clean(description.village),
        "date": description.date.isoformat() if description.date else "",
        "rights": clean(description.rights or archive.rights),
        "holder": clean(description.holder or archive.institution),
        "contact": clean(archive.contact),
        "citation": cite(recording, archive),
    }


def _address(catalogue: Catalogue, recording: Recording) -> str:
    base = catalogue.course.address.rstrip("/")
    return f"{base}/recordings/{recording.id}.html" if base else ""
