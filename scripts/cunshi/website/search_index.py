"""Build the search index, in which hits lead to a time in a recording or to a glossary term.

MkDocs writes one entry for a page and one for each heading. A recording has one heading and may
last an hour, so it gets an entry for the page and one for each paragraph at ``#t=<seconds>``. The
glossary only has headings for the kinds of terms, so each term gets an entry.

Every page loads the index, so it contains no words of transcripts. These are in parts that
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
_PART_SIZE = 2_000_000  # approximate bytes of a part, so that a new recording changes only one


def split_index(index: Index, catalogue: Catalogue, parts: Iterable[str]) -> dict[str, Any]:
    """Return MkDocs' index with entries for recordings, posters and single terms.

    ``parts`` are the paths of transcript_parts.
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
    """Yield the entries of recordings, with their descriptions, and of posters."""
    for entry in catalogue.entries:
        texts = [*_description_texts(entry, catalogue)]
        if not entry.audio:  # no audio, so no times to link to
            texts += [text for __, text in _paragraphs(entry)]
        title = escape_title(recording_title(entry.recording))
        yield {"location": _page_of(entry), "title": title, "text": _html(texts)}
    for entry in catalogue.entries:
        if entry.recording.kind is Kind.MOTTO:
            title = escape_title(f"家训海报 {recording_title(entry.recording)}")
            yield {"location": f"mottoes/{entry.recording.id}.html", "title": title, "text": ""}


def _listed(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    """Yield the entries of recordings that are only listed and have no page."""
    for recording, anchor in zip(catalogue.listed, listed_ids(catalogue).values(), strict=True):
        description, title = recording.description, escape_title(recording_title(recording))
        text = _html([description.narrator, description.village, long_date(description.date)])
        yield {"location": f"recordings/index.html#{anchor}", "title": title, "text": text}


def _page_of(entry: Entry) -> str:
    return f"recordings/{entry.recording.id}.html"


def transcript_parts(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield the words of the recordings with audio in parts, with their paths in the site.

    A recording's part depends only on its id. The file name contains a hash, so that browsers do
    not use an outdated copy. Only one part is in memory at a time.
    """
    talks = [entry for entry in catalogue.entries if entry.audio]
    size, count = sum(len(transcript_entry(entry).encode()) for entry in talks), 1
    while size > count * _PART_SIZE:
        count *= 2
    bundles: dict[int, list[Entry]] = {}
    for entry in talks:
        number = int(sha256(entry.recording.id.encode()).hexdigest()[:8], 16) % count
        bundles.setdefault(number, []).append(entry)
    for number, bundle in sorted(bundles.items()):
        if members := [*filter(None, map(transcript_entry, bundle))]:
            script = "addPart({" + ",\n".join(members) + "})\n"
            digest = sha256(script.encode()).hexdigest()
            yield f"search/part-{number}-{digest[:8]}.js", script


def transcript_entry(entry: Entry) -> str:
    """What is spoken in a recording, as a member of a JSON object: seconds and words."""
    return entry.transcript.derived.text("spoken", lambda: _format_transcript(entry))


def _format_transcript(entry: Entry) -> str:
    paragraphs = [
        f"[{start},{json.dumps(text, ensure_ascii=False)}]" for start, text in _paragraphs(entry)
    ]
    return f"{json.dumps(_page_of(entry))}:[{','.join(paragraphs)}]" if paragraphs else ""


def _terms(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    for term_id, term in zip(term_ids(catalogue.terms), catalogue.terms, strict=True):
        yield {
            "location": f"{_GLOSSARY}#{term_id}",
            "title": escape(clean(term.term), quote=False),
            "text": _html([term.pinyin, term.meaning, term.village]),
        }


def _description_texts(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    description = entry.recording.description
    yield from (value for __, value in facts_of(entry, catalogue.archive))
    if description.motto:
        yield from motto_words(entry)
    yield description.meaning


def _paragraphs(entry: Entry) -> Iterator[tuple[str, str]]:
    """The seconds at which a paragraph begins, and its words."""
    for paragraph in paragraphs_of(entry.transcript):
        text = " ".join(filter(None, map(clean, _spoken(paragraph))))
        if text:
            yield seconds(paragraph.start), text


def _spoken(paragraph: Paragraph) -> Iterator[str]:
    """Yield the words of a paragraph as on its page, without unintelligible ones."""
    spoken = paragraph.speaker
    for segment in paragraph.segments:
        text = clean(segment.text)
        if text != UNHEARD and not segment.withheld:
            spoken += text
    yield spoken
    yield from (segment.mandarin for segment in paragraph.segments)


def _html(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in map(clean, texts) if text)
