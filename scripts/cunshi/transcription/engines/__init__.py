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

# Whisper's language code for every Chinese language, including Wu.
CHINESE = "zh"
# Whisper's confidence values of a segment, as named by all implementations.
CONFIDENCE = ("avg_logprob", "no_speech_prob", "compression_ratio", "temperature")


@dataclass(frozen=True)
class EngineIdentity:
    """Engine, model and options: what a transcript depends on besides the recording."""

    engine: str
    version: str
    model: str
    model_sha256: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HeardSegment:
    """A segment returned by an engine, with its confidence values."""

    segment: Segment
    confidence: Mapping[str, float] = field(default_factory=dict)


class Engine(Protocol):
    """Recognises speech. Called by several threads at once."""

    workers: int
    hears: bool  # False for an engine without recognition

    def identity(self) -> EngineIdentity:
        """Return the engine's identity without loading the model."""

    def prepare(self) -> None:
        """Load the model, once; raises EngineError."""

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        """Recognise mono samples at 16 kHz (-1 to 1); times count from the first sample.

        The samples contain speech without the silence in between. ``language`` is ``cmn``
        (Mandarin), ``wuu`` (Wu) or ``mixed``. Raises EngineError.
        """

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        """Score variants of a text, each a (text, term) with that term inserted.

        A score is the difference of log probabilities (nats) between the variant and ``text`` when
        the engine is prompted with the term. Engines without this feature return nothing. Raises
        EngineError.
        """


@dataclass(frozen=True)
class EngineEntry:
    """The location of an engine, whose module is imported only when it is chosen.

    One that ``asks_server`` sends recordings to another computer: it is opened with the server's
    URL in place of ``root``. `Archive.sends` must include it too, for the consent forms.
    """

    module: str
    asks_server: bool = False


# By the names in archive.yml and on the command line.
ENGINES = {
    "faster-whisper": EngineEntry("cunshi.transcription.engines.faster_whisper"),
    "http": EngineEntry("cunshi.transcription.engines.recognition_server", asks_server=True),
    "null": EngineEntry("cunshi.transcription.engines.null"),
    "openai-whisper": EngineEntry("cunshi.transcription.engines.openai_whisper"),
}


def open_engine(name: str, model: str, root: Path, server: str = "") -> Engine:
    """Return the engine of that name; ``root`` is the base of relative model folders."""
    if name not in ENGINES:
        raise ConfigurationError(
            _("没有叫 “{name}” 的识别引擎").format(name=name),
            _("archive.yml 的 engine 可以写：{names}").format(names="、".join(ENGINES)),
        )
    entry = ENGINES[name]
    place = server if entry.asks_server else root
    engine: Engine = import_module(entry.module).open_engine(model, place)
    return engine
