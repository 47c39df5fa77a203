"""Recognise passages on the workers of a Dask cluster; the only module that uses distributed.

A task contains a passage with its samples, so workers need neither masters nor a shared folder. If
a worker or the connection is lost, its passages are sent again; the results are the same as on one
computer.
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
from cunshi.transcription.recognise import RecognisedPassage, recognise_passage
from cunshi.transcription.vad import Passage

# Seconds.
CONNECT_TIMEOUT = 10.0  # for the scheduler to respond
FIRST_WORKER_TIMEOUT = 60.0  # for the first worker to connect
GIVE_UP_AFTER = 600.0  # without a connection or any worker, until the run ends
CHECK_INTERVAL = 5.0  # between checks of the number of workers
POLL_INTERVAL = 0.2
MAX_THREADS = 1000  # local threads, each waiting for one result: the maximum of busy workers
MAX_ATTEMPTS = 20  # times that a passage is sent again after a lost connection


@dataclass(frozen=True)
class _WorkerSettings:
    """The engine for a worker, and the facts on which equal results depend."""

    recogniser: Recogniser
    root: str  # base of a relative model folder, unless the worker sets CUNSHI_ROOT
    facts: Mapping[str, Any]


def _facts(identity: EngineIdentity) -> dict[str, Any]:
    return {"cunshi": __version__, **asdict(identity), "listening": recognise.OPTIONS}


_open_lock = threading.Lock()


@lru_cache(maxsize=1)  # one model in memory at a time
def _open_cached(recogniser: Recogniser, root: str) -> tuple[Engine, dict[str, Any]]:
    engine = open_engine(recogniser.engine, recogniser.model, Path(root), recogniser.server)
    engine.prepare()
    return engine, _facts(engine.identity())


def _recognise(
    settings: _WorkerSettings, passage: Passage, language: str, terms: Sequence[Term]
) -> RecognisedPassage | CunshiError:
    """Recognise a passage (on a worker); EngineUnavailableError if the worker differs or has no
    engine.
    """
    try:
        with _open_lock:
            engine, facts = _open_cached(
                settings.recogniser, os.environ.get("CUNSHI_ROOT", settings.root)
            )
    except CunshiError as error:
        raise EngineUnavailableError(
            f"{socket.gethostname()}: {error.cause}", error.remedy
        ) from error
    differing = [name for name, wanted in settings.facts.items() if facts.get(name) != wanted]
    if differing:
        raise EngineUnavailableError(
            _("集群里的 {host} 与这台电脑不一样：{facts}").format(
                host=socket.gethostname(),
                facts="; ".join(f"{n} {facts.get(n)} ≠ {settings.facts[n]}" for n in differing),
            ),
            _version_remedy(),
        )
    try:
        return recognise_passage(engine, passage, language, terms)
    except CunshiError as error:
        return error


class Cluster:
    """Recognition on a Dask cluster. Its threads only wait for results or the connection."""

    threads = MAX_THREADS

    def __init__(self, scheduler: str, engine: Engine, recogniser: Recogniser, root: Path):
        self.engine = engine
        self._scheduler = scheduler
        self._settings = _WorkerSettings(recogniser, str(root), {})
        self._client: Any = None
        self._connect_lock = threading.Lock()
        self._closed = False
        self._workers, self._checked_at, self._seen_at = 0, 0.0, 0.0

    def prepare(self) -> None:
        """Connect and wait for the first worker; raises EngineError.

        The model is loaded here only if its hash is not known otherwise.
        """
        if not self.engine.identity().model_sha256:
            self.engine.prepare()
        self._settings = replace(self._settings, facts=_facts(self.engine.identity()))
        self._client = self._connect()
        deadline = time.monotonic() + FIRST_WORKER_TIMEOUT
        while not self._count_workers():
            if time.monotonic() > deadline:
                raise _no_workers_error(self._scheduler)
            time.sleep(POLL_INTERVAL)

    def queue_size(self) -> int:
        """Return one and a half passages per worker."""
        if time.monotonic() - self._checked_at > CHECK_INTERVAL:
            self._count_workers()
        return self._workers + self._workers // 2 + 1

    def recognise(
        self, passage: Passage, language: str, terms: Sequence[Term], recording: str
    ) -> RecognisedPassage:
        """Recognise a passage, sent again if the connection is lost. Raises EngineError."""
        arguments = (self._settings, passage, language, terms)
        key = _key(recording, *arguments)
        for __ in range(MAX_ATTEMPTS):
            result = self._submit(self._wait_for_connection(), key, arguments)
            if isinstance(result, CunshiError):
                raise result
            if result:
                return result
        raise EngineError(
            _("到集群的连接断了 {count} 次").format(count=MAX_ATTEMPTS), _("检查网络，再听写一次")
        )

    def close(self) -> None:
        """Cancel the pending tasks."""
        self._closed = True
        if self._client:
            self._client.close(timeout=CONNECT_TIMEOUT)

    def _submit(
        self, client: Any, key: str, arguments: Any
    ) -> RecognisedPassage | CunshiError | None:
        """Return a worker's result; None if the connection was lost."""
        future = None
        while True:
            # Raises the worker's exceptions, and those of a lost connection.
            try:
                future = future or client.submit(_recognise, *arguments, key=key)
                result: RecognisedPassage | CunshiError = future.result(timeout=CHECK_INTERVAL)
            except Exception as error:
                if future and future.status == "error":
                    raise _convert_error(error) from error
                if not isinstance(error, TimeoutError):
                    return None
            else:
                return result
            self._check_workers()

    def _connect(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise ConfigurationError(
                _("用集群听写要另装 Dask"), _("运行一次：python scripts/run.py add cluster")
            ) from error
        # Its messages about connections would mix with ours.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            return Client(self._scheduler, timeout=CONNECT_TIMEOUT, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise EngineUnavailableError(
                _("连不上集群 {address}：{error}").format(address=self._scheduler, error=error),
                _("看看调度程序（dask scheduler）开着没有，地址对不对"),
            ) from error

    def _wait_for_connection(self) -> Any:
        """Return the client once it is connected. Dask itself gives up after CONNECT_TIMEOUT."""
        deadline = time.monotonic() + GIVE_UP_AFTER
        with self._connect_lock:
            while self._client.status != "running":
                if self._closed or time.monotonic() > deadline:
                    raise EngineUnavailableError(
                        _("到集群 {address} 的连接断了").format(address=self._scheduler),
                        _("看看网络和调度程序，再听写一次；做好的都在"),
                    )
                if self._client.status == "closed":
                    with suppress(EngineUnavailableError):
                        self._client = self._connect()
                time.sleep(POLL_INTERVAL)
            return self._client

    def _count_workers(self) -> int:
        """Return how many passages the workers can recognise at once; the last known number on
        errors.
        """
        with suppress(Exception):  # many kinds of errors; _wait_for_connection() reconnects
            self._workers = self._client.scheduler_info(n_workers=0)["total_threads"]
        self._checked_at = time.monotonic()
        if self._workers:
            self._seen_at = self._checked_at
        return self._workers

    def _check_workers(self) -> None:
        if time.monotonic() - self._checked_at < CHECK_INTERVAL or self._count_workers():
            return
        if time.monotonic() - self._seen_at > GIVE_UP_AFTER:
            raise _no_workers_error(self._scheduler)


def _key(
    recording: str,
    settings: _WorkerSettings,
    passage: Passage,
    language: str,
    terms: Sequence[Term],
) -> str:
    """Return the name of a task, equal for the same passage and settings."""
    digest = hashlib.sha256(repr((settings, language, terms)).encode()).hexdigest()
    first = round(passage.spans[0].start * 1000)
    return f"cunshi-{recording[:16]}-{first}-{digest[:16]}"


def _convert_error(error: Exception) -> CunshiError:
    """Convert the exception of a task; only one that kills workers affects just its recording."""
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
        _version_remedy(),
    )


def _no_workers_error(scheduler: str) -> EngineUnavailableError:
    return EngineUnavailableError(
        _("集群 {address} 里没有听写的电脑").format(address=scheduler),
        _("在要帮忙的电脑上运行：dask worker {address}").format(address=scheduler),
    )


def _version_remedy() -> str:
    return _("在所有电脑上装同一版村史和同一个模型，再听写一次；做好的都在")
