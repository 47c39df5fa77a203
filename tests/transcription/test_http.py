"""The engine for recognition servers: a real server and model, and every failure."""

import email.utils
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import jiwer
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.project import Project
from cunshi.core.chinese import to_simplified
from cunshi.core.errors import ConfigurationError, EngineError, ExitCode
from cunshi.media import audio
from cunshi.transcription.engines import HeardSegment, open_engine, recognition_server, whisper_base
from cunshi.transcription.engines.recognition_server import Http
from support.scripted_server import HEARD, Answer, Scripted, said
from support.village import ROOT

Run = Callable[..., tuple[int, str]]
SPEECH = ROOT / "tests" / "samples" / "real-speech"
TWO_SECONDS = np.full(2 * recognition_server.RATE, 0.1, np.float32)
SERVER = ROOT / "build" / "server" / "bin" / "faster-whisper-server"


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


class Clock:
    """The engine's time, which passes only while it waits between two attempts."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(recognition_server, "time", made)
    return made


@pytest.fixture
def waits(clock: Clock) -> list[float]:
    """No real waiting; what would have been waited for."""
    return clock.waits


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds each answer to a recording was allowed."""
    found: list[float] = []
    post = httpx2.Client.post

    def noted(client: httpx2.Client, *words: Any, timeout: httpx2.Timeout, **more: Any) -> Any:
        assert timeout.read is not None
        found.append(timeout.read)
        return post(client, *words, timeout=timeout, **more)

    monkeypatch.setattr(httpx2.Client, "post", noted)
    return found


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(recognition_server.KEY, raising=False)


