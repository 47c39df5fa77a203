"""What a worker of the tests loads first: an engine that may die, and what it says it is.

Also the engine for the same recordings on one computer.
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

# Peaks of recordings; nothing else in the tests is so loud.
MUMBLED, DEADLY = 0.97, 0.99


class FrailEngine(RecordedEngine):
    """Takes a while for a passage, cannot make out one that is loud, and dies of a louder one."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        time.sleep(self.seconds)
        peak = float(np.abs(samples).max())
        if peak > DEADLY:
            os._exit(1)
        if peak > MUMBLED:
            raise EngineError("听不清", "走近一点")
        yield from super().transcribe(samples, language)


def open_engine(model: str, root: Path) -> FrailEngine:
    """``model`` is the seconds that a passage takes."""
    return FrailEngine(float(model))


engines.ENGINES["frail"] = engines.EngineEntry("support.cluster_worker")
cunshi.__version__ = os.environ.get("CUNSHI_TEST_VERSION", cunshi.__version__)
