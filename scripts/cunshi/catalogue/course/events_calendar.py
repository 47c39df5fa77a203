"""Read the events in course.yml and format them as an iCalendar file (RFC 5545)."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

from cunshi.core.i18n import _
from cunshi.core.yaml_fields import Fields
from cunshi.domain.village import CalendarEvent

_LINE = 75  # octets, without the line break (RFC 5545, 3.1)
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def read_events(fields: Fields) -> tuple[CalendarEvent, ...]:
    """The events under ``events``, earliest first; one without a day or a title is reported."""
    found = [event for entry in fields.sections("events") if (event := _event(entry))]
    return tuple(sorted(found, key=lambda event: (event.day, event.start or dt.time.min)))


def _event(fields: Fields) -> CalendarEvent | None:
    day, title = fields.day("date"), fields.text("title")
    start, end = _times(fields)
    kind, place, note = (fields.text(key) for key in ("kind", "place", "note"))
    sample = fields.flag("sample")
    fields.finish()
    if day is None or not title:
        fields.report_key("title" if day else "date", _("一次活动要写 date 和 title"))
        return None
    return CalendarEvent(day, title, kind, start, end, place, note, sample)


def _times(fields: Fields) -> tuple[dt.time | None, dt.time | None]:
    """Parse ``09:30`` or ``09:30-11:00`` under ``time``."""
    written = fields.text("time")
    if not written:
        return None, None
    parts = written.replace("—", "-").replace("–", "-").replace("：", ":").split("-")
    try:
        times = [dt.time.fromisoformat(part.strip().zfill(5)) for part in parts]
        if len(times) > 2 or times != sorted(set(times)) or any(t.tzinfo for t in times):
            raise ValueError(written)
    except ValueError:
        cause = _("时间 “{value}” 看不懂").format(value=written)
        fields.report_key("time", cause, _("写成 09:30-11:00 的样子"))
        return None, None
    return times[0], times[1] if len(times) == 2 else None


def event_id(event: CalendarEvent) -> str:
    """What names an event for good: the same for the same day, title and place."""
    said = f"{event.day}\n{event.title}\n{event.place}"
    return f"event-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def format_calendar(events: Iterable[CalendarEvent], name: str, stamp: dt.date) -> str:
    """The events as an iCalendar object; ``stamp`` is the day on which it was made.

    Times are floating (3.3.5), that is, local time of the village.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Cunshi//Events//ZH", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_text(name)}")
    for event in events:
        lines += ["BEGIN:VEVENT", *_properties(event, stamp), "END:VEVENT"]
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _fold(line))


def _properties(event: CalendarEvent, stamp: dt.date) -> Iterator[str]:
    yield f"UID:{event_id(event)}@cunshi.invalid"
    yield f"DTSTAMP:{_day(stamp)}T000000Z"
    if event.start:
        yield f"DTSTART:{_day(event.day)}T{event.start:%H%M%S}"
        if event.end:
            yield f"DTEND:{_day(event.day)}T{event.end:%H%M%S}"
    else:
        yield f"DTSTART;VALUE=DATE:{_day(event.day)}"
    yield f"SUMMARY:{_text(('【示例】' if event.sample else '') + event.title)}"
    named = {"LOCATION": event.place, "CATEGORIES": event.kind, "DESCRIPTION": event.note}
    yield from (f"{key}:{_text(value)}" for key, value in named.items() if value)


def _day(day: dt.date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _text(value: str) -> str:
    """Escape a value of type TEXT (3.3.11), without control characters."""
    lines = ("".join(c for c in line if c.isprintable()) for line in value.splitlines())
    return "\n".join(lines).translate(_ESCAPED)


def _fold(line: str) -> Iterator[str]:
    """Fold a content line into parts of at most 75 octets, without splitting a character."""
    part, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part
