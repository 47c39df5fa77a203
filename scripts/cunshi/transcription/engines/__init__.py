"""Speech recognition engines behind one Protocol; each is one file of this folder.

To add one, write a module with a function ``open_engine(model, root) -> Engine`` and name it in
``ENGINES``; tests/transcription/test_engines.py tests whatever is named there.
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

# Whisper writes every Chinese language, Wu too, under its one code for Chinese.
CHINESE = "zh"
# Whisper's own figures for a segment, as every implementation of it names them.
CONFIDENCE = ("avg_logprob", "no_speech_prob", "compression_ratio", "temperature")


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


@dataclass(frozen=True)
class EngineEntry:
    """Where an engine is; its module is imported only when the engine is chosen.

    One that ``asks_server`` sends recordings to another computer: it is opened with the address of
    the server in place of ``root``. `Archive.sends` has to name it, too, for the consent forms.
    """

    module: str
    asks_server: bool = False


# By the names that archive.yml and the command line know them by.
ENGINES = {
    "faster-whisper": EngineEntry("cunshi.transcription.engines.faster_whisper"),
    "http": EngineEntry("cunshi.transcription.engines.recognition_server", asks_server=True),
    "null": EngineEntry("cunshi.transcription.engines.null"),
    "openai-whisper": EngineEntry("cunshi.transcription.engines.openai_whisper"),
}


def open_engine(name: str, model: str, root: Path, server: str = "") -> Engine:
    """The engine of that name; ``root`` is where a relative model folder is looked for."""
    if name not in ENGINES:
        raise ConfigurationError(
            _("没有叫 “{name}” 的识别引擎").format(name=name),
            _("archive.yml 的 engine 可以写：{names}").format(names="、".join(ENGINES)),
        )
    entry = ENGINES[name]
    place = server if entry.asks_server else root
    engine: Engine = import_module(entry.module).open_engine(model, place)
    return engine
