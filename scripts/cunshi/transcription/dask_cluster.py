"""Passages heard by the workers of a Dask cluster; the only module that knows distributed.

A task is one passage with its samples: no worker needs the masters, a folder of ours, or a file to
write to. Who is lost on the way, a worker or the connection, costs the passages at hand: they are
heard again, and the answers are what one computer would have said.
"""

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cunshi import __version__
from cunshi.core.errors import ConfigurationError, CunshiError, EngineError, EngineUnavailableError
from cunshi.core.i18n import _
from cunshi.domain.glossary import Term
from cunshi.domain.settings import Recogniser
from cunshi.transcription import recognise
from cunshi.transcription.engines import Engine, EngineIdentity, open_engine
from cunshi.transcription.recognise import Listened, listen
from cunshi.transcription.vad import Passage

# Seconds.
CONNECT = 10.0  # for a scheduler to answer
FIRST = 60.0  # for the first worker to come
PATIENCE = 600.0  # without a connection, or without any worker, before the run gives up
LOOK = 5.0  # between two looks at who is there
PAUSE = 0.2
MOST_WAITING = 1000  # threads here that wait for an answer each: so many workers can be busy
MOST_SENT = 20  # times that a passage is sent, because the connection was lost


@dataclass(frozen=True)
class _Order:
    """What a worker has to listen with, and what it has to be for the answers to be the same."""

    recogniser: Recogniser
    root: str  # where a model folder is looked for, unless a worker's CUNSHI_ROOT says another
    facts: Mapping[str, Any]


def _facts(identity: EngineIdentity) -> dict[str, Any]:
    return {"cunshi": __version__, **asdict(identity), "listening": recognise.OPTIONS}


_opening = threading.Lock()


@lru_cache(maxsize=1)  # one model in memory at a time
def _opened(recogniser: Recogniser, root: str) -> tuple[Engine, dict[str, Any]]:
    engine = open_engine(recogniser.engine, recogniser.model, Path(root), recogniser.server)
    engine.prepare()
    return engine, _facts(engine.identity())


def _hear(
    order: _Order, passage: Passage, language: str, terms: Sequence[Term]
) -> Listened | CunshiError:
    """Runs at a worker. EngineUnavailableError when it cannot listen as it is meant to."""
    try:
        with _opening:
            engine, facts = _opened(order.recogniser, os.environ.get("CUNSHI_ROOT", order.root))
    except CunshiError as error:
        raise EngineUnavailableError(
            f"{socket.gethostname()}: {error.cause}", error.remedy
        ) from error
    differing = [name for name, wanted in order.facts.items() if facts.get(name) != wanted]
    if differing:
        raise EngineUnavailableError(
            _("集群里的 {host} 与这台电脑不一样：{facts}").format(
                host=socket.gethostname(),
                facts="; ".join(f"{n} {facts.get(n)} ≠ {order.facts[n]}" for n in differing),
            ),
            _same_everywhere(),
        )
    try:
        return listen(engine, passage, language, terms)
    except CunshiError as error:
        return error


