"""Read the weights of a CTranslate2 Whisper model and convert them to OpenAI's names.

CTranslate2 fuses query, key and value of self-attention into one matrix, and key and value of
cross-attention. The file layout is that of ``ModelSpec._serialize`` in
ctranslate2/specs/model_spec.py.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cunshi.core.errors import EngineError
from cunshi.core.i18n import _

Weights = Mapping[str, NDArray[np.generic]]

_VERSION, _SPEC = 6, "WhisperSpec"
_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_SIDES = ("encoder", "decoder")

# OpenAI's names within a block → CTranslate2's. Several names are parts of a fused matrix.
_NORMS = {"attn_ln": "self_attention", "mlp_ln": "ffn", "cross_attn_ln": "attention"}
_LINEARS = {
    ("attn.query", "attn.key", "attn.value"): "self_attention/linear_0",
    ("attn.out",): "self_attention/linear_1",
    ("cross_attn.query",): "attention/linear_0",
    ("cross_attn.key", "cross_attn.value"): "attention/linear_1",
    ("cross_attn.out",): "attention/linear_2",
    ("mlp.0",): "ffn/linear_0",
    ("mlp.2",): "ffn/linear_1",
}
_CROSS = "cross_attn"  # only in the decoder


def read_weights(path: Path) -> Weights:
    """Return the arrays of a model.bin by CTranslate2's names; EngineError if it is not Whisper."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, struct.error, ValueError, LookupError) as error:
        raise EngineError(
            _("读不懂 Whisper 模型：{error}").format(error=error),
            _("检查模型文件夹是否完整，或用 base"),
            where=path,
        ) from error


def _read(file: BinaryIO) -> Weights:
    version, name, __ = _number(file, "I"), _text(file), _number(file, "I")
    if (version, name) != (_VERSION, _SPEC):
        raise ValueError(f"{name} {version}")
    return dict(_array(file) for __ in range(_number(file, "I")))


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H")).rstrip(b"\0").decode()


def _array(file: BinaryIO) -> tuple[str, NDArray[np.generic]]:
    name = _text(file)
    shape = [_number(file, "I") for __ in range(_number(file, "B"))]
    kind = np.dtype(_TYPES[_number(file, "B")]).newbyteorder("<")
    data = file.read(_number(file, "I"))
    return name, np.frombuffer(data, kind).reshape(shape)


def openai_dimensions(weights: Weights) -> dict[str, int]:
    """Return the dimensions of a model by the names of whisper.model.ModelDimensions."""
    audio, text = (
        weights["encoder/position_encodings/encodings"],
        weights["decoder/embeddings/weight"],
    )
    return {
        "n_mels": weights["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": audio.shape[0],
        "n_audio_state": audio.shape[1],
        "n_audio_head": int(weights["encoder/num_heads"]),
        "n_audio_layer": _layers(weights, "encoder"),
        "n_vocab": text.shape[0],
        "n_text_ctx": weights["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": text.shape[1],
        "n_text_head": int(weights["decoder/num_heads"]),
        "n_text_layer": _layers(weights, "decoder"),
    }


def openai_weights(weights: Weights) -> dict[str, NDArray[np.generic]]:
    """Return the arrays by the names of whisper.model.Whisper, with unchanged values."""
    state = {
        "encoder.positional_embedding": weights["encoder/position_encodings/encodings"],
        "decoder.positional_embedding": weights["decoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": weights["decoder/embeddings/weight"],
    }
    state |= _norm(weights, "encoder/layer_norm", "encoder.ln_post")
    state |= _norm(weights, "decoder/layer_norm", "decoder.ln")
    for name in ("conv1", "conv2"):
        state |= _linear(weights, f"encoder/{name}", (f"encoder.{name}",))
    for side in _SIDES:
        for number in range(_layers(weights, side)):
            state |= _block(weights, side, number)
    return state


def _layers(weights: Weights, side: str) -> int:
    prefix = f"{side}/layer_"
    numbers = (
        name.removeprefix(prefix).split("/")[0] for name in weights if name.startswith(prefix)
    )
    return len({number for number in numbers if number.isdecimal()})


def _block(weights: Weights, side: str, number: int) -> dict[str, NDArray[np.generic]]:
    source, target = f"{side}/layer_{number}", f"{side}.blocks.{number}"
    state: dict[str, NDArray[np.generic]] = {}
    for name, old in _NORMS.items():
        if side == "decoder" or not name.startswith(_CROSS):
            state |= _norm(weights, f"{source}/{old}/layer_norm", f"{target}.{name}")
    for names, old in _LINEARS.items():
        if side == "decoder" or not names[0].startswith(_CROSS):
            state |= _linear(weights, f"{source}/{old}", tuple(f"{target}.{n}" for n in names))
    return state


def _norm(weights: Weights, source: str, target: str) -> dict[str, NDArray[np.generic]]:
    return {
        f"{target}.weight": weights[f"{source}/gamma"],
        f"{target}.bias": weights[f"{source}/beta"],
    }


def _linear(
    weights: Weights, source: str, targets: tuple[str, ...]
) -> dict[str, NDArray[np.generic]]:
    return dict(_parts(weights, source, targets))


def _parts(
    weights: Weights, source: str, targets: tuple[str, ...]
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    matrices = np.split(weights[f"{source}/weight"], len(targets))
    biases = np.split(weights[f"{source}/bias"], len(targets))
    for target, matrix, bias in zip(targets, matrices, biases, strict=True):
        yield f"{target}.weight", matrix
        if not target.endswith(".key"):  # Whisper's keys have no bias; CTranslate2 stores zeros
            yield f"{target}.bias", bias
