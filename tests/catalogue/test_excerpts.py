"""Suggested passages: whole sentences, well recognised, of suitable length, spread out."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.catalogue.course.excerpts import (
    MAX_SECONDS,
    MIN_SECONDS,
    Excerpt,
    choose_excerpts,
    spoken_terms,
)
from cunshi.domain.transcript import Flag, Replacement, Segment, Transcript, TranscriptStatus, Word

TERMS = ("慈乌", "慈乌村", "暗泾")


def lines(*texts: str, length: float = 5.0, gap: float = 0.5) -> tuple[Segment, ...]:
    step = length + gap
    return tuple(Segment(n * step, n * step + length, text) for n, text in enumerate(texts))


def chosen(
    segments: tuple[Segment, ...],
    words: tuple[Word, ...] = (),
    most: int = 1,
    status: TranscriptStatus = TranscriptStatus.DRAFT,
) -> list[Excerpt]:
    return choose_excerpts(Transcript(segments, status), words, TERMS, most)


def test_a_passage_begins_and_ends_with_a_sentence() -> None:
    found = chosen(lines("开头，", "话。", "这条河，", "叫暗泾。", "后来，", length=6))
    assert [(e.start, e.end, e.text) for e in found] == [(13, 25.5, "这条河，叫暗泾。")]
    assert found[0].terms == ("暗泾",)


def test_where_no_sentence_ends_it_ends_in_a_pause() -> None:
    (found,) = chosen(lines("这条河，", "叫暗泾，", "很深，", "很长，", "很清，", "很老，"))
    assert MIN_SECONDS <= found.end - found.start <= MAX_SECONDS
    assert "暗泾" in found.text


def test_of_equal_passages_one_with_a_word_of_the_glossary_is_chosen() -> None:
    segments = lines("甲，", "乙，", "丙。", "丁，", "暗泾，", "戊。", "己，", "庚，", "辛。")
    assert ["暗泾" in excerpt.text for excerpt in chosen(segments)] == [True]


@pytest.mark.parametrize(
    "doubt",
    [
        {"flags": (Flag.LOOP,)},
        {"flags": (Flag.UNHEARD,)},
        {"text": "[听不清]"},
    ],
)
def test_a_doubtful_line_is_in_no_passage(doubt: dict[str, object]) -> None:
    first, second, third = lines("甲暗泾，", "乙慈乌，", "丙。")
    spoilt = Segment(**{"start": second.start, "end": second.end, "text": second.text} | doubt)  # type: ignore[arg-type]
    assert chosen((first, spoilt, third)) == []
    rest = lines("甲暗泾，", "乙慈乌，", "丙。", "丁，", "戊，", "己。")
    (found,) = chosen((rest[0], spoilt, *rest[2:]))
    assert found.text == "丁，戊，己。"


def test_many_unsure_words_speak_against_a_passage_until_somebody_approves_it() -> None:
    segments = lines("暗泾，", "慈乌。", "丙，", "丁。")
    unsure = tuple(Word(n, n + 1, "字", 0.2) for n in range(10))
    assert [e.text for e in chosen(segments, unsure)] == ["丙，丁。"]
    (found,) = chosen(segments, unsure, status=TranscriptStatus.APPROVED)
    assert "暗泾" in found.text


def test_a_suggestion_of_the_glossary_speaks_against_a_passage() -> None:
    first, second, third, fourth = lines("甲，", "乙。", "丙，", "丁。")
    guessed = Segment(first.start, first.end, "甲，", suggested=(Replacement("甲", "暗泾"),))
    assert [e.text for e in chosen((guessed, second, third, fourth))] == ["丙，丁。"]


def test_passages_are_spread_over_the_recording() -> None:
    found = chosen(lines(*["暗泾，", "慈乌。"] * 12), most=3)
    assert len(found) == 3
    length = 24 * 5.5
    assert [int(3 * (e.start + e.end) / 2 / length) for e in found] == [0, 1, 2]


def test_a_motto_of_one_breath_is_taken_whole() -> None:
    assert [e.text for e in chosen(lines("家和万事兴。"))] == ["家和万事兴。"]


def test_nothing_comes_of_nothing() -> None:
    assert chosen(()) == []


def test_of_two_terms_at_one_place_the_longer_is_spoken() -> None:
    assert spoken_terms("慈乌村的慈乌，慈乌村", TERMS) == ("慈乌村", "慈乌")
    assert spoken_terms("慈乌", ()) == ()


@given(
    st.lists(st.tuples(st.floats(0.2, 9), st.floats(0, 3), st.sampled_from("。，？")), max_size=30),
    st.integers(1, 4),
)
def test_passages_never_overlap_and_are_never_too_long(
    spoken: list[tuple[float, float, str]], most: int
) -> None:
    segments, at = [], 0.0
    for length, gap, mark in spoken:
        segments.append(Segment(at, at + length, "暗泾" + mark))
        at += length + gap
    found = chosen(tuple(segments), most=most)
    assert len(found) <= most
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert all(e.end - e.start <= MAX_SECONDS for e in found)
