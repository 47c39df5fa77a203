"""The null engine, for people who transcribe by hand: it hears nothing and costs nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cunshi.transcription.engines import EngineIdentity, HeardSegment


class NullEngine:
    """Leaves every transcript empty, to be written by a person."""

    workers = 1
    hears = False

    def identity(self) -> EngineIdentity:
        return EngineIdentity("null", "1", "", "")

    def prepare(self) -> None:
        """There is nothing to load."""

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        return iter(())

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()


def open_engine(model: str, root: Path) -> NullEngine:
    """The null engine needs neither model nor folder."""
    return NullEngine()
