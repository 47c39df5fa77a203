"""What a machine wrote, in the Chinese that people read."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.chinese import LINE_PAUSE, LONG_LINE, SHORT_LINE, draft_lines, punctuate, to_simplified
from cunshi.model import Segment, Word


@pytest.mark.parametrize(
    ("heard", "simplified"),
    [
        ("看著老街", "看着老街"),
        ("這裡有一條河", "这里有一条河"),
        ("著名的著作", "著名的著作"),
        ("乾隆皇帝", "乾隆皇帝"),
        ("曬乾的稻穀", "晒干的稻谷"),
        ("頭髮和發現", "头发和发现"),
        ("王后在後面", "王后在后面"),
        ("金村村", "金村村"),
        ("你去么。什么？", "你去么。什么？"),
        ("什麼？好麼？", "什么？好么？"),
        ("Whisper 3.5", "Whisper 3.5"),
        ("", ""),
    ],
)
def test_traditional_becomes_simplified_by_its_meaning(heard: str, simplified: str) -> None:
    assert to_simplified(heard) == simplified


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("好的, 再见.", "好的，再见。"),
        ("好的,再见!", "好的，再见！"),
        ("是吗?", "是吗？"),
        ("他说:好;不好", "他说：好；不好"),
        ("老街(四面环水)在这里", "老街（四面环水）在这里"),
        ("后来...没有了.", "后来。没有了。"),
        ("金 村 村", "金村村"),
        ("  有一条河  ", "有一条河"),
        ("有1,000人, 3.5亩地", "有1,000人，3.5亩地"),
        ("早上8:30开会", "早上8:30开会"),
        ("1,000", "1,000"),
        ("3.5", "3.5"),
        ("Hello, world. OK?", "Hello, world. OK?"),
        ("用 Whisper base 听", "用 Whisper base 听"),
        ("好，再见。", "好，再见。"),
        ("", ""),
    ],
)
def test_punctuation_is_full_width_beside_chinese_only(heard: str, written: str) -> None:
    assert punctuate(heard) == written


@given(st.text(alphabet="村好a1 ,.?!:;()，。", max_size=30))
def test_punctuating_twice_changes_nothing_and_no_letter_is_lost(heard: str) -> None:
    written = punctuate(heard)
    assert punctuate(written) == written
    assert [c for c in written if c.isalnum()] == [c for c in heard if c.isalnum()]


def spoken(*pieces: str, gap: float = 0.0, start: float = 10.0) -> Segment:
    """A segment of one word a character, 0.2 s each, with a gap after each piece."""
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
    return [line.text for line in draft_lines(segments)]


def test_a_line_ends_with_its_sentence() -> None:
    heard = spoken("河上有一座橋。", "老人家天天在橋上聊天!", "是嗎?", "是的.")
    assert texts(heard) == ["河上有一座桥。", "老人家天天在桥上聊天！", "是吗？", "是的。"]


def test_short_pieces_stay_together_and_long_ones_end_at_a_pause() -> None:
    short, long = "好," * 3, "我們村里有一條河叫奚浦,"
    assert len(long) >= SHORT_LINE
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
    assert draft_lines([Segment(1.0, 2.0, " 這裡, 有河 "), Segment(2.0, 3.0, "  ")]) == (
        Segment(1.0, 2.0, "这里，有河"),
    )


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
    lines = draft_lines([segment])
    assert "".join(line.text for line in lines) == punctuate(to_simplified("".join(said)))
    words = [word for line in lines for word in line.words]
    assert [(w.start, w.end) for w in words] == [(w.start, w.end) for w in segment.words]
    for line in lines:
        assert (line.start, line.end) == (line.words[0].start, line.words[-1].end)
        assert punctuate("".join(word.text for word in line.words)) == line.text
    assert all(line.end <= following.start for line, following in pairwise(lines))
    for line in lines[:-1]:
        assert line.text[-1] in "。！？，"
        assert line.text[-1] != "，" or len(line.text) >= SHORT_LINE
    assert all(not set(line.text[:-1]) & set("。！？") for line in lines)
