"""Three-way merge of the lines of a transcript. Pure.

static/editor/merge.js is the same rule for the browser, function by function. docs/review-desk.md
states it ("Two people in one transcript"), tests/review/merge_cases.json is the table of its cases.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from cunshi.domain.transcript import Segment

Lines = tuple[Segment, ...]
_Pair = tuple[int, int]
_Gap = tuple[range, range]

# The fields by which a line is matched: the first of these sets that is unique around it.
_KEYS = (("start", "end"), ("text",))
# Fields of a line of which two people may not change different ones without seeing it: a meaning
# in Mandarin is that of the text; what is withheld is the sound between two times.
_TOGETHER = (("text", "mandarin"), ("start", "end", "withheld"), ("speaker",), ("golden",))
_ALL = tuple(name for names in _TOGETHER for name in names)
_NOTES = ("flags", "replaced", "suggested")  # written by the machine; people only remove them


@dataclass(frozen=True)
class Part:
    """A run of lines of each side; ``lines`` is the merged result, None for a conflict."""

    base: Lines
    ours: Lines
    theirs: Lines
    lines: Lines | None


@dataclass(frozen=True)
class _Change:
    """Replaces the lines ``first`` to ``last`` (exclusive) of the base by ``lines``."""

    first: int
    last: int
    lines: Lines


@dataclass
class _Group:
    """Changes of both sides to the same lines of the base, ``first`` to ``last`` (exclusive)."""

    first: int
    last: int
    ours: list[_Change] = field(default_factory=list)
    theirs: list[_Change] = field(default_factory=list)

    def meets(self, change: _Change) -> bool:
        """Check whether the next change affects the same lines, or inserts at the same place."""
        return change.first < self.last or change.first == change.last == self.first


def merge(base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    """Merge the changes of both sides; None if there is a conflict."""
    merged: list[Segment] = []
    for part in merge_parts(base, ours, theirs):
        if part.lines is None:
            return None
        merged += part.lines
    return tuple(merged)


def merge_parts(base: Lines, ours: Lines, theirs: Lines) -> list[Part]:
    """Return the merge of both sides as runs, including conflicts."""
    parts = []
    at = 0
    for group in _groups(_changes(base, ours), _changes(base, theirs)):
        same, changed = base[at : group.first], base[group.first : group.last]
        our = _applied(changed, group.first, group.ours)
        their = _applied(changed, group.first, group.theirs)
        parts += [_part(same, same, same), _part(changed, our, their)]
        at = group.last
    rest = base[at:]
    return [*parts, _part(rest, rest, rest)]


def count_changed(before: Sequence[Segment], after: Sequence[Segment]) -> int:
    """Return the number of lines that differ between two states."""
    changes = _changes(tuple(before), tuple(after))
    return sum(max(change.last - change.first, len(change.lines)) for change in changes)


def _part(base: Lines, ours: Lines, theirs: Lines) -> Part:
    return Part(base, ours, theirs, _merge_run(base, ours, theirs))


def _merge_run(base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    one_line = _is_one_line(base, ours, theirs)
    line = _merge_line(base[0], ours[0], theirs[0]) if one_line else None
    return None if line is None else (line,)


def _is_one_line(base: Lines, ours: Lines, theirs: Lines) -> bool:
    """Check whether both sides still have the single line of the base."""
    is_one = len(base) == len(ours) == len(theirs) == 1
    return is_one and all(_is_same_line(base[0], side[0]) for side in (ours, theirs))


def _merge_line(base: Segment, ours: Segment, theirs: Segment) -> Segment | None:
    values: dict[str, Any] = {}
    for names in _together(base, ours, theirs):
        our = [name for name in names if _is_own(name, ours, base, theirs)]
        their = [name for name in names if _is_own(name, theirs, base, ours)]
        if our and their:
            return None
        values |= {name: getattr(theirs, name) for name in their}
    for name in _NOTES:
        values[name] = _merge_notes(*(getattr(side, name) for side in (base, ours, theirs)))
    return replace(ours, **values)


def _together(base: Segment, ours: Segment, theirs: Segment) -> Sequence[tuple[str, ...]]:
    """Check all fields of a line that is no longer withheld, because it will be published as a
    whole.
    """
    is_published = base.withheld and not (ours.withheld and theirs.withheld)
    return (_ALL,) if is_published else _TOGETHER


def _is_own(name: str, side: Segment, base: Segment, other: Segment) -> bool:
    """Check whether only this side changed a field to its value."""
    return getattr(side, name) not in (getattr(base, name), getattr(other, name))


def _merge_notes(
    base: tuple[Any, ...], ours: tuple[Any, ...], theirs: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Remove the notes that either side removed."""
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    return tuple(note for note in base if note in ours and note in theirs)