def hear(engine: Http, samples: NDArray[np.float32] = TWO_SECONDS) -> list[HeardSegment]:
    return list(engine.transcribe(samples, "wuu"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- what is sent


def fields_of(body: bytes) -> dict[str, list[bytes]]:
    boundary = body.split(b"\r\n", 1)[0]
    found: dict[str, list[bytes]] = {}
    for part in body.split(boundary)[1:-1]:
        head, __, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        assert name
        found.setdefault(name[1].decode(), []).append(content.removesuffix(b"\r\n"))
    return found


def test_a_recording_is_sent_as_openai_describes_it(server: Scripted) -> None:
    server.answers = [HEARD]
    ramp = np.linspace(-1.5, 1.5, recognition_server.RATE, dtype=np.float32)
    hear(Http("qwen", server.address), ramp)
    path, headers, body = server.asked[0]
    assert path == "/v1/audio/transcriptions"
    assert "Authorization" not in headers
    sent = fields_of(body)
    file = sent.pop("file")[0]
    assert sent == {
        "model": [b"qwen"],
        "language": [b"zh"],
        "response_format": [b"verbose_json"],
        "temperature": [b"0"],
        "timestamp_granularities[]": [b"word", b"segment"],
    }
    with wave.open(BytesIO(file)) as sound:
        assert sound.getparams()[:4] == (1, 2, recognition_server.RATE, len(ramp))
        written = np.frombuffer(sound.readframes(len(ramp)), "<i2") / 32767
    assert np.abs(written - ramp.clip(-1, 1)).max() < 1e-4


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_address_may_end_as_people_write_it(server: Scripted, ending: str) -> None:
    server.answers = [HEARD]
    hear(Http("m", server.address + ending))
    assert server.asked[0][0] == "/v1/audio/transcriptions"


def test_the_key_comes_from_the_environment_and_is_written_nowhere(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(recognition_server.KEY, " secret-key\n")
    server.answers = [HEARD]
    engine = Http("m", server.address)
    hear(engine)
    assert server.asked[0][1]["Authorization"] == "Bearer secret-key"
    assert "secret" not in repr(engine.identity())
    assert engine.identity().options["server"] == server.address.removeprefix("http://")


def test_no_proxy_of_the_environment_sees_a_recording(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    server.answers = [HEARD]
    assert hear(Http("m", server.address))


def test_a_recording_does_not_follow_to_another_host(server: Scripted) -> None:
    other = Scripted()
    server.answers = [(307, {"Location": other.address}, b"")]
    with pytest.raises(EngineError, match="307") as refused:
        hear(Http("m", server.address))
    assert "别处" in refused.value.remedy
    assert other.asked == []
    other.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "192.168.1.5:8000",
        "ftp://a",
        "file:///etc/passwd",
        "http://",
        "http://u:p@a",
        "http://a:x",
    ],
)
def test_an_address_that_will_not_do_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_engine("http", "m", ROOT, address)
    assert "server:" in refused.value.remedy


# --- what is understood


def test_segments_come_with_words_and_figures_and_within_the_recording(server: Scripted) -> None:
    server.answers = [
        said(
            {
                "segments": [
                    {"start": -1, "end": 0.5, "text": "甲", "avg_logprob": -0.3},
                    {"start": 0.5, "end": 9.0, "text": "乙", "temperature": 0},
                    {"start": 1, "end": 1, "text": "  "},
                ],
                "words": [
                    {"word": "甲", "start": 0.0, "end": 0.4},
                    {"word": "乙", "start": 0.6, "end": 1.0, "probability": 0.5},
                ],
            }
        )
    ]
    first, second = hear(Http("m", server.address))
    assert (first.segment.start, first.segment.end) == (0.0, 0.5)
    assert (second.segment.start, second.segment.end) == (0.5, 2.0)
    assert [(w.text, w.probability) for w in first.segment.words] == [("甲", 1.0)]
    assert [(w.text, w.probability) for w in second.segment.words] == [("乙", 0.5)]
    assert (first.confidence, second.confidence) == ({"avg_logprob": -0.3}, {"temperature": 0.0})


def test_words_may_stand_in_their_segment(server: Scripted) -> None:
    word = {"word": "好", "start": 0.5, "end": 0.7, "probability": 0.9}
    server.answers = [said({"segments": [{"start": 0, "end": 1, "text": "好", "words": [word]}]})]
    assert [w.probability for w in hear(Http("m", server.address))[0].segment.words] == [0.9]


@pytest.mark.parametrize(
    "answer",
    [said({"text": " 好 "}), (200, {"Content-Type": "text/plain; charset=utf-8"}, "好\n".encode())],
)
def test_a_text_without_times_is_one_segment(server: Scripted, answer: Answer) -> None:
    server.answers = [answer]
    (found,) = hear(Http("m", server.address))
    assert (found.segment.start, found.segment.end, found.segment.text) == (0.0, 2.0, "好")


def test_silence_is_nothing_heard(server: Scripted) -> None:
    server.answers = [said({"text": "", "segments": []})]
    assert hear(Http("m", server.address)) == []


def test_a_model_without_times_is_asked_for_its_text_alone(server: Scripted) -> None:
    refusal = said({"error": {"message": "verbose_json is not supported"}}, 400)
    server.answers = [refusal, said({"text": "好"}), said({"text": "坏"})]
    engine = Http("m", server.address)
    assert [hear(engine)[0].segment.text, hear(engine)[0].segment.text] == ["好", "坏"]
    asked = [fields_of(body) for __, __, body in server.asked]
    assert [f["response_format"] for f in asked] == [[b"verbose_json"], [b"json"], [b"json"]]
    assert "timestamp_granularities[]" not in asked[1]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>welcome to nginx</html>",
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"text": 5}',
        b'{"segments": 5}',
        b'{"segments": [[]]}',
        b'{"segments": [{"start": 0, "end": 1}]}',
        b'{"segments": [{"start": 0, "end": 1, "text": null}]}',
        b'{"segments": [{"start": "a", "end": 1, "text": "b"}]}',
        b'{"segments": [{"start": NaN, "end": 1, "text": "b"}]}',
        b'{"segments": [{"start": 0, "end": 1e999, "text": "b"}]}',
        b'{"segments": [{"start": 0, "end": 1, "text": "b", "words": [{"word": "c"}]}]}',
        b'{"text": "\xff"}',
        b"[" * 100_000,
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(server: Scripted, body: bytes) -> None:
    server.answers = [(200, {"Content-Type": "application/json"}, body)]
    with pytest.raises(EngineError, match="看不懂"):
        hear(Http("m", server.address))


# --- what fails


def test_a_busy_server_is_asked_again_after_longer_and_longer_waits(
    server: Scripted, waits: list[float]
) -> None:
    server.answers = [said({}, 503), said({}, 500), said({}, 502), HEARD]
    (found,) = hear(Http("m", server.address))
    assert found.segment.text == "好"
    assert waits == [1.0, 2.0, 4.0]


def test_the_server_says_how_long_to_wait(server: Scripted, clock: Clock) -> None:
    date = email.utils.formatdate(clock.now + 7 + 30, usegmt=True)  # 30 after the first wait
    server.answers = [said({}, 429, **{"Retry-After": text}) for text in ("7", date, "9999")]
    server.answers.append(HEARD)
    hear(Http("m", server.address))
    assert clock.waits == [7.0, 30.0, recognition_server.MAX_WAIT]


def test_waits_are_real_and_nothing_is_sent_meanwhile(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition_server, "FIRST_WAIT", 0.01)
    sleep, asked = time.sleep, []

    def noted(seconds: float) -> None:
        asked.append((len(server.asked), seconds))
        sleep(seconds)
        asked.append((len(server.asked), 0.0))

    monkeypatch.setattr(recognition_server.time, "sleep", noted)
    server.answers = [said({}, 503), said({}, 503), HEARD]
    hear(Http("m", server.address))
    assert asked == [(1, 0.01), (1, 0.0), (2, 0.02), (2, 0.0)]
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            401,
            {"error": {"message": "Incorrect API key"}},
            ("Incorrect API key", recognition_server.KEY),
        ),
        (403, {}, (recognition_server.KEY,)),
        (404, {"detail": "model not found"}, ("model not found", "model")),
        (413, {}, ("文件大小",)),
        (415, {"detail": [{"msg": "x" * 5000}]}, ("415",)),
    ],
)
def test_a_refusal_is_not_repeated_and_says_what_to_do(
    server: Scripted, waits: list[float], status: int, body: object, words: tuple[str, ...]
) -> None:
    server.answers = [said(body, status)]
    with pytest.raises(EngineError, match=str(status)) as refused:
        hear(Http("m", server.address))
    told = refused.value.cause + refused.value.remedy
    assert all(word in told for word in words)
    assert len(told) < 400
    assert waits == []


