"""The direction of imports: only ever from a later layer to an earlier one."""

import ast
import re
from pathlib import Path

from conftest import ROOT

PACKAGE = ROOT / "scripts" / "cunshi"
LAYERS = re.search(
    r"```layers\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.DOTALL
)


def module_name(path: Path) -> str:
    name = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The modules of ours that a module imports, wherever in its text."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cunshi"):
            base = (node.module or "").removeprefix("cunshi").removeprefix(".")
            names = [f"{base}.{alias.name}".strip(".") for alias in node.names]
            found |= {name if is_module(name) else base for name in names}
    return found - {""}


def is_module(name: str) -> bool:
    path = PACKAGE / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_imports_go_one_way() -> None:
    assert LAYERS
    layers = [line.split() for line in LAYERS[1].strip().splitlines()]
    rank = {name: number for number, line in enumerate(layers) for name in line}
    modules = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    modules = {name: path for name, path in modules.items() if name not in {"__init__", "__main__"}}
    assert modules.keys() == rank.keys()
    wrong = [
        f"{name} imports {other}"
        for name, path in modules.items()
        for other in imported(path)
        if rank[other] >= rank[name] and not (rank[other] == rank[name] and other == name)
    ]
    assert wrong == []


def test_one_module_knows_pyav_and_pydub() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        if path.name != "audio.py":
            assert not re.search(r"^\s*(import|from) (av|pydub)\b", text, re.MULTILINE), path


def test_the_engines_do_not_know_where_things_are_kept() -> None:
    for path in (PACKAGE / "engine").glob("*.py"):
        assert "store" not in imported(path)
