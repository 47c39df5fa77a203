"""The engine of the tests' Dask workers, which may fail or exit; preloaded by each worker.

Also used to transcribe the same recordings on one computer. While the file
``CUNSHI_TEST_ALLOWED`` exists, all workers together transcribe no more passages than it says: so a
test can disturb a run at a known point, however fast the computer is.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cunshi.core.errors import EngineError
from cunshi.transcription import dask_cluster, engines, recognise
from cunshi.transcription.engines import HeardSegment
from cunshi.transcription.recognise import RecognisedPassage
from support.recorded_engine import RecordedEngine

# Peaks of recordings that trigger errors; other recordings are quieter.
UNINTELLIGIBLE, FATAL = 0.97, 0.99


class FrailEngine(RecordedEngine):
    """Raises an error for a loud passage, and exits for a very loud one."""

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        peak = float(np.abs(samples).max())
        if peak > FATAL:
            os._exit(1)
        if peak > UNINTELLIGIBLE:
            raise EngineError("听不清", "走近一点")
        yield from super().transcribe(samples, language)


def wait_until_allowed(file: Path) -> None:
    """Wait until the file allows one more passage, and claim it."""
    while True:
        try:
            allowed = int(file.read_text("ascii"))
        except FileNotFoundError:
            return
        for number in range(allowed):
            with suppress(FileExistsError):
                file.with_name(f"{file.name}-{number}").touch(exist_ok=False)
                return
        time.sleep(0.02)


def open_engine(model: str, root: Path) -> FrailEngine:
    return FrailEngine()


def recognise_when_allowed(*words: Any) -> RecognisedPassage:
    """Transcribe a passage as soon as it is allowed."""
    if name := os.environ.get("CUNSHI_TEST_ALLOWED"):
        wait_until_allowed(Path(name))
    return recognise.recognise_passage(*words)


dask_cluster.recognise_passage = recognise_when_allowed
engines.ENGINES["frail"] = engines.EngineEntry("support.cluster_worker")
dask_cluster.__version__ = os.environ.get("CUNSHI_TEST_VERSION", dask_cluster.__version__)
