"""Decode recordings of real speech."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cunshi.media import audio
from cunshi.transcription.vad import RATE

Samples = NDArray[np.float32]


def load(path: Path) -> Samples:
    return np.concatenate(list(audio.decode(path, RATE)))
