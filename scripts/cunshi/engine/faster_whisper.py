"""faster-whisper: OpenAI's Whisper on CTranslate2, on the processor, without a network."""

import os
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cunshi import fixity
from cunshi.engine import EngineIdentity, HeardSegment, whisper_base
from cunshi.errors import EngineError
from cunshi.i18n import _
from cunshi.model import Segment, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

EMBEDDED = "base"
# Measured on Mandarin talks (docs/decisions.md): voice activity removes what is heard in silence,
# conditioning keeps sentences whole; a prompt or hotwords made base lose half of real speech.
OPTIONS: dict[str, Any] = {
    "beam_size": 5,
    # No sampling: the same recording gives the same draft, on every run and after every kill.
    "temperature": [0.0],
    "compression_ratio_threshold": 2.4,
    "log_prob_threshold": -1.0,
    "no_speech_threshold": 0.6,
    "condition_on_previous_text": True,
    "vad_filter": True,
    "vad_parameters": {"min_silence_duration_ms": 500, "speech_pad_ms": 400},
    "word_timestamps": True,
    "hallucination_silence_threshold": 2.0,
}
# Once more for a passage that loops or that the model is unsure of, without what led it astray.
AGAIN: dict[str, Any] = {"condition_on_previous_text": False, "no_repeat_ngram_size": 8}
_CONFIDENCE = ("avg_logprob", "no_speech_prob", "compression_ratio", "temperature")
# Whisper writes Wu, as it does every Chinese language, under its one code for Chinese.
_LANGUAGES = {"cmn": "zh", "wuu": "zh", "mixed": "zh", "zh": "zh"}


class FasterWhisper:
    """One model in memory for all recordings and threads, loaded when first needed."""

    hears = True

    def __init__(self, model: str, root: Path):
        self._name, self._root = model, root
        self._model: WhisperModel | None = None
        self._lock = threading.Lock()
        # One thread for each of several workers is faster than several threads for one.
        self.workers = os.cpu_count() or 1

    def identity(self) -> EngineIdentity:
        return EngineIdentity(
            engine="faster-whisper",
            version=version("faster-whisper"),
            model=self._name,
            model_sha256=self._sha256(),
            options=OPTIONS | {"again": AGAIN},
        )

    def _folder(self) -> Path | None:
        """The model's folder when it is one, as written or below the project."""
        folder = self._root / Path(self._name).expanduser()
        return folder if (folder / "model.bin").is_file() else None

    def _sha256(self) -> str:
        if self._name == EMBEDDED:
            return whisper_base.MODEL_SHA256
        folder = self._folder() or self._downloaded(local_files_only=True)
        return fixity.sha256_of(folder / "model.bin") if folder else ""

    def _downloaded(self, *, local_files_only: bool) -> Path | None:
        """A model known by name, from the hub's cache or the hub itself."""
        from faster_whisper.utils import download_model

        try:
            return Path(download_model(self._name, local_files_only=local_files_only))
        except Exception as error:  # the hub's client raises many unrelated types
            if local_files_only:
                return None
            raise EngineError(
                _("找不到 Whisper 模型 “{name}”").format(name=self._name),
                _("检查 archive.yml 的 model；不能上网时写模型文件夹的路径，或用 base"),
            ) from error

    def prepare(self) -> None:
        self._load()

    def _load(self) -> "WhisperModel":
        with self._lock:
            if self._model is None:
                self._model = self._open()
        return self._model

    def _open(self) -> "WhisperModel":
        from faster_whisper import WhisperModel

        if self._name == EMBEDDED:
            folder: Path | None = whisper_base.model_folder()
        else:
            folder = self._folder() or self._downloaded(local_files_only=False)
        try:
            return WhisperModel(
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

    def transcribe(
        self, samples: NDArray[np.float32], language: str, words: Sequence[str] = ()
    ) -> Iterator[HeardSegment]:
        code = _LANGUAGES.get(language, language)
        try:
            found = self._hear(samples, code, OPTIONS)
            if _doubtful_seconds(found):
                again = self._hear(samples, code, OPTIONS | AGAIN)
                found = min(found, again, key=_doubtful_seconds)
        except (RuntimeError, ValueError) as error:
            raise EngineError(_("识别时出错：{error}").format(error=error)) from error
        yield from map(_heard, found)

    def _hear(self, samples: NDArray[np.float32], code: str, options: dict[str, Any]) -> list[Any]:
        segments, _info = self._load().transcribe(samples, language=code, **options)
        return list(segments)


def _doubtful_seconds(found: list[Any]) -> float:
    """Seconds of segments that repeat themselves or that the model does not believe in.

    A segment counts at least a second: a loop can stand in a moment.
    """
    return sum(
        max(1.0, float(segment.end - segment.start))
        for segment in found
        if segment.compression_ratio > OPTIONS["compression_ratio_threshold"]
        or segment.avg_logprob < OPTIONS["log_prob_threshold"]
    )


def _heard(found: Any) -> HeardSegment:
    words = tuple(
        Word(_rounded(w.start), _rounded(w.end), w.word, _rounded(w.probability))
        for w in found.words or ()
    )
    segment = Segment(_rounded(found.start), _rounded(found.end), found.text, words)
    return HeardSegment(segment, {name: _rounded(getattr(found, name)) for name in _CONFIDENCE})


def _rounded(value: float) -> float:
    return round(float(value or 0.0), 3)


def open_engine(model: str, root: Path) -> FasterWhisper:
    """The engine for a model name or a model folder (absolute, or relative to ``root``)."""
    return FasterWhisper(model or EMBEDDED, root)
