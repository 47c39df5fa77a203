"""What is a quotation of a withheld line, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.domain.transcript import Segment
from cunshi.domain.withheld_words import Passage, Place, WithheldWords, passages_of
from cunshi.transcription.error_rate import normalise

LINE = "他欠了邻居三石米，一直没有还。"


def words(*withheld: str, public: tuple[str, ...] = ()) -> WithheldWords:
    lines = tuple((float(n), line) for n, line in enumerate(withheld))
    passages = [Passage("b", ((0.0, line),)) for line in public]
    return WithheldWords([Passage("a", lines)], lambda: passages, normalise)


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        "大家晓得，他欠了邻居三石米。",
        "他**欠了**邻居_三石_米，一直没有还",
        "他欠了鄰居三石米,一直沒有還",
        "他 欠 了 邻 居 ３ 石 米",
        "他欠了\u200b邻居\u2060三\ufeff石米",
        "他欠了邻居\n三石米",
        "他欠<b>了邻</b>居三石米",
        "他欠了<!-- 停一停 -->邻居三石米",
        "<ruby>他<rt>tā</rt>欠<rt>qiàn</rt>了<rt>le</rt>邻居<rt>línjū</rt></ruby>三石米",
        "他欠（qiàn）了邻居三石米",
        "他欠了&#37051;&#x5c45;三石米",
        "他欠了[邻居](https://example.org/12)三石米",
        "他欠了[邻居][2]三石米",
        "他欠了邻居[^1]三石米",
        "[看](https://example.org/?q=%E4%BB%96%E6%AC%A0%E4%BA%86%E9%82%BB%E5%B1%85%E4%B8%89%E7%9F%B3%E7%B1%B3)",
        "嗯，他欠了呢邻居啊三石米",
        "老人说：“邻居三石米”",
        "老人说：「鄰居三石米」",
        "老人说：“欠……三石米”",
        'title="听“邻居三石米”"',
    ],
)
def test_a_line_is_found_however_it_is_quoted(text: str) -> None:
    assert words(LINE).found_in(text)


@pytest.mark.parametrize(
    ("withheld", "text"),
    [
        ((LINE,), "他跟邻居借过米，后来还了。"),
        ((LINE,), "“三石米”是多少？"),
        (("是的。",), "是的，是的。"),
        (("对的", "是的", "好的"), "“对的，是的，好的”"),
        (("我不知道。",), "他说“我不知道”。"),
        (("一九六二年的时候修了一座桥",), "一九六二年的时候，这里还没有路。"),
        (("我们村里有个人偷了东西",), "我们村里有一条河。"),
        (("他走了", "没回来"), "他走了，没有回来过。"),
        (("He owed the neighbours three bushels",), "Ask the neighbours what they remember."),
    ],
)
def test_what_is_said_everywhere_is_no_quotation(withheld: tuple[str, ...], text: str) -> None:
    assert not words(*withheld).found_in(text)


@pytest.mark.parametrize(
    ("withheld", "text"),
    [
        (("他是小偷",), "都说他是小偷。"),
        (("他在外面有人",), "都说他在外面有人。"),
        (("电话是13812345678",), "电话：138 1234 5678"),
        (("电话是138-1234-5678",), "打１３８１２３４５６７８就是"),
        (("那年冬天大雪", "他偷了牛"), "那年冬天大雪他偷了牛"),
        (("He owed the neighbours three bushels",), "he *owed* the <i>neighbours</i> three"),
    ],
)
def test_short_lines_numbers_and_other_scripts_are_found(
    withheld: tuple[str, ...], text: str
) -> None:
    assert words(*withheld).found_in(text)


@pytest.mark.parametrize("text", [LINE, f"“{LINE}”", "老人说“邻居三石米”"])
def test_what_is_public_as_well_is_no_secret(text: str) -> None:
    assert not words(LINE, public=(f"晓得的，{LINE}",)).found_in(text)
    assert words(LINE, public=("他欠了邻居三个人情，一直没有还。",)).found_in(text)


def test_public_lines_are_read_only_for_words_that_may_be_secret() -> None:
    def fail() -> list[Passage]:
        pytest.fail("read")

    found = WithheldWords([Passage("a", ((0.0, LINE),))], fail, normalise)
    assert not found.found_in("村里有一条河，河上有一座桥，“慈乌村”这个名字是后来改的。")


def test_a_quotation_may_be_spread_over_texts_and_has_the_place_of_its_line() -> None:
    found = words("那年冬天下了一场大雪", LINE).find(["从前", "他欠了邻", "居三石米", "", "后来"])
    assert found == dict.fromkeys((1, 2), Place("a", 1.0))
    assert words(LINE).place_of_quotation("邻居三石米") == Place("a", 0.0)
    assert words(LINE).place_of_quotation("一条河") is None


def test_adjacent_lines_make_a_passage_in_both_languages() -> None:
    lines = [
        Segment(0.0, 1.0, "一"),
        Segment(1.0, 2.0, "二", withheld=True),
        Segment(2.0, 3.0, "三", withheld=True, mandarin="叁"),
        Segment(3.0, 4.0, "四"),
    ]
    assert list(passages_of("a", lines, withheld=True)) == [
        Passage("a", ((1.0, "二"), (2.0, "三"))),
        Passage("a", ((1.0, "二"), (2.0, "叁"))),
    ]
    assert len(list(passages_of("a", lines, withheld=False))) == 2


RARE = "鱻麤猋骉犇羴淼焱垚矗磊晶森鑫品众畾惢"


@given(
    st.permutations(RARE).map("".join),
    st.lists(
        st.sampled_from(["", "", "，", " ", "*", "**", "\u200b", "<i>", "</i>", "&nbsp;", "…"])
    ),
)
def test_marks_between_the_characters_hide_nothing(line: str, between: list[str]) -> None:
    marks = [*between, *[""] * len(line)]
    text = "".join(c + mark for c, mark in zip(line, marks, strict=False))
    assert words(line).found_in(f"从前，{text}。")
    assert not words(line).found_in(f"从前，{line[:3]}。{line[9:12]}")
