"""The Jinja environment of all templates, and standalone pages."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.titles import recording_title
from cunshi.core import text as page_text
from cunshi.core.text import clean
from cunshi.core.timecode import format_clock
from cunshi.domain.course import Entry


def motto_words(entry: Entry) -> list[str]:
    """Return the lines of a motto: as the family wrote them, else as they were spoken."""
    written = entry.recording.description.motto
    lines = (s for s in entry.transcript.segments if not s.withheld)
    spoken = "\n".join(transcript_quality.replace_unheard(s.text) for s in lines)
    return [line for line in map(clean, (written or spoken).splitlines()) if line]


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) else clean(str(value))


_FILTERS: dict[str, Callable[..., Any]] = {
    "clauses": page_text.clauses,
    "clock": format_clock,
    "date": page_text.long_date,
    "duration": page_text.duration,
    "escape_title": page_text.escape_title,
    "motto_words": motto_words,
    "numeral": page_text.numeral,
    "paragraphs": page_text.paragraphs,
    "seconds": page_text.seconds,
    "title_of": recording_title,
    "url": page_text.url,
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cunshi.catalogue"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_FILTERS)
    return environment


ENVIRONMENT = _environment()


def render_html(template: str, **context: Any) -> str:
    """Render a standalone page outside the site."""
    return ENVIRONMENT.get_template(f"{template}.html.j2").render(**context)
