"""The syntax of citations in lessons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.catalogue.course.citation_syntax import (
    Citation,
    fill_citations,
    find_citations,
    find_invalid_accounts,
    parse_argument,
)

ID = "20260112-7a994552"


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        (f"{ID} 0:18.7-0:34.6", 18.7, 34.6),
        (f"{ID} 18.7-34.6", 18.7, 34.6),
        (f"  {ID}   00:00:18.700 - 00:00:34.600  ", 18.7, 34.6),
        (f"{ID} 0:18.7–0:34.6", 18.7, 34.6),
        (f"{ID} 0:18.7—0:34.6", 18.7, 34.6),
        (f"{ID} 0:18.7~0:34.6", 18.7, 34.6),
        (f"{ID} 0:18.7至0:34.6", 18.7, 34.6),
        (f"{ID} 59:59-1:00:01", 3599, 3601),
    ],
)
def test_a_citation_names_a_recording_and_a_time_range(
    written: str, start: float, end: float
) -> None:
    assert parse_argument(written) == (ID, pytest.approx(start), pytest.approx(end))


@pytest.mark.parametrize(
    "written",
    [
        "",
        ID,
        f"{ID} 0:18",
        f"{ID} 0:18-",
        f"{ID} 0:20-0:10",
        f"{ID} 0:20-0:20",
        f"{ID} 0:61-0:70",
        f"{ID} 0：18-0：20",
        f"{ID} 1.2.3-4",
        "0:18-0:20",
        f"{ID} 0:18-0:20 多余",
        f"{ID} -5-10",
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        parse_argument(written)


TEXT = f"""# 课

/// clip | {ID} 0:18.7-0:34.6
为什么叫慈乌村呢？
因为有乌鸦。
///

/// clip | {ID} 0:40-0:41
///

/// clip | {ID} 一分到两分
///

