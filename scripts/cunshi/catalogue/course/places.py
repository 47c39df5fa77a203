"""The sketch of the villages in course.yml → Places, and where they stand on a drawing."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cunshi.core.i18n import _
from cunshi.core.text import is_reserved
from cunshi.core.yaml_fields import Fields
from cunshi.domain.course import Lesson
from cunshi.domain.village import Fact, Place

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAKEN = frozenset({"index"})
WIDTH, HEIGHT = 100.0, 60.0
_SCALE = 10  # units of a drawing for one of the sketch


@dataclass(frozen=True)
class Mark:
    """A place on a drawing, 1000 wide; ``home`` is where a place of heritage has its village."""

    name: str
    slug: str
    x: int
    y: int
    is_village: bool
    home: tuple[int, int] | None


def read_places(fields: Fields) -> tuple[Place, ...]:
    """The villages and then the places of heritage under ``map``; every page has its own name."""
    places: list[Place] = []
    for key in ("villages", "places"):
        for entry in fields.sections(key):
            place = _place(entry, is_village=key == "villages", taken={p.slug for p in places})
            if place.name:
                places.append(place)
    fields.finish()
    return tuple(places)


def _place(fields: Fields, *, is_village: bool, taken: set[str]) -> Place:
    name = fields.text("name")
    if not name:
        fields.report_key("name", _("“{key}” 要写").format(key="name"))
    place = Place(
        name=name,
        slug=_slug(fields, name, taken),
        x=_within(fields, "x", WIDTH),
        y=_within(fields, "y", HEIGHT),
        is_village=is_village,
        village=name if is_village else fields.text("village"),
        words=fields.texts("words"),
        facts=tuple(_fact(fact) for fact in fields.sections("facts")),
    )
    fields.finish()
    return place


def _fact(fields: Fields) -> Fact:
    fact = Fact(fields.text("text"), fields.text("source"))
    fields.finish()
    return fact


def _slug(fields: Fields, name: str, taken: set[str]) -> str:
    slug = fields.text("slug") or slug_of(name)
    free = slug not in taken | _TAKEN and not is_reserved(slug)
    if _SLUG.fullmatch(slug) and free and len(slug) <= 40:
        return slug
    fields.report_key(
        "slug",
        _("“{slug}” 不能做网页的名字").format(slug=slug),
        _("只用小写字母、数字和短横线，并且不和别的重复"),
    )
    return slug_of(f"{name}\n{len(taken)}")


def slug_of(name: str) -> str:
    """The name of a page for a place that nobody has given one: the same on every build."""
    return f"p-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _within(fields: Fields, key: str, most: float) -> float:
    value = fields.number(key)
    if 0 <= value <= most:
        return value
    fields.report_key(key, _("“{key}” 要在 0 和 {most} 之间").format(key=key, most=int(most)))
    return most / 2


def marks_of(places: Iterable[Place]) -> list[Mark]:
    """The places on a drawing."""
    places = list(places)
    homes = {place.name: _at(place) for place in places if place.is_village}
    return [
        Mark(
            place.name,
            place.slug,
            *_at(place),
            place.is_village,
            None if place.is_village else homes.get(place.village),
        )
        for place in places
    ]


def _at(place: Place) -> tuple[int, int]:
    """Kept away from the edge, so that a name is never cut off."""
    x = min(max(place.x, WIDTH * 0.09), WIDTH * 0.91)
    y = min(max(place.y, HEIGHT * 0.08), HEIGHT * 0.92)
    return round(x * _SCALE), round(y * _SCALE)


def tells_of(lesson: Lesson, place: Place) -> bool:
    """Whether a lesson names a village, or has a place of heritage in title or key words."""
    if place.is_village:
        return place.name in lesson.villages
    words = {place.name, *place.words}
    return bool(words & {*lesson.keywords}) or any(word and word in lesson.title for word in words)
