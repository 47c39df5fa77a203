"""Render the catalogue as Markdown pages; the same catalogue gives the same bytes.

Everything that people wrote may be hostile. Values are written only in raw HTML blocks, escaped by
Jinja, or in headings and front matter, after :func:`cunshi.core.text.escape_title`, because MkDocs
and Material print titles without escaping them. A lesson's body is its author's own Markdown and is
trusted.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cunshi.catalogue.course.events_calendar import event_id, format_calendar
from cunshi.catalogue.course.places import place_marks
from cunshi.catalogue.templating import motto_words
from cunshi.catalogue.titles import lesson_title, recording_title
from cunshi.core.text import clauses
from cunshi.domain.course import LESSON_COUNT, Catalogue, Entry, Lesson, Page
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.village import CalendarEvent
from cunshi.exports.archival.captions import captions
from cunshi.exports.archival.description import Described
from cunshi.exports.archival.iiif import collection, manifest
from cunshi.website.pages.lesson import lesson_page
from cunshi.website.pages.mentions import MentionIndex, Mentions
from cunshi.website.pages.recording import listed_ids, recording_page, recording_path
from cunshi.website.pages.village import (
    names_for,
    people_page,
    places_of,
    quotes_page,
    timeline_page,
    village_pages,
)
from cunshi.website.templating import render, term_ids

_NEWEST = 6  # latest recordings on the home page


@dataclass(frozen=True)
class _HomeLink:
    """A link to a lesson on the home page; ``lesson`` is None if it is not written yet."""

    number: int
    title: str
    lesson: Lesson | None
    voices: int


def render_pages(catalogue: Catalogue) -> Iterator[Page]:
    """Yield all pages as Markdown, the calendar, captions and manifests, with their paths.

    They are generated one by one to save memory.
    """
    yield from shared_pages(catalogue)
    for entry in catalogue.entries:
        yield from framed_pages(catalogue, entry)
    described: list[Described] = []
    for entry in catalogue.entries:
        yield from captions(catalogue, entry)
        yield from manifest(catalogue, entry, described)
    yield from collection(catalogue, described)


def framed_pages(catalogue: Catalogue, entry: Entry) -> Iterator[Page]:
    """Yield the page of a recording and a motto's poster; there may be thousands."""
    yield recording_page(catalogue, entry)
    if entry.recording.kind is Kind.MOTTO:
        yield _poster_page(entry)


def framed_paths(entry: Entry) -> list[str]:
    """Return the paths of the framed pages of a recording."""
    poster = [_poster_path(entry.recording)] if entry.recording.kind is Kind.MOTTO else []
    return [recording_path(entry.recording), *poster]


def shared_pages(catalogue: Catalogue) -> Iterator[Page]:
    """Yield the pages about more than one recording, and the calendar."""
    spoken = MentionIndex(catalogue, mention_terms(catalogue))
    yield _home_page(catalogue)
    yield from (lesson_page(catalogue, number) for number in range(1, LESSON_COUNT + 1))
    yield _recordings_page(catalogue)
    yield from village_pages(catalogue, spoken)
    yield people_page(catalogue)
    yield quotes_page(catalogue)
    yield timeline_page(catalogue)
    yield from _event_pages(catalogue)
    yield _mottoes_page(catalogue, _of_kind(catalogue, Kind.MOTTO))
    yield render("glossary", "glossary.md", kinds=_terms_by_kind(catalogue.terms, spoken))
    yield _about_page(catalogue)


def mention_terms(catalogue: Catalogue) -> Iterator[tuple[str, ...]]:
    """Yield the terms, with their other names, whose mentions are listed on pages."""
    yield from ((term.term,) for term in catalogue.terms)
    yield from (names_for(place) for place in catalogue.course.places if not place.is_village)


def _home_page(catalogue: Catalogue) -> Page:
    written = {lesson.number: (lesson, clips) for lesson, clips in catalogue.lessons}
    cards = []
    for number in range(1, LESSON_COUNT + 1):
        lesson, clips = written.get(number, (None, ()))
        voices = sum(not clip.withheld for clip in clips)
        cards.append(_HomeLink(number, lesson_title(catalogue, number), lesson, voices))
    return render(
        "index",
        "index.md",
        catalogue=catalogue,
        cards=cards,
        marks=place_marks(catalogue.course.places),
        newest=_newest(catalogue),
        events=[pair for pair in _events_by_id(catalogue) if pair[1].day >= catalogue.today],
        sections=_section_links(catalogue),
    )


def _newest(catalogue: Catalogue) -> list[Recording]:
    dated = [entry.recording for entry in catalogue.entries if entry.recording.description.date]
    dated.sort(key=lambda r: (r.description.date or date.min, r.id), reverse=True)
    return dated[:_NEWEST]


