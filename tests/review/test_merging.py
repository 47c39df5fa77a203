"""Three-way merges of transcripts: nothing that either person wrote is lost."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.domain.transcript import Flag, Segment
from cunshi.review.editor.merge import Lines, count_changed, merge
from support.merging import (
    CASES,
    SIDES,
    expected,
    lines_of,
    outcome,
    parts_of_server,
    random_sides,
)

BASE = tuple(Segment(float(n), n + 0.9, f"第{n}句") for n in range(6))


def changed(lines: Lines, at: int, **values: object) -> Lines:
    return tuple(replace(s, **values) if n == at else s for n, s in enumerate(lines))  # type: ignore[arg-type]


def split(lines: Lines, at: int) -> Lines:
    whole = lines[at]
    middle = (whole.start + whole.end) / 2
    first = replace(whole, end=middle, text=whole.text[:1])
    return (*lines[:at], first, replace(whole, start=middle, text=whole.text[1:]), *lines[at + 1 :])


def joined(lines: Lines, at: int) -> Lines:
    one, other = lines[at : at + 2]
    whole = replace(one, end=other.end, text=one.text + other.text)
    return (*lines[:at], whole, *lines[at + 2 :])


def moved(lines: Lines, at: int) -> Lines:
    """Move the boundary between two lines, like dragging it."""
    middle = lines[at].end - 0.2
    return changed(changed(lines, at, end=middle), at + 1, start=middle)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (changed(BASE, 1, text="一"), changed(BASE, 4, text="四")),
        (changed(BASE, 1, text="一"), changed(BASE, 2, text="二")),
        (changed(BASE, 1, text="一"), split(BASE, 3)),
        (split(BASE, 2), joined(BASE, 3)),
        (split(BASE, 2), changed(BASE, 1, text="一")),
        (BASE[1:], changed(BASE, 5, text="五")),
        (moved(BASE, 1), changed(BASE, 4, speaker="王")),
        (moved(BASE, 1), changed(BASE, 1, text="一")),
        (changed(BASE, 1, text="一"), changed(BASE, 1, withheld=True)),
        (changed(BASE, 1, start=0.95), changed(BASE, 1, golden=True)),
        ((*BASE, Segment(9.0, 9.5, "尾")), (Segment(0.0, 0.0, "头"), *BASE)),
        (BASE[:2] + BASE[3:], split(BASE, 4)),
    ],
)
def test_changes_to_different_lines_are_joined(ours: Lines, theirs: Lines) -> None:
    found = merge(BASE, ours, theirs)
    assert found is not None
    assert found == merge(BASE, theirs, ours)
    for side in (ours, theirs):
        new = {s.text for s in side} - {s.text for s in BASE}
        assert new <= {s.text for s in found}
    assert any(s.withheld for s in found) == any(s.withheld for s in (*ours, *theirs))
    assert count_changed(BASE, found) == count_changed(BASE, ours) + count_changed(
        BASE, theirs
    ) or (
        # Both changed one line, each something else of it.
        len(found) == len(BASE)
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (changed(BASE, 1, text="一"), changed(BASE, 1, text="壹")),
        (changed(BASE, 1, text="一"), changed(BASE, 1, mandarin="壹")),
        (changed(BASE, 1, text="一"), split(BASE, 1)),
        (changed(BASE, 2, text="二"), joined(BASE, 1)),
        (changed(BASE, 2, text="二"), BASE[:2] + BASE[3:]),
        (split(BASE, 1), joined(BASE, 1)),
        ((*BASE, Segment(9.0, 9.5, "尾")), (*BASE, Segment(9.0, 9.5, "巴"))),
        (changed(BASE, 1, start=1.2), changed(BASE, 1, start=1.3)),
    ],
)
def test_the_same_line_changed_differently_is_a_conflict(ours: Lines, theirs: Lines) -> None:
    assert merge(BASE, ours, theirs) is None
    assert merge(BASE, theirs, ours) is None


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_server_follows_the_table(case: dict[str, Any]) -> None:
    base, ours, theirs = (lines_of(case[side]) for side in SIDES)
    for one, other in ((ours, theirs), (theirs, ours)):
        assert outcome(parts_of_server(base, one, other)) == expected(case)
        merged = lines_of(case["merged"]) if "merged" in case else None
        assert merge(base, one, other) == merged


def test_what_one_withholds_stays_withheld_whatever_the_other_does() -> None:
    asked = 0
    for seed in range(3000):
        base, __, theirs = (unmarked(lines) for lines in random_sides(seed))
        for at, line in enumerate(base):
            found = merge(base, changed(base, at, withheld=True), theirs)
            asked += found is None
            hidden = [each for each in found or () if each.withheld]
            assert found is None or any(
                each.start <= line.start and line.end <= each.end for each in hidden
            ), (seed, at)
    assert asked


def unmarked(lines: Lines) -> Lines:
    return tuple(replace(line, withheld=False) for line in lines)


def test_a_doubt_that_one_of_two_has_settled_is_settled() -> None:
    base = changed(BASE, 1, flags=(Flag.UNSURE, Flag.LOOP))
    one, other = changed(base, 1, flags=(Flag.LOOP,)), changed(base, 1, flags=(Flag.UNSURE,))
    assert merge(base, one, other) == changed(base, 1, flags=())


segments = st.builds(
    Segment,
    st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0]),
    st.sampled_from([5.0, 6.0]),
    st.sampled_from(["一", "二", "三", "四"]),
    speaker=st.sampled_from(["", "王"]),
    withheld=st.booleans(),
)
lines = st.lists(segments, max_size=6).map(tuple)
edits = st.lists(st.tuples(st.sampled_from("tsjmdwi"), st.integers(0, 9)), max_size=4)
words = st.text("村河桥人水", min_size=2, max_size=4)


def edited(base: Lines, what: list[tuple[str, int]], word: str) -> Lines:
    """Return the base with random edits of a person."""
    for kind, place in what:
        if not base:
            return base
        at = place % len(base)
        if kind == "t":
            base = changed(base, at, text=word + str(place))
        elif kind == "s":
            base = split(base, at)
        elif kind == "j" and at + 1 < len(base):
            base = joined(base, at)
        elif kind == "m" and at + 1 < len(base):
            base = moved(base, at)
        elif kind == "d":
            base = (*base[:at], *base[at + 1 :])
        elif kind == "w":
            base = changed(base, at, withheld=True)
        elif kind == "i":
            base = (*base[:at], Segment(base[at].start, base[at].start, word), *base[at:])
    return base


@given(lines, lines)
def test_who_changed_nothing_takes_the_others_changes(base: Lines, other: Lines) -> None:
    assert merge(base, other, base) == other
    assert merge(base, base, other) == other
    assert merge(base, other, other) == other


@given(lines, lines, lines)
def test_it_does_not_matter_who_comes_first(base: Lines, one: Lines, other: Lines) -> None:
    assert merge(base, one, other) == merge(base, other, one)


@given(edits, edits)
def test_nothing_that_somebody_wrote_is_lost(
    mine: list[tuple[str, int]], yours: list[tuple[str, int]]
) -> None:
    ours, theirs = edited(BASE, mine, "我写"), edited(BASE, yours, "你写")
    found = merge(BASE, ours, theirs)
    assert found == merge(BASE, theirs, ours)
    if found is None:
        return
    old = {s.text for s in BASE}
    for side, others in ((ours, theirs), (theirs, ours)):
        assert {s.text for s in side} - old <= {s.text for s in found}
        gone = old - {s.text for s in side} - {s.text for s in others}
        assert not gone & {s.text for s in found}
        kept = {s.text for s in side} & {s.text for s in others} & old
        assert kept <= {s.text for s in found}
    withheld = [s for s in (*ours, *theirs) if s.withheld]
    assert not withheld or any(s.withheld for s in found)


@given(lines, lines)
def test_changes_are_counted(before: Lines, after: Lines) -> None:
    assert (count_changed(before, after) == 0) == (before == after)
    assert count_changed(before, after) <= len(before) + len(after)
