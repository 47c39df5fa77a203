"""Normalisation of machine text to Simplified Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.core.chinese import punctuate, to_simplified


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
