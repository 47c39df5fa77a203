"""The log for helpers contains no names and no words."""

import ast
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.core.errors import RecordError
from cunshi.core.logs import log_to
from support.village import ROOT

Run = Callable[..., tuple[int, str]]
log = logging.getLogger("cunshi.intake.somewhere")


def test_a_line_says_when_where_and_what(tmp_path: Path) -> None:
    path = tmp_path / "build" / "cunshi.log"
    with log_to(path):
        assert not path.exists()
        log.info("%s taken in: %d files, %.1f s", "motto", 2, 1.25)
    log.info("later")
    [line] = path.read_text("utf-8").splitlines()
    assert line.endswith(" INFO intake.somewhere: motto taken in: 2 files, 1.2 s")


def test_names_words_and_paths_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "cunshi.log"
    said = (
        "王老师",
        "C:\\Users\\wang\\村史",
        "two words",
        "20260112-3f9a2c1b",
        Path("/home/wang"),
        "a" * 60,
        None,
    )
    with log_to(path):
        for one in said:
            log.info("Got %s", one)
    lines = path.read_text("utf-8").splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == ["Got …"] * len(said)


def test_an_error_is_logged_by_kind_and_place_alone(tmp_path: Path) -> None:
    path = tmp_path / "cunshi.log"
    with log_to(path):
        try:
            try:
                raise ValueError("王老师说的话")
            except ValueError as error:
                raise RecordError("目录卡读不了", where=Path("/home/wang/金村村_金.yml")) from error
        except RecordError:
            log.exception("Stopped")
    text = path.read_text("utf-8")
    assert "RecordError\n  test_logs.py:" in text
    assert "ValueError\n  test_logs.py:" in text
    assert not any(word in text for word in ("王老师", "目录卡", "wang", "金村村"))


def test_errors_that_cause_each_other_are_logged_once(tmp_path: Path) -> None:
    path = tmp_path / "cunshi.log"
    first, second = ValueError(), RecordError("")
    first.__context__, second.__cause__ = second, first
    with log_to(path):
        log.error("Stopped", exc_info=second)
    assert path.read_text("utf-8").splitlines()[1:] == ["RecordError", "ValueError"]


def test_a_log_that_cannot_be_written_hinders_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "build").touch()  # no folder
    with log_to(tmp_path / "build" / "cunshi.log"):
        log.info("Nothing")
    assert capsys.readouterr() == ("", "")


def test_each_message_is_a_constant() -> None:
    """Only arguments are filtered, so messages must not contain values."""
    logged = 0
    for path in (ROOT / "scripts" / "cunshi").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "_log"
            ):
                assert isinstance(node.args[0], ast.Constant), (path, node.lineno)
                logged += 1
    assert logged > 5


def test_a_command_logs_its_end_and_its_problems(village: Project, run: Run) -> None:
    (village.recordings / "王老师说.m4a").write_bytes(b"no sound")
    code, printed = run(village, "ingest")
    assert (code, "王老师说" in printed) == (3, True)
    text = village.log.read_text("utf-8")
    assert "INFO core.logs: ingest begins: Cunshi " in text
    assert "INFO cli.command: 1 problems of code 3\n" in text
    assert "ingest ends with code 3 after " in text
    assert "王老师" not in text


def test_a_command_that_only_reads_writes_no_log_unless_it_fails(
    village: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(village, "status")
    assert not village.log.exists()
    monkeypatch.setattr(workflow, "survey", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(village, "status")
    text = village.log.read_text("utf-8")
    assert "ERROR core.logs: status is ended by an error" in text
    assert "ZeroDivisionError\n  cunshi/" in text
