"""Drafts made from machine transcripts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.machine_json import MachineTranscript
from cunshi.archive.transcript_file import UNHEARD
from cunshi.core.chinese import punctuate, to_simplified
from cunshi.domain.glossary import Term
from cunshi.domain.transcript import Flag, Replacement, Segment, Weighed, Word
from cunshi.transcription.draft import (
    LINE_PAUSE,
    LONG_LINE,
    LONG_PAUSE,
    MIN_LINE,
    choose_replacements,
    draft,
)
from cunshi.transcription.glossary_match import Candidate, find_candidates, syllables_of


def heard_as(*segments: Segment, weighed: tuple[Weighed, ...] = ()) -> MachineTranscript:
    return MachineTranscript("", "", "", "", "", "", {}, "cmn", segments, weighed=weighed)


def lines_of(*segments: Segment) -> tuple[Segment, ...]:
    return draft(heard_as(*segments), ())


def spoken(*pieces: str, gap: float = 0.0, start: float = 10.0) -> Segment:
    """Return a segment of one word per character, 0.2 s each, with a gap after each piece."""
    words: list[Word] = []
    at = start
    for piece in pieces:
        # Whisper writes a mark into the word before it.
        for character in piece:
            if character in ",.?!，。" and words:
                last = words.pop()
                words.append(Word(last.start, last.end, last.text + character, 0.9))
                continue
            words.append(Word(round(at, 3), round(at + 0.2, 3), character, 0.9))
            at += 0.2
        at += gap
    return Segment(start, at, "".join(pieces), tuple(words))


def texts(*segments: Segment) -> list[str]:
    return [line.text for line in lines_of(*segments)]


def test_a_line_ends_with_its_sentence() -> None:
    heard = spoken("河上有一座橋。", "老人家天天在橋上聊天!", "是嗎?", "是的.")
    assert texts(heard) == ["河上有一座桥。", "老人家天天在桥上聊天！", "是吗？", "是的。"]


def test_short_pieces_stay_together_and_long_ones_end_at_a_pause() -> None:
    short, long = "好," * 3, "我們村里有一條河叫奚浦,"
    assert len(long) >= MIN_LINE
    assert texts(spoken(short, long, "很寬", gap=LINE_PAUSE + 0.1)) == [
        "好，好，好，我们村里有一条河叫奚浦，",
        "很宽",
    ]
    assert texts(spoken("古人說,", "有一條河", gap=LINE_PAUSE + 0.1)) == ["古人说，有一条河"]


def test_a_breath_is_no_pause() -> None:
    assert texts(spoken("我們村里有一條河叫奚浦,", "很寬", gap=LINE_PAUSE - 0.1)) == [
        "我们村里有一条河叫奚浦，很宽"
    ]


def test_without_a_pause_a_comma_ends_only_a_long_line() -> None:
    long = "河" * (LONG_LINE - 2) + ","
    assert texts(spoken(long, "上有橋。")) == [punctuate(long + "上") + "有桥。"]
    assert texts(spoken("河" + long, "上有橋。")) == ["河" * (LONG_LINE - 1) + "，", "上有桥。"]


def test_a_number_with_a_point_does_not_end_a_line() -> None:
    assert texts(spoken("有3.5畝地,1,000人。")) == ["有3.5亩地，1,000人。"]


def test_a_segment_without_words_is_a_line() -> None:
    assert texts(Segment(1.0, 2.0, " 這裡, 有河 "), Segment(2.0, 3.0, "  ")) == ["这里，有河"]


pieces = st.lists(
    st.tuples(
        st.text("我們村里有條河上看著", min_size=1, max_size=14), st.sampled_from(",.?!。，")
    ).map("".join),
    min_size=1,
    max_size=8,
)


@given(pieces, st.sampled_from([0.0, 0.2, 0.5]))
def test_nothing_is_lost_and_every_word_keeps_its_time(said: list[str], gap: float) -> None:
    segment = spoken(*said, gap=gap)
    lines = lines_of(segment)
    assert "".join(line.text for line in lines) == punctuate(to_simplified("".join(said)))
    words = [word for line in lines for word in line.words]
    assert [(w.start, w.end) for w in words] == [(w.start, w.end) for w in segment.words]
    for line in lines:
        assert (line.start, line.end) == (line.words[0].start, line.words[-1].end)
        assert punctuate("".join(word.text for word in line.words)) == line.text
    assert all(line.end <= following.start for line, following in pairwise(lines))
    for line in lines[:-1]:
        assert line.text[-1] in "。！？，"
        assert line.text[-1] != "，" or len(line.text) >= MIN_LINE
    assert all(not set(line.text[:-1]) & set("。！？") for line in lines)


def test_a_sentence_goes_on_over_the_end_of_a_window() -> None:
    first, second = spoken("老人家天天在", start=0.0), spoken("橋上聊天。", start=1.2)
    assert texts(first, second) == ["老人家天天在桥上聊天。"]
    later = spoken("橋上聊天。", start=1.2 + LONG_PAUSE + 0.1)
    assert texts(first, later) == ["老人家天天在", "桥上聊天。"]


def test_a_doubtful_passage_is_a_line_of_its_own() -> None:
    good, bad = spoken("我們村里", start=0.0), spoken("謝謝觀看", start=0.8)
    bad = Segment(bad.start, bad.end, bad.text, bad.words, flags=(Flag.BOILERPLATE,))
    gap = Segment(1.6, 4.0, "", flags=(Flag.UNHEARD,))
    assert [(line.text, line.flags) for line in lines_of(good, bad, gap)] == [
        ("我们村里", ()),
        ("谢谢观看", (Flag.BOILERPLATE,)),
        (UNHEARD, (Flag.UNHEARD,)),
    ]


def term(word: str, pinyin: str = "", kind: str = "", *heard: str) -> Term:
    return Term(word, kind, "", pinyin=pinyin, heard_as=heard)


@pytest.mark.parametrize(
    ("text", "word", "drafted"),
    [
        # The very sound, where no word stands: put right.
        ("最热闹的唐桥镇", term("塘桥"), "最热闹的塘桥镇"),
        ("好几座磁堂里", term("祠堂"), "好几座祠堂里"),
        ("有个暗京河", term("暗泾", "àn jīng"), "有个暗泾河"),
        ("划到沙州县去", term("沙洲县", "", "地名"), "划到沙洲县去"),
        # A word with a meaning of its own stays, even when it sounds the same.
        ("他眼睛近视了", term("进士"), "他眼睛近视了"),
        ("晚上没有灯", term("煤油灯"), "晚上没有灯"),
        # also when people have seen the term written so; nonsense that they have seen is put right.
        ("他考中了近世", term("进士", "", "", "近世"), "他考中了近世"),
        ("大家知道航桥吗", term("塘桥", "", "", "航桥"), "大家知道塘桥吗"),
        # Another tone, n for ng: a suggestion at most.
        ("我们景村的老街", term("金村"), "我们景村的老街"),
        # Parts of two words are not a word.
        ("如今村里都是路", term("金村"), "如今村里都是路"),
        ("她很精彩", term("横泾"), "她很精彩"),
        # What is right stays.
        ("我们金村", term("金村"), "我们金村"),
    ],
)
def test_only_the_very_sound_of_a_local_word_is_put_right(
    text: str, word: Term, drafted: str
) -> None:
    [line] = draft(heard_as(spoken(text)), (word,))
    assert line.text == drafted
    changed = drafted != text
    assert bool(line.replaced) == changed
    if changed:
        assert line.replaced[0].term == word.term
        assert line.replaced[0].heard in text


def test_a_near_sound_is_suggested_and_put_right_only_when_the_model_prefers_it() -> None:
    words, segment = (term("金村"),), spoken("我們景村的老街")

    def drafted(nats: float) -> Segment:
        weight = Weighed(segment.start, 2, "景村", "金村", nats)
        [line] = draft(heard_as(segment, weighed=(weight,)), words)
        return line

    preferred, doubtful, hopeless = drafted(5.0), drafted(-5.0), drafted(-20.0)
    assert preferred.text == "我们金村的老街"
    assert preferred.replaced == (Replacement("景村", "金村"),)
    assert preferred.suggested == ()
    assert doubtful.text == hopeless.text == "我们景村的老街"
    assert doubtful.suggested == (Replacement("景村", "金村"),)
    assert hopeless.suggested == ()


def test_what_held_once_in_a_recording_holds_again() -> None:
    first, second = spoken("我們景村的人", start=0.0), spoken("到了景村的街上", start=9.0)
    weight = Weighed(0.0, 2, "景村", "金村", 5.0)
    lines = draft(heard_as(first, second, weighed=(weight,)), (term("金村"),))
    assert [line.text for line in lines] == ["我们金村的人", "到了金村的街上"]


def test_a_word_that_people_have_seen_for_another_is_left_to_the_model() -> None:
    segment, words = spoken("他考中了近世"), (term("进士", "", "", "近世"),)
    for nats, drafted in ((3.0, "他考中了进士"), (-3.0, "他考中了近世")):
        weight = Weighed(segment.start, 4, "近世", "进士", nats)
        [line] = draft(heard_as(segment, weighed=(weight,)), words)
        assert line.text == drafted


def test_the_model_s_preference_never_overrules_a_word_of_the_language() -> None:
    ordinary = Candidate(0, "没有灯", "煤油灯", 0.1, whole=True, ordinary=True)
    across = Candidate(0, "场属", "常熟", 0.2, whole=False, ordinary=False)
    for candidate, nats, replaced in ((ordinary, 9.0, False), (across, 1.0, False)):
        weight = Weighed(0.0, 0, candidate.written, candidate.term, nats)
        assert bool(choose_replacements([candidate], [weight])[0]) is replaced


def test_replacements_do_not_overlap_and_the_longer_wins() -> None:
    words = (term("欧桥"), term("欧桥村"))
    [line] = draft(heard_as(spoken("我是歐喬村等")), words)
    assert line.text == "我是欧桥村等"
    assert line.replaced == (Replacement("欧乔村", "欧桥村"),)


@given(st.text("金今景村唐塘桥的人在里，。a1", max_size=30))
def test_candidates_have_as_many_characters_as_their_term(text: str) -> None:
    words = (term("金村"), term("塘桥"), term("金村人"))
    for candidate in find_candidates(text, words):
        assert len(candidate.written) == len(candidate.term)
        assert text[candidate.at : candidate.at + len(candidate.term)] == candidate.written
        assert candidate.written != candidate.term


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("塘", "唐", 0.0),
        ("塘", "烫", 0.1),
        ("金", "景", 0.3),
        ("真", "增", 0.3),
        ("尼", "离", 0.3),
        ("航", "塘", 1.0),
        ("金", "七", 2.6),
    ],
)
def test_sounds_that_southerners_do_not_tell_apart_are_near(
    one: str, other: str, distance: float
) -> None:
    [first], [second] = syllables_of(one), syllables_of(other)
    assert first.distance(second) == second.distance(first) == distance
