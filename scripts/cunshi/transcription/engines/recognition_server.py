"""A speech recognition server with OpenAI's interface, such as FunASR, vLLM or a Whisper server.

The only engine by which a recording leaves the machine, and only to the server that archive.yml
names. https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import email.utils
import io
import json
import math
import os
import time
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx2
import numpy as np
from numpy.typing import NDArray

from cunshi.core.errors import ConfigurationError, EngineError
from cunshi.core.i18n import _
from cunshi.domain.transcript import Segment, Word
from cunshi.media.sampling import RATE
from cunshi.transcription.engines import CHINESE, CONFIDENCE, EngineIdentity, HeardSegment

KEY = "CUNSHI_SERVER_KEY"  # the variable with the server's key, which is written down nowhere

# Seconds. A server may take recordings one by one, and longer for each than it was spoken.
CONNECT = 5.0
ANSWER_AT_LEAST = 120.0
ANSWER_PER_SECOND = 6.0
FIRST_WAIT = 1.0  # doubled after every attempt
LONGEST_WAIT = 60.0
REST = 30.0  # how long a server that has failed all attempts is not asked again
ATTEMPTS = 4

_MAY_PASS = frozenset({429, 500, 502, 503, 504})
_NOBODY_THERE = frozenset({502, 503, 504})  # as a gateway says it; 500 may be one recording's fault
_FORMAT_REFUSED = frozenset({400, 422})
_TIMED, _PLAIN = "verbose_json", "json"


class _UnansweredError(Exception):
    """One attempt failed: why, whether nobody is there, and when to ask again (None: never)."""

    def __init__(self, cause: str, *, gone: bool, wait: float | None = 0.0):
        super().__init__(cause)
        self.cause, self.gone, self.wait = cause, gone, wait


class Http:
    """One server for all recordings and threads."""

    hears = True
    workers = 2  # one recording travels while another is heard

    def __init__(self, model: str, server: str):
        self._model = model
        self._server = _checked(server)
        self._host = self._server.netloc.decode("ascii")
        self._form = _TIMED
        self._away_until = 0.0
        self._client = httpx2.Client(
            headers=_authorisation(),
            follow_redirects=False,  # a recording goes to no other host than the one named
            trust_env=False,  # nor through a proxy that archive.yml does not name
        )

    def identity(self) -> EngineIdentity:
        options = {"server": self._host, "format": _TIMED}
        return EngineIdentity("http", "1", self._model, "", options)

    def prepare(self) -> None:
        """Find out whether the server is there, before every recording does. Raises EngineError."""
        answer = self._patiently(lambda: self._client.get(self._address("models"), timeout=CONNECT))
        if answer.status_code in {401, 403}:  # not every server has a list of models
            self._check(answer)

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        seconds = len(samples) / RATE
        sound = _wav(samples)
        answer = self._patiently(lambda: self._send(sound, seconds))
        if answer.status_code in _FORMAT_REFUSED and self._form == _TIMED:
            # Models that know no times refuse to be asked for them.
            answer = self._patiently(lambda: self._send(sound, seconds, _PLAIN))
            if answer.is_success:
                self._form = _PLAIN
        self._check(answer)
        yield from _read(answer, seconds)

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()  # no server tells how probable another text would have been

    def _address(self, name: str) -> str:
        base = str(self._server).rstrip("/").removesuffix("/v1")
        return f"{base}/v1/{name}"

    def _send(self, sound: bytes, seconds: float, form: str = "") -> httpx2.Response:
        form = form or self._form
        asked: dict[str, Any] = {
            "model": self._model,
            "language": CHINESE,
            "response_format": form,
            "temperature": "0",  # no sampling: the same recording gives the same draft
        }
        if form == _TIMED:
            asked["timestamp_granularities[]"] = ["word", "segment"]
        patience = ANSWER_AT_LEAST + ANSWER_PER_SECOND * seconds
        return self._client.post(
            self._address("audio/transcriptions"),
            data=asked,
            files={"file": ("recording.wav", sound, "audio/wav")},
            timeout=httpx2.Timeout(patience, connect=CONNECT),
        )

    def _patiently(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
        """Ask again, waiting longer each time, for as long as that may help."""
        for attempt in range(ATTEMPTS):
            self._check_away()
            try:
                return self._attempt(ask)
            except _UnansweredError as failure:
                last = failure
            if last.wait is None:
                break
            if attempt < ATTEMPTS - 1:
                time.sleep(min(last.wait or FIRST_WAIT * 2**attempt, LONGEST_WAIT))
        if last.gone:
            self._away_until = time.monotonic() + REST
        raise EngineError(last.cause, _remedy())

    def _check_away(self) -> None:
        """A hundred recordings need not each wait for a server that has just failed one."""
        if time.monotonic() < self._away_until:
            cause = _("识别服务 {host} 刚才没有回答，这一件没有送去").format(host=self._host)
            raise EngineError(cause, _remedy())

    def _attempt(self, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
        try:
            answer = ask()
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
            cause = _("识别服务 {host} 一直没有回答").format(host=self._host)
            raise _UnansweredError(cause, gone=True, wait=None) from error
        except httpx2.RequestError as error:
            cause = _("连不上识别服务 {host}：{error}").format(host=self._host, error=error)
            raise _UnansweredError(cause, gone=True) from error
        if answer.status_code in _MAY_PASS:
            gone = answer.status_code in _NOBODY_THERE
            raise _UnansweredError(self._refusal(answer), gone=gone, wait=_retry_after(answer))
        return answer

    def _check(self, answer: httpx2.Response) -> None:
        """EngineError when the server refuses, and asking again would not help."""
        if answer.is_success:
            return
        remedies = {
            401: _("把服务的密钥写进环境变量 {name}").format(name=KEY),
            403: _("把服务的密钥写进环境变量 {name}").format(name=KEY),
            404: _("检查 archive.yml 的 server 和 model：服务上要有这个模型"),
            413: _("请管服务的人放宽文件大小"),
        }
        if answer.has_redirect_location:
            remedy = _("archive.yml 的 server 要写最后的地址；录音不会跟着转到别处")
        else:
            remedy = remedies.get(answer.status_code, _("检查 archive.yml 的 server 和 model"))
        raise EngineError(self._refusal(answer), remedy)

    def _refusal(self, answer: httpx2.Response) -> str:
        said = _complaint(answer)
        return _("识别服务 {host} 没有识别（{code}）：{said}").format(
            host=self._host, code=answer.status_code, said=said
        )


def _remedy() -> str:
    return _("看看识别服务开着没有，archive.yml 的 server 对不对，再构建一次")


def _checked(server: str) -> httpx2.URL:
    """The server's address; ConfigurationError when it is none or holds a secret."""
    remedy = _("在 archive.yml 里写 server: http://192.168.1.5:8000 的样子；密钥不要写在里面")
    try:
        url = httpx2.URL(server)
    except httpx2.InvalidURL as error:
        raise ConfigurationError(
            _("识别服务的地址看不懂：{error}").format(error=error), remedy
        ) from error
    if not server:
        raise ConfigurationError(_("引擎 http 要有识别服务的地址"), remedy)
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query:
        raise ConfigurationError(
            _("识别服务的地址 “{server}” 不能用").format(server=server), remedy
        )
    return url