def test_one_recording_that_the_server_stumbles_over_keeps_no_other_back(
    server: Scripted, waits: list[float]
) -> None:
    server.answers = [said({}, 500)] * recognition_server.ATTEMPTS + [HEARD]
    engine = Http("m", server.address)
    with pytest.raises(EngineError, match="500"):
        hear(engine)
    assert hear(engine)


def test_a_server_that_never_answers_is_given_up(
    server: Scripted, allowed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition_server, "MIN_TIMEOUT", 0.2)
    monkeypatch.setattr(recognition_server, "TIMEOUT_PER_SECOND", 0.05)
    server.may_answer.clear()
    engine = Http("m", server.address)
    with pytest.raises(EngineError, match="一直没有回答"):
        hear(engine)
    with pytest.raises(EngineError, match="没有送去"):
        hear(engine)
    assert allowed == [pytest.approx(0.2 + 2 * 0.05)]
    assert server.was_asked.wait(60)  # it may be slower than the engine was to give up
    assert len(server.asked) == 1


def test_a_longer_recording_is_waited_for_longer(server: Scripted, allowed: list[float]) -> None:
    server.answers = [HEARD, HEARD]
    engine = Http("m", server.address)
    assert hear(engine)
    assert hear(engine, np.tile(TWO_SECONDS, 5))
    for seconds, patience in zip((2, 10), allowed, strict=True):
        assert (
            patience
            == recognition_server.MIN_TIMEOUT + recognition_server.TIMEOUT_PER_SECOND * seconds
        )


