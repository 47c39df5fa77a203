"""What a catalogue says of a recording in the terms of the field, for all forms of it.

The terms are those of Dublin Core (https://www.dublincore.org/specifications/dublin-core/dcmi-terms/).
The Chinese names follow the elements of a draft of DA/T 59; conformance is not claimed.
"""

from dataclasses import dataclass

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.titles import cite, lesson_title, recording_title
from cunshi.core.text import clean
from cunshi.domain.course import Catalogue, Entry, lessons_of
from cunshi.domain.recording import Kind, Recording


@dataclass(frozen=True)
class Described:
    """One recording, everything as printable text; what nobody said is empty.

    ``length`` is in seconds. Of a recording that is only listed, the catalogue tells title,
    narrator, village and date, and nothing else.
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
    """All that may be shown, in the order of their ids."""
    shown = [describe_one(catalogue, entry) for entry in catalogue.entries]
    listed = [_listed(catalogue, recording) for recording in catalogue.listed]
    return sorted(shown + listed, key=lambda described: described.id)


def describe_one(catalogue: Catalogue, entry: Entry) -> Described:
    """A recording that may be shown."""
    recording, archive = entry.recording, catalogue.archive
    said, technical = recording.description, recording.technical
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
        summary=clean(said.meaning if recording.kind is Kind.MOTTO else said.note),
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
    said, archive = recording.description, catalogue.archive
    return {
        "id": recording.id,
        "title": clean(recording_title(recording)),
        "kind": "家训" if recording.kind is Kind.MOTTO else "讲述",
        "narrator": clean(said.narrator),
        "village": clean(said.village),
        "date": said.date.isoformat() if said.date else "",
        "rights": clean(said.rights or archive.rights),
        "holder": clean(said.holder or archive.institution),
        "contact": clean(archive.contact),
        "citation": cite(recording, archive),
    }


def _address(catalogue: Catalogue, recording: Recording) -> str:
    base = catalogue.course.address.rstrip("/")
    return f"{base}/recordings/{recording.id}.html" if base else ""
