"""One thread that makes files in the background, in the order in which they were asked for."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from cunshi.core.errors import CunshiError

Progress = Callable[[float], None]
Make = Callable[[Progress], None]


class BackgroundWorker:
    """Makes each file once. Ends with the program, so what it makes has to be written whole."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Path, Make]] = queue.SimpleQueue()
        self._done: dict[Path, float] = {}
        self._failed: dict[Path, CunshiError] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, target: Path, make: Make) -> float:
        """Have a file made, if it is not in the making; how much of it is done, 0 to 1.

        Raises once what went wrong, and tries again when it is asked for the next time.
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
        except Exception as error:  # whatever a broken file makes a decoder raise
            return CunshiError(str(error) or type(error).__name__, where=target)
        return None
