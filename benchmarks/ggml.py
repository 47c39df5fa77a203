"""The embedded Whisper weights as whisper.cpp reads them, so that it can be measured on the same.

The format is that of ``whisper_model_load`` in whisper.cpp's src/whisper.cpp: sizes, mel filters,
vocabulary, then arrays by OpenAI's names, large ones in half precision.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

from cunshi.transcription.engines.ct2_weights import openai_dimensions, openai_weights, read_weights
from cunshi.transcription.engines.whisper_base import model_folder

_MAGIC = 0x67676D6C  # "ggml"
_SIZES = (
    *("n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer"),
    *("n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels"),
)
# Read in single precision, like every bias.
_SINGLE = {
    *("encoder.conv1.bias", "encoder.conv2.bias"),
    *("encoder.positional_embedding", "decoder.positional_embedding"),
}


def write(target: Path) -> None:
    """Write the weights of ``base`` as a ggml file of 16-bit numbers."""
    folder = model_folder()
    weights = read_weights(folder / "model.bin")
    sizes = openai_dimensions(weights)
    with target.open("wb") as file:
        file.write(struct.pack("<12i", _MAGIC, *(sizes[name] for name in _SIZES), 1))
        filters = _mel_filters(sizes["n_mels"])
        file.write(struct.pack("<2i", *filters.shape) + filters.astype("<f4").tobytes())
        words = _vocabulary(folder)
        file.write(struct.pack("<i", len(words)))
        for word in words:
            file.write(struct.pack("<i", len(word)) + word)
        for name, array in openai_weights(weights).items():
            file.write(_array(name, array))


def _mel_filters(count: int) -> np.ndarray:
    from faster_whisper.feature_extractor import FeatureExtractor

    return np.asarray(FeatureExtractor(feature_size=count).mel_filters)


def _vocabulary(folder: Path) -> list[bytes]:
    """The ordinary tokens as bytes; whisper.cpp names the special ones itself."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    special = {entry["id"] for entry in tokenizer["added_tokens"]}
    tokens = {n: token for token, n in tokenizer["model"]["vocab"].items() if n not in special}
    back = _bytes_of_letters()
    return [bytes(back[letter] for letter in tokens[n]) for n in sorted(tokens)]


def _bytes_of_letters() -> dict[str, int]:
    """GPT-2's way to write any byte as a visible letter, turned round."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in visible]
    return {chr(b): b for b in visible} | {chr(256 + n): b for n, b in enumerate(others)}


def _array(name: str, array: np.ndarray) -> bytes:
    if name in {"encoder.conv1.bias", "encoder.conv2.bias"}:
        array = array.reshape(-1, 1)
    half = array.ndim >= 2 and name not in _SINGLE
    data = array.astype("<f2" if half else "<f4")
    head = struct.pack("<3i", array.ndim, len(name.encode()), int(half))
    return (
        head
        + struct.pack(f"<{array.ndim}i", *reversed(array.shape))
        + name.encode()
        + (data.tobytes())
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
