"""Render the page templates."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cunshi.catalogue.templating import ENVIRONMENT
from cunshi.core.text import clean
from cunshi.domain.course import Page
from cunshi.domain.glossary import Term


def term_ids(terms: Iterable[Term]) -> list[str]:
    """Return a readable and stable id in the glossary page for each term."""
    seen: Counter[str] = Counter()
    ids = []
    for term in terms:
        base = re.sub(r"[^\w]+", "-", clean(term.term)).strip("-").lower() or "term"
        seen[base] += 1
        ids.append(f"term-{base}" + (f"-{seen[base]}" if seen[base] > 1 else ""))
    return ids


def render(template: str, path: str, **context: Any) -> Page:
    """Render a page from its template; everything that people wrote is escaped."""
    text = ENVIRONMENT.get_template(f"{template}.md.j2").render(**context)
    return Page(path, text)
