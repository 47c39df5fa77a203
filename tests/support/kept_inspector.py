"""One process that inspects for all tests of a run: most of them only look at a file or two."""

from functools import cache
from pathlib import Path
from threading import Lock

from cunshi.domain.recording import Technical
from cunshi.intake.inspection import Inspector


class KeptInspector:
    """An inspector as DepositCache has one, whose process stays for whoever asks next."""

    _asking = Lock()

    def inspect(self, path: Path) -> Technical:
        with self._asking:
            return _inspector().inspect(path)

    def close(self) -> None:
        """The process ends with the tests: nobody asks it any more."""


@cache
def _inspector() -> Inspector:
    return Inspector()
