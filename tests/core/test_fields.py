"""YAML written by people: mistakes are reported with their line and never raise."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.core.errors import ExitCode, RecordError
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import Fields, load_fields, parse_fields, read_text

ALIASES = {"村": "village", "讲述人": "narrator"}


def read(text: str, **options: object) -> tuple[Fields, list[Problem]]:
    problems: list[Problem] = []
    fields = parse_fields(text, "folder.yml", problems, ALIASES, **options)  # type: ignore[arg-type]
    return fields, problems


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_every_kind_of_value_is_read() -> None:
    fields, problems = read(
        "village: ' 金村村 '\nlesson: 3\nlength: 2.5\nminor: 是\ndate: 2026-01-12\n"
        "villages: [金村村, 欧桥村]\nword: 一个\nconsent:\n  by: 王老师\n"
        "terms:\n  - term: 土布\n  - term: 羊毛衫\nempty:\nnothing: ~\n"
    )
    assert fields.text("village") == "金村村"
    assert fields.integer("lesson") == 3
    assert fields.number("length") == 2.5
    assert fields.flag("minor") is True
    assert fields.day("date") == dt.date(2026, 1, 12)
    assert fields.texts("villages") == ("金村村", "欧桥村")
    assert fields.texts("word") == ("一个",)
    assert fields.section("consent").text("by") == "王老师"
    assert [term.text("term") for term in fields.sections("terms")] == ["土布", "羊毛衫"]
    assert (fields.text("empty", "x"), fields.text("nothing"), fields.text("gone")) == ("x", "", "")
    assert ("empty" in fields, "gone" in fields) == (True, False)
    fields.finish()
    assert problems == []


@pytest.mark.parametrize("word", ["是", "有", "yes", "True", "on"])
def test_yes_has_many_names(word: str) -> None:
    fields, problems = read(f"minor: {word}\n")
    assert (fields.flag("minor"), problems) == (True, [])


@pytest.mark.parametrize("word", ["否", "无", "没有", "No", "false", "off"])
def test_no_has_many_names(word: str) -> None:
    fields, problems = read(f"minor: {word}\n")
    assert (fields.flag("minor", default=True, invalid=True), problems) == (False, [])


@pytest.mark.parametrize(
    ("written", "reading", "value"),
    [
        ("lesson: 三", lambda f: f.integer("lesson", 7), 7),
        ("lesson: -3", lambda f: f.integer("lesson"), 0),
        ("lesson: 3.5", lambda f: f.integer("lesson"), 0),
        ("lesson: [3]", lambda f: f.integer("lesson"), 0),
        ("length: 长", lambda f: f.number("length"), 0.0),
        ("minor: 也许", lambda f: f.flag("minor", invalid=True), True),
        ("minor: 也许", lambda f: f.flag("minor", default=True), False),
        ("date: 昨天", lambda f: f.day("date"), None),
        ("date: 2026-02-30", lambda f: f.day("date"), None),
        ("date: 2026-1-12", lambda f: f.day("date"), None),
        ("access: 大家", lambda f: f.choice("access", {"公开": 0}, invalid=9), 9),
        ("title: [一, 二]", lambda f: f.text("title"), ""),
        ("title: {一: 二}", lambda f: f.text("title"), ""),
        ("villages: {一: 二}", lambda f: f.texts("villages"), ()),
        ("villages: [甲, 乙: 丙]", lambda f: f.texts("villages"), ("甲",)),
        ("consent: 王老师", lambda f: f.section("consent").text("by"), ""),
        ("consent: [王老师]", lambda f: f.section("consent").text("by"), ""),
        ("terms: 土布", lambda f: list(f.sections("terms")), []),
        ("terms: [土布]", lambda f: list(f.sections("terms")), []),
    ],
)
def test_a_wrong_value_is_reported_on_its_line(written: str, reading, value: object) -> None:
    fields, problems = read(f"# 说明\n\n{written}\n")
    assert reading(fields) == value
    problem = only(problems)
    assert (problem.where, problem.line) == ("folder.yml", 3)
    assert problem.code is ExitCode.RECORD


def test_a_wrong_value_deep_inside_is_reported_on_its_own_line() -> None:
    fields, problems = read("village: 金村村\nconsent:\n  by: 王老师\n  until: 明年\n")
    assert fields.section("consent").day("until") is None
    assert only(problems).line == 4


def test_lines_count_from_where_the_text_begins_in_its_file() -> None:
    fields, problems = read("title: 课\nminutes: 很久\n", first_line=2, code=ExitCode.LESSON)
    fields.integer("minutes")
    assert (only(problems).line, only(problems).code) == (3, ExitCode.LESSON)


def test_chinese_and_english_names_are_the_same() -> None:
    fields, problems = read("村: 金村村\n讲述人: 金老师\n")
    assert (fields.text("village"), fields.text("narrator")) == ("金村村", "金老师")
    fields.finish()
    assert problems == []


@pytest.mark.parametrize(
    "written", ["village: 甲\nx: 1\nvillage: 乙\n", "村: 甲\nx: 1\nvillage: 乙\n"]
)
def test_a_name_written_twice_is_reported_where_it_stands_again(written: str) -> None:
    fields, problems = read(written)
    assert fields.text("village") == "甲"
    assert (only(problems).line, "village" in only(problems).cause) == (3, True)


@pytest.mark.parametrize("written", ["village:\nvillage: 甲\n", "村: 甲\nvillage: ~\n"])
def test_an_empty_name_and_a_filled_one_are_no_contradiction(written: str) -> None:
    fields, problems = read(written)
    assert (fields.text("village"), problems) == ("甲", [])


@pytest.mark.parametrize(
    ("written", "remedy"),
    [("vilage: 甲", "village"), ("讲述: 甲", "讲述人"), ("zzzz: 甲", "删去")],
)
def test_an_unknown_name_is_answered_with_the_nearest_known_one(written: str, remedy: str) -> None:
    fields, problems = read(f"# 注\n{written}\n")
    fields.text("village")
    fields.finish()
    assert only(problems).line == 2
    assert written.partition(":")[0] in only(problems).cause
    assert remedy in only(problems).remedy


@pytest.mark.parametrize(
    ("written", "line", "remedy"),
    [
        ("村：金村村\n", 1, "半角"),
        ("lesson: 1\n村：金村村\n", 2, "半角"),
        ("consent:\n\tby: 王老师\n", 2, "Tab"),
        ("title: 一: 二\n", 1, "引号"),
        ('lesson: 1\ntitle: "没有关\n', 2, "引号"),
        ("- 一\n- 二\n", 1, "冒号"),
        ("只有一句话\n", 1, "冒号"),
    ],
)
def test_what_is_no_yaml_is_reported_with_its_remedy(written: str, line: int, remedy: str) -> None:
    fields, problems = read(written)
    assert fields.text("village") == ""
    # The parser sometimes notices only at the end of the line that the line is wrong.
    assert only(problems).line in {line, line + 1}
    assert remedy in only(problems).remedy


def test_a_list_as_a_name_is_reported_and_the_rest_is_read() -> None:
    fields, problems = read("village: 甲\n? [一, 二]\n: 三\n")
    assert fields.text("village") == "甲"
    assert only(problems).line == 2


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_notepad_may_save_in_any_of_its_encodings(tmp_path: Path, encoding: str) -> None:
    path, problems = tmp_path / "folder.yml", list[Problem]()
    path.write_bytes("village: 妙桥社区\n讲述人: 陈厂长\n".encode(encoding))
    fields = load_fields(path, "folder.yml", problems, ALIASES)
    assert (fields.text("village"), fields.text("narrator")) == ("妙桥社区", "陈厂长")
    fields.finish()
    assert problems == []


@pytest.mark.parametrize(
    "data",
    ["勤俭".encode(encoding) for encoding in ENCODINGS] + ["\ufeff勤俭".encode("utf-16-be")],
)
def test_a_text_is_read_without_the_mark_of_its_encoding(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    assert read_text(path) == "勤俭"


@pytest.mark.parametrize("data", [b"\xff\xfe\x01", b"\x00\xff\xff\xff", b"\xff\xd8\xff\xe0\x00"])
def test_what_is_no_text_is_refused_with_a_remedy(tmp_path: Path, data: bytes) -> None:
    path, problems = tmp_path / "folder.yml", list[Problem]()
    path.write_bytes(data)
    with pytest.raises(RecordError) as refused:
        read_text(path)
    assert refused.value.remedy
    assert load_fields(path, "folder.yml", problems).text("village") == ""
    assert (only(problems).where, only(problems).remedy) == ("folder.yml", refused.value.remedy)


def test_a_folder_in_place_of_a_file_is_reported(tmp_path: Path) -> None:
    problems: list[Problem] = []
    load_fields(tmp_path, "folder.yml", problems)
    assert only(problems).where == "folder.yml"


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    problems: list[Problem] = []
    fields = load_fields(tmp_path / "folder.yml", "folder.yml", problems)
    assert (fields.text("village"), problems) == ("", [])


def exhaust(fields: Fields) -> None:
    """Read one key with every method."""
    for name in ("a", "village"):
        fields.text(name)
        fields.integer(name)
        fields.number(name)
        fields.flag(name)
        fields.day(name)
        fields.texts(name)
        fields.choice(name, {"x": 1}, invalid=2)
        fields.section(name).text("a")
        for section in fields.sections(name):
            section.text("a")
    fields.finish()


@pytest.mark.parametrize(
    "written",
    [
        "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [{'*a, ' * 99}*a]\n" for i in range(20)),
        "x0: &x0 [1]\n" + "".join(f"x{i}: &x{i} [{f'*x{i - 1}, ' * 9}1]\n" for i in range(1, 60)),
        "a: &a {a: *a}\n",
        "a: &a [*a]\n",
        "a: *nothing\n",
        "a: " + "[" * 2000 + "]" * 2000,
        "a: " + "{a: " * 2000,
        "- " * 2000 + "x",
        "".join(" " * i + "a:\n" for i in range(500)),
        "a: !!python/object/apply:os.system [x]\n",
        "<<: {a: 1}\na: 2\n",
        "a: 1\n---\na: 2\n",
        "%YAML 9.9\n---\na: 1\n",
    ],
)
def test_a_bomb_of_any_kind_goes_off_nowhere(written: str) -> None:
    exhaust(read(written)[0])


yaml_like = st.text(
    alphabet="ab村:：- \t\n\r#'\"[]{}&*!|>%@`,?~\\0123\x00\x85\u2028\ufeff😀", max_size=60
)


@given(st.one_of(yaml_like, st.text(max_size=60)))
def test_no_text_raises_and_whatever_is_wrong_has_a_line(written: str) -> None:
    fields, problems = read(written)
    exhaust(fields)
    lines = len(written.splitlines()) + 1
    assert all(problem.cause and 1 <= problem.line <= lines for problem in problems)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_a_record_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(data)
    exhaust(load_fields(path, "any.yml", [], ALIASES))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_that_no_person_writes_is_refused(opening: str) -> None:
    """Parsing it would exhaust the stack and end the program."""
    problems: list[Problem] = []
    parse_fields("a:\n  " + opening * 30_000, "folder.yml", problems)
    assert len(problems) == 1
