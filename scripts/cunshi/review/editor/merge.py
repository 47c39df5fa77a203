"""Three-way merge of the lines of a transcript. Pure.

Lines are found again by their times, which correcting words leaves as they are; where times have
changed too (lines shifted, split or joined) a run of lines takes the place of another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from cunshi.domain.transcript import Segment

Lines = tuple[Segment, ...]

# What people change together in one line. Two of them may change different ones of these.
_TOGETHER = (("start", "end"), ("text", "mandarin"), ("speaker",), ("withheld",), ("golden",))
_NOTES = ("flags", "replaced", "suggested")  # the machine's, which go one by one


@dataclass(frozen=True)
class _Change:
    """The lines ``first`` to ``last`` (not included) of the base become ``lines``."""

    first: int
    last: int
    lines: Lines

    @property
    def is_one_line(self) -> bool:
        return self.last - self.first == 1 == len(self.lines)


def merge(base: Lines, ours: Lines, theirs: Lines) -> Lines | None:
    """What both have made of ``base``; None when they changed the same line differently."""
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    merged: list[Segment] = []
    at = 0
    for our, their in _groups(list(_changes(base, ours)), list(_changes(base, theirs))):
        first = min(change.first for change in (*our, *their))
        last = max(change.last for change in (*our, *their))
        lines = _settle(base[first:last], first, our, their)
        if lines is None:
            return None
        merged += [*base[at:first], *lines]
        at = last
    return (*merged, *base[at:])


def count_changed(before: Sequence[Segment], after: Sequence[Segment]) -> int:
    """How many lines are other ones than before."""
    changes = _changes(tuple(before), tuple(after))
    return sum(max(change.last - change.first, len(change.lines)) for change in changes)


def _changes(base: Lines, side: Lines) -> Iterator[_Change]:
    """What somebody changed, in the order of the base; none of them touch the same line."""
    before, after = ([(s.start, s.end) for s in lines] for lines in (base, side))
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for kind, first, last, begin, end in opcodes:
        paired = kind == "equal" or _same_words(base[first:last], side[begin:end])
        if paired:
            for n in range(last - first):
                if base[first + n] != side[begin + n]:
                    yield _Change(first + n, first + n + 1, (side[begin + n],))
        else:
            yield _Change(first, last, side[begin:end])


def _same_words(before: Lines, after: Lines) -> bool:
    """Whether lines were only moved in time, each of them still saying the same."""
    return [s.text for s in before] == [s.text for s in after]


def _groups(
    ours: list[_Change], theirs: list[_Change]
) -> Iterator[tuple[list[_Change], list[_Change]]]:
    """The changes of both, those together that cannot be made one after the other."""
    while ours or theirs:
        group: tuple[list[_Change], list[_Change]] = ([], [])
        sides = (ours, theirs)
        side = 0 if not theirs or (ours and _place(ours[0]) <= _place(theirs[0])) else 1
        group[side].append(sides[side].pop(0))
        grown = True
        while grown:
            grown = False
            for mine, other in ((0, 1), (1, 0)):
                while sides[mine] and any(_meet(sides[mine][0], c) for c in group[other]):
                    group[mine].append(sides[mine].pop(0))
                    grown = True
        yield group


def _place(change: _Change) -> tuple[int, int]:
    return change.first, change.last


def _meet(one: _Change, other: _Change) -> bool:
    """Whether two changes are to the same lines, or put something in at the same place."""
    if one.first == one.last and other.first == other.last:
        return one.first == other.first
    return one.first < other.last and other.first < one.last


def _settle(base: Lines, offset: int, ours: list[_Change], theirs: list[_Change]) -> Lines | None:
    """The lines that stand where both, or one of the two, changed something."""
    if not theirs:
        return _made(base, offset, ours)
    if not ours:
        return _made(base, offset, theirs)
    our, their = _made(base, offset, ours), _made(base, offset, theirs)
    if our == their:
        return our
    if len(base) == 1 and all(c.is_one_line for c in (*ours, *theirs)):
        line = _merge_line(base[0], our[0], their[0])
        return None if line is None else (line,)
    return None


def _made(base: Lines, offset: int, changes: list[_Change]) -> Lines:
    lines = list(base)
    for change in reversed(changes):
        lines[change.first - offset : change.last - offset] = change.lines
    return tuple(lines)


def _merge_line(base: Segment, our: Segment, their: Segment) -> Segment | None:
    merged = our
    for names in _TOGETHER:
        was, mine, yours = ([getattr(s, name) for name in names] for s in (base, our, their))
        if mine != yours and was not in (mine, yours):
            return None
        if mine == was:
            merged = replace(merged, **dict(zip(names, yours, strict=True)))
    for name in _NOTES:
        was, mine, yours = (getattr(s, name) for s in (base, our, their))
        if was in (mine, yours):
            kept = yours if mine == was else mine
        else:
            # Settled by one of the two is settled.
            kept = tuple(note for note in was if note in mine and note in yours)
        merged = replace(merged, **{name: kept})
    return merged
