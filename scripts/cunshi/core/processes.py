"""Run modules in child processes, to use all cores and to return memory to the system."""

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
    module: str, *arguments: str, cwd: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a Python module with this process's import path; ``stdin`` is written to its input."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=False,
        cwd=cwd,
        env=_environment(),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def run_in_processes(
    module: str,
    common: object,
    tasks: Iterable[T],
    done: Callable[[T, Any], object] = lambda *_: None,
    processes: int = CORES,
) -> None:
    """Distribute tasks over worker processes that run ``module``; see serve_worker.

    ``done`` is called with each task and its result, in one thread per process. A task is taken
    from ``tasks`` when a process is free. A process that dies leaves its task undone and the others
    continue. If this process dies, the workers end after their current tasks.
    """
    waiting, lock = iter(tasks), Lock()

    def run_one_worker() -> None:
        with suppress(EOFError, StopIteration), _Worker(module, common) as worker:
            while True:
                with lock:
                    task = next(waiting)
                done(task, worker.run(task))

    with ThreadPoolExecutor(processes) as pool:
        for future in [pool.submit(run_one_worker) for __ in range(processes)]:
            future.result()


class _Worker:
    """A child process that runs tasks one after the other."""

    def __init__(self, module: str, common: object):
        self._module, self._unsent = module, [common]
        self._child: Any = None

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            self._child.communicate()

    def run(self, task: object) -> Any:
        """Return the result of a task; EOFError if the process has died."""
        try:
            self._child = self._child or self._start()
            for message in (*self._unsent, task):
                pickle.dump(message, self._child.stdin)
            self._unsent = []
            self._child.stdin.flush()
            return pickle.load(self._child.stdout)  # noqa: S301 (written by this program)
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


def serve_worker(run_task: Callable[[Any, Any], object]) -> None:
    """Run tasks from stdin in a worker process and write the results to stdout.

    ``run_task`` is called with what is common to all tasks, and with the task.
    """
    results, sys.stdout = sys.stdout.buffer, sys.stderr
    with suppress(EOFError):
        common = pickle.load(sys.stdin.buffer)  # noqa: S301 (from the parent process)
        while True:
            task = pickle.load(sys.stdin.buffer)  # noqa: S301
            pickle.dump(run_task(common, task), results)
            results.flush()


def _environment() -> dict[str, str]:
    package = str(Path(__file__).parents[2])
    return os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": os.pathsep.join([package, *filter(None, sys.path)]),
        "PYTHONUTF8": "1",
    }
