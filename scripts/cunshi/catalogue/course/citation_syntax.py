"""The syntax of a citation in a lesson: a recording and a time range in it.

An author writes a clip block, which becomes a player with the words under it::

    /// clip | 20260112-7a994552 0:18.7-0:34.6 金句
    为什么叫慈乌村呢？
    ///

The words between are the author's quotation and may be left out; so may 金句, which puts them on
the wall of quotations. Accounts of one event stand side by side in a block of their own::

    //// accounts | 桥是哪一年修的？
    (two or more clip blocks)
    ////

A reference supports a statement inside a sentence; its title is the quotation::

    桥是 1962 年修的 [听](clip:20260112-7a994552@0:05.2-0:18.3 "六二年修的")。

Before MkDocs runs, a block is filled in with options (audio, words, speaker …) and a reference
replaced by a link, so that a lesson needs nothing outside itself; :mod:`cunshi.clip_block` turns
filled blocks into players. Nothing in code is a citation.
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
# What somebody meant as a clip block: one that is not closed, indented, or with a slip in its head.
_MEANT = re.compile(r"^[ \t]*/{2,}[ \t]*clip\b.*$", re.MULTILINE | re.IGNORECASE)
_LINK = re.compile(
    r"(?<![!\\])\[(?P<label>[^\[\]\n]*)\]\([ \t]*clip:(?P<argument>[^\s()\"]*)"
    r"(?:[ \t]+[\"“](?P<quote>[^\"“”\n]*)[\"”])?[ \t]*\)"
)
# Likewise of a reference: with a space or a full-width mark in it, as an image, as a definition.
_MEANT_LINK = re.compile(r"(?:\][(（][ \t<]*|\]:[ \t<]*|<)clip[ \t]*[:：][^)）\n>]*", re.IGNORECASE)
_RANGE = r"(?P<start>[\d:.]+) *[-–—~至] *(?P<end>[\d:.]+)"
_ARGUMENT = re.compile(rf"(?P<id>\S+) +{_RANGE}")
_LINK_ARGUMENT = re.compile(rf"(?P<id>[^\s@]+)@{_RANGE}")
_ACCOUNTS = re.compile(
    r"^(?P<slashes>/{4,}) +accounts *\|(?P<title>.*\S.*)\n"
    r"(?P<content>(?:.*\n)*?)(?P=slashes)[ \t]*$",
    re.MULTILINE,
)
_MEANT_ACCOUNTS = re.compile(r"^[ \t]*/{2,}[ \t]*accounts\b.*$", re.MULTILINE | re.IGNORECASE)
_FEWEST_ACCOUNTS = 2


@dataclass(frozen=True)
class Citation:
    """A citation as written: ``line`` counts from 1 in the text that was searched.

    ``label`` are the words of an inline reference, on which one taps.
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
class _Place:
    """Where a citation stands in a text; without ``citation`` it cannot be read.

    Then ``instead`` stands on the page.
    """

    start: int
    end: int
    written: str
    citation: Citation | None = None
    instead: str = ""


def parse_argument(argument: str) -> tuple[str, float, float]:
    """Read ``<recording id> <start>-<end>``; ValueError when it is not of that form."""
    return _read_range(_ARGUMENT, argument.strip())


def _read_range(form: re.Pattern[str], written: str) -> tuple[str, float, float]:
    match = form.fullmatch(written)
    if not match:
        raise ValueError(written)
    start, end = parse_timecode(match["start"]), parse_timecode(match["end"])
    if end <= start:
        raise ValueError(written)
    return match["id"], start, end


def text_line(text: str, position: int) -> int:
    """The line of a position in a text, counted from 1."""
    return text.count("\n", 0, position) + 1


