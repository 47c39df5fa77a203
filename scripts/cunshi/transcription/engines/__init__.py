"""Speech recognition engines behind one Protocol; each is one file of this folder.

An engine is a module with a function ``open_engine(model, root) -> Engine``. One that asks a
server is also named in ``SERVED``: its function takes the server's address in place of ``root``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.domain.transcript import Segment

ENGINES = {
    "faster-whisper": "cunshi.transcription.engines.faster_whisper",
    "http": "cunshi.transcription.engines.recognition_server",
    "null": "cunshi.transcription.engines.null",
    "openai-whisper": "cunshi.transcription.engines.openai_whisper",
}
# Whisper writes every Chinese language, Wu too, under its one code for Chinese.
CHINESE = "zh"
# Whisper's own figures for a segment, as every implementation of it names them.
CONFIDENCE = ("avg_logprob", "no_speech_prob", "compression_ratio", "temperature")
SERVED = frozenset({"http"})


@dataclass(frozen=True)
class EngineIdentity:
    """Which engine, model and options: what a transcript depends on beside the recording."""

    engine: str
    version: str
    model: str
    model_sha256: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HeardSegment:
    """A segment as an engine gives it, with the engine's own figures of confidence."""

    segment: Segment
    confidence: Mapping[str, float] = field(default_factory=dict)


class Engine(Protocol):
    """Turns speech into segments. Used by several threads at once."""

    workers: int
    hears: bool  # False for an engine that leaves the words to people

    def identity(self) -> EngineIdentity:
        """Which engine this is; cheap, the model is not loaded for it."""

    def prepare(self) -> None:
        """Load the model, once. Raises EngineError."""

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        """Recognise mono samples at 16 kHz (-1 to 1); times count from the first sample.

        The samples are speech: silence has been taken out. ``language`` is ``cmn`` (Mandarin),
        ``wuu`` (Wu) or ``mixed``. Raises EngineError.
        """

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        """How much rather a variant was said than the text, each a (text, term) with that term.

        The difference of log probabilities in nats, for an engine that is reminded of the term;
        nothing from an engine that cannot tell. Raises EngineError.
        """


def open_engine(name: str, model: str, root: Path, server: str = "") -> Engine:
    """The engine of that name; ``root`` is where a relative model folder is looked for."""
    if name not in ENGINES:
        raise ConfigurationError(
            _("没有叫 “{name}” 的识别引擎").format(name=name),
            _("archive.yml 的 engine 可以写：{names}").format(names="、".join(ENGINES)),
        )
    place = server if name in SERVED else root
    engine: Engine = import_module(ENGINES[name]).open_engine(model, place)
    return engine
