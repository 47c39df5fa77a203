"""faster-whisper: OpenAI's Whisper on CTranslate2, on the CPU, offline."""

import os
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cunshi.archive.fixity import manifest
from cunshi.core.errors import EngineError
from cunshi.core.i18n import _
from cunshi.domain.transcript import Segment, Word
from cunshi.media.sampling import RATE
from cunshi.transcription import quality_flags
from cunshi.transcription.engines import (
    CHINESE,
    CONFIDENCE,
    EngineIdentity,
    HeardSegment,
    whisper_base,
)

EMBEDDED = "base"
# Measured on Mandarin recordings (docs/decisions.md). No prompt and no hotwords, because with them
# base missed half of the speech. No conditioning, because a loop would spread to later passages.
OPTIONS: dict[str, Any] = {
    "beam_size": 5,
    # No sampling, so that results are reproducible.
    "temperature": [0.0],
    "compression_ratio_threshold": quality_flags.MAX_COMPRESSION,
    "log_prob_threshold": quality_flags.MIN_LOGPROB,
    "no_speech_threshold": quality_flags.MAX_NO_SPEECH,
    "condition_on_previous_text": False,
    "word_timestamps": True,
}
# For a second attempt, with the whole window, if a passage loops or has low confidence.
RETRY_OPTIONS: dict[str, Any] = {"no_repeat_ngram_size": 8}
# Seconds of silence after a short passage that are encoded. Whisper was trained with windows of 30
# seconds, but encoding all of it would be three quarters of the work for a motto of 6 seconds.
TAIL = 10
WINDOW = 30
_FRAMES = 100  # frames of the mel spectrogram per second
_MAX_TOKENS = 200  # of a text to weigh; the decoder has room for 448, including the prompt
_MIN_PROBABILITY = 1e-9  # floor for token probabilities


