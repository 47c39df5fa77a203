"""What every engine has to hold to; a new one is tested as soon as it is registered."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray

from cunshi.core.errors import ConfigurationError, EngineError
from cunshi.domain.settings import Archive
from cunshi.media import audio
from cunshi.transcription.engines import ENGINES, Engine, HeardSegment, open_engine
from support.scripted_server import HEARD, Scripted
from support.village import ROOT, sample_path

RATE = 16_000
SECONDS = 6
# Other tests register engines of their own.
SHIPPED = [name for name, entry in ENGINES.items() if entry.module.startswith("cunshi.")]


@pytest.fixture
def server() -> Iterator[Scripted]:
    """What an engine may ask: it hears the same, as often as it is asked."""
    scripted = Scripted()
    scripted.answers = [HEARD] * 10
    yield scripted
    scripted.close()


@pytest.fixture(params=[*SHIPPED, "recorded"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(name: str, server: Scripted) -> Engine:
    """The engine with its own model, if its package is installed."""
    found = open_engine(name, "", ROOT, server.address)
    try:
        found.identity()
    except EngineError as error:
        if isinstance(error.__cause__, ImportError):
            pytest.skip(error.cause)
        raise
    return found


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    return np.concatenate(list(audio.decode(sample_path("01/"), RATE, 0, SECONDS)))


def hear(engine: Engine, samples: NDArray[np.float32]) -> list[HeardSegment]:
    return list(engine.transcribe(samples, "cmn"))


def test_it_says_which_engine_it_is(name: str, engine: Engine) -> None:
    """A transcript is drafted anew when any of this is another than what was written down."""
    identity = engine.identity()
    assert (identity.engine, bool(identity.version)) == (name, True)
    assert asdict(identity) == json.loads(json.dumps(asdict(identity)))
    assert identity == engine.identity()


@pytest.mark.whisper
def test_what_it_hears_lies_in_the_recording(
    name: str, engine: Engine, speech: NDArray[np.float32]
) -> None:
    engine.prepare()
    engine.prepare()
    assert engine.workers >= 1
    heard = hear(engine, speech)
    assert bool(heard) is engine.hears
    for found in heard:
        segment = found.segment
        assert 0 <= segment.start < segment.end <= SECONDS + 0.5
        assert segment.text.strip()
        for word in segment.words:
            assert segment.start - 0.5 <= word.start <= word.end <= segment.end + 0.5
            assert 0 <= word.probability <= 1
        assert all(isinstance(figure, float) for figure in found.confidence.values())


@pytest.mark.whisper
def test_several_threads_hear_the_same(engine: Engine, speech: NDArray[np.float32]) -> None:
    engine.prepare()
    once = hear(engine, speech)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda samples: hear(engine, samples), [speech, speech]))
    assert both == [once, once]


@pytest.mark.whisper
def test_it_weighs_every_variant_or_none(engine: Engine, speech: NDArray[np.float32]) -> None:
    engine.prepare()
    weights = engine.weigh(speech, "村里有一条河", [("村里有一条何", "何"), ("春里有一条河", "春")])
    assert len(weights) in {0, 2}
    assert all(isinstance(float(weight), float) for weight in weights)


@pytest.mark.parametrize("name", SHIPPED)
def test_only_one_that_sends_recordings_asks_a_server(name: str) -> None:
    """The consent forms and the site say by ``sends`` whether recordings leave the computer."""
    assert Archive(engine=name).sends is ENGINES[name].asks_server


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    [row] = [line for line in text.splitlines() if line.startswith("| `engine` |")]
    assert f"`{name}`" in row


def test_another_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_engine("wisper", "", ROOT)
    assert all(name in refused.value.remedy for name in SHIPPED)
