"""Modules run in processes of their own: memory comes back with their end, and all cores work."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

CORES = os.cpu_count() or 1


def run_module(
    module: str, *words: str, cwd: Path | None = None, said: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a module of Python, which finds what this process finds; ``said`` is what it is told."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        check=False,
        cwd=cwd,
        env=_environment(),
        input=said,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def share_out(
    module: str,
    common: object,
    parts: Iterable[T],
    done: Callable[[T, Any], object] = lambda *_: None,
    processes: int = CORES,
) -> None:
    """Have parts of some work done by processes of a module, one for each core; see serve.

    ``done`` is told each part and its answer, by a thread for each process. A part is asked for
    when a process is free for it. A process that dies leaves its part undone, and the others go on.
    When this one dies, they end with their parts.
    """
    waiting, asking = iter(parts), Lock()

    def work() -> None:
        with suppress(EOFError, StopIteration), _Helper(module, common) as helper:
            while True:
                with asking:
                    part = next(waiting)
                done(part, helper.do(part))

    with ThreadPoolExecutor(processes) as pool:
        for shared in [pool.submit(work) for __ in range(processes)]:
            shared.result()


class _Helper:
    """A process of a module that does one part of some work after the other."""

    def __init__(self, module: str, common: object):
        self._module, self._said = module, [common]
        self._child: Any = None

    def __enter__(self) -> "_Helper":
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            self._child.communicate()

    def do(self, part: object) -> Any:
        """What it answers; EOFError when it has died."""
        try:
            self._child = self._child or self._start()
            for said in (*self._said, part):
                pickle.dump(said, self._child.stdin)
            self._said = []
            self._child.stdin.flush()
            return pickle.load(self._child.stdout)  # noqa: S301 (this program wrote it)
        except (OSError, pickle.UnpicklingError) as error:
            raise EOFError from error

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", self._module],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def serve(work: Callable[[Any, Any], object]) -> None:
    """In such a process: do the parts, each with what is common to all, and answer them."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    with suppress(EOFError):
        common = pickle.load(sys.stdin.buffer)  # noqa: S301 (of the process that started this one)
        while True:
            part = pickle.load(sys.stdin.buffer)  # noqa: S301
            pickle.dump(work(common, part), answers)
            answers.flush()


def _environment() -> dict[str, str]:
    package = str(Path(__file__).parents[2])
    return os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": os.pathsep.join([package, *filter(None, sys.path)]),
        "PYTHONUTF8": "1",
    }
