"""history.jsonl: every revision can be restored after a crash or disk error."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.core.errors import RecordError
from cunshi.review.editor.history import SAVED, History, digest

texts = st.lists(
    st.sampled_from(["", "村", "桥", "老街\r", "\u2028", "a", "第一"]), max_size=12
).map("\n".join)


def filled(path: Path, states: list[str]) -> History:
    for number, text in enumerate(states, 1):
        assert History(path).append(text, "李老师", SAVED).revision == number
    return History(path)


@given(st.lists(texts, min_size=1, max_size=8))
def test_every_state_comes_back(
    tmp_path_factory: pytest.TempPathFactory, states: list[str]
) -> None:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    kept = filled(path, states)
    assert [kept.text(n) for n in range(1, len(states) + 1)] == states
    assert [r.sha256 for r in kept.revisions()] == [digest(text) for text in reversed(states)]
    assert kept.text(0) == ""


@pytest.fixture
def long(tmp_path: Path) -> tuple[Path, list[str]]:
    lines = [f"第{n}句，讲的是从前的事。" for n in range(200)]
    states = []
    for number in range(130):
        lines[number] = f"改过{number}"
        states.append("\n".join(lines))
    path = tmp_path / "history.jsonl"
    filled(path, states)
    return path, states


def test_a_long_history_holds_the_whole_text_now_and_then(long: tuple[Path, list[str]]) -> None:
    path, states = long
    whole = [n for n, line in enumerate(path.read_bytes().splitlines(), 1) if b'"text"' in line]
    assert whole == [1, 51, 101]
    assert path.stat().st_size < 10 * len(states[0].encode())
    assert History(path).text(130) == states[-1]


def test_a_line_that_was_never_finished_goes_when_the_next_is_written(
    long: tuple[Path, list[str]],
) -> None:
    path, states = long
    whole = path.read_bytes()
    last = whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]
    for size in range(len(last), len(whole)):
        path.write_bytes(whole[:size])
        torn = History(path)
        assert (len(torn), torn.text(129)) == (129, states[128])
    assert History(path).append("新的", "王老师", SAVED).revision == 130
    assert History(path).text(130) == "新的"
    assert path.read_bytes().startswith(last)


def test_a_damaged_line_costs_only_the_states_up_to_the_next_whole_text(
    long: tuple[Path, list[str]],
) -> None:
    path, states = long
    lines = path.read_bytes().splitlines(keepends=True)
    lines[59] = b"\0" * 20 + b"\n"
    path.write_bytes(b"".join(lines))
    kept = History(path, "archive/a/history.jsonl")
    for number in range(1, 131):
        if 60 <= number <= 100:
            with pytest.raises(RecordError) as raised:
                kept.text(number)
            assert (raised.value.where, raised.value.line) == ("archive/a/history.jsonl", 60)
            assert raised.value.remedy
        else:
            assert kept.text(number) == states[number - 1]
    assert {r.revision for r in kept.revisions()} == set(range(1, 131)) - {60}


def test_words_that_were_changed_in_the_file_are_noticed(long: tuple[Path, list[str]]) -> None:
    path, __ = long
    path.write_text(path.read_text("utf-8").replace("改过60", "改过99"), "utf-8")
    with pytest.raises(RecordError):
        History(path).text(61)
    assert History(path).text(60)


def test_behind_a_damaged_end_the_history_goes_on_with_a_whole_text(
    long: tuple[Path, list[str]],
) -> None:
    path, __ = long
    path.write_bytes(path.read_bytes()[:-40] + b"\n")
    kept = History(path)
    assert kept.last is None
    assert kept.append("接着写", "王老师", SAVED).text == "接着写"
    assert History(path).text(131) == "接着写"
    with pytest.raises(RecordError):
        History(path).text(130)


@pytest.mark.parametrize(
    "line", ["[]", "1", "null", '{"revision": 2}', '{"revision": 7, "time": "", "what": "saved"}']
)
def test_a_line_of_another_form_is_a_damaged_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    filled(path, ["一"])
    with path.open("a") as stream:
        stream.write(line + "\n")
    assert [r.revision for r in History(path).revisions()] == [1]


def test_the_file_can_be_read_without_this_program(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    filled(path, ["一\n二\n三\n四\n五", "一\n二\n三\n四\n午"])
    first, second = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert (first["text"], first["who"], first["what"]) == ("一\n二\n三\n四\n五", "李老师", "saved")
    assert second["edits"] == [[4, 1, ["午"]]]
    assert second["sha256"] == digest("一\n二\n三\n四\n午")
