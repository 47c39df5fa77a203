"""The syntax of a citation in a lesson."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.citations import Citation, fill_citations, find_citations, parse_argument

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
