"""The search index, in which a paragraph of a transcript leads to its second, a term to itself.

MkDocs writes one entry for a page and one for each heading. A recording has one heading and may
last an hour, so its entry is divided: the page itself, and each paragraph under ``#t=<seconds>``.
The glossary has headings for the kinds of terms only.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from cunshi import trust
from cunshi.model import Catalogue, Entry, Transcript
from cunshi.page_text import clean, seconds
from cunshi.recording_pages import Paragraph, facts_of, group_paragraphs
from cunshi.templating import motto_words, term_ids
from cunshi.timecode import format_clock

Index = Mapping[str, Any]
_GLOSSARY = "glossary.html"


def divide_index(index: Index, catalogue: Catalogue) -> dict[str, Any]:
    """MkDocs' index, the glossary and recordings with sound divided; all else as it was."""
    entries = {
        f"recordings/{entry.recording.id}.html": entry for entry in catalogue.entries if entry.audio
    }
    docs = []
    for doc in index["docs"]:
        page, __, part = doc["location"].partition("#")
        entry = entries.get(page)
        if page == _GLOSSARY and part:
            docs.append({**doc, "text": ""})
        elif entry is None:
            docs.append(doc)
        elif not part:
            docs.append({**doc, "text": _html(_said_of(entry, catalogue))})
            docs += _paragraphs(page, entry)
    return {**index, "docs": [*docs, *_terms(catalogue)]}


def _terms(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    for term_id, term in zip(term_ids(catalogue.terms), catalogue.terms, strict=True):
        yield {
            "location": f"{_GLOSSARY}#{term_id}",
            "title": escape(clean(term.term), quote=False),
            "text": _html([term.pinyin, term.meaning, term.village]),
        }


def _said_of(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    said = entry.recording.description
    yield from (value for __, value in facts_of(entry, catalogue.archive))
    if said.motto:
        yield from motto_words(entry)
    yield said.meaning


def _paragraphs(page: str, entry: Entry) -> Iterator[dict[str, str]]:
    for paragraph in group_paragraphs(entry.transcript.segments):
        text = _html(_spoken(paragraph, entry.transcript))
        if text:
            yield {
                "location": f"{page}#t={seconds(paragraph.start)}",
                "title": f"{format_clock(paragraph.start)} 起",
                "text": text,
            }


def _spoken(paragraph: Paragraph, transcript: Transcript) -> Iterator[str]:
    """The words of a paragraph as its page shows them, without what nobody understood."""
    spoken = paragraph.speaker
    for segment in paragraph.segments:
        line = trust.mark_line(segment, transcript)
        if line.kind not in {"unheard", "withheld"}:
            spoken += "".join(str(part.text.unescape()) for part in line.parts)
    yield spoken
    yield from (segment.mandarin for segment in paragraph.segments)


def _html(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in map(clean, texts) if text)
