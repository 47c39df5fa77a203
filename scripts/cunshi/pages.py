"""The catalogue as Markdown pages: pure text, and the same bytes for the same catalogue.

Everything people wrote may be hostile. Values stand only in raw HTML blocks, escaped by Jinja, or
in headings and front matter after :func:`cunshi.page_text.inert`, because MkDocs and Material
print titles without escaping them. A lesson's body is its author's own Markdown and is trusted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cunshi import page_text, trust
from cunshi.lesson_pages import lesson_page
from cunshi.model import (
    Catalogue,
    Entry,
    Kind,
    Lesson,
    Page,
    Recording,
    Segment,
    Term,
)
from cunshi.page_text import clean, long_date
from cunshi.settings import Archive
from cunshi.templating import LESSON_COUNT, lesson_title, recording_title, render, term_ids

LONGEST_PAUSE = 1.2
PARAGRAPH_LENGTH = 110
# Drafts may come without any punctuation: then a paragraph ends at the next segment after this.
LONGEST_PARAGRAPH = 220

_SENTENCE_END = re.compile(r"[。！？!?…][”』」’）)]*$")


@dataclass(frozen=True)
class Paragraph:
    """Segments that are read together; ``speaker`` is empty when it has not changed."""

    start: float
    speaker: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class _Card:
    """A lesson on the home page; without ``lesson`` it is still being prepared."""

    number: int
    title: str
    lesson: Lesson | None
    voices: int


def render_pages(catalogue: Catalogue) -> list[Page]:
    """All Markdown pages of the site, with paths relative to its docs folder."""
    return [
        _home_page(catalogue),
        *(lesson_page(catalogue, number) for number in range(1, LESSON_COUNT + 1)),
        _recordings_page(catalogue),
        *(_recording_page(catalogue, entry) for entry in catalogue.entries),
        render("mottoes", "mottoes.md", cards=_of_kind(catalogue, Kind.MOTTO)),
        render("glossary", "glossary.md", kinds=_terms_by_kind(catalogue.terms)),
        _about_page(catalogue),
    ]


def group_paragraphs(segments: Iterable[Segment]) -> list[Paragraph]:
    """Segments in paragraphs: a new one at a long pause, another speaker, or when it gets long.

    A segment with its meaning in Mandarin stands alone, so that the two can be read together.
    """
    groups: list[list[Segment]] = []
    for segment in segments:
        if not clean(segment.text):
            continue
        if groups and not _begins_paragraph(groups[-1], segment):
            groups[-1].append(segment)
        else:
            groups.append([segment])
    speakers = ["", *(group[0].speaker for group in groups)]
    return [
        Paragraph(
            group[0].start, "" if group[0].speaker == before else group[0].speaker, tuple(group)
        )
        for before, group in zip(speakers, groups, strict=False)
    ]


def _begins_paragraph(group: list[Segment], segment: Segment) -> bool:
    last = group[-1]
    if segment.start - last.end > LONGEST_PAUSE or segment.speaker != last.speaker:
        return True
    if segment.mandarin or last.mandarin:
        return True
    length = sum(len(s.text) for s in group)
    ended = _SENTENCE_END.search(last.text.rstrip()) is not None
    return length >= LONGEST_PARAGRAPH or (length >= PARAGRAPH_LENGTH and ended)


def _home_page(catalogue: Catalogue) -> Page:
    written = {lesson.number: (lesson, clips) for lesson, clips in catalogue.lessons}
    cards = []
    for number in range(1, LESSON_COUNT + 1):
        lesson, clips = written.get(number, (None, ()))
        voices = sum(not clip.withheld for clip in clips)
        cards.append(_Card(number, lesson_title(catalogue, number), lesson, voices))
    return render(
        "index",
        "index.md",
        catalogue=catalogue,
        cards=cards,
        talks=_of_kind(catalogue, Kind.TALK),
        mottoes=_of_kind(catalogue, Kind.MOTTO),
        villages=[village for village, _ in _by_village(catalogue) if village],
    )


def _recordings_page(catalogue: Catalogue) -> Page:
    entries = {entry.recording.id: entry for entry in catalogue.entries}
    return render(
        "recordings", "recordings/index.md", groups=_by_village(catalogue), entries=entries
    )


def _by_village(catalogue: Catalogue) -> list[tuple[str, list[Recording]]]:
    """Published and listed recordings by village, in the archive's order; nameless ones last."""
    groups: dict[str, list[Recording]] = {village: [] for village in catalogue.archive.villages}
    recordings = [*(entry.recording for entry in catalogue.entries), *catalogue.listed]
    recordings.sort(key=lambda r: (not r.description.village, r.description.village))
    for recording in recordings:
        groups.setdefault(recording.description.village, []).append(recording)
    for group in groups.values():
        group.sort(key=lambda r: (r.kind is Kind.MOTTO, r.description.date or date.max, r.id))
    return [(village, group) for village, group in groups.items() if group]


