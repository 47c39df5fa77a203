"""The catalogue as Markdown pages: pure text, and the same bytes for the same catalogue.

Everything people wrote may be hostile. Values stand only in raw HTML blocks, escaped by Jinja, or
in headings and front matter after :func:`cunshi.page_text.inert`, because MkDocs and Material
print titles without escaping them. A lesson's body is its author's own Markdown and is trusted.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cunshi import page_text, trust
from cunshi.citations import Citation, fill_citations
from cunshi.errors import LessonError
from cunshi.i18n import _
from cunshi.model import (
    Catalogue,
    Clip,
    Entry,
    Kind,
    Lesson,
    Page,
    Recording,
    Segment,
    Term,
    TranscriptStatus,
)
from cunshi.page_text import clean, clip_text, long_date, url
from cunshi.settings import Archive
from cunshi.timecode import format_clock

LESSON_COUNT = 10
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
        *(_lesson_page(catalogue, number) for number in range(1, LESSON_COUNT + 1)),
        _recordings_page(catalogue),
        *(_recording_page(catalogue, entry) for entry in catalogue.entries),
        _render("mottoes", "mottoes.md", cards=_of_kind(catalogue, Kind.MOTTO)),
        _render("glossary", "glossary.md", kinds=_terms_by_kind(catalogue.terms)),
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


def recording_title(recording: Recording) -> str:
    """What to call a recording: its title, else whose it is, else its id."""
    said = recording.description
    if said.title or not said.narrator:
        return said.title or recording.id
    return f"{said.narrator}的{'家训' if recording.kind is Kind.MOTTO else '讲述'}"


def term_ids(terms: Iterable[Term]) -> list[str]:
    """An id in the glossary page for each term: readable, and the same on every build."""
    seen: Counter[str] = Counter()
    ids = []
    for term in terms:
        base = re.sub(r"[^\w]+", "-", clean(term.term)).strip("-").lower() or "term"
        seen[base] += 1
        ids.append(f"term-{base}" + (f"-{seen[base]}" if seen[base] > 1 else ""))
    return ids


def fill_lesson(lesson: Lesson, clips: Iterable[Clip], guesses: Container[str] = ()) -> str:
    """The lesson's body with its clip blocks filled; the clips are those of its refs, in order.

    ``guesses`` are the ids of recordings whose words are a machine's guess at a dialect.
    Raises LessonError when they are not: wrong words under a voice are worse than no page.
    """
    remaining = iter(clips)

    def options_of(citation: Citation) -> Mapping[str, str]:
        clip = next(remaining, None)
        if clip is None or not _is_clip_of(citation, clip):
            raise LessonError(_("引用和剪出的片段对不上"), where=lesson.where, line=citation.line)
        return clip_options(clip, clip.ref.recording_id in guesses)

    return fill_citations(lesson.body.replace("\r\n", "\n"), options_of)


def _is_clip_of(citation: Citation, clip: Clip) -> bool:
    cited = (citation.recording_id, citation.start, citation.end)
    return cited == (clip.ref.recording_id, clip.ref.start, clip.ref.end)


def clip_options(clip: Clip, guess: bool = False) -> dict[str, str]:
    """The options of a filled block, as a page in lessons/ needs them; empty ones are left out."""
    if clip.withheld:
        return {"withheld": clip_text(clip.withheld)}
    start = page_text.seconds(clip.ref.start)
    options = {
        "audio": url(clip.audio, "../"),
        "page": url(f"recordings/{clip.ref.recording_id}.html", "../") + f"#t={start}",
        "words": clip_text(trust.readable(clip.words)),
        "status": clip.status.value,
        "dialect": "yes" if guess and clip.status is TranscriptStatus.DRAFT else "",
        "speaker": clip_text(clip.speaker),
        "village": clip_text(clip.village),
        "date": long_date(clip.date),
    }
    return {name: value for name, value in options.items() if value}


def _home_page(catalogue: Catalogue) -> Page:
    written = {lesson.number: (lesson, clips) for lesson, clips in catalogue.lessons}
    cards = []
    for number in range(1, LESSON_COUNT + 1):
        lesson, clips = written.get(number, (None, ()))
        voices = sum(not clip.withheld for clip in clips)
        cards.append(_Card(number, _lesson_title(catalogue, number), lesson, voices))
    return _render(
        "index",
        "index.md",
        catalogue=catalogue,
        cards=cards,
        talks=_of_kind(catalogue, Kind.TALK),
        mottoes=_of_kind(catalogue, Kind.MOTTO),
        villages=[village for village, _ in _by_village(catalogue) if village],
    )


def _lesson_title(catalogue: Catalogue, number: int) -> str:
    lessons = (lesson for lesson, clips in catalogue.lessons if lesson.number == number)
    return next((lesson.title for lesson in lessons), "还在准备中")


def _lesson_page(catalogue: Catalogue, number: int) -> Page:
    path = f"lessons/{number:02d}.md"
    title = _lesson_title(catalogue, number)
    around = [n for n in (number - 1, number + 1) if 1 <= n <= LESSON_COUNT]
    neighbours = {n - number: _lesson_title(catalogue, n) for n in around}
    for lesson, clips in catalogue.lessons:
        if lesson.number == number:
            return _render(
                "lesson",
                path,
                number=number,
                title=title,
                neighbours=neighbours,
                lesson=lesson,
                body=fill_lesson(lesson, clips, _guesses(catalogue)),
                keywords=_explain(lesson.keywords, catalogue.terms),
            )
    return _render("lesson_missing", path, number=number, title=title, neighbours=neighbours)


def _guesses(catalogue: Catalogue) -> frozenset[str]:
    entries, archive = catalogue.entries, catalogue.archive
    return frozenset(e.recording.id for e in entries if trust.is_guess(e, archive))


def _explain(
    keywords: Iterable[str], terms: tuple[Term, ...]
) -> list[tuple[str, str, Term | None]]:
    """Each key word with its place in the glossary, if it has one: (word, id, term)."""
    known: dict[str, tuple[str, Term]] = {}
    for term_id, term in zip(term_ids(terms), terms, strict=True):
        known.setdefault(term.term, (term_id, term))
    return [(word, *known.get(word, ("", None))) for word in keywords]


def _recordings_page(catalogue: Catalogue) -> Page:
    entries = {entry.recording.id: entry for entry in catalogue.entries}
    return _render(
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
    return _render(
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
        lessons=[(n, _lesson_title(catalogue, n)) for n in _lessons_of(catalogue, recording)],
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
    return _render(
        "about",
        "about.md",
        catalogue=catalogue,
        notes=[note for note in notes if note],
        contacts=[contact for contact in contacts if contact],
    )


def motto_words(entry: Entry) -> list[str]:
    """The lines of a motto: as the family wrote it, else as it was said."""
    written = entry.recording.description.motto
    spoken = "\n".join(trust.readable(s.text) for s in entry.transcript.segments)
    return [line for line in map(clean, (written or spoken).splitlines()) if line]


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) else clean(str(value))


_FILTERS: dict[str, Callable[..., Any]] = {
    "clauses": page_text.clauses,
    "clock": format_clock,
    "date": page_text.long_date,
    "duration": page_text.duration,
    "inert": page_text.inert,
    "motto_words": motto_words,
    "numeral": page_text.numeral,
    "paragraphs": page_text.paragraphs,
    "seconds": page_text.seconds,
    "title_of": recording_title,
    "url": page_text.url,
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cunshi", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_FILTERS)
    return environment


_ENVIRONMENT = _environment()


def _render(template: str, path: str, **context: Any) -> Page:
    text = _ENVIRONMENT.get_template(f"{template}.md.j2").render(**context)
    return Page(path, text)
