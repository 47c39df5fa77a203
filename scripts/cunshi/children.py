"""Modules run in processes of their own: what needs much memory gives it back with its end."""

import os
import subprocess
import sys
from pathlib import Path


def run_module(
    module: str, *words: str, cwd: Path | None = None, said: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a module of Python, which finds what this process finds; ``said`` is what it is told."""
    package = str(Path(__file__).parents[1])
    environment = os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": os.pathsep.join([package, *filter(None, sys.path)]),
        "PYTHONUTF8": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        check=False,
        cwd=cwd,
        env=environment,
        input=said,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