def _section_links(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """Return the links to the sections of the site: path, title, and a summary."""
    talks, mottoes = (len(_of_kind(catalogue, kind)) for kind in (Kind.TALK, Kind.MOTTO))
    places = len(places_of(catalogue))
    return [
        ("recordings/index.html", "录音", f"{talks} 段讲述"),
        ("villages/index.html", "村子", f"{places} 个村子、古迹和风物"),
        ("mottoes.html", "家训", f"{mottoes} 户人家的话"),
        ("glossary.html", "词语", f"{len(catalogue.terms)} 个村里的说法"),
        ("timeline.html", "家乡变化", "从前和现在"),
        ("people.html", "讲述人", "讲故事的人"),
        ("quotes.html", "金句", "一句话，听原声"),
        ("events.html", "活动", "进校园、座谈、征集家训"),
        ("about.html", "关于", "声音从哪里来，怎样参加"),
    ]


def _events_by_id(catalogue: Catalogue) -> list[tuple[str, CalendarEvent]]:
    return list({event_id(event): event for event in catalogue.course.events}.items())


def _event_pages(catalogue: Catalogue) -> list[Page]:
    events_by_id = _events_by_id(catalogue)
    calendar = format_calendar(
        [event for __, event in events_by_id], catalogue.course.title, catalogue.today
    )
    samples = any(event.sample for __, event in events_by_id)
    return [
        render("events", "events.md", events=events_by_id, samples=samples),
        Page("events.ics", calendar),
    ]


def _mottoes_page(catalogue: Catalogue, mottoes: list[Entry]) -> Page:
    """Group the mottoes by village in the archive's order, then by family."""
    groups: dict[str, list[Entry]] = {village: [] for village in catalogue.archive.villages}
    for entry in sorted(mottoes, key=lambda e: (e.recording.description.narrator, e.recording.id)):
        groups.setdefault(entry.recording.description.village, []).append(entry)
    return render(
        "mottoes", "mottoes.md", groups=[(name, group) for name, group in groups.items() if group]
    )


def _poster_path(recording: Recording) -> str:
    return f"mottoes/{recording.id}.md"


def _poster_page(entry: Entry) -> Page:
    lines = [clauses(line) for line in motto_words(entry)]
    return render(
        "poster",
        _poster_path(entry.recording),
        entry=entry,
        title=recording_title(entry.recording),
        lines=lines,
        size=_poster_size([len(clause) for line in lines for clause in line]),
    )


def _poster_size(lengths: list[int]) -> float:
    """Return the largest type size, in percent of the poster's width, at which its clauses fit.

    Only clauses of more than twelve characters are broken.
    """
    wide, high, line, smallest = 76, 76, 1.55, 3.5
    longest = min(12, max(lengths, default=1))
    for size in (half / 2 for half in range(24, int(smallest * 2), -1)):
        lines = sum(math.ceil(length * size / wide) for length in lengths)
        if longest * size <= wide and lines * line * size <= high:
            return size
    return smallest


def _recordings_page(catalogue: Catalogue) -> Page:
    entries = {entry.recording.id: entry for entry in catalogue.entries}
    return render(
        "recordings",
        "recordings/index.md",
        groups=_by_village(catalogue),
        entries=entries,
        listed=listed_ids(catalogue),
    )


def _by_village(catalogue: Catalogue) -> list[tuple[str, list[Recording]]]:
    """Group published and listed recordings by village in the archive's order; without a village
    last.
    """
    groups: dict[str, list[Recording]] = {village: [] for village in catalogue.archive.villages}
    recordings = [*(entry.recording for entry in catalogue.entries), *catalogue.listed]
    recordings.sort(key=lambda r: (not r.description.village, r.description.village))
    for recording in recordings:
        groups.setdefault(recording.description.village, []).append(recording)
    for group in groups.values():
        group.sort(key=lambda r: (r.kind is Kind.MOTTO, r.description.date or date.max, r.id))
    return [(village, group) for village, group in groups.items() if group]


def _of_kind(catalogue: Catalogue, kind: Kind) -> list[Entry]:
    return [entry for entry in catalogue.entries if entry.recording.kind is kind]


def _terms_by_kind(
    terms: tuple[Term, ...], spoken: MentionIndex
) -> dict[str, list[tuple[str, Term, Mentions]]]:
    """Return for each kind its terms, with id and mentions."""
    kinds: dict[str, list[tuple[str, Term, Mentions]]] = {}
    for term_id, term in zip(term_ids(terms), terms, strict=True):
        found = (term_id, term, spoken.mentions([term.term]))
        kinds.setdefault(term.kind, []).append(found)
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
