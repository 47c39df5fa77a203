"""MkDocs in processes forked from one that has imported it, and keeps what templates compile to.

A village of the tests has a dozen pages: of the second that MkDocs takes for them two thirds are
imports and templates. Run as a program, this is the process that is forked: for each line of JSON
that it reads, a question, it writes one, the answer.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from cunshi.core import processes

_asking = Lock()


def run_module(
    module: str, *words: str, cwd: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """As the function of this name in cunshi.core.processes."""
    if module != "mkdocs":
        return processes.run_module(module, *words, cwd=cwd, stdin=stdin)
    question = {"words": words, "cwd": str(cwd or Path.cwd()), "stdin": stdin}
    question["variables"] = processes._environment()
    with _asking:
        server = _server()
        assert server.stdin and server.stdout
        print(json.dumps(question), file=server.stdin, flush=True)
        answer = json.loads(server.stdout.readline())
    return subprocess.CompletedProcess([module, *words], **answer)


@cache
def _server() -> "subprocess.Popen[str]":
    """Started when the first site is made; it ends when nobody can ask it any more."""
    return subprocess.Popen(
        [sys.executable, __file__],
        env=processes._environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    """Fork, and wait for the end of the child."""
    with (
        tempfile.TemporaryFile() as said,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        said.write(question["stdin"].encode())
        said.seek(0)
        child = os.fork()
        if child == 0:
            for number, file in enumerate((said, out, err)):
                os.dup2(file.fileno(), number)
            _become_mkdocs(question)
        __, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        return {"returncode": code, "stdout": _all_of(out), "stderr": _all_of(err)}


def _all_of(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))


def _become_mkdocs(question: dict[str, Any]) -> None:
    from mkdocs.__main__ import cli

    code = 1
    try:
        os.environ.clear()
        os.environ.update(question["variables"])
        os.chdir(question["cwd"])
        cli.main(question["words"], prog_name="mkdocs")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    import material.plugins.offline.plugin
    import material.plugins.search.plugin  # noqa: F401
    import mkdocs.commands.build  # noqa: F401
    import pymdownx.slugs  # noqa: F401
    from jinja2 import Environment, FileSystemBytecodeCache
    from markdown.extensions import (  # noqa: F401
        admonition,
        attr_list,
        def_list,
        footnotes,
        tables,
        toc,
    )
    from mkdocs.__main__ import cli  # noqa: F401
    from mkdocs.theme import Theme

    get_environment = Theme.get_env
    with tempfile.TemporaryDirectory() as folder:
        compiled = FileSystemBytecodeCache(folder)

        def get_env(theme: Theme) -> Environment:
            environment = get_environment(theme)
            environment.bytecode_cache = compiled
            return environment

        Theme.get_env = get_env  # type: ignore[method-assign]
        # Of sys.stdin nothing is read before the fork: what is in its buffer would be the child's.
        for line in os.fdopen(os.dup(0), encoding="utf-8"):
            print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve()
