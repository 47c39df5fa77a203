"""Parse and fill citations in a lesson: references to a time range of a recording.

An author writes a clip block, which becomes a player with its words::

    /// clip | 20260112-7a994552 0:18.7-0:34.6 金句
    为什么叫慈乌村呢？
    ///

The content is the author's quotation and is optional. 金句 (optional) adds the clip to the wall of
quotations. Accounts of the same event are grouped in a block of their own::

    //// accounts | 桥是哪一年修的？
    (two or more clip blocks)
    ////

An inline reference supports a statement in a sentence; its title is the quotation::

    桥是 1962 年修的 [听](clip:20260112-7a994552@0:05.2-0:18.3 "六二年修的")。

Before MkDocs runs, options (audio, words, speaker …) are filled into each block and references are
replaced by links, so that a lesson needs nothing else; :mod:`cunshi.clip_block` turns filled blocks
into players. Citations in code are ignored.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cunshi.core.timecode import format_timecode, parse_timecode

GOLDEN = "金句"
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^`\n]*\n(?:.*\n)*?(?P=fence)[ \t]*$", re.MULTILINE)
_CODE = re.compile(r"(?<![\\`])(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n)[\s\S])+?(?<!`)(?P=ticks)(?!`)")
_BLOCK = re.compile(
    r"^/// +clip *\|(?P<argument>.*)\n(?P<content>(?:(?!///).*\n)*?)///[ \t]*$", re.MULTILINE
)
# A line that was meant as a clip block: not closed, indented, or misspelt.
_ATTEMPTED_BLOCK = re.compile(r"^[ \t]*/{2,}[ \t]*clip\b.*$", re.MULTILINE | re.IGNORECASE)
_LINK = re.compile(
    r"(?<![!\\])\[(?P<label>[^\[\]\n]*)\]\([ \t]*clip:(?P<argument>[^\s()\"]*)"
    r"(?:[ \t]+[\"“](?P<quote>[^\"“”\n]*)[\"”])?[ \t]*\)"
)
# A link that was meant as a reference: with spaces or full-width marks, as an image or definition.
_ATTEMPTED_LINK = re.compile(
    r"(?:\][(（][ \t<]*|\]:[ \t<]*|<)clip[ \t]*[:：][^)）\n>]*", re.IGNORECASE
)
_RANGE = r"(?P<start>[\d:.]+) *[-–—~至] *(?P<end>[\d:.]+)"
_ARGUMENT = re.compile(rf"(?P<id>\S+) +{_RANGE}")
_LINK_ARGUMENT = re.compile(rf"(?P<id>[^\s@]+)@{_RANGE}")
_ACCOUNTS = re.compile(
    r"^(?P<slashes>/{4,}) +accounts *\|(?P<title>.*\S.*)\n"
    r"(?P<content>(?:.*\n)*?)(?P=slashes)[ \t]*$",
    re.MULTILINE,
)
_ATTEMPTED_ACCOUNTS = re.compile(r"^[ \t]*/{2,}[ \t]*accounts\b.*$", re.MULTILINE | re.IGNORECASE)
_MIN_ACCOUNTS = 2


@dataclass(frozen=True)
class Citation:
    """A citation as written. ``line`` counts from 1 in the searched text.

    ``label`` is the link text of an inline reference.
    """

    recording_id: str
    start: float
    end: float
    quote: str
    line: int
    golden: bool = False
    inline: bool = False
    label: str = ""


@dataclass(frozen=True)
class _Found:
    """The position of a citation in a text. ``citation`` is None if it cannot be parsed.

    ``fallback`` is then shown in its place.
    """

    start: int
    end: int
    written: str
    citation: Citation | None = None
    fallback: str = ""


def parse_argument(argument: str) -> tuple[str, float, float]:
    """Parse ``<recording id> <start>-<end>``; ValueError if it has another form."""
    return _read_range(_ARGUMENT, argument.strip())


def _read_range(form: re.Pattern[str], written: str) -> tuple[str, float, float]:
    match = form.fullmatch(written)
    if not match:
        raise ValueError(written)
    start, end = parse_timecode(match["start"]), parse_timecode(match["end"])
    if end <= start:
        raise ValueError(written)
    return match["id"], start, end


def line_number(text: str, position: int) -> int:
    """Return the line of a position in a text, counted from 1."""
    return text.count("\n", 0, position) + 1


def find_citations(text: str) -> tuple[list[Citation], list[tuple[int, str]]]:
    """Return all citations of a Markdown text, and line and text of those that cannot be parsed."""
    places = list(_places(text))
    found = [place.citation for place in places if place.citation]
    unreadable = [(line_number(text, p.start), p.written) for p in places if not p.citation]
    rest = _blank(text, places)
    attempts = [*_ATTEMPTED_BLOCK.finditer(rest), *_ATTEMPTED_LINK.finditer(rest)]
    unreadable += [(line_number(rest, m.start()), m[0].strip()) for m in attempts]
    return found, sorted(unreadable)


def fill_citations(
    text: str,
    options_of: Callable[[Citation], Mapping[str, str]],
    link_of: Callable[[Citation], str] = lambda citation: citation.label,
) -> str:
    """Replace every valid clip block by one that carries its options and no other content.

    ``link_of`` returns the HTML that replaces an inline reference.
    """
    parts, at = [], 0
    for place in _places(text):
        parts.append(text[at : place.start])
        at, citation = place.end, place.citation
        if citation is None:
            parts.append(place.fallback)
        elif citation.inline:
            parts.append(link_of(citation))
        else:
            parts.append(_filled_block(citation, options_of(citation)))
    return "".join([*parts, text[at:]])


def without_quotations(text: str) -> str:
    """Return a Markdown text with spaces instead of its citations, except for their labels.

    Lines keep their numbers.
    """
    for place in _places(text):
        cited = text[place.start : place.end]
        label = place.citation.label if place.citation else place.fallback
        kept = f"[{label}" if label else ""
        text = (
            text[: place.start]
            + kept
            + re.sub(r"[^\n]", " ", cited[len(kept) :])
            + text[place.end :]
        )
    return text


def _filled_block(citation: Citation, options: Mapping[str, str]) -> str:
    times = f"{format_timecode(citation.start)}-{format_timecode(citation.end)}"
    # The id of a withheld recording is not published either.
    argument = "-" if options.get("withheld") else f"{citation.recording_id} {times}"
    lines = "".join(
        f"    {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in options.items()
    )
    return f"/// clip | {argument}\n{lines}\n///"


def _places(text: str) -> Iterator[_Found]:
    """Yield every clip block and inline reference in order."""
    unfenced = _FENCE.sub(_blanked, text)
    blocks = [_block(text, match) for match in _BLOCK.finditer(unfenced)]
    prose = _CODE.sub(_blanked, _blank(unfenced, blocks))
    links = [_link(text, match) for match in _LINK.finditer(prose)]
    return iter(sorted([*blocks, *links], key=lambda place: place.start))


def _block(text: str, match: re.Match[str]) -> _Found:
    argument = match["argument"].strip()
    golden = argument.endswith(f" {GOLDEN}")
    try:
        read = parse_argument(argument.removesuffix(GOLDEN) if golden else argument)
    except ValueError:
        return _Found(*match.span(), argument)
    quote, line = text[slice(*match.span("content"))].strip(), line_number(text, match.start())
    return _Found(*match.span(), argument, Citation(*read, quote, line, golden))


def _link(text: str, match: re.Match[str]) -> _Found:
    # The label is taken from the text, because code in it was blanked for the search only.
    label, quote = text[slice(*match.span("label"))], (match["quote"] or "").strip()
    try:
        read = _read_range(_LINK_ARGUMENT, match["argument"])
    except ValueError:
        return _Found(*match.span(), match["argument"], fallback=label)
    line = line_number(text, match.start())
    citation = Citation(*read, quote, line, inline=True, label=label)
    return _Found(*match.span(), match["argument"], citation)


def _blank(text: str, places: list[_Found]) -> str:
    """Replace code and these places by spaces, so that positions in the text do not change."""
    text = _FENCE.sub(_blanked, text)
    for place in places:
        gap = re.sub(r"[^\n]", " ", text[place.start : place.end])
        text = text[: place.start] + gap + text[place.end :]
    return _CODE.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def find_invalid_accounts(text: str) -> list[tuple[int, str]]:
    """Return line and title of account blocks with fewer than two clips, or that cannot be
    parsed.
    """
    unfenced = _FENCE.sub(_blanked, text)
    found = list(_ACCOUNTS.finditer(unfenced))
    invalid = [
        (line_number(text, match.start()), match["title"].strip())
        for match in found
        if len(_BLOCK.findall(match["content"])) < _MIN_ACCOUNTS
    ]
    rest = _ACCOUNTS.sub(_blanked, unfenced)
    attempts = _ATTEMPTED_ACCOUNTS.finditer(rest)
    return sorted([*invalid, *((line_number(rest, m.start()), m[0].strip()) for m in attempts)])
