"""The engine of the tests' Dask workers, which may fail or exit; preloaded by each worker.

Also used to transcribe the same recordings on one computer.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import cunshi
from cunshi.core.errors import EngineError
from cunshi.transcription import engines
from cunshi.transcription.engines import HeardSegment
from support.recorded_engine import RecordedEngine

# Peaks of recordings that trigger errors; other recordings are quieter.
UNINTELLIGIBLE, FATAL = 0.97, 0.99


class FrailEngine(RecordedEngine):
    """Takes some time for a passage, raises an error for a loud one, and exits for a very loud
    one.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        time.sleep(self.seconds)
        peak = float(np.abs(samples).max())
        if peak > FATAL:
            os._exit(1)
        if peak > UNINTELLIGIBLE:
            raise EngineError("听不清", "走近一点")
        yield from super().transcribe(samples, language)


def open_engine(model: str, root: Path) -> FrailEngine:
    """Return the engine; ``model`` is the seconds per passage."""
    return FrailEngine(float(model))


engines.ENGINES["frail"] = engines.EngineEntry("support.cluster_worker")
cunshi.__version__ = os.environ.get("CUNSHI_TEST_VERSION", cunshi.__version__)
