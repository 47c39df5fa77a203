"""A speech recognition server with OpenAI's interface, such as FunASR, vLLM or a Whisper server.

This is the only engine that sends recordings to another computer, and only to the server in
archive.yml. https://platform.openai.com/docs/api-reference/audio/createTranscription
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

KEY = "CUNSHI_SERVER_KEY"  # environment variable with the server's key, which is stored nowhere

# Seconds. A server may process recordings one by one, and more slowly than real time.
CONNECT = 5.0
MIN_TIMEOUT = 120.0
TIMEOUT_PER_SECOND = 6.0
FIRST_WAIT = 1.0  # doubled after each attempt
MAX_WAIT = 60.0
PAUSE_AFTER_FAILURE = 30.0  # without requests after all attempts have failed
ATTEMPTS = 4

_RETRYABLE = frozenset({429, 500, 502, 503, 504})
_UNAVAILABLE = frozenset({502, 503, 504})  # from a gateway; 500 may be caused by a single recording
_FORMAT_REFUSED = frozenset({400, 422})
_TIMED, _PLAIN = "verbose_json", "json"


class _AttemptError(Exception):
    """A failed attempt: cause, whether the server is gone, and when to retry (None: never)."""

    def __init__(self, cause: str, *, gone: bool, wait: float | None = 0.0):
        super().__init__(cause)
        self.cause, self.gone, self.wait = cause, gone, wait


class Http:
    """One server for all recordings and threads."""

    hears = True
    workers = 2  # one is sent while another is recognised

    def __init__(self, model: str, server: str):
        self._model = model
        self._server = _parse_server(server)
        self._host = self._server.netloc.decode("ascii")
        self._form = _TIMED
        self._paused_until = 0.0
        self._client = httpx2.Client(
            headers=_authorisation(),
            follow_redirects=False,  # recordings go to no other host than the configured one
            trust_env=False,  # nor through a proxy that is not in archive.yml
        )

    def identity(self) -> EngineIdentity:
        options = {"server": self._host, "format": _TIMED}
        return EngineIdentity("http", "1", self._model, "", options)

    def prepare(self) -> None:
        """Check that the server responds; EngineError if not."""
        response = self._with_retries(
            lambda: self._client.get(self._address("models"), timeout=CONNECT)
        )
        if response.status_code in {401, 403}:  # not every server lists its models
            self._check(response)

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        seconds = len(samples) / RATE
        sound = _wav(samples)
        response = self._with_retries(lambda: self._send(sound, seconds))
        if response.status_code in _FORMAT_REFUSED and self._form == _TIMED:
            # Models without time stamps reject this format.
            response = self._with_retries(lambda: self._send(sound, seconds, _PLAIN))
            if response.is_success:
                self._form = _PLAIN
        self._check(response)
        yield from _read(response, seconds)

    def weigh(
        self, samples: NDArray[np.float32], text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()  # not supported by the interface

    def _address(self, name: str) -> str:
        base = str(self._server).rstrip("/").removesuffix("/v1")
        return f"{base}/v1/{name}"

    def _send(self, sound: bytes, seconds: float, form: str = "") -> httpx2.Response:
        form = form or self._form
        fields: dict[str, Any] = {
            "model": self._model,
            "language": CHINESE,
            "response_format": form,
            "temperature": "0",  # no sampling, so that results are reproducible
        }
        if form == _TIMED:
            fields["timestamp_granularities[]"] = ["word", "segment"]
        timeout = MIN_TIMEOUT + TIMEOUT_PER_SECOND * seconds
        return self._client.post(
            self._address("audio/transcriptions"),
            data=fields,
            files={"file": ("recording.wav", sound, "audio/wav")},
            timeout=httpx2.Timeout(timeout, connect=CONNECT),
        )

    def _with_retries(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        """Send a request, and retry with increasing delays where that may help."""
        for attempt in range(ATTEMPTS):
            self._check_pause()
            try:
                return self._attempt(send)
            except _AttemptError as failure:
                last = failure
            if last.wait is None:
                break
            if attempt < ATTEMPTS - 1:
                time.sleep(min(last.wait or FIRST_WAIT * 2**attempt, MAX_WAIT))
        if last.gone:
            self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE
        raise EngineError(last.cause, _remedy())

    def _check_pause(self) -> None:
        """Raise EngineError soon after a failure, so that not every recording waits for the
        server.
        """
        if time.monotonic() < self._paused_until:
            cause = _("识别服务 {host} 刚才没有回答，这一件没有送去").format(host=self._host)
            raise EngineError(cause, _remedy())

    def _attempt(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        try:
            response = send()
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
            cause = _("识别服务 {host} 一直没有回答").format(host=self._host)
            raise _AttemptError(cause, gone=True, wait=None) from error
        except httpx2.RequestError as error:
            cause = _("连不上识别服务 {host}：{error}").format(host=self._host, error=error)
            raise _AttemptError(cause, gone=True) from error
        if response.status_code in _RETRYABLE:
            gone = response.status_code in _UNAVAILABLE
            raise _AttemptError(self._refusal(response), gone=gone, wait=_retry_after(response))
        return response

    def _check(self, response: httpx2.Response) -> None:
        """Raise EngineError if the server rejects the request permanently."""
        if response.is_success:
            return
        remedies = {
            401: _("把服务的密钥写进环境变量 {name}").format(name=KEY),
            403: _("把服务的密钥写进环境变量 {name}").format(name=KEY),
            404: _("检查 archive.yml 的 server 和 model：服务上要有这个模型"),
            413: _("请管服务的人放宽文件大小"),
        }
        if response.has_redirect_location:
            remedy = _("archive.yml 的 server 要写最后的地址；录音不会跟着转到别处")
        else:
            remedy = remedies.get(response.status_code, _("检查 archive.yml 的 server 和 model"))
        raise EngineError(self._refusal(response), remedy)

    def _refusal(self, response: httpx2.Response) -> str:
        said = _error_text(response)
        return _("识别服务 {host} 没有识别（{code}）：{said}").format(
            host=self._host, code=response.status_code, said=said
        )


def _remedy() -> str:
    return _("看看识别服务开着没有，archive.yml 的 server 对不对，再构建一次")


def _parse_server(server: str) -> httpx2.URL:
    """Parse the server's URL; ConfigurationError if it is invalid or contains a secret."""
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
    """Encode the samples as 16-bit WAV, which every server accepts."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return sound.getvalue()


def _retry_after(response: httpx2.Response) -> float:
    """Return the seconds to wait (RFC 9110, 10.2.3), 0 if not stated."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _error_text(response: httpx2.Response) -> str:
    """Return the server's error message on one short line."""
    try:
        body = response.json()
        error = body.get("error") or body.get("detail") or body
        text = str(error.get("message") or error if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        text = response.text
    return " ".join(text.split())[:200] or response.reason_phrase


def _read(response: httpx2.Response, seconds: float) -> Iterator[HeardSegment]:
    """Yield the segments of a response; EngineError if it is malformed."""
    try:
        if response.headers.get("Content-Type", "").startswith("text/plain"):
            body: Any = {"text": response.text}
        else:
            body = json.loads(response.content)
        yield from _segments(body, seconds)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise EngineError(
            _("识别服务的回答看不懂：{error}").format(error=f"{type(error).__name__}: {error}"),
            _("检查 archive.yml 的 server：它要有 OpenAI 的 /v1/audio/transcriptions 接口"),
        ) from error


def _segments(body: Mapping[str, Any], seconds: float) -> list[HeardSegment]:
    """Return the segments, or the whole text as one if the server returns no times."""
    words = _words(body.get("words"), seconds)
    parts = body.get("segments")
    if not parts:
        text = body["text"].strip()
        return [HeardSegment(Segment(0.0, seconds, text, words))] if text else []
    return [found for part in parts if (found := _segment(part, words, seconds)).segment.text]


def _segment(part: Mapping[str, Any], words: Sequence[Word], seconds: float) -> HeardSegment:
    start, end = _span(part, seconds)
    own = _words(part.get("words"), seconds)
    within = tuple(word for word in words if start <= (word.start + word.end) / 2 < end)
    figures = {name: _number(part[name]) for name in CONFIDENCE if part.get(name) is not None}
    return HeardSegment(Segment(start, end, str.strip(part["text"]), own or within), figures)


def _words(parts: Sequence[Mapping[str, Any]] | None, seconds: float) -> tuple[Word, ...]:
    """Return the words with their times; without a probability, 1 is assumed."""
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
    """Return the engine for a model, by its name on the server."""
    return Http(model, server)
