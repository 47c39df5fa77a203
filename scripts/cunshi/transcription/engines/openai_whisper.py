"""openai-whisper: the reference implementation of Whisper on PyTorch, several times slower.

An optional dependency, for comparisons and for checkpoints in OpenAI's format.
"""

import base64
import gzip
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from cunshi.archive.fixity import manifest
from cunshi.core.errors import EngineError
from cunshi.core.i18n import _
from cunshi.domain.transcript import Segment, Word
from cunshi.transcription import quality_flags
from cunshi.transcription.engines import (
    CHINESE,
    CONFIDENCE,
    EngineIdentity,
    HeardSegment,
    whisper_base,
)
from cunshi.transcription.engines.ct2_weights import openai_dimensions, openai_weights, read_weights

EMBEDDED = "base"
_DISTRIBUTION = "openai-whisper==20250625"  # as in pyproject.toml
OPTIONS: dict[str, Any] = {
    "beam_size": 5,
    # No sampling, so that results are reproducible.
    "temperature": (0.0,),
    "compression_ratio_threshold": quality_flags.MAX_COMPRESSION,
    "logprob_threshold": quality_flags.MIN_LOGPROB,
    "no_speech_threshold": quality_flags.MAX_NO_SPEECH,
    "condition_on_previous_text": False,  # a loop would spread to later passages
    "word_timestamps": True,
    "fp16": False,
}


class OpenAIWhisper:
    """One model in memory; PyTorch uses the CPU's cores itself."""

    hears = True
    workers = 1

    def __init__(self, model: str, root: Path):
        self._name, self._root = model, root
        self._model: Any = None
        self._lock = threading.Lock()  # the model holds the state of the passage that it decodes

    def identity(self) -> EngineIdentity:
        # As JSON returns it, because identities are compared with stored ones.
        options = OPTIONS | {"temperature": list(OPTIONS["temperature"])}
        return EngineIdentity("openai-whisper", _installed(), self._name, self._sha256(), options)

    def prepare(self) -> None:
        with self._lock:
            self._load()

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        try:
            with self._lock:
                found = self._decode(samples)
        except (RuntimeError, ValueError) as error:
            raise EngineError(_("识别时出错：{error}").format(error=error)) from error
        yield from map(_to_segment, found)

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()  # not supported by this implementation

    def _decode(self, samples: NDArray[np.float32]) -> list[dict[str, Any]]:
        """Return the segments of one pass. The lock must be held."""
        result = self._load().transcribe(samples, language=CHINESE, **OPTIONS)
        segments: list[dict[str, Any]] = result["segments"]
        return segments

    def _checkpoint(self) -> Path | None:
        """Return the model's file if the name is a path, absolute or below the project."""
        path = self._root / Path(self._name).expanduser()
        return path if path.is_file() else None

    def _sha256(self) -> str:
        if self._name == EMBEDDED:
            return whisper_base.MODEL_SHA256
        if path := self._checkpoint():
            return manifest.sha256_of(path)
        # OpenAI's URLs contain the SHA-256 of the file, which whisper checks.
        address = str(_whisper()._MODELS.get(self._name, ""))
        return address.split("/")[-2] if address else ""

    def _load(self) -> Any:
        """Return the model, loaded on first use. The lock must be held."""
        if self._model is None:
            try:
                self._model = self._open()
            except (RuntimeError, ValueError, LookupError, TypeError, OSError) as error:
                raise EngineError(
                    _("Whisper 模型打不开：{error}").format(error=error),
                    _("检查 archive.yml 的 model；不能上网时写 .pt 文件的路径，或用 base"),
                    where=self._name,
                ) from error
        return self._model

    def _open(self) -> Any:
        whisper = _whisper()
        _limit_threads()
        if self._name != EMBEDDED:
            return whisper.load_model(str(self._checkpoint() or self._name), device="cpu")
        folder = whisper_base.model_folder()
        model = whisper.load_model(str(embedded_checkpoint(folder)), device="cpu")
        model.set_alignment_heads(_alignment_heads(folder, model.dims))
        return model


def _installed() -> str:
    """Return the installed version; EngineError if there is none."""
    try:
        return version("openai-whisper")
    except PackageNotFoundError as error:
        raise EngineError(
            _("没有装 openai-whisper"),
            _("运行 {command} 装上它；或者把 engine 改成 faster-whisper").format(
                command=f'"{sys.executable}" -m pip install {_DISTRIBUTION}'
            ),
        ) from error


def _whisper() -> Any:
    _installed()
    import whisper

    return whisper


def _limit_threads() -> None:
    """Let PyTorch use one core less than there are.

    Its threads synchronise hundreds of times per token; if another program occupies a core,
    decoding becomes many times slower (docs/decisions.md).
    """
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))


def embedded_checkpoint(folder: Path) -> Path:
    """Return the embedded model as an OpenAI checkpoint, created once in the user's cache.

    Its name contains the hashes of the source model and of itself; a damaged one is created again.
    """
    cache = user_cache_path("cunshi", appauthor=False) / "openai-whisper"
    stem = f"base-{whisper_base.MODEL_SHA256[:8]}-"
    for path in sorted(cache.glob(f"{stem}*.pt")):
        if manifest.sha256_of(path) == path.stem.removeprefix(stem):
            return path
        path.unlink(missing_ok=True)
    return _make_checkpoint(folder, cache, stem)


def _make_checkpoint(folder: Path, cache: Path, stem: str) -> Path:
    import torch

    weights = read_weights(folder / "model.bin")
    state = {name: torch.from_numpy(w.copy()) for name, w in openai_weights(weights).items()}
    checkpoint = {"dims": openai_dimensions(weights), "model_state_dict": state}
    cache.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".base.", dir=cache)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        return temporary.replace(cache / f"{stem}{manifest.sha256_of(temporary)}.pt")
    finally:
        temporary.unlink(missing_ok=True)


def _alignment_heads(folder: Path, sizes: Any) -> bytes:
    """Return the attention heads for word times in whisper's format; checkpoints do not contain
    them.
    """
    heads = np.zeros((sizes.n_text_layer, sizes.n_text_head), dtype=bool)
    for layer, head in json.loads((folder / "config.json").read_text("utf-8"))["alignment_heads"]:
        heads[layer, head] = True
    return base64.b85encode(gzip.compress(heads.tobytes()))


def _to_segment(found: dict[str, Any]) -> HeardSegment:
    words = tuple(
        Word(_rounded(w["start"]), _rounded(w["end"]), w["word"], _rounded(w["probability"]))
        for w in found.get("words", ())
    )
    segment = Segment(_rounded(found["start"]), _rounded(found["end"]), found["text"], words)
    return HeardSegment(segment, {name: _rounded(found[name]) for name in CONFIDENCE})


def _rounded(value: Any) -> float:
    return round(float(value), 3)


def open_engine(model: str, root: Path) -> OpenAIWhisper:
    """Return the engine for a model name or a .pt file (absolute, or relative to ``root``)."""
    return OpenAIWhisper(model or EMBEDDED, root)
