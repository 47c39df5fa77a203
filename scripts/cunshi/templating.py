"""The Jinja templates of the pages, and the words for things that several pages name."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cunshi import page_text, trust
from cunshi.course_model import Catalogue, Entry, Page
from cunshi.model import Kind, Recording, Term
from cunshi.page_text import clean
from cunshi.timecode import format_clock

LESSON_COUNT = 10


def lesson_title(catalogue: Catalogue, number: int) -> str:
    """A lesson's title, or what stands in its place."""
    lessons = (lesson for lesson, clips in catalogue.lessons if lesson.number == number)
    return next((lesson.title for lesson in lessons), "还在准备中")


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


def motto_words(entry: Entry) -> list[str]:
    """The lines of a motto: as the family wrote it, else as it was said."""
    written = entry.recording.description.motto
    said = (s for s in entry.transcript.segments if not s.withheld)
    spoken = "\n".join(trust.readable(s.text) for s in said)
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


def render_html(template: str, **context: Any) -> str:
    """A page that stands alone, outside the site."""
    return _ENVIRONMENT.get_template(f"{template}.html.j2").render(**context)


def render(template: str, path: str, **context: Any) -> Page:
    """One page from its template; everything that people wrote is escaped."""
    text = _ENVIRONMENT.get_template(f"{template}.md.j2").render(**context)
    return Page(path, text)
