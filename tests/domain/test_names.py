"""Names are found in whatever way they are written, and what only resembles them is pointed out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.domain.persons.names import (
    find_names,
    includes_name,
    same_name,
    similar_names,
    split_names,
)
from cunshi.domain.persons.pseudonyms import renamed, says_name

# Ways to write each character, and what may stand between two.
VARIANTS = {"师": "师師", "傅": "傅父", "陈": "陈陳", "龙": "龙龍", "发": "发發", "x": "xXｘＸ"}
BETWEEN = ("", " ", "\u3000", "\u200b", "\t", "**", "·", "\ufeff", "-", "`")
NAMES = ("周师傅", "陈龙发", "李小明", "Xu Xin")


@st.composite
def written(draw: st.DrawFn, name: str) -> str:
    parts = [draw(st.sampled_from(VARIANTS.get(c.lower(), c))) for c in name if c != " "]
    return "".join(part + draw(st.sampled_from(BETWEEN)) for part in parts[:-1]) + parts[-1]


@given(st.data(), st.sampled_from(NAMES), st.text("河边的，。 ", max_size=8))
def test_however_it_is_written_it_is_replaced(data: st.DataObject, name: str, around: str) -> None:
    spelling = data.draw(written(name))
    text = f"{around}。{spelling}，{around}"
    assert renamed(text, ((name, "某人"),)) == f"{around}。某人，{around}"
    assert same_name(spelling, name)
    assert includes_name(f"王阿婆、{spelling}", name)


@given(st.text(), st.sampled_from(NAMES))
def test_the_rest_of_a_text_stays_as_it_is(text: str, name: str) -> None:
    changed = renamed(text, ((name, "〇〇"),))
    assert not says_name(changed, ((name, ""),))
    if not find_names(text, [name]):
        assert changed == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("wann liegt es", "Ann Li"),
        ("周老师来了", "周师傅"),
        ("师傅姓周", "周师傅"),
        ("周到的师傅", "周师傅"),
        ("我们发，龙陈", "陈龙发"),
        ("", "周师傅"),
    ],
)
def test_another_word_is_not_the_name(text: str, name: str) -> None:
    assert not says_name(text, ((name, ""),))
    assert not same_name(text, name)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("听 Zhou Deming 讲", "周德明", "zhoudeming"),
        ("Zhōu Démíng", "周德明", "zhoudeming"),
        ("written by Deming Zhou", "周德明", "demingzhou"),
        ("周得明说过", "周德明", "周得明"),
        ("周德民说过", "周德明", "周德民"),
        ("我们德明那时候", "周德明", "德明"),
        ("周书记说", "周德明", "周书记"),
        ("老周说", "周师傅", "老周"),
        ("周伯伯说", "周师傅", "周伯伯"),
        ("阿明说", "周德明", "阿明"),
    ],
)
def test_what_may_mean_the_name_is_pointed_out(text: str, name: str, found: str) -> None:
    assert found in list(similar_names(text, [name]))
    assert not says_name(text, ((name, ""),))


@pytest.mark.parametrize("text", ["村里有一条河，河上有座桥。", "周德明", "周 德明", "Deming", ""])
def test_what_is_not_similar_or_is_the_name_itself_is_not(text: str) -> None:
    assert set(similar_names(text, ["周德明"])) - {"德明"} == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("周师傅", ("周师傅",)),
        ("周师傅、周德明", ("周师傅", "周德明")),
        ("周师傅，周德明；老周", ("周师傅", "周德明", "老周")),
        ("周师傅 / 周德明", ("周师傅", "周德明")),
        ("周师傅 周德明", ("周师傅 周德明", "周师傅", "周德明")),
        ("周 师傅", ("周 师傅",)),
        ("Zhou Deming", ("Zhou Deming",)),
        ("、", ()),
        ("", ()),
    ],
)
def test_several_names_in_one_text_are_several(text: str, names: tuple[str, ...]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize(
    "narrators",
    ["周德明（周师傅）", "周師傅(口述)", "王阿婆、周师傅", "王阿婆和周师傅", "王阿婆 周师傅"],
)
def test_a_narrator_is_found_among_others_and_in_brackets(narrators: str) -> None:
    assert includes_name(narrators, "周师傅")
    assert not includes_name(narrators, "周师")
    assert not includes_name("周师傅的儿子", "周师傅")
