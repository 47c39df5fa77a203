"""A Dask scheduler and workers as processes on this computer, and a connection that can be cut."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from support.village import EPOCH, ROOT

WAIT = 300  # seconds: other programs may be running


class Dask:
    """Starts processes, and kills all of them at the end of the ``with`` block."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.address = ""
        self._allowed = folder / "allowed"

    def __enter__(self) -> "Dask":
        return self

    def __exit__(self, *__: object) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def scheduler(self, *options: str, **variables: str) -> str:
        """Start the scheduler and return its address."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self._start(
            "dask_scheduler", "--port=0", "--scheduler-file", str(file), *options, **variables
        )
        wait_for(lambda: file.exists() and file.read_bytes().endswith(b"}"))
        self.address = json.loads(file.read_text("utf-8"))["address"]
        return self.address

    def worker(self, *options: str, **variables: str) -> subprocess.Popen[bytes]:
        here = str(self.folder)
        words = [self.address, "--nthreads=1", "--no-nanny", "--local-directory", here]
        preload = ["--preload", "support.cluster_worker"]
        return self._start("dask_worker", *words, *preload, *options, **variables)

    def allow(self, passages: int | None) -> None:
        """Let all workers together transcribe this many passages, or any number if None."""
        if passages is None:
            self._allowed.unlink()
            return
        aside = self._allowed.with_name("aside")
        aside.write_text(str(passages), "ascii")
        aside.replace(self._allowed)

    def _start(self, module: str, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", *words]
        command += ["--host=127.0.0.1", "--no-dashboard"]
        paths = os.pathsep.join(map(str, (ROOT / "scripts", ROOT / "tests")))
        own = {"PYTHONPATH": paths, "SOURCE_DATE_EPOCH": EPOCH}
        own["CUNSHI_TEST_ALLOWED"] = str(self._allowed)
        with (self.folder / f"{module}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **own, **variables},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process without notice."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def wait_for(ready: Callable[[], object], seconds: float = WAIT) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Line:
    """A TCP proxy to an address whose connections can be cut, temporarily or for good."""

    def __init__(self, address: str):
        self.lead_to(address)
        self._ends: list[socket.socket] = []
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, address: str) -> None:
        """Change the target of new connections."""
        self._scheme, __, target = address.partition("://")
        host, __, port = target.rpartition(":")
        self._target = (host, int(port))

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def cut(self, *, for_good: bool = False) -> None:
        if for_good:
            self.close()
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        # Wakes the thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, __ = self._listening.accept()
                try:
                    far = socket.create_connection(self._target)
                except OSError:  # the target is down
                    near.close()
                    continue
                self.connections += 1
                self._ends += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Run ``work`` in another thread during the block; an exception in it fails the test."""
    wrong: list[BaseException] = []

    def noted() -> None:
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=noted)
    thread.start()
    try:
        yield
    finally:
        thread.join(WAIT)
    assert not wrong, wrong
    assert not thread.is_alive()
