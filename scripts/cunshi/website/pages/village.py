"""Render the pages about villages, people, changes over time, and quotations."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.course.places import is_about, place_marks, slug_of
from cunshi.catalogue.titles import lesson_title
from cunshi.core.text import clean
from cunshi.domain.course import LESSON_COUNT, Catalogue, Clip, ClipRef, Entry, Page, lessons_of
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.village import Place
from cunshi.website.pages.mentions import MentionIndex, Mentions
from cunshi.website.templating import render

CHANGES = 10  # number of the lesson on how the village has changed
_NAMELESS = frozenset({"", "匿名"})


@dataclass(frozen=True)
class Person:
    """A narrator or family in one village, with the name that may be published."""

    id: str
    name: str
    village: str
    recordings: tuple[Recording, ...]
    lessons: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _Quote:
    """A golden clip and the lesson that cites it; number 0 for a line marked in a transcript."""

    clip: Clip
    words: str
    number: int = 0
    title: str = ""


def village_pages(catalogue: Catalogue, spoken: MentionIndex) -> list[Page]:
    """Return the list of villages with their map, and a page for each place."""
    places = places_of(catalogue)
    listed = [(place, _counts(catalogue, place, spoken)) for place in places]
    index = render(
        "villages",
        "villages/index.md",
        marks=place_marks(catalogue.course.places),
        villages=[pair for pair in listed if pair[0].is_village],
        heritage=[pair for pair in listed if not pair[0].is_village],
    )
    people = people_of(catalogue, Kind.TALK)
    return [index, *(_place_page(catalogue, place, places, people, spoken) for place in places)]


def places_of(catalogue: Catalogue) -> list[Place]:
    """Return the places of course.yml, and the villages that it does not list."""
    places = list(catalogue.course.places)
    known = {place.name for place in places}
    recorded = sorted({entry.recording.description.village for entry in catalogue.entries})
    for name in dict.fromkeys((*catalogue.archive.villages, *recorded)):
        if clean(name) and name not in known:
            places.append(Place(name, slug_of(name), 0, 0, is_village=True, village=name))
    return places


def _counts(catalogue: Catalogue, place: Place, spoken: MentionIndex) -> str:
    entries = _entries_of(catalogue, place)
    mottoes = sum(entry.recording.kind is Kind.MOTTO for entry in entries)
    counts = {
        "条资料": len(place.facts),
        "段录音": len(entries) - mottoes,
        "条家训": mottoes,
        "处说到": 0 if place.is_village else _mentions(place, spoken).count,
    }
    return " · ".join(f"{count} {what}" for what, count in counts.items() if count)


def _place_page(
    catalogue: Catalogue,
    place: Place,
    places: list[Place],
    people: list[Person],
    spoken: MentionIndex,
) -> Page:
    entries = _entries_of(catalogue, place)
    talks = [entry.recording for entry in entries if entry.recording.kind is Kind.TALK]
    homes = {other.name: other.slug for other in places if other.is_village}
    ids = {recording.id for recording in talks}
    return render(
        "village",
        f"villages/{place.slug}.md",
        place=place,
        home=homes.get(place.village, ""),
        heritage=_heritage_of(place, places),
        lessons=_lessons_about(catalogue, place),
        talks=talks,
        people=[p for p in people if {r.id for r in p.recordings} & ids],
        mottoes=[entry for entry in entries if entry.recording.kind is Kind.MOTTO],
        mentions=Mentions() if place.is_village else _mentions(place, spoken),
        marks=place_marks(catalogue.course.places) if place in catalogue.course.places else [],
    )


def _heritage_of(village: Place, places: Iterable[Place]) -> list[Place]:
    in_it = [place for place in places if place.village == village.name]
    return [place for place in in_it if village.is_village and not place.is_village]


def _mentions(place: Place, spoken: MentionIndex) -> Mentions:
    return spoken.mentions(names_for(place))


def names_for(place: Place) -> tuple[str, ...]:
    """Return a place's name and its other names."""
    return (place.name, *place.words)


