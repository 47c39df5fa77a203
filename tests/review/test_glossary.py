"""Words that people add to the glossary at the desk."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.glossary_file import parse_glossary
from cunshi.archive.project import Project
from cunshi.core.yaml_edit import append_item
from cunshi.domain.glossary import Term
from cunshi.review.editor import glossary

NEW = Term("暗泾", "地名", "一条河：“泾”是小河", "金村村", "àn jīng", ("暗经",))
FIRST = "terms:\n  - term: 金村\n    meaning: 村\n"
GLOSSARIES = {
    "as people write it": "# 词语本\n" + FIRST + "    kind: 地名\n",
    "no end of line": "terms:\n- term: 金村\n  meaning: 村",
    "a comment behind": "terms:\n  - {term: 金村, meaning: 村}  # 老名字\n\n# 完\n",
    "a block of text": "terms:\n  - term: 金村\n    meaning: |\n      一个\n      村\n\n# 完\n",
    "a list at the end": FIRST + "    heard_as:\n      - 今村\n      - 金春\n",
    "a list on one line": FIRST + "    heard_as: [今村,\n      金春]\n# 完\n",
    "all on one line": "terms: [{term: 金村, meaning: 村}]  # 词\n",
    "an empty list": "# 词语本\nterms: []  # 还没有\n# 完\n",
    "nothing": "# 词语本\nterms:\n\n# 完\n",
    "no key": "# 还没有词\n",
    "an empty file": "",
    "quoted over lines": 'terms:\n  - term: 金村\n    meaning: "一个\n      村"\n',
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", GLOSSARIES)
def test_a_word_is_added_and_all_else_stays(village: Project, kind: str, end: str) -> None:
    text = GLOSSARIES[kind].replace("\n", end)
    village.glossary.write_bytes(text.encode())
    before = parse_glossary(text, "", [])
    assert glossary.add_term(village, NEW) == (*before, NEW)
    after = village.glossary.read_bytes().decode()
    # Every line of before is there, in its order.
    lines = iter(after.splitlines())
    kept = [line for line in text.splitlines() if line.strip() and "[]" not in line]
    if kind != "all on one line":
        assert all(line in lines for line in kept)
    assert ("\r\n" in after) == (end == "\r\n" and bool(text))
    assert after.replace("\r\n", "").count("\r") == 0


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16-le", "utf-16-be", "gb18030"])
def test_the_encoding_stays(village: Project, name: str) -> None:
    mark = "\ufeff" if name.startswith("utf-16") else ""
    village.glossary.write_bytes((mark + GLOSSARIES["as people write it"]).encode(name))
    before = village.glossary.read_bytes()
    assert NEW in glossary.add_term(village, Term(**vars(NEW)))
    assert village.glossary.read_bytes().startswith(before)


@given(
    st.builds(
        Term,
        st.text(min_size=1, max_size=20).map(lambda t: " ".join(t.split())).filter(bool),
        st.sampled_from(["", "地名"]),
        st.text(min_size=1, max_size=60).map(lambda t: " ".join(t.split())).filter(bool),
    )
)
def test_any_word_is_read_back_or_refused(term: Term) -> None:
    text = GLOSSARIES["as people write it"]
    after = parse_glossary(append_item(text, "terms", glossary.as_entry(term)), "", [])
    assert after[:-1] == parse_glossary(text, "", [])
    # What YAML cannot hold is found out by reading it back, before the file is touched.
    assert after[-1].meaning == term.meaning or not term.meaning.isprintable()


def test_the_sample_glossary_takes_a_word(village: Project) -> None:
    before = village.glossary.read_bytes()
    glossary.add_term(village, Term("新词", "地名", "意思"))
    added = b"  - term: \xe6\x96\xb0\xe8\xaf\x8d\n"
    assert village.glossary.read_bytes().startswith(before + added)


def test_a_word_twice_is_refused(ask: httpx2.Client, village: Project) -> None:
    before = village.glossary.read_bytes()
    answer = ask.post("/api/glossary", json={"term": "金村", "meaning": "又一次"})
    assert answer.status_code == 409 and "已经有" in answer.json()["error"]
    assert village.glossary.read_bytes() == before


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({}, ["term", "meaning"]),
        ({"term": "  ", "meaning": "x"}, ["term"]),
        ({"term": "新词", "meaning": "x", "heard_as": ["三个字"]}, ["heard_as"]),
        ({"term": "新" * 41, "meaning": "x"}, ["term"]),
        ({"term": 5, "meaning": ["x"]}, ["term", "meaning"]),
    ],
)
def test_what_a_word_lacks_is_said(ask: httpx2.Client, body: Any, keys: list[str]) -> None:
    answer = ask.post("/api/glossary", json=body)
    assert answer.status_code == 422
    assert [problem["key"] for problem in answer.json()["problems"]] == keys


def test_a_glossary_with_mistakes_is_left_alone(ask: httpx2.Client, village: Project) -> None:
    village.glossary.write_text("terms:\n  - term: 金村\n   meaning: 村\n", "utf-8")
    before = village.glossary.read_bytes()
    answer = ask.post("/api/glossary", json={"term": "新词", "meaning": "意思"})
    assert answer.status_code == 409 and "glossary.yml" in answer.json()["error"]
    assert village.glossary.read_bytes() == before


def test_a_word_of_the_desk_is_in_the_list(ask: httpx2.Client) -> None:
    body = {"term": "老虎灶", "meaning": "卖开水的铺子", "kind": "风物", "heard_as": ["老虎早"]}
    answer = ask.post("/api/glossary", json=body)
    assert answer.status_code == 200
    assert answer.json()["terms"][-1]["heard_as"] == ["老虎早"]
    assert ask.get("/api/glossary").json() == answer.json()
