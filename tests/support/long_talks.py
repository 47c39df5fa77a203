"""Long recordings composed of real speech, with their reference text."""

import wave
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from cunshi.transcription import vad
from support.real_speech import load
from support.village import ROOT

RATE = vad.RATE


REFERENCE = yaml.safe_load((ROOT / "tests" / "samples" / "reference.yml").read_text("utf-8"))


TALKS = REFERENCE[:10]


Samples = NDArray[np.int16]


def long_talk(seconds: int) -> tuple[Samples, str]:
    """Repeat the sample village's talks up to a duration; return samples and text.

    Noise makes all parts of the recording different.
    """
    chance = np.random.default_rng(5)
    parts, said, count = list[Samples](), "", 0
    while True:
        for number in chance.permutation(len(TALKS)):
            pause = np.zeros(chance.integers(RATE // 2, 2 * RATE), np.float32)
            part = np.concatenate([load(ROOT / TALKS[number]["file"]), pause])
            part += chance.normal(0, 0.001, len(part)).astype(np.float32)
            count += len(part)
            if count > seconds * RATE:
                return np.concatenate(parts), said
            parts.append((part * 32767).astype(np.int16))
            said += TALKS[number]["text"]


def write(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path
