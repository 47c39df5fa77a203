"""Compute the type size of text in a box, and how many boxes it needs.

Widths are estimated: a Chinese character is as wide as high. Chinese type has no kerning, so this
is sufficient and needs no font.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cunshi.core.text import clauses

LEADING = 1.62  # line height / type size: line spacing 1.25 of the font's 1.3
_PARAGRAPH_SPACE = 0.25  # space after a paragraph / type size
_INSET = 0.25  # inches of margin on both sides of a box
_NARROW = 0.6  # width of a Latin letter / type size


@dataclass(frozen=True)
class Fit:
    """Paragraphs that fill a box at a type size in points."""

    size: int
    lines: tuple[str, ...]

    @staticmethod
    def lines_of(text: str, width: float, size: int) -> int:
        """Return the number of lines of a paragraph in a width in inches, at least 1.

        Lines may be one character shorter, because no line begins with a punctuation mark.
        """
        room = max(1.0, width * 72 / size - (2.3 if "\t" in text else 1))
        return max(1, math.ceil(_ems(text) / room))


def fit_pages(
    paragraphs: Sequence[str], width: float, height: float, max_size: int, min_size: int
) -> list[Fit]:
    """Distribute paragraphs over boxes of ``width`` × ``height`` inches.

    They share one box at the largest size that fits. If none does, several boxes at the smallest
    size are used, and paragraphs too long for a box are split between clauses.
    """
    kept = [text for text in paragraphs if text]
    if not kept:
        return []
    for size in range(max_size, min_size - 1, -2):
        if _height(kept, width, size) <= height:
            return [Fit(size, tuple(kept))]
    pages: list[list[str]] = [[]]
    for text in (part for whole in kept for part in _divide(whole, width, height, min_size)):
        if pages[-1] and _height([*pages[-1], text], width, min_size) > height:
            pages.append([])
        pages[-1].append(text)
    return [Fit(min_size, tuple(page)) for page in pages]


def _ems(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else _NARROW for c in text)


def _height(paragraphs: Sequence[str], width: float, size: int) -> float:
    lines = sum(Fit.lines_of(text, width - _INSET, size) for text in paragraphs)
    return (lines * LEADING + (len(paragraphs) - 1) * _PARAGRAPH_SPACE) * size / 72 + 0.1


def _divide(text: str, width: float, height: float, size: int) -> list[str]:
    """Split a paragraph into parts that each fit a box."""
    if _height([text], width, size) <= height:
        return [text]
    capacity = max(1, int((width - _INSET) * 72 / size - 1) * int(height * 72 / size / LEADING) - 1)
    parts = [""]
    for clause in clauses(text):
        for start in range(0, len(clause), capacity):
            piece = clause[start : start + capacity]
            if parts[-1] and len(parts[-1]) + len(piece) > capacity:
                parts.append("")
            parts[-1] += piece
    return parts
