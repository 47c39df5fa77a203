"""The syntax of a citation in a lesson: a clip block that names a recording and a time range.

An author writes::

    /// clip | 20260112-7a994552 0:18.7-0:34.6
    为什么叫慈乌村呢？
    ///

The words between are the author's quotation and may be left out. Before MkDocs runs, the block
is filled in with options (audio, words, speaker …) so that it needs nothing outside itself;
:mod:`cunshi.clip_block` turns a filled block into a player.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cunshi.timecode import format_timecode, parse_timecode

_BLOCK = re.compile(
    r"^/// +clip *\|(?P<argument>.*)\n(?P<content>(?:(?!///).*\n)*?)///[ \t]*$", re.MULTILINE
)
# What somebody meant as a clip block: one that is not closed, indented, or with a slip in its head.
_MEANT = re.compile(r"^[ \t]*/{2,}[ \t]*clip\b.*$", re.MULTILINE | re.IGNORECASE)
_ARGUMENT = re.compile(r"(?P<id>\S+) +(?P<start>[\d:.]+) *[-–—~至] *(?P<end>[\d:.]+)")


@dataclass(frozen=True)
class Citation:
    """A clip block as written: ``line`` counts from 1 in the text that was searched."""

    recording_id: str
    start: float
    end: float
    quote: str
    line: int


def parse_argument(argument: str) -> tuple[str, float, float]:
    """Read ``<recording id> <start>-<end>``; ValueError when it is not of that form."""
    match = _ARGUMENT.fullmatch(argument.strip())
    if not match:
        raise ValueError(argument.strip())
    start, end = parse_timecode(match["start"]), parse_timecode(match["end"])
    if end <= start:
        raise ValueError(argument.strip())
    return match["id"], start, end


def text_line(text: str, position: int) -> int:
    """The line of a position in a text, counted from 1."""
    return text.count("\n", 0, position) + 1


def find_citations(text: str) -> tuple[list[Citation], list[tuple[int, str]]]:
    """All citations of a Markdown text; and line and wording of those that cannot be read."""
    found, unreadable = [], []
    for match in _BLOCK.finditer(text):
        line = text_line(text, match.start())
        try:
            recording_id, start, end = parse_argument(match["argument"])
        except ValueError as error:
            unreadable.append((line, str(error)))
            continue
        found.append(Citation(recording_id, start, end, match["content"].strip(), line))
    rest = _BLOCK.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in _MEANT.finditer(rest):
        unreadable.append((text_line(rest, match.start()), match[0].strip()))
    return found, sorted(unreadable)


def fill_citations(text: str, options_of: Callable[[Citation], Mapping[str, str]]) -> str:
    """Replace every readable clip block by one that carries its options and no other content."""

    def fill(match: re.Match[str]) -> str:
        try:
            recording_id, start, end = parse_argument(match["argument"])
        except ValueError:
            return ""
        line = text_line(text, match.start())
        citation = Citation(recording_id, start, end, match["content"].strip(), line)
        span = f"{recording_id} {format_timecode(start)}-{format_timecode(end)}"
        options = "".join(
            f"    {name}: {json.dumps(value, ensure_ascii=False)}\n"
            for name, value in options_of(citation).items()
        )
        return f"/// clip | {span}\n{options}\n///"

    return _BLOCK.sub(fill, text)
