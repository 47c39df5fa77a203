"""The types of what stands around the lessons: places with their facts, and events."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A sentence about a place, with its source."""

    text: str
    source: str = ""


@dataclass(frozen=True)
class Place:
    """A village, or a heritage site in ``village``, on the map.

    ``slug`` is the name of its page; ``x`` and ``y`` are coordinates on a sketch 100 wide and 60
    high, without meaning for direction and distance. ``words`` are other names.
    """

    name: str
    slug: str
    x: float
    y: float
    is_village: bool
    village: str = ""
    words: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class CalendarEvent:
    """Something people come together for; ``end`` is that of the same day."""

    day: dt.date
    title: str
    kind: str = ""
    start: dt.time | None = None
    end: dt.time | None = None
    place: str = ""
    note: str = ""
    sample: bool = False