def _groups(ours: Iterable[_Change], theirs: Iterable[_Change]) -> list[_Group]:
    """Yield the changes of both sides in order, grouped if they affect the same lines."""
    groups: list[_Group] = []
    changes = [(change, True) for change in ours] + [(change, False) for change in theirs]
    for change, is_ours in sorted(changes, key=lambda each: (each[0].first, each[0].last)):
        if not groups or not groups[-1].meets(change):
            groups.append(_Group(change.first, change.last))
        group = groups[-1]
        group.last = max(group.last, change.last)
        (group.ours if is_ours else group.theirs).append(change)
    return groups


def _applied(base: Lines, offset: int, changes: Sequence[_Change]) -> Lines:
    lines = list(base)
    for change in reversed(changes):
        lines[change.first - offset : change.last - offset] = change.lines
    return tuple(lines)


def _changes(base: Lines, side: Lines) -> list[_Change]:
    """Return the changes from ``base`` to ``side`` in order, one per matched line."""
    changes = []
    at = to = 0
    for i, j in [*_pairs(base, side), (len(base), len(side))]:
        if i > at or j > to:
            changes.append(_Change(at, i, side[to:j]))
        if i < len(base) and base[i] != side[j]:
            changes.append(_Change(i, i + 1, (side[j],)))
        at, to = i + 1, j + 1
    return changes


def _pairs(base: Lines, side: Lines) -> list[_Pair]:
    """Match lines of the base with lines of ``side``."""
    pairs: list[_Pair] = []
    for names in _KEYS:
        gaps = _gaps(pairs, len(base), len(side))
        found = [pair for gap in gaps for pair in _unique(base, side, gap, names)]
        pairs = sorted([*pairs, *found])
    gaps = _gaps(pairs, len(base), len(side))
    return sorted([*pairs, *(pair for gap in gaps for pair in _in_step(base, side, gap))])


def _gaps(pairs: Sequence[_Pair], length: int, other: int) -> list[_Gap]:
    """Return the ranges between matched pairs that are empty in neither list."""
    edges = [(-1, -1), *pairs, (length, other)]
    gaps = ((range(a + 1, b), range(i + 1, j)) for (a, i), (b, j) in pairwise(edges))
    return [gap for gap in gaps if gap[0] and gap[1]]


def _unique(base: Lines, side: Lines, gap: _Gap, names: Sequence[str]) -> list[_Pair]:
    """Match lines whose fields are equal and unique in the gap, as many as keep their order."""
    places = _places(side, gap[1], names)
    known = _places(base, gap[0], names)
    return _longest([(known[key], places[key]) for key in known if key in places])


def _places(lines: Lines, places: Iterable[int], names: Sequence[str]) -> dict[object, int]:
    found: dict[object, list[int]] = {}
    for n in places:
        found.setdefault(tuple(getattr(lines[n], name) for name in names), []).append(n)
    return {key: places[0] for key, places in found.items() if len(places) == 1}


def _longest(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Return the longest subsequence of pairs that increases in both numbers."""
    ends: list[_Pair] = []
    before: dict[_Pair, _Pair | None] = {}
    for pair in pairs:
        at = bisect_left(ends, pair[1], key=lambda end: end[1])
        before[pair] = ends[at - 1] if at else None
        ends[at : at + 1] = [pair]
    found: list[_Pair] = []
    last = ends[-1] if ends else None
    while last:
        found.append(last)
        last = before[last]
    return found[::-1]


def _in_step(base: Lines, side: Lines, gap: _Gap) -> list[_Pair]:
    """Match the lines of a gap one by one, if each may be the same line."""
    pairs = list(zip(*gap, strict=False))
    same_count = len(gap[0]) == len(gap[1])
    return pairs if same_count and all(_is_same_line(base[i], side[j]) for i, j in pairs) else []


def _is_same_line(line: Segment, other: Segment) -> bool:
    same_times = (line.start, line.end) == (other.start, other.end)
    overlap = max(line.start, other.start) < min(line.end, other.end)
    return same_times or overlap or line.text == other.text
