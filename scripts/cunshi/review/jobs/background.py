"""Make files in a background thread, in the order of requests."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from cunshi.core.errors import CunshiError

Progress = Callable[[float], None]
Make = Callable[[Progress], None]


class BackgroundWorker:
    """Makes each file once. It ends with the program, so files must be written atomically."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Path, Make]] = queue.SimpleQueue()
        self._done: dict[Path, float] = {}
        self._failed: dict[Path, CunshiError] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, target: Path, make: Make) -> float:
        """Request a file, if it is not in progress; return the progress from 0 to 1.

        Raises an earlier error once; the next request tries again.
        """
        with self._lock:
            if error := self._failed.pop(target, None):
                raise error
            if target not in self._done:
                self._done[target] = 0.0
                self._waiting.put((target, make))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            return self._done[target]

    def _work(self) -> None:
        while True:
            target, make = self._waiting.get()
            failed = self._make(target, make)
            with self._lock:
                del self._done[target]
                if failed:
                    self._failed[target] = failed

    def _make(self, target: Path, make: Make) -> CunshiError | None:
        try:
            make(lambda done: self._done.update({target: done}))
        except CunshiError as error:
            return error
        except Exception as error:  # decoders raise many kinds of errors for broken files
            return CunshiError(str(error) or type(error).__name__, where=target)
        return None
