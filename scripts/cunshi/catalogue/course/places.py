"""Read the map of villages in course.yml, and place them on a drawing."""

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
_RESERVED_SLUGS = frozenset({"index"})
WIDTH, HEIGHT = 100.0, 60.0
_SCALE = 10  # drawing units per unit of the map


@dataclass(frozen=True)
class Mark:
    """A place on a drawing 1000 units wide; ``home`` is the position of a heritage site's
    village.
    """

    name: str
    slug: str
    x: int
    y: int
    is_village: bool
    home: tuple[int, int] | None


def read_places(fields: Fields) -> tuple[Place, ...]:
    """Return the villages, then the heritage sites under ``map``; page names are unique."""
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
        x=_coordinate(fields, "x", WIDTH),
        y=_coordinate(fields, "y", HEIGHT),
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
    free = slug not in taken | _RESERVED_SLUGS and not is_reserved(slug)
    if _SLUG.fullmatch(slug) and free and len(slug) <= 40:
        return slug
    fields.report_key(
        "slug",
        _("“{slug}” 不能做网页的名字").format(slug=slug),
        _("只用小写字母、数字和短横线，并且不和别的重复"),
    )
    return slug_of(f"{name}\n{len(taken)}")


def slug_of(name: str) -> str:
    """Return a page name for a place that has none; the same on every build."""
    return f"p-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _coordinate(fields: Fields, key: str, maximum: float) -> float:
    value = fields.number(key)
    if 0 <= value <= maximum:
        return value
    fields.report_key(key, _("“{key}” 要在 0 和 {most} 之间").format(key=key, most=int(maximum)))
    return maximum / 2


def place_marks(places: Iterable[Place]) -> list[Mark]:
    """Return the places with their positions on a drawing."""
    places = list(places)
    homes = {place.name: _position(place) for place in places if place.is_village}
    return [
        Mark(
            place.name,
            place.slug,
            *_position(place),
            place.is_village,
            None if place.is_village else homes.get(place.village),
        )
        for place in places
    ]


def _position(place: Place) -> tuple[int, int]:
    """Return the position, away from the edges so that no name is cut off."""
    x = min(max(place.x, WIDTH * 0.09), WIDTH * 0.91)
    y = min(max(place.y, HEIGHT * 0.08), HEIGHT * 0.92)
    return round(x * _SCALE), round(y * _SCALE)


def is_about(lesson: Lesson, place: Place) -> bool:
    """Check whether a lesson is about a village, or mentions a heritage site in title or key
    words.
    """
    if place.is_village:
        return place.name in lesson.villages
    words = {place.name, *place.words}
    return bool(words & {*lesson.keywords}) or any(word and word in lesson.title for word in words)