def _model_class() -> type:
    """Return a WhisperModel subclass whose encoder processes less silence.

    It also keeps the encoded last passage of each thread, because encoding is most of the work.
    Created on first use, because importing faster_whisper takes a second.
    """
    from faster_whisper import WhisperModel

    class ShortContextModel(WhisperModel):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any):
            super().__init__(*arguments, **options)
            self.last = threading.local()

        def encode(self, features: NDArray[np.float32]) -> Any:
            sounding = np.flatnonzero(np.any(features != 0, axis=0))
            last = int(sounding[-1]) + 1 if len(sounding) else 0
            seconds = -(-last // _FRAMES) + self.last.tail
            sound = super().encode(features[..., : seconds * _FRAMES])
            if getattr(self.last, "sound", None) is None:
                self.last.sound = sound  # the first window contains the whole passage
            return sound

        def sound_of(self, samples: NDArray[np.float32]) -> Any:
            """Return the encoded passage."""
            if getattr(self.last, "samples", None) is not samples:
                self.begin(samples, TAIL)
                self.encode(self.feature_extractor(samples)[:, : WINDOW * _FRAMES])
            return self.last.sound

        def begin(self, samples: NDArray[np.float32], tail: int) -> None:
            """Start a new passage, with ``tail`` seconds of silence after it."""
            self.last.samples, self.last.sound, self.last.tail = samples, None, tail

    return ShortContextModel


class FasterWhisper:
    """One model in memory for all recordings and threads, loaded on first use."""

    hears = True

    def __init__(self, model: str, root: Path):
        self._name, self._root = model, root
        self._model: Any = None
        self._lock = threading.Lock()
        # Several workers with one thread each are faster than one with several.
        self.workers = _cores()

    def identity(self) -> EngineIdentity:
        return EngineIdentity(
            engine="faster-whisper",
            version=version("faster-whisper"),
            model=self._name,
            model_sha256=self._sha256(),
            options=OPTIONS | {"again": RETRY_OPTIONS, "tail": TAIL},
        )

    def _folder(self) -> Path | None:
        """Return the model's folder if the name is a path, absolute or below the project."""
        folder = self._root / Path(self._name).expanduser()
        return folder if (folder / "model.bin").is_file() else None

    def _sha256(self) -> str:
        if self._name == EMBEDDED:
            return whisper_base.MODEL_SHA256
        folder = self._folder() or self._downloaded(local_files_only=True)
        return manifest.sha256_of(folder / "model.bin") if folder else ""

    def _downloaded(self, *, local_files_only: bool) -> Path | None:
        """Return a model by name, from the hub or its cache."""
        from faster_whisper.utils import download_model

        try:
            return Path(download_model(self._name, local_files_only=local_files_only))
        except Exception as error:  # the hub's client raises many kinds of errors
            if local_files_only:
                return None
            raise EngineError(
                _("找不到 Whisper 模型 “{name}”").format(name=self._name),
                _("检查 archive.yml 的 model；不能上网时写模型文件夹的路径，或用 base"),
            ) from error

    def prepare(self) -> None:
        self._load()

    def _load(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = self._open()
        return self._model

    def _open(self) -> Any:
        if self._name == EMBEDDED:
            folder: Path | None = whisper_base.model_folder()
        else:
            folder = self._folder() or self._downloaded(local_files_only=False)
        try:
            return _model_class()(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=1,
                num_workers=self.workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(
                _("Whisper 模型打不开：{error}").format(error=error),
                _("检查模型文件夹是否完整，或用 base"),
                where=str(folder),
            ) from error

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        try:
            found = self._decode(samples, OPTIONS, TAIL)
            if _doubtful_seconds(found):
                again = self._decode(samples, OPTIONS | RETRY_OPTIONS, WINDOW)
                found = min(found, again, key=_doubtful_seconds)
        except (RuntimeError, ValueError) as error:
            raise _failed(error) from error
        yield from map(_to_segment, found)

    def _decode(
        self, samples: NDArray[np.float32], options: dict[str, Any], tail: int
    ) -> list[Any]:
        model = self._load()
        model.begin(samples, tail)
        segments, _info = model.transcribe(samples, language=CHINESE, **options)
        return list(segments)

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        """Score each text after prompting the model with its term.

        Uses the probability of every token given the audio and the previous tokens, as computed by
        ``align``: https://opennmt.net/CTranslate2/python/ctranslate2.models.Whisper.html
        """
        from faster_whisper.tokenizer import Tokenizer

        model = self._load()
        tokenizer = Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=CHINESE
        )
        if len(tokenizer.encode(text)) > _MAX_TOKENS:
            return ()
        try:
            sound, frames = model.sound_of(samples), len(samples) * _FRAMES // RATE

            def log_probability(of: str, term: str) -> float:
                return _log_probability(model, sound, frames, tokenizer, of, term)

            original = {
                term: log_probability(text, term) for term in {term for __, term in variants}
            }
            return [log_probability(variant, term) - original[term] for variant, term in variants]
        except (RuntimeError, ValueError) as error:
            raise _failed(error) from error


def _failed(error: Exception) -> EngineError:
    return EngineError(_("识别时出错：{error}").format(error=error))


def _cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _log_probability(
    model: Any, sound: Any, frames: int, tokenizer: Any, text: str, term: str
) -> float:
    """Return the log probability (nats) of a text for a model prompted with ``term``."""
    reminder = [tokenizer.sot_prev, *tokenizer.encode(" " + term)]
    start = [*reminder, *tokenizer.sot_sequence, tokenizer.no_timestamps]
    [found] = model.model.align(sound, start, [tokenizer.encode(text)], frames)
    return float(np.log(np.maximum(found.text_token_probs, _MIN_PROBABILITY)).sum())


def _doubtful_seconds(found: list[Any]) -> float:
    """Return the seconds of segments that repeat themselves or have low confidence.

    A segment counts at least one second, because a loop may have almost no duration.
    """
    return sum(
        max(1.0, float(segment.end - segment.start))
        for segment in found
        if segment.compression_ratio > quality_flags.MAX_COMPRESSION
        or segment.avg_logprob < quality_flags.MIN_LOGPROB
    )


def _to_segment(found: Any) -> HeardSegment:
    words = tuple(
        Word(_rounded(w.start), _rounded(w.end), w.word, _rounded(w.probability))
        for w in found.words or ()
    )
    segment = Segment(_rounded(found.start), _rounded(found.end), found.text, words)
    return HeardSegment(segment, {name: _rounded(getattr(found, name)) for name in CONFIDENCE})


def _rounded(value: float) -> float:
    return round(float(value or 0.0), 3)


def open_engine(model: str, root: Path) -> FasterWhisper:
    """Return the engine for a model name or folder (absolute, or relative to ``root``)."""
    return FasterWhisper(model or EMBEDDED, root)
