"""Who may use what: the rules that the import contracts of pyproject.toml cannot say."""

import ast
import re
import sys
from pathlib import Path

from support.village import ROOT

PACKAGE = ROOT / "scripts" / "cunshi"
MODULES = sorted(PACKAGE.rglob("*.py"))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_one_module_knows_pyav_and_pydub() -> None:
    for path in MODULES:
        if path != PACKAGE / "media" / "audio.py":
            text = path.read_text("utf-8")
            assert not re.search(r"^\s*(import|from) (av|pydub)\b", text, re.MULTILINE), path


def test_no_module_is_called_like_one_of_the_standard_library() -> None:
    names = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}
    assert names & sys.stdlib_module_names == set()


def test_modules_functions_and_rooms_are_short() -> None:
    for path in MODULES:
        assert len(path.read_text("utf-8").splitlines()) <= 400, path
        for function in functions(path):
            length = (function.end_lineno or 0) - function.lineno + 1
            assert length <= 60, f"{path}: {function.name}"
    for room in {path.parent for path in MODULES}:
        most = 5 if room == PACKAGE else 16
        assert len(list(room.glob("*.py"))) <= most, room


def test_each_room_says_what_it_is_for() -> None:
    for room in {path.parent for path in MODULES}:
        tree = ast.parse((room / "__init__.py").read_text("utf-8"))
        assert len(ast.get_docstring(tree) or "") > 60, room
