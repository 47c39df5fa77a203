"""The search index, in which a paragraph of a transcript leads to its second, a term to itself.

MkDocs writes one entry for a page and one for each heading. A recording has one heading and may
last an hour, so here it gets an entry for the page itself, and one for each paragraph under
``#t=<seconds>``. The glossary has headings for the kinds of terms only.

Every page loads the index, so it has no word of the transcripts. Those are in parts, which
assets/search-worker.js loads when somebody searches.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from cunshi.archive.transcript_file import UNHEARD
from cunshi.catalogue.templating import motto_words
from cunshi.catalogue.titles import recording_title
from cunshi.core.text import clean, escape_title, long_date, seconds
from cunshi.domain.course import Catalogue, Entry
from cunshi.domain.recording import Kind
from cunshi.website.page_shell import is_frame
from cunshi.website.pages.recording import Paragraph, facts_of, listed_ids, paragraphs_of
from cunshi.website.templating import term_ids

Index = Mapping[str, Any]
_GLOSSARY = "glossary.html"
_LARGEST = 2_000_000  # bytes of a part, about: a new recording changes one part, not all


def divide_index(index: Index, catalogue: Catalogue, parts: Iterable[str]) -> dict[str, Any]:
    """MkDocs' index, the glossary divided, with the recordings and posters; all else as it was.

    ``parts`` are the paths of spoken_parts.
    """
    docs = []
    for doc in index["docs"]:
        page, __, part = doc["location"].partition("#")
        if page == _GLOSSARY and part:
            docs.append({**doc, "text": ""})
        elif not is_frame(page):
            docs.append(doc)
    docs += [*_pages(catalogue), *_listed(catalogue), *_terms(catalogue)]
    return {"config": {**index["config"], "parts": [*parts]}, "docs": docs}


def _pages(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    """The recordings by what is known of them, and the posters by their titles."""
    for entry in catalogue.entries:
        said = [*_said_of(entry, catalogue)]
        if not entry.audio:  # there are no seconds to lead to
            said += [text for __, text in _paragraphs(entry)]
        title = escape_title(recording_title(entry.recording))
        yield {"location": _page_of(entry), "title": title, "text": _html(said)}
    for entry in catalogue.entries:
        if entry.recording.kind is Kind.MOTTO:
            title = escape_title(f"家训海报 {recording_title(entry.recording)}")
            yield {"location": f"mottoes/{entry.recording.id}.html", "title": title, "text": ""}


def _listed(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    """The recordings that stand in the list of all, and have no page of their own."""
    for recording, anchor in zip(catalogue.listed, listed_ids(catalogue).values(), strict=True):
        said, title = recording.description, escape_title(recording_title(recording))
        text = _html([said.narrator, said.village, long_date(said.date)])
        yield {"location": f"recordings/index.html#{anchor}", "title": title, "text": text}


def _page_of(entry: Entry) -> str:
    return f"recordings/{entry.recording.id}.html"


def spoken_parts(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """The words of the recordings with sound, in parts by their paths in the site.

    In which part a recording is depends on its id alone. A part bears its hash in its name, so that
    no browser takes an old one for it. Only one is in memory at a time.
    """
    talks = [entry for entry in catalogue.entries if entry.audio]
    size, count = sum(len(spoken_in(entry).encode()) for entry in talks), 1
    while size > count * _LARGEST:
        count *= 2
    bundles: dict[int, list[Entry]] = {}
    for entry in talks:
        number = int(sha256(entry.recording.id.encode()).hexdigest()[:8], 16) % count
        bundles.setdefault(number, []).append(entry)
    for number, bundle in sorted(bundles.items()):
        if told := [*filter(None, map(spoken_in, bundle))]:
            script = "addPart({" + ",\n".join(told) + "})\n"
            digest = sha256(script.encode()).hexdigest()
            yield f"search/part-{number}-{digest[:8]}.js", script


def spoken_in(entry: Entry) -> str:
    """What is spoken in a recording, as a member of a JSON object: seconds and words."""
    return entry.transcript.derived.text("spoken", lambda: _spoken_in(entry))


def _spoken_in(entry: Entry) -> str:
    told = [
        f"[{start},{json.dumps(text, ensure_ascii=False)}]" for start, text in _paragraphs(entry)
    ]
    return f"{json.dumps(_page_of(entry))}:[{','.join(told)}]" if told else ""


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


def _paragraphs(entry: Entry) -> Iterator[tuple[str, str]]:
    """The seconds at which a paragraph begins, and its words."""
    for paragraph in paragraphs_of(entry.transcript):
        text = " ".join(filter(None, map(clean, _spoken(paragraph))))
        if text:
            yield seconds(paragraph.start), text


def _spoken(paragraph: Paragraph) -> Iterator[str]:
    """The words of a paragraph as its page shows them, without what nobody understood."""
    spoken = paragraph.speaker
    for segment in paragraph.segments:
        text = clean(segment.text)
        if text != UNHEARD and not segment.withheld:
            spoken += text
    yield spoken
    yield from (segment.mandarin for segment in paragraph.segments)


def _html(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in map(clean, texts) if text)