def find_citations(text: str) -> tuple[list[Citation], list[tuple[int, str]]]:
    """All citations of a Markdown text; and line and wording of those that cannot be read."""
    places = list(_places(text))
    found = [place.citation for place in places if place.citation]
    unreadable = [(text_line(text, p.start), p.written) for p in places if not p.citation]
    rest = _blank(text, places)
    meant = [*_MEANT.finditer(rest), *_MEANT_LINK.finditer(rest)]
    unreadable += [(text_line(rest, m.start()), m[0].strip()) for m in meant]
    return found, sorted(unreadable)


def fill_citations(
    text: str,
    options_of: Callable[[Citation], Mapping[str, str]],
    link_of: Callable[[Citation], str] = lambda citation: citation.label,
) -> str:
    """Replace every readable clip block by one that carries its options and no other content.

    ``link_of`` gives what stands in place of an inline reference: HTML.
    """
    parts, at = [], 0
    for place in _places(text):
        parts.append(text[at : place.start])
        at, citation = place.end, place.citation
        if citation is None:
            parts.append(place.instead)
        elif citation.inline:
            parts.append(link_of(citation))
        else:
            parts.append(_filled_block(citation, options_of(citation)))
    return "".join([*parts, text[at:]])


def _filled_block(citation: Citation, options: Mapping[str, str]) -> str:
    times = f"{format_timecode(citation.start)}-{format_timecode(citation.end)}"
    # Whose recording is withheld is not said, not even where nobody looks.
    argument = "-" if options.get("withheld") else f"{citation.recording_id} {times}"
    lines = "".join(
        f"    {name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in options.items()
    )
    return f"/// clip | {argument}\n{lines}\n///"


def _places(text: str) -> Iterator[_Place]:
    """Every clip block and inline reference, in order."""
    shown = _FENCE.sub(_blanked, text)
    blocks = [_block(text, match) for match in _BLOCK.finditer(shown)]
    prose = _CODE.sub(_blanked, _blank(shown, blocks))
    links = [_link(text, match) for match in _LINK.finditer(prose)]
    return iter(sorted([*blocks, *links], key=lambda place: place.start))


def _block(text: str, match: re.Match[str]) -> _Place:
    argument = match["argument"].strip()
    golden = argument.endswith(f" {GOLDEN}")
    try:
        read = parse_argument(argument.removesuffix(GOLDEN) if golden else argument)
    except ValueError:
        return _Place(*match.span(), argument)
    quote, line = text[slice(*match.span("content"))].strip(), text_line(text, match.start())
    return _Place(*match.span(), argument, Citation(*read, quote, line, golden))


def _link(text: str, match: re.Match[str]) -> _Place:
    # What looks like code within the words of a link was blanked out for the search only.
    label, quote = text[slice(*match.span("label"))], (match["quote"] or "").strip()
    try:
        read = _read_range(_LINK_ARGUMENT, match["argument"])
    except ValueError:
        return _Place(*match.span(), match["argument"], instead=label)
    line = text_line(text, match.start())
    citation = Citation(*read, quote, line, inline=True, label=label)
    return _Place(*match.span(), match["argument"], citation)


def _blank(text: str, places: list[_Place]) -> str:
    """The text without code and those places, with every other character where it was."""
    text = _FENCE.sub(_blanked, text)
    for place in places:
        gap = re.sub(r"[^\n]", " ", text[place.start : place.end])
        text = text[: place.start] + gap + text[place.end :]
    return _CODE.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def find_faulty_accounts(text: str) -> list[tuple[int, str]]:
    """Line and wording of blocks of accounts that hold fewer than two, or cannot be read."""
    shown = _FENCE.sub(_blanked, text)
    found = list(_ACCOUNTS.finditer(shown))
    faulty = [
        (text_line(text, match.start()), match["title"].strip())
        for match in found
        if len(_BLOCK.findall(match["content"])) < _FEWEST_ACCOUNTS
    ]
    rest = _ACCOUNTS.sub(_blanked, shown)
    meant = _MEANT_ACCOUNTS.finditer(rest)
    return sorted([*faulty, *((text_line(rest, m.start()), m[0].strip()) for m in meant)])