def _recording_page(catalogue: Catalogue, entry: Entry) -> Page:
    recording, archive = entry.recording, catalogue.archive
    paragraphs = [
        (paragraph, [trust.mark_line(segment, entry.transcript) for segment in paragraph.segments])
        for paragraph in group_paragraphs(entry.transcript.segments)
    ]
    lines = [line for __, lines in paragraphs for line in lines]
    return render(
        "recording",
        f"recordings/{recording.id}.md",
        entry=entry,
        title=recording_title(recording),
        facts=_facts(entry, archive),
        language=recording.language(archive),
        warnings=trust.warnings(entry, archive),
        guess=trust.is_guess(entry, archive),
        paragraphs=paragraphs,
        kinds={line.kind for line in lines},
        corrections=trust.corrections(lines),
        rights=recording.description.rights or archive.rights,
        citation=_citation(recording, archive),
        lessons=[(n, lesson_title(catalogue, n)) for n in _lessons_of(catalogue, recording)],
    )


def _lessons_of(catalogue: Catalogue, recording: Recording) -> list[int]:
    cited = {
        lesson.number
        for lesson, _ in catalogue.lessons
        if any(ref.recording_id == recording.id for ref in lesson.refs)
    }
    own = {recording.lesson} if recording.lesson is not None else set()
    return sorted(n for n in cited | own if 1 <= n <= LESSON_COUNT)


def _facts(entry: Entry, archive: Archive) -> list[tuple[str, str]]:
    """What is known about a recording, as pairs of a label and a value."""
    recording, said = entry.recording, entry.recording.description
    language = recording.language(archive) if recording.technical.has_sound else ""
    facts = [
        ("家庭" if recording.kind is Kind.MOTTO else "讲述人", said.narrator),
        ("村", said.village),
        ("日期", long_date(said.date)),
        ("时长", page_text.duration(recording.technical.duration)),
        ("语言", trust.LANGUAGES.get(language, language)),
        ("编号", recording.id),
    ]
    if recording.technical.has_sound or entry.transcript.segments:
        facts.append(("文稿", trust.status(entry, archive)))
    facts.append(("听写覆盖", trust.coverage(entry.transcript)))
    return [(label, value) for label, value in facts if value]


def _citation(recording: Recording, archive: Archive) -> str:
    said = recording.description
    title = f"《{recording_title(recording)}》"
    parts = (
        said.narrator,
        title,
        long_date(said.date),
        archive.institution,
        f"编号 {recording.id}",
    )
    return "，".join(part for part in parts if part)


def _of_kind(catalogue: Catalogue, kind: Kind) -> list[Entry]:
    return [entry for entry in catalogue.entries if entry.recording.kind is kind]


def _terms_by_kind(terms: tuple[Term, ...]) -> dict[str, list[tuple[str, Term]]]:
    kinds: dict[str, list[tuple[str, Term]]] = {}
    for term_id, term in zip(term_ids(terms), terms, strict=True):
        kinds.setdefault(term.kind, []).append((term_id, term))
    return kinds


def _about_page(catalogue: Catalogue) -> Page:
    notes = dict.fromkeys(e.recording.description.note.strip() for e in catalogue.entries)
    contacts = dict.fromkeys((catalogue.course.contact, catalogue.archive.contact))
    return render(
        "about",
        "about.md",
        catalogue=catalogue,
        notes=[note for note in notes if note],
        contacts=[contact for contact in contacts if contact],
    )