/// note | 别的
///
"""


def test_citations_are_found_with_their_lines_and_quotations() -> None:
    found, unreadable = find_citations(TEXT)
    assert found == [
        Citation(ID, 18.7, 34.6, "为什么叫慈乌村呢？\n因为有乌鸦。", 3),
        Citation(ID, 40, 41, "", 8),
    ]
    assert unreadable == [(11, f"{ID} 一分到两分")]


@pytest.mark.parametrize(
    "block",
    [
        f"/// clip | {ID} 0:01-0:02\n///",
        f"///  clip   |   {ID} 0:01-0:02\n///  ",
        f"/// clip |{ID} 0:01-0:02\n\n///\n",
    ],
)
def test_spaces_and_the_end_of_the_file_do_not_matter(block: str) -> None:
    assert find_citations(block) == ([Citation(ID, 1, 2, "", 1)], [])


def test_a_block_of_another_name_is_none() -> None:
    assert find_citations("/// clips | a 0:01-0:02\n///\n/// note\n///\n") == ([], [])


def test_every_readable_block_is_filled_and_the_rest_stays() -> None:
    filled = fill_citations(TEXT, lambda c: {"words": f'他说: "{c.line}"', "audio": "a.m4a"})
    assert filled == TEXT.replace(
        f"/// clip | {ID} 0:18.7-0:34.6\n为什么叫慈乌村呢？\n因为有乌鸦。\n",
        f"/// clip | {ID} 00:00:18.700-00:00:34.600\n"
        '    words: "他说: \\"3\\""\n    audio: "a.m4a"\n\n',
    ).replace(
        f"/// clip | {ID} 0:40-0:41\n",
        f"/// clip | {ID} 00:00:40.000-00:00:41.000\n"
        '    words: "他说: \\"8\\""\n    audio: "a.m4a"\n\n',
    ).replace(f"/// clip | {ID} 一分到两分\n///", "")


def test_a_filled_block_is_a_citation_of_the_same_times() -> None:
    filled = fill_citations(TEXT, lambda citation: {})
    before, after = find_citations(TEXT)[0], find_citations(filled)[0]
    assert [(c.recording_id, c.start, c.end) for c in after] == [
        (c.recording_id, c.start, c.end) for c in before
    ]


@given(st.text(alphabet="/ clip|a0:1-2\n村", max_size=80))
def test_any_text_can_be_searched_and_filled(text: str) -> None:
    found, unreadable = find_citations(text)
    lines = text.count("\n") + 1
    assert all(1 <= citation.line <= lines for citation in found)
    assert all(1 <= line <= lines for line, __ in unreadable)
    assert fill_citations(text, lambda citation: {}).count("/// clip") <= text.count("clip")


@pytest.mark.parametrize(
    "written",
    [
        "/// clip | a 0-5\nwords, but no end",
        "///clip | a 0-5\n///",
        "/// Clip | a 0-5\n///",
        "   /// clip | a 0-5\n   ///",
        "//// clip | a 0-5\n////",
        "/// clip\n///",
        "/// clip | a 0-" + "9" * 400 + "\n///",
    ],
)
def test_what_was_meant_as_a_citation_is_reported(written: str) -> None:
    found, unreadable = find_citations(f"first line\n\n{written}\n")
    assert found == []
    assert [line for line, __ in unreadable] == [3]


# --- the wall of quotations


@pytest.mark.parametrize(
    ("argument", "golden"),
    [(f"{ID} 0:01-0:02", False), (f"{ID} 0:01-0:02 金句", True), (f"{ID} 1-2   金句  ", True)],
)
def test_a_quotation_may_be_golden(argument: str, golden: bool) -> None:
    found, unreadable = find_citations(f"/// clip | {argument}\n话\n///\n")
    assert ([c.golden for c in found], unreadable) == ([golden], [])


@pytest.mark.parametrize("argument", [f"{ID} 1-2金句", f"{ID} 金句 1-2", f"{ID} 1-2 好句", "金句"])
def test_another_word_after_the_times_is_refused(argument: str) -> None:
    assert find_citations(f"/// clip | {argument}\n///\n")[0] == []


# --- references inside a sentence


@pytest.mark.parametrize(
    ("written", "label", "quote"),
    [
        (f"[听](clip:{ID}@0:05.22-0:18.36)", "听", ""),
        (f'[听](clip:{ID}@5.22-18.36 "六二年修的")', "听", "六二年修的"),
        (f"[听](clip:{ID}@5.22-18.36 “六二年修的”)", "听", "六二年修的"),
        (f"[听 *金老师*](  clip:{ID}@00:00:05.22–18.36  )", "听 *金老师*", ""),
        (f"[](clip:{ID}@5.22-18.36)", "", ""),
    ],
)
def test_a_reference_stands_inside_a_sentence(written: str, label: str, quote: str) -> None:
    found, unreadable = find_citations(f"一\n\n桥是那年修的{written}。\n")
    assert found == [Citation(ID, 5.22, 18.36, quote, 3, inline=True, label=label)]
    assert unreadable == []


@pytest.mark.parametrize(
    "text",
    [
        f"写成 `[听](clip:{ID}@1-2)` 就行",
        f"写成 ``[听](clip:{ID}@1-2) ` `` 就行",
        f"```\n[听](clip:{ID}@1-2)\n/// clip | {ID} 1-2\n///\n```",
        f"~~~ markdown\n/// clip | {ID} 1-2\n话\n///\n\n[听](clip:{ID}@1-2)\n~~~",
        "[剪报](clips.html) [回形针](https://example.org/clip)",
    ],
)
def test_what_stands_in_code_is_no_citation(text: str) -> None:
    assert find_citations(text) == ([], [])
    assert fill_citations(text, lambda c: {"words": "x"}, lambda c: "x") == text


def test_after_code_citations_are_found_again() -> None:
    text = f"`a` [一](clip:{ID}@1-2) ```b``` [二](clip:{ID}@2-3)\n\n一个 ` 在这里\n\n"
    text += f"[三](clip:{ID}@3-4) ` 又一个\n"
    assert [c.label for c in find_citations(text)[0]] == ["一", "二", "三"]


@pytest.mark.parametrize(
    "written",
    [
        f"[听](clip:{ID})",
        f"[听](clip:{ID}@2-1)",
        f"[听](clip:{ID} 1-2)",
        f"[听](clip: {ID}@1-2)",
        f"[听](clip：{ID}@1-2)",
        f"[听]（clip:{ID}@1-2）",
        f"![听](clip:{ID}@1-2)",
        f"[听]: clip:{ID}@1-2",
        f"<clip:{ID}@1-2>",
        f"[听](clip:{ID}@1-2 没有引号)",
    ],
)
def test_what_was_meant_as_a_reference_is_reported(written: str) -> None:
    found, unreadable = find_citations(f"first line\n\n{written}\n")
    assert found == []
    assert [line for line, __ in unreadable] == [3]


def test_an_unreadable_reference_leaves_its_words() -> None:
    filled = fill_citations("桥[听这里](clip:一分)。", lambda c: {}, lambda c: "x")
    assert filled == "桥听这里。"


def test_blocks_and_references_are_found_and_filled_in_one_order() -> None:
    text = f"[一](clip:{ID}@1-2)\n\n/// clip | {ID} 2-3\n[不是](clip:{ID}@9-10)\n///\n"
    text += f"\n[三](clip:{ID}@3-4)\n"
    found, unreadable = find_citations(text)
    assert ([(c.start, c.line) for c in found], unreadable) == ([(1, 1), (2, 3), (3, 7)], [])
    order: list[Citation] = []
    filled = fill_citations(
        text,
        lambda c: order.append(c) or {},  # type: ignore[func-returns-value]
        lambda c: order.append(c) or f"<{c.label}>",  # type: ignore[func-returns-value]
    )
    assert order == found
    assert filled.startswith("<一>\n\n/// clip")
    assert filled.endswith("\n<三>\n")
    assert "不是" not in filled


def test_a_withheld_recording_is_not_named() -> None:
    text = f"/// clip | {ID} 1-2\n话\n///\n\n[听](clip:{ID}@1-2)\n"
    filled = fill_citations(text, lambda c: {"withheld": "不能播放"}, lambda c: "不能播放")
    assert ID not in filled
    assert "话" not in filled


@given(st.text(alphabet='[听](clip:a@1-2 ")`\n~/| ', max_size=80))
def test_any_text_can_be_searched_for_references(text: str) -> None:
    found, unreadable = find_citations(text)
    filled: list[Citation] = []
    fill_citations(text, lambda c: filled.append(c) or {}, lambda c: filled.append(c) or "")  # type: ignore[func-returns-value]
    assert filled == found
    assert all(1 <= line <= text.count("\n") + 1 for line, __ in unreadable)


# --- accounts

CLIP = f"/// clip | {ID} 1-2\n///\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"//// accounts | 哪一年？\n\n{CLIP}\n{CLIP}\n////\n", []),
        (f"///// accounts | 哪一年？\n{CLIP}{CLIP}{CLIP}/////\n", []),
        (f"//// accounts | 哪一年？\n{CLIP}////\n", [1]),
        ("//// accounts | 哪一年？\n////\n", [1]),
        (f"//// accounts\n{CLIP}{CLIP}////\n", [1]),
        (f"/// accounts | 哪一年？\n{CLIP}{CLIP}///\n", [1]),
        (f"//// accounts | 哪一年？\n{CLIP}{CLIP}", [1]),
        (f"```\n//// accounts | 哪一年？\n{CLIP}////\n```\n", []),
    ],
)
def test_accounts_hold_two_voices_or_more(text: str, lines: list[int]) -> None:
    assert [line for line, __ in find_invalid_accounts(text)] == lines
