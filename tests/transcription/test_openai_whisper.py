"""The reference implementation gives the same text as faster-whisper with the embedded weights."""

import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from cunshi.archive.fixity import manifest
from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.project import Project
from cunshi.core.errors import EngineError, ExitCode
from cunshi.media import audio
from cunshi.transcription.engines import HeardSegment, open_engine, openai_whisper, whisper_base
from cunshi.transcription.engines.ct2_weights import openai_dimensions, openai_weights, read_weights
from cunshi.transcription.engines.openai_whisper import OPTIONS, OpenAIWhisper, embedded_checkpoint
from support.village import ROOT, sample_path

Run = Callable[..., tuple[int, str]]
SPEECH = ROOT / "tests" / "samples" / "real-speech"


@pytest.fixture(scope="module")
def whisper() -> Any:
    """openai-whisper; installed by .ci/run."""
    if not importlib.util.find_spec("whisper") and not os.environ.get("CUNSHI_REQUIRE_OPENAI"):
        pytest.skip("openai-whisper is not installed")
    import whisper

    return whisper


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary user cache, removed early because the model is large."""
    monkeypatch.setattr(openai_whisper, "user_cache_path", lambda name, appauthor: tmp_path / name)
    yield tmp_path / "cunshi" / "openai-whisper"
    shutil.rmtree(tmp_path / "cunshi", ignore_errors=True)


def passage(path: Path) -> NDArray[np.float32]:
    ((__, samples),) = audio.blocks(path)
    return samples


# --- the weights


def test_the_embedded_weights_are_those_of_base() -> None:
    weights = read_weights(whisper_base.model_folder() / "model.bin")
    assert openai_dimensions(weights) == {
        "n_mels": 80,
        "n_audio_ctx": 1500,
        "n_audio_state": 512,
        "n_audio_head": 8,
        "n_audio_layer": 6,
        "n_vocab": 51865,
        "n_text_ctx": 448,
        "n_text_state": 512,
        "n_text_head": 8,
        "n_text_layer": 6,
    }
    state = openai_weights(weights)
    assert sum(array.size for array in state.values()) == 72_593_920
    fused = weights["decoder/layer_3/self_attention/linear_0/weight"]
    parts = [state[f"decoder.blocks.3.attn.{n}.weight"] for n in ("query", "key", "value")]
    assert np.array_equal(np.concatenate(parts), fused)
    # What the keys' biases would be, had they any: nothing is left out.
    for name, array in weights.items():
        if name.endswith("self_attention/linear_0/bias"):
            assert not np.split(array, 3)[1].any()
        if name.endswith("/attention/linear_1/bias"):
            assert not np.split(array, 2)[0].any()


@pytest.mark.parametrize("size", [0, 3, 10, 5000])
def test_what_is_no_model_is_refused(tmp_path: Path, size: int) -> None:
    whole = whisper_base.model_folder() / "model.bin"
    with whole.open("rb") as stream:
        (tmp_path / "model.bin").write_bytes(stream.read(size))
    with pytest.raises(EngineError, match="读不懂"):
        read_weights(tmp_path / "model.bin")
    (tmp_path / "model.bin").write_bytes(b"PK\3\4 something else entirely, long enough")
    with pytest.raises(EngineError, match="读不懂"):
        read_weights(tmp_path / "model.bin")


# --- without the package


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(openai_whisper, "version", missing)
    with pytest.raises(EngineError) as refused:
        open_engine("openai-whisper", "base", ROOT).identity()
    pins = (ROOT / "pyproject.toml").read_text("utf-8")
    wanted = refused.value.remedy.split("pip install ")[1].split()[0]
    assert f'openai = ["{wanted}"]' in pins


# --- with it


def test_the_checkpoint_is_made_once_and_anew_when_damaged(whisper: Any, cache: Path) -> None:
    folder = whisper_base.model_folder()
    made = embedded_checkpoint(folder)
    assert [path.name for path in cache.iterdir()] == [made.name]
    assert manifest.sha256_of(made) in made.name
    number = made.stat().st_ino
    assert embedded_checkpoint(folder).stat().st_ino == number
    with made.open("r+b") as stream:
        stream.seek(1_000_000)
        stream.write(b"\0\1\2\3")
    again = embedded_checkpoint(folder)
    assert manifest.sha256_of(again) in again.name
    assert [path.name for path in cache.iterdir()] == [again.name]


def test_a_cache_that_cannot_be_written_is_explained(whisper: Any, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_bytes(b"a file in the way")
    with pytest.raises(EngineError) as refused:
        OpenAIWhisper("base", ROOT).prepare()
    assert refused.value.remedy


def test_word_times_follow_the_same_heads_as_openais_own_base(whisper: Any) -> None:
    engine = OpenAIWhisper("base", ROOT)
    engine.prepare()
    ours = engine._model.alignment_heads.to_dense().clone()
    engine._model.set_alignment_heads(whisper._ALIGNMENT_HEADS["base"])
    assert ours.equal(engine._model.alignment_heads.to_dense())


def test_a_model_that_is_nowhere_is_explained(whisper: Any) -> None:
    engine = OpenAIWhisper("no-such-model", ROOT)
    assert engine.identity().model_sha256 == ""
    with pytest.raises(EngineError, match="no-such-model") as refused:
        engine.prepare()
    assert ".pt" in refused.value.remedy


def test_a_model_with_a_name_is_known_before_it_is_fetched(whisper: Any) -> None:
    digest = "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794"
    assert OpenAIWhisper("small", ROOT).identity().model_sha256 == digest


@pytest.mark.whisper
def test_a_checkpoint_of_ones_own_is_loaded_by_its_path(whisper: Any, tmp_path: Path) -> None:
    made = embedded_checkpoint(whisper_base.model_folder())
    (tmp_path / "wu.pt").symlink_to(made)
    engine = OpenAIWhisper("wu.pt", tmp_path)
    assert engine.identity().model_sha256 == manifest.sha256_of(made)
    assert heard(engine, passage(SPEECH / "BAC009S0764W0121.wav"))


def heard(engine: OpenAIWhisper, samples: NDArray[np.float32]) -> list[HeardSegment]:
    return list(engine.transcribe(samples, "cmn"))


@pytest.fixture(scope="module")
def faster() -> WhisperModel:
    return WhisperModel(str(whisper_base.model_folder()), device="cpu", compute_type="float32")


def faster_options() -> dict[str, Any]:
    options = {name: value for name, value in OPTIONS.items() if name != "fp16"}
    return options | {"log_prob_threshold": options.pop("logprob_threshold")}


@pytest.mark.whisper
def test_both_implementations_hear_the_same(whisper: Any, faster: WhisperModel) -> None:
    engine = OpenAIWhisper("base", ROOT)
    paths = sorted(SPEECH.glob("*.wav"))
    paths += [sample_path(name) for name in ("mottoes/欧桥村",)]
    ours, theirs = "", ""
    for path in paths:
        samples = passage(path)
        segments, __ = faster.transcribe(samples, language="zh", **faster_options())
        reference = list(segments)
        found = heard(engine, samples)
        ours += "".join(entry.segment.text for entry in found)
        theirs += "".join(segment.text for segment in reference)
        assert found[0].segment.words
        assert found[0].segment.start == pytest.approx(reference[0].start, abs=0.3)
        assert found[-1].segment.end == pytest.approx(reference[-1].end, abs=0.3)
    assert len(theirs) > 50
    assert jiwer.cer(theirs, ours) < 0.03, (theirs, ours)


@pytest.mark.whisper
def test_threads_take_turns_on_the_one_model(whisper: Any) -> None:
    engine = OpenAIWhisper("base", ROOT)
    samples = [passage(path) for path in sorted(SPEECH.glob("*.wav"))]
    alone = [heard(engine, sound) for sound in samples]
    together: list[list[HeardSegment]] = [[], []]

    def work(number: int) -> None:
        together[number] = heard(engine, samples[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


@pytest.mark.whisper
def test_a_village_is_transcribed_and_a_second_run_has_nothing_to_do(
    whisper: Any, village: Project, drop: Callable[..., Path], run: Run
) -> None:
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    code, printed = run(village, "build", "--engine", "openai-whisper")
    assert code == ExitCode.OK, printed
    (machine,) = village.archive.glob("*/machine.json")
    found = read_machine_json(machine)
    assert found
    assert (found.engine, found.model_sha256) == ("openai-whisper", whisper_base.MODEL_SHA256)
    assert "孝敬父母" in "".join(segment.text for segment in found.segments)
    before = machine.stat().st_mtime_ns
    assert run(village, "transcribe", "--engine", "openai-whisper")[0] == 0
    assert machine.stat().st_mtime_ns == before
