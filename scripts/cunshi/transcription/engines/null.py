"""The null engine, for people who transcribe by hand: it recognises nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cunshi.transcription.engines import EngineIdentity, HeardSegment


class NullEngine:
    """An engine that leaves every transcript empty, to be written by a person."""

    workers = 1
    hears = False

    def identity(self) -> EngineIdentity:
        return EngineIdentity("null", "1", "", "")

    def prepare(self) -> None:
        """Do nothing."""

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        return iter(())

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()


def open_engine(model: str, root: Path) -> NullEngine:
    """Return the null engine; the arguments are ignored."""
    return NullEngine()
