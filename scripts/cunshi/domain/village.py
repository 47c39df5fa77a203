"""The types of what stands around the lessons: places with their facts, and events."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One sentence about a place, and where it was found."""

    text: str
    source: str = ""


@dataclass(frozen=True)
class Place:
    """A village, or a place of heritage in ``village``, on the sketch of the villages.

    ``slug`` names its page; ``x`` and ``y`` are parts of a sketch 100 wide and 60 high, and mean
    neither direction nor distance. ``words`` are what people call it besides its name.
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
