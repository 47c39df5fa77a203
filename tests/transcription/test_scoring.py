"""Error rates and confusions."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.transcription.error_rate import (
    Confusion,
    Errors,
    Pair,
    chinese_numbers,
    confusions,
    count_errors,
    error_rate,
    normalise,
)

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF))
MIXED = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("0123456789０１.,%，。年个兩2麼么著乾隆薴〇[]听不清"),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    )
)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("看著、老街。", "看着老街"),
        ("ＡＢ１２年", "AB十二年"),
        ("80年代", "八十年代"),
        ("1980年代", "一九八零年代"),
        ("1962年", "一九六二年"),
        ("2014年", "二零一四年"),
        ("二〇一四年", "二零一四年"),
        ("1962-1965年", "一九六二一九六五年"),
        ("2000年前", "两千年前"),
        ("30多户", "三十多户"),
        ("2个 12个", "两个十二个"),
        ("2月", "二月"),
        ("1,000人", "一千人"),
        ("3.5亩", "三点五亩"),
        ("50%", "百分之五十"),
        ("13812345678", "一三八一二三四五六七八"),
        ("007", "零零七"),
        ("一家人", "一家人"),
        ("是么？你去麼", "是么你去么"),
        ("[听不清]后来【听不清】呢", "后来呢"),
        ("", ""),
    ],
)
def test_what_is_compared(written: str, compared: str) -> None:
    assert normalise(written) == compared


@given(MIXED)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert {unicodedata.category(c)[0] for c in once} <= {"L", "N"}


@given(st.text().filter(lambda text: not any(c in "0123456789" for c in text)))
def test_text_without_figures_keeps_its_numbers(text: str) -> None:
    assert chinese_numbers(text) == text


@given(MIXED)
def test_no_figure_is_left(text: str) -> None:
    assert not any(c in "0123456789" for c in chinese_numbers(text))


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("慈乌村", "慈乌村。", Errors(3, 0, 0, 0)),
        ("慈乌村", "慈悟村", Errors(3, 1, 0, 0)),
        ("慈乌村在这里", "慈乌村", Errors(6, 0, 3, 0)),
        ("慈乌村", "慈乌村谢谢观看", Errors(3, 0, 0, 4)),
        ("慈乌村", "", Errors(3, 0, 3, 0)),
        ("八十年代", "80年代", Errors(4, 0, 0, 0)),
    ],
)
def test_wrong_lost_and_added_are_counted_apart(said: str, heard: str, errors: Errors) -> None:
    assert count_errors(said, heard) == errors


def test_a_rate_is_over_all_characters_and_not_the_mean_of_rates() -> None:
    assert error_rate([("一二三四五六七八九", "一二三四五六七八九"), ("天", "地")]) == 0.1
    assert error_rate([]) == 0
    assert Errors(2, 0, 0, 4).rate == 2


@given(CHINESE, CHINESE)
def test_edits_lie_between_the_lengths(said: str, heard: str) -> None:
    found = count_errors(said, heard)
    edits = found.substitutions + found.deletions + found.insertions
    assert abs(len(normalise(said)) - len(normalise(heard))) <= edits
    assert edits <= max(len(normalise(said)), len(normalise(heard)))
    assert (edits == 0) == (normalise(said) == normalise(heard))


def test_confusions_are_runs_with_counts_and_an_example() -> None:
    pairs = [
        Pair("a", "我们妙桥人", "我们庙桥人"),
        Pair("b", "从妙桥到金村", "从庙桥到今春啊"),
        Pair("c", "老街上有茶馆", "老街有茶馆"),
        Pair("c", "老街上", "老街上啊"),
        Pair("d", "一二三四五六七", "甲乙丙丁戊己庚"),
    ]
    assert confusions(pairs) == (
        Confusion("妙", "庙", 2, "a"),
        Confusion("金村", "今春啊", 1, "b"),
        Confusion("", "啊", 1, "c"),
        Confusion("上", "", 1, "c"),
    )
    assert len(confusions(pairs, limit=1)) == 1
