"""Markdown is divided so that a part can be left out and the rest stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.catalogue.course.markdown_blocks import in_place_of, split_blocks

LINES = [
    "",
    "话",
    "- 项",
    "  1. 项",
    "> 引",
    "| 格 |",
    "```",
    "~~~",
    "# 题",
    "/// clip | x",
    "///",
    "    话",
]
MARKDOWN = st.lists(st.sampled_from(LINES)).map("\n".join) | st.text()


@given(MARKDOWN)
def test_the_blocks_are_the_text(text: str) -> None:
    assert "".join(split_blocks(text)) == text


@given(MARKDOWN)
def test_other_words_have_as_many_lines(text: str) -> None:
    for block in split_blocks(text):
        other = in_place_of(block, "〔〕")
        assert other.count("\n") == block.count("\n")
        assert "话" not in other
        assert "项" not in other


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ("一段话，\n有两行。\n", "〔〕\n\n"),
        ("- 一项\n", "- 〔〕\n"),
        ("  10. 一项\n", "  10. 〔〕\n"),
        ("> - 引的话\n", "> - 〔〕\n"),
        ("### 标题\n", "### 〔〕\n"),
        ("[^1]: 注释\n", "[^1]: 〔〕\n"),
        ("//// accounts | 题目\n", "//// accounts | 〔〕\n"),
        ("| 头 | 尾 |\n| --- | --- |\n| 一 | 二 |\n", "〔〕\n\n\n"),
        ("```\n代码\n\n代码\n```\n", "〔〕\n\n\n\n\n"),
        ("**加粗**的话\n", "〔〕\n"),
    ],
)
def test_a_block_keeps_its_mark(block: str, kept: str) -> None:
    before, after = "前面\n\n", "\n后面\n"
    assert block in split_blocks(before + block + after)
    assert in_place_of(block, "〔〕") == kept


def test_items_and_titles_are_blocks_of_their_own() -> None:
    text = "前面\n- 一\n  还是一\n- 二\n## 题\n话\n/// clip | x\n引\n///\n话\n"
    assert split_blocks(text) == [
        "前面\n",
        "- 一\n  还是一\n",
        "- 二\n",
        "## 题\n",
        "话\n",
        "/// clip | x\n",
        "引\n",
        "///\n",
        "话\n",
    ]
