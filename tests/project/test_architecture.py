"""The layout of the package: import contracts and other rules."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.village import ROOT

PACKAGE = ROOT / "scripts" / "cunshi"
MODULES = sorted(PACKAGE.rglob("*.py"))
LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Check the contracts of pyproject.toml in a folder with the package in scripts/."""
    program = f"import sys; sys.path.insert(0, 'scripts'); {LINT}"
    command = [sys.executable, "-I", "-X", "utf8", "-c", program]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, encoding="utf-8")


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_imports_keep_the_contracts() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "arrow"),
    [
        ("domain/consent.py", "from cunshi.archive import project"),
        ("website/templating.py", "def late():\n    from cunshi.publishing import log"),
        ("exports/archival/iiif.py", "import av"),
        ("transcription/engines/null.py", "from cunshi.archive.project import Project"),
    ],
)
def test_an_arrow_against_the_direction_breaks_a_contract(
    tmp_path: Path, module: str, arrow: str
) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "static", "theme", "templates", "locale")
    shutil.copytree(PACKAGE, tmp_path / "scripts" / "cunshi", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "scripts" / "cunshi" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{arrow}\n")
    done = lint(tmp_path)
    assert (done.returncode, "BROKEN" in done.stdout) == (1, True), done.stdout + done.stderr


def test_what_mkdocs_loads_by_itself_imports_nothing_of_cunshi() -> None:
    for name in ("markdown_clip.py", "mkdocs_hook.py"):
        imports = [
            line
            for line in (PACKAGE / "website" / name).read_text("utf-8").splitlines()
            if line.lstrip().startswith(("import cunshi", "from cunshi"))
        ]
        assert imports == []


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


def resolves(name: str) -> bool:
    """Check whether a dotted name below the package is a module or something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["cunshi", *parts[:count]]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_the_documents_name_what_there_is() -> None:
    rooms = "|".join(sorted({path.relative_to(PACKAGE).parts[0] for path in MODULES} - {"theme"}))
    dotted = re.compile(rf"`((?:{rooms.replace('.py', '')})(?:\.\w+)+)`")
    missing = []
    for document in [*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]:
        text = document.read_text("utf-8")
        named = [name for name in dotted.findall(text) if not name.endswith((".py", ".yml"))]
        missing += [f"{document.name}: {name}" for name in named if not resolves(name)]
        tests = re.findall(r"test_\w+\.py", text)
        missing += [f"{document.name}: {n}" for n in tests if not list(ROOT.glob(f"tests/*/{n}"))]
    assert missing == []
