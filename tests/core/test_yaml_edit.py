"""Editing YAML written by people: one value changes, and every other byte stays."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cunshi.core.yaml_edit import (
    append_item,
    dump_inline,
    empty_value,
    encode_as,
    replace_value,
    rewrite,
    set_value,
)

ALIASES = {"备注": "note", "同意书": "consent", "签署人": "by"}


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a: 1\nnote: 旧\nb: 2\n", "note", "a: 1\nnote: 新\nb: 2\n"),
        ("note: '旧'  # 注\n", "note", "note: 新  # 注\n"),
        ('note: "旧: #"\n', "note", "note: 新\n"),
        ("note:\n# 注\nb: 2\n", "note", "note: 新\n# 注\nb: 2\n"),
        ("note:   # 注\n", "note", "note: 新   # 注\n"),
        ("note: 旧\n  续\nb: 2\n", "note", "note: 新\nb: 2\n"),
        ("note: 旧", "note", "note: 新"),
        ("备注: 旧\n", "note", "备注: 新\n"),
        ("a: 1\r\nnote: 旧\r\nb: 2\r\n", "note", "a: 1\r\nnote: 新\r\nb: 2\r\n"),
        ("a: 1\n# 完\n", "note", "a: 1\n# 完\nnote: 新\n"),
        ("", "note", "\nnote: 新\n"),
        ("# 只有注\n", "note", "# 只有注\nnote: 新\n"),
        ("consent: {by: 旧}\n", "consent.by", "consent: {by: 新}\n"),
        ("consent: {by: 甲}\n", "consent.form", "consent: {by: 甲, form: 新}\n"),
        ("consent: {}\n", "consent.form", "consent: {form: 新}\n"),
        ("consent:\nb: 2\n", "consent.form", "consent: {form: 新}\nb: 2\n"),
        ("b: 2\n", "consent.form", "b: 2\nconsent: {form: 新}\n"),
        ("consent:\n  by: 旧  # 注\nb: 2\n", "consent.by", "consent:\n  by: 新  # 注\nb: 2\n"),
        (
            "consent:\n    by: 甲\n    # 注\nb: 2\n",
            "consent.form",
            "consent:\n    by: 甲\n    form: 新\n    # 注\nb: 2\n",
        ),
        (
            "consent:\r\n  by: 甲  # 注\r\nb: 2\r\n",
            "consent.form",
            "consent:\r\n  by: 甲  # 注\r\n  form: 新\r\nb: 2\r\n",
        ),
        (
            "同意书:\n  签署人: 甲\n",
            "consent.form",
            "同意书:\n  签署人: 甲\n  form: 新\n",
        ),
    ],
)
def test_one_value_is_set_and_every_other_byte_stays(text: str, path: str, expected: str) -> None:
    assert set_value(text, tuple(path.split(".")), "新", ALIASES) == expected


def test_a_mapping_is_replaced_or_emptied_whole() -> None:
    text = "a: 1\nconsent:\n  by: 甲\n  form: 乙\n# 注\nb: 2\n"
    assert set_value(text, ("consent",), None).splitlines() == ["a: 1", "consent:", "# 注", "b: 2"]
    assert set_value(text, ("consent",), {"by": "丙"}) == "a: 1\nconsent: {by: 丙}\n# 注\nb: 2\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("note: |\n  一\n  二\n\n# 注\nb: 2\n", "note: 新\n\n# 注\nb: 2\n"),
        ("note: >\r\n  一\r\nb: 2\r\n", "note: 新\r\nb: 2\r\n"),
        ("note:\n- 一\n- 二 # 注\nb: 2\n", "note: 新 # 注\nb: 2\n"),
        ("note:\n  - [一,\n     二]\n\n# 注\nb: 2\n", "note: 新\n\n# 注\nb: 2\n"),
    ],
)
def test_a_value_of_several_lines_is_replaced_and_the_next_line_stays(
    text: str, expected: str
) -> None:
    assert set_value(text, ("note",), "新") == expected


def test_a_key_is_taken_out_of_braces_and_emptied_in_lines() -> None:
    assert empty_value("c: {by: 甲, form: 乙} # 注\n", ("c", "form")) == "c: {by: 甲} # 注\n"
    assert empty_value("c: {签署人: 甲, form: 乙}\n", ("c", "by"), ALIASES) == "c: {form: 乙}\n"
    assert empty_value("c: {by: 甲}\n", ("c", "by")) == "c: {}\n"
    assert empty_value("c: {by: 甲}\n", ("c", "form")) == "c: {by: 甲}\n"
    assert empty_value("c:\n  by: 甲 # 注\n  form: 乙\n", ("c", "by")) == (
        "c:\n  by: # 注\n  form: 乙\n"
    )


def test_what_cannot_be_changed_in_place_stays_as_a_comment() -> None:
    text = "a: 1\n备注: &x\n  旧\nb: 2\n"
    assert replace_value(text, "note", "新", ALIASES) == (
        "a: 1\nnote: 新\n# 备注: &x\n#   旧\nb: 2\n"
    )
    text = "{备注: 旧,\n  b: 2}\n"
    assert rewrite(text, {"note": "新"}, ALIASES) == ("note: 新\nb: 2\n# {备注: 旧,\n#   b: 2}\n")
    for text in ("- 一\n", "只有字"):
        with pytest.raises(yaml.YAMLError):
            rewrite(text, {"note": "新"})


def test_what_is_nested_too_deeply_is_refused() -> None:
    """Parsing it would end the program."""
    deep = f"a: {'[' * 200_000}{']' * 200_000}\n"
    for edit in (
        lambda: set_value(deep, ("b",), 1),
        lambda: replace_value(deep, "b", 1),
        lambda: rewrite(deep, {"b": 1}),
        lambda: append_item(deep, "b", "一"),
    ):
        with pytest.raises(yaml.YAMLError):
            edit()


# --- any text, any value

KEYS = ("title", "village", "narrator", "rights", "note", "motto", "meaning")
FLOW, BLOCK = "{by: 甲, form: '三, 四'}", "\n  by: 甲  # 本人\n  # 注\n  form: 乙"
SPELT = ("", "旧", "'单: 引'", '"双 # 引"', "旧 [一]", "旧\n   续", "{x: y}", FLOW, BLOCK, "~")
SPELT = (*SPELT, "2026-01-12", "[一,\n  二]", "\n- 一\n-   二", "\n  - by: 甲\n    form: 乙")
LINES = ("|\n  一\n\n  二", ">-\n  一\n  二")  # nothing may stand behind these on their line
comments = st.lists(st.sampled_from(["# 注", "#title: x", "", "  # 缩进的注", "# it's \"a: b"]))
after = st.sampled_from(["", "  # 行末: '注", " "])
pairs = st.lists(
    st.tuples(comments, st.sampled_from(KEYS), st.sampled_from(SPELT), after)
    | st.tuples(st.just([]), st.sampled_from(KEYS), st.sampled_from(LINES), st.just("")),
    unique_by=lambda pair: pair[1],
)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(str.strip)
values: st.SearchStrategy[Any] = st.one_of(
    words,
    st.none(),
    st.booleans(),
    st.integers(),
    st.dates(),
    st.lists(words, max_size=3),
    st.dictionaries(st.sampled_from(["by", "form", "until"]), words.filter(bool), max_size=3),
)
Pair = tuple[list[str], str, str, str]


def written(pairs: list[Pair], end: str, changed: dict[str, str]) -> str:
    """Return YAML as people write it, with some values in other notations."""
    text, last = "", ""
    for before, key, value, behind in pairs:
        spelt = changed.get(key, value)
        # What is indented behind a block of text is one of its lines, and no comment.
        text += "".join(f"{line}\n" for line in before if line[:1] != " " or last not in LINES)
        last = value
        text += f"{key}: {spelt}".rstrip() + f"{behind}\n"
    return text.replace("\n", end)


@settings(deadline=None)
@given(pairs, st.sampled_from(KEYS), values, st.sampled_from(["\n", "\r\n"]))
def test_every_other_byte_stays(pairs: list[Pair], key: str, value: Any, end: str) -> None:
    text = written(pairs, end, {})
    changed = set_value(text, (key,), value)
    if key in {pair[1] for pair in pairs}:
        assert changed == written(pairs, end, {key: dump_inline(value)})
    else:
        end = end if text else "\n"  # an empty text has no line ends of its own
        added = f"{text.rstrip()}{end}{key}: {dump_inline(value)}{end}"
        assert changed == (text if value in (None, "") else added)


@settings(deadline=None)
@given(pairs, st.sampled_from(KEYS), values | st.text(), st.sampled_from(["\n", "\r\n"]))
def test_what_is_set_is_read_and_all_else_reads_as_before(
    pairs: list[Pair], key: str, value: Any, end: str
) -> None:
    text = written(pairs, end, {})
    for changed in (
        set_value(text, (key,), value),
        replace_value(text, key, value),
        rewrite(text, {key: value}),
    ):
        others = {k: v for k, v in read(text).items() if k != key}
        assert {k: v for k, v in read(changed).items() if k != key} == others
        assert read(changed).get(key) == meant(value)


@settings(deadline=None)
@given(pairs, st.sampled_from(KEYS), values)
def test_to_set_it_twice_is_to_set_it_once(pairs: list[Pair], key: str, value: Any) -> None:
    once = set_value(written(pairs, "\n", {}), (key,), value)
    assert set_value(once, (key,), value) == once


@settings(deadline=None)
@given(st.sampled_from([FLOW, BLOCK, "{}", "", "~"]), st.sampled_from(["by", "until"]), values)
def test_a_key_within_a_key_is_set_and_read(consent: str, key: str, value: Any) -> None:
    text = f"a: 1\nconsent: {consent}\nb: 2\n"
    once = set_value(text, ("consent", key), value)
    before, after = read(text), read(once)
    assert meant((after["consent"] or {}).get(key)) == meant(value)
    for others in (before, after):
        (others["consent"] or {}).pop(key, None)
    assert after == before | {"consent": after["consent"]}
    assert (after["consent"] or {}) == (before["consent"] or {})
    assert set_value(once, ("consent", key), value) == once


@settings(deadline=None)
@given(
    st.sampled_from(
        ["", "[]", "[一]", "\n  - 一 # 注", "\n- 一\n# 注\n- by: 乙\n  form: |\n    丙"]
    ),
    words.filter(bool)
    | st.fixed_dictionaries({"by": words.filter(bool), "form": words.filter(bool)}),
    comments,
    st.sampled_from(["\n", "\r\n"]),
)
def test_an_item_is_the_last_one_and_every_line_stays(
    items: str, item: Any, end: list[str], newline: str
) -> None:
    text = f"a: 1\nlist: {items}\n{''.join(f'{line}{chr(10)}' for line in end)}b: 2\n"
    text = text.replace("\n", newline)
    changed = append_item(text, "list", item)
    assert read(changed) == {"a": 1, "list": [*(read(text)["list"] or []), item], "b": 2}
    kept = [line for line in text.split("\n") if "[" not in line]
    lines = iter(changed.split("\n"))
    assert all(line in lines or line.startswith("list:") for line in kept)


@settings(deadline=None)
@given(words, st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "gb18030"]))
def test_the_encoding_stays(text: str, name: str) -> None:
    mark = "\ufeff" if name.startswith("utf-16") else ""
    before = f"# 注\n{text}\n"
    after = encode_as(f"{before}b: 二\n", before, (mark + before).encode(name))
    assert after == (f"{mark}{before}b: 二\n").encode(name)


def test_no_encoding_is_guessed() -> None:
    with pytest.raises(ValueError, match="b: 二"):
        encode_as("b: 二", "a", b"\xff")


def meant(value: Any) -> Any:
    """Treat an empty text like None, because they are written alike."""
    return None if value == "" else value


def read(text: str) -> dict[str, Any]:
    return yaml.safe_load(text) or {}