class Cluster:
    """Listens through a scheduler. Its threads only wait: for an answer, or for a connection."""

    threads = MOST_WAITING

    def __init__(self, scheduler: str, engine: Engine, recogniser: Recogniser, root: Path):
        self.engine = engine
        self._scheduler = scheduler
        self._order = _Order(recogniser, str(root), {})
        self._client: Any = None
        self._connecting = threading.Lock()
        self._closed = False
        self._workers, self._looked, self._seen = 0, 0.0, 0.0

    def prepare(self) -> None:
        """Connect, and wait for the first worker. Raises EngineError.

        The model is loaded here only where its hash cannot be known otherwise.
        """
        if not self.engine.identity().model_sha256:
            self.engine.prepare()
        self._order = replace(self._order, facts=_facts(self.engine.identity()))
        self._client = self._connect()
        deadline = time.monotonic() + FIRST
        while not self._count():
            if time.monotonic() > deadline:
                raise _nobody_there(self._scheduler)
            time.sleep(PAUSE)

    def ahead(self) -> int:
        """A passage for each worker, and one waiting for every second of them."""
        if time.monotonic() - self._looked > LOOK:
            self._count()
        return self._workers + self._workers // 2 + 1

    def listen(
        self, passage: Passage, language: str, terms: Sequence[Term], recording: str
    ) -> Listened:
        """Have a passage heard, however often it has to be sent for that. Raises EngineError."""
        question = (self._order, passage, language, terms)
        key = _key(recording, *question)
        for __ in range(MOST_SENT):
            answer = self._ask(self._connected(), key, question)
            if isinstance(answer, CunshiError):
                raise answer
            if answer:
                return answer
        raise EngineError(
            _("到集群的连接断了 {count} 次").format(count=MOST_SENT), _("检查网络，再听写一次")
        )

    def close(self) -> None:
        """Take back what has been sent and not been answered."""
        self._closed = True
        if self._client:
            self._client.close(timeout=CONNECT)

    def _ask(self, client: Any, key: str, question: Any) -> Listened | CunshiError | None:
        """What a worker answers; None when the connection was lost before that."""
        future = None
        while True:
            # Whatever a worker raises comes back from here, and so does all that cuts a connection.
            try:
                future = future or client.submit(_hear, *question, key=key)
                answer: Listened | CunshiError = future.result(timeout=LOOK)
            except Exception as error:
                if future and future.status == "error":
                    raise _as_ours(error) from error
                if not isinstance(error, TimeoutError):
                    return None
            else:
                return answer
            self._look_for_workers()

    def _connect(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise ConfigurationError(
                _("用集群听写要另装 Dask"), _("运行一次：python scripts/run.py add cluster")
            ) from error
        # Its own words about connections would stand in the midst of ours.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            return Client(self._scheduler, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise EngineUnavailableError(
                _("连不上集群 {address}：{error}").format(address=self._scheduler, error=error),
                _("看看调度程序（dask scheduler）开着没有，地址对不对"),
            ) from error

    def _connected(self) -> Any:
        """The client, as soon as it has a connection. Dask's own gives up after CONNECT."""
        deadline = time.monotonic() + PATIENCE
        with self._connecting:
            while self._client.status != "running":
                if self._closed or time.monotonic() > deadline:
                    raise EngineUnavailableError(
                        _("到集群 {address} 的连接断了").format(address=self._scheduler),
                        _("看看网络和调度程序，再听写一次；做好的都在"),
                    )
                if self._client.status == "closed":
                    with suppress(EngineUnavailableError):
                        self._client = self._connect()
                time.sleep(PAUSE)
            return self._client

    def _count(self) -> int:
        """How many passages the workers can hear at once, as far as the scheduler can be asked."""
        with suppress(Exception):  # the connection may break in many ways; _connected() mends it
            self._workers = self._client.scheduler_info(n_workers=0)["total_threads"]
        self._looked = time.monotonic()
        if self._workers:
            self._seen = self._looked
        return self._workers

    def _look_for_workers(self) -> None:
        if time.monotonic() - self._looked < LOOK or self._count():
            return
        if time.monotonic() - self._seen > PATIENCE:
            raise _nobody_there(self._scheduler)


def _key(
    recording: str, order: _Order, passage: Passage, language: str, terms: Sequence[Term]
) -> str:
    """The name of a task: the same for the same passage of a recording and the same settings."""
    settings = hashlib.sha256(repr((order, language, terms)).encode()).hexdigest()
    first = round(passage.spans[0].start * 1000)
    return f"cunshi-{recording[:16]}-{first}-{settings[:16]}"


def _as_ours(error: Exception) -> CunshiError:
    """An error of a task. Only a passage that workers die of does not end the run."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, CunshiError):
        return error
    if isinstance(error, KilledWorker):
        return EngineError(
            _("听这一件的电脑一再中途停掉（{address}）").format(address=error.last_worker.address),
            _("看看那台电脑的内存够不够，再听写一次"),
        )
    return EngineUnavailableError(
        _("集群里的电脑听不了：{error}").format(error=f"{type(error).__name__}: {error}"),
        _same_everywhere(),
    )


def _nobody_there(scheduler: str) -> EngineUnavailableError:
    return EngineUnavailableError(
        _("集群 {address} 里没有听写的电脑").format(address=scheduler),
        _("在要帮忙的电脑上运行：dask worker {address}").format(address=scheduler),
    )


def _same_everywhere() -> str:
    return _("在所有电脑上装同一版村史和同一个模型，再听写一次；做好的都在")