def _entries_of(catalogue: Catalogue, place: Place) -> list[Entry]:
    """Return the recordings of a village; a heritage site has none."""
    return [
        entry
        for entry in catalogue.entries
        if place.is_village and entry.recording.description.village == place.name
    ]


def _lessons_about(catalogue: Catalogue, place: Place) -> list[tuple[int, str]]:
    """Return number and title of the lessons about a place."""
    return sorted(
        (lesson.number, lesson_title(catalogue, lesson.number))
        for lesson, __ in catalogue.lessons
        if is_about(lesson, place) and 1 <= lesson.number <= LESSON_COUNT
    )


def people_of(catalogue: Catalogue, kind: Kind) -> list[Person]:
    """Return the narrators, or the families of mottoes. The same name in two villages is two
    people.
    """
    found: dict[tuple[str, str], list[Recording]] = {}
    for entry in catalogue.entries:
        description = entry.recording.description
        if entry.recording.kind is kind and clean(description.narrator) not in _NAMELESS:
            found.setdefault((description.village, description.narrator), []).append(
                entry.recording
            )
    order = {village: n for n, village in enumerate(catalogue.archive.villages)}
    keys = sorted(found, key=lambda key: (order.get(key[0], len(order)), key))
    return [_person(catalogue, kind, *key, found[key]) for key in keys]


def _person(
    catalogue: Catalogue, kind: Kind, village: str, name: str, recordings: list[Recording]
) -> Person:
    recordings = sorted(recordings, key=lambda r: (r.description.date or dt.date.max, r.id))
    numbers = sorted({n for recording in recordings for n in lessons_of(catalogue, recording)})
    lessons = tuple((n, lesson_title(catalogue, n)) for n in numbers)
    person_id = slug_of(f"{kind.value}\n{village}\n{name}")
    return Person(person_id, name, village, tuple(recordings), lessons)


def people_page(catalogue: Catalogue) -> Page:
    """Return the page of all people who agreed to be named."""
    return render(
        "people",
        "people.md",
        narrators=people_of(catalogue, Kind.TALK),
        families=people_of(catalogue, Kind.MOTTO),
    )


def quotes_page(catalogue: Catalogue) -> Page:
    """Return the page of golden clips from lessons and marked lines, each once."""
    quotes = {
        clip.audio or clip.words: _Quote(
            clip, clean(transcript_quality.replace_unheard(clip.words)), lesson.number, lesson.title
        )
        for lesson, clips in sorted(catalogue.lessons, key=lambda pair: -pair[0].number)
        for clip in reversed(clips)
        if clip.golden and not clip.withheld and clip.words
    }
    shown = list(quotes.values())[::-1]
    refs = [quote.clip.ref for quote in shown]
    shown += [
        _Quote(clip, clean(clip.words))
        for clip in catalogue.golden
        if not any(_is_covered(clip.ref, ref) for ref in refs)
    ]
    return render("quotes", "quotes.md", quotes=shown)


def _is_covered(marked: ClipRef, cited: ClipRef) -> bool:
    """Check whether more than half of a marked line is already in a cited golden clip."""
    shared = min(marked.end, cited.end) - max(marked.start, cited.start)
    lines = marked.recording_id == cited.recording_id
    return lines and shared > 0 and 2 * shared >= marked.end - marked.start


def timeline_page(catalogue: Catalogue) -> Page:
    """Return the page of the villages' history by year, and of recordings about change."""
    recordings = [entry.recording for entry in catalogue.entries]
    recordings.sort(key=lambda r: (r.description.date or dt.date.max, r.id))
    days: dict[dt.date, list[Recording]] = {}
    for recording in recordings:
        if recording.description.date:
            days.setdefault(recording.description.date, []).append(recording)
    return render(
        "timeline",
        "timeline.md",
        timeline=catalogue.course.timeline,
        changes=[r for r in recordings if CHANGES in lessons_of(catalogue, r)],
        days=list(days.items()),
    )