def _authorisation() -> dict[str, str]:
    key = os.environ.get(KEY, "").strip()
    if not key.isascii():
        raise ConfigurationError(_("环境变量 {name} 里不是密钥").format(name=KEY))
    return {"Authorization": f"Bearer {key}"} if key else {}


def _wav(samples: NDArray[np.float32]) -> bytes:
    """The samples as a WAV file of 16 bits, which every server reads."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return sound.getvalue()


def _retry_after(answer: httpx2.Response) -> float:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3), 0 when it does not say."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _complaint(answer: httpx2.Response) -> str:
    """What the server says is wrong, on one short line."""
    try:
        said = answer.json()
        error = said.get("error") or said.get("detail") or said
        text = str(error.get("message") or error if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        text = answer.text
    return " ".join(text.split())[:200] or answer.reason_phrase


def _read(answer: httpx2.Response, seconds: float) -> Iterator[HeardSegment]:
    """What an answer says was heard; EngineError when it cannot be understood."""
    try:
        if answer.headers.get("Content-Type", "").startswith("text/plain"):
            said: Any = {"text": answer.text}
        else:
            said = json.loads(answer.content)
        yield from _segments(said, seconds)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise EngineError(
            _("识别服务的回答看不懂：{error}").format(error=f"{type(error).__name__}: {error}"),
            _("检查 archive.yml 的 server：它要有 OpenAI 的 /v1/audio/transcriptions 接口"),
        ) from error


def _segments(said: Mapping[str, Any], seconds: float) -> list[HeardSegment]:
    """The segments, or all of the text as one where the server gives no times."""
    words = _words(said.get("words"), seconds)
    parts = said.get("segments")
    if not parts:
        text = said["text"].strip()
        return [HeardSegment(Segment(0.0, seconds, text, words))] if text else []
    return [found for part in parts if (found := _segment(part, words, seconds)).segment.text]


def _segment(part: Mapping[str, Any], words: Sequence[Word], seconds: float) -> HeardSegment:
    start, end = _span(part, seconds)
    own = _words(part.get("words"), seconds)
    within = tuple(word for word in words if start <= (word.start + word.end) / 2 < end)
    figures = {name: _number(part[name]) for name in CONFIDENCE if part.get(name) is not None}
    return HeardSegment(Segment(start, end, str.strip(part["text"]), own or within), figures)


def _words(parts: Sequence[Mapping[str, Any]] | None, seconds: float) -> tuple[Word, ...]:
    """Words with their times. Of a word without a probability the server is taken to be sure."""
    return tuple(
        Word(*_span(part, seconds), str(part["word"]), _number(part.get("probability", 1.0)))
        for part in parts or ()
    )


def _span(part: Mapping[str, Any], seconds: float) -> tuple[float, float]:
    start = min(max(_number(part["start"]), 0.0), seconds)
    return start, max(start, min(_number(part["end"]), seconds))


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return round(number, 3)


def open_engine(model: str, server: str) -> Http:
    """The engine for a model by the name that the server knows it by."""
    return Http(model, server)