def test_where_nobody_listens_the_wait_is_taken_once(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[float] = []
    send = Http._send

    def counted(engine: Http, *words: Any) -> httpx2.Response:
        attempts.append(clock.now)
        return send(engine, *words)

    monkeypatch.setattr(Http, "_send", counted)
    engine = Http("m", f"http://127.0.0.1:{free_port()}")
    for __ in range(100):
        with pytest.raises(EngineError) as failed:
            hear(engine)
    assert "没有送去" in failed.value.cause
    assert len(attempts) == recognition_server.ATTEMPTS
    clock.now += recognition_server.PAUSE_AFTER_FAILURE
    with pytest.raises(EngineError, match="连不上"):
        hear(engine)
    assert len(attempts) == 2 * recognition_server.ATTEMPTS


def test_a_server_that_is_not_there_is_noticed_before_any_recording(waits: list[float]) -> None:
    with pytest.raises(EngineError, match="连不上"):
        Http("m", f"http://127.0.0.1:{free_port()}").prepare()


def test_a_wrong_key_is_noticed_before_any_recording_and_a_missing_list_is_not_minded(
    server: Scripted,
) -> None:
    server.answers = [said({}, 401), said({}, 404)]
    with pytest.raises(EngineError, match="401"):
        Http("m", server.address).prepare()
    Http("m", server.address).prepare()
    assert [path for path, __, __ in server.asked] == ["/v1/models"] * 2


# --- a whole run


def set_server(project: Project, address: str, model: str) -> None:
    (project.archive / "archive.yml").write_text(
        f"engine: http\nmodel: {model}\nserver: {address}\n", "utf-8"
    )


def start_dying(answers: int, port: int) -> subprocess.Popen[str]:
    program = [
        sys.executable,
        str(ROOT / "tests" / "support" / "dying_server.py"),
        str(answers),
        str(port),
    ]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_server_killed_in_the_midst_of_a_recording_stops_no_other(
    village: Project, drop: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition_server, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(Http, "workers", 1)
    for family in ("金村村", "欧桥村", "顾家村"):
        drop(f"mottoes/{family}", f"mottoes/{family}_家_2026-02-01.amr")
    assert run(village, "ingest")[0] == 0
    port = free_port()
    set_server(village, f"http://127.0.0.1:{port}", "m")
    with start_dying(1, port) as process:
        code, printed = run(village, "transcribe")
        assert process.wait(60) < 0
    assert code == ExitCode.TRANSCRIPTION
    assert printed.count("✗ archive") == 2
    assert (printed.count("连不上"), printed.count("没有送去")) == (1, 1)
    assert len(list(village.archive.glob("*/machine.json"))) == 1
    with start_dying(2, port) as process:
        assert run(village, "transcribe")[0] == 0
        process.kill()
    assert len(list(village.archive.glob("*/machine.json"))) == 3


@pytest.fixture(scope="session")
def whisper_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """faster-whisper-server from PyPI with the embedded model; installed by .ci/run."""
    program = str(SERVER) if SERVER.is_file() else shutil.which("faster-whisper-server")
    if program is None and not os.environ.get("CUNSHI_REQUIRE_SERVER"):
        pytest.skip("faster-whisper-server is not installed")
    assert program, "CUNSHI_REQUIRE_SERVER is set, but faster-whisper-server is not installed"
    model = {
        "name": "whisper-1",
        "path": str(whisper_base.model_folder()),
        "model_options": {"device": "cpu", "compute_type": "int8"},
        "transcribe_options": {"beam_size": 5, "vad_filter": True},
    }
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    (folder / "config.yml").write_text(yaml.safe_dump({"models": [model]}), "utf-8")
    words = [program, "--config", "config.yml", "--host", "127.0.0.1", "--port", str(port)]
    variables = os.environ | {"HF_HUB_OFFLINE": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, env=variables, stdout=log, stderr=log)
    try:
        wait_for(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for __ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


def spoken(text: str) -> str:
    return "".join(re.findall(r"[\u4e00-\u9fff]", to_simplified(text)))


@pytest.mark.whisper
def test_a_real_server_hears_real_speech(whisper_server: str) -> None:
    engine = Http("whisper-1", whisper_server)
    engine.prepare()
    reference = yaml.safe_load((SPEECH / "reference.yml").read_text("utf-8"))
    for entry in reference:
        ((__, samples),) = audio.blocks(SPEECH / entry["file"])
        found = list(engine.transcribe(samples, "cmn"))
        text = "".join(entry.segment.text for entry in found)
        assert jiwer.cer(spoken(entry["text"]), spoken(text)) < 0.3, text
        assert all(0 <= f.segment.start < f.segment.end <= len(samples) / 16_000 for f in found)
        assert found[0].confidence["avg_logprob"] < 0


@pytest.mark.whisper
def test_a_village_is_transcribed_by_a_real_server(
    whisper_server: str, village: Project, drop: Callable[..., Path], run: Run
) -> None:
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    set_server(village, whisper_server, "whisper-1")
    code, printed = run(village, "build")
    assert code == 0, printed
    (machine,) = village.archive.glob("*/machine.json")
    found = read_machine_json(machine)
    assert found
    assert (found.engine, found.model, found.model_sha256) == ("http", "whisper-1", "")
    assert found.options["server"] == whisper_server.removeprefix("http://")
    assert "孝敬父母" in spoken("".join(segment.text for segment in found.segments))
