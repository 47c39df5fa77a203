"""How large text can be in a box, and how many boxes it needs. Pure.

What a character takes is estimated: a Chinese one is as wide as it is high. That is enough for
Chinese type, which has no kerning, and needs no font on this computer.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cunshi.core.text import clauses

LEADING = 1.62  # a line's height by its type size: line spacing 1.25 of a font's own 1.3
_BETWEEN = 0.25  # space after a paragraph by type size
_INSET = 0.25  # inches that a box keeps free at both sides
_NARROW = 0.6  # width of a Latin letter by type size


@dataclass(frozen=True)
class Fit:
    """The type size in points at which these paragraphs fill one box."""

    size: int
    lines: tuple[str, ...]

    @staticmethod
    def lines_of(text: str, width: float, size: int) -> int:
        """The lines a paragraph takes in a width in inches, 1 at least.

        A line may end a character early, because no line begins with a punctuation mark.
        """
        room = max(1.0, width * 72 / size - (2.3 if "\t" in text else 1))
        return max(1, math.ceil(_ems(text) / room))


def fit_pages(
    paragraphs: Sequence[str], width: float, height: float, largest: int, smallest: int
) -> list[Fit]:
    """Divide paragraphs among boxes of ``width`` × ``height`` inches.

    All in one at the largest size that fits; if none does, in several at the smallest, and a
    paragraph that is too long for one box is divided between clauses.
    """
    kept = [text for text in paragraphs if text]
    if not kept:
        return []
    for size in range(largest, smallest - 1, -2):
        if _height(kept, width, size) <= height:
            return [Fit(size, tuple(kept))]
    pages: list[list[str]] = [[]]
    for text in (part for whole in kept for part in _divide(whole, width, height, smallest)):
        if pages[-1] and _height([*pages[-1], text], width, smallest) > height:
            pages.append([])
        pages[-1].append(text)
    return [Fit(smallest, tuple(page)) for page in pages]


def _ems(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else _NARROW for c in text)


def _height(paragraphs: Sequence[str], width: float, size: int) -> float:
    lines = sum(Fit.lines_of(text, width - _INSET, size) for text in paragraphs)
    return (lines * LEADING + (len(paragraphs) - 1) * _BETWEEN) * size / 72 + 0.1


def _divide(text: str, width: float, height: float, size: int) -> list[str]:
    """A paragraph in parts that each fit a box alone."""
    if _height([text], width, size) <= height:
        return [text]
    most = max(1, int((width - _INSET) * 72 / size - 1) * int(height * 72 / size / LEADING) - 1)
    parts = [""]
    for clause in clauses(text):
        for start in range(0, len(clause), most):
            piece = clause[start : start + most]
            if parts[-1] and len(parts[-1]) + len(piece) > most:
                parts.append("")
            parts[-1] += piece
    return parts
