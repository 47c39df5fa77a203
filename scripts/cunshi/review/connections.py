"""Limit the connections to the desk, so that nobody can shut the others out with open ones.

uvicorn waits for a request without end, asyncio for a TLS handshake for a minute. Here the head of
a request has a deadline that includes the handshake. Where an address, or all together, have too
many connections, the oldest that waits for a stranger's request makes room for a new one.
"""

import asyncio
import logging
import socket
import ssl
import time
from contextlib import suppress
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cunshi.review.auth.middleware import Limits

_log = logging.getLogger(__name__)

# Connections accepted in one go, before the first of them is counted; others wait in the queue.
BACKLOG = 32
_QUEUE = 1024
_QUIET_SECONDS = 60.0  # between two lines of the log


class Connections(ServerState):
    """The open connections of a desk by address, oldest first; ``tls`` if they are encrypted."""

    def __init__(self, limits: Limits, tls: ssl.SSLContext | None):
        super().__init__()
        self.limits, self.tls = limits, tls
        self._open: dict[str, list[LimitedProtocol]] = {}
        self._refused = 0
        self._silent_until = 0.0

    def admit(self, new: "LimitedProtocol") -> bool:
        """Add a connection, and close another if there are too many; False if none can go."""
        own = self._open.get(new.address, [])
        crowds = [own] if len(own) >= self.limits.connections_each else []
        if not crowds and sum(map(len, self._open.values())) >= self.limits.connections:
            crowds = sorted(self._open.values(), key=len, reverse=True)
        if crowds:
            self.note_refusal()
            old = next((one for crowd in crowds for one in crowd if one.is_waiting), None)
            if old is None:
                return False
            old.drop()
        self._open.setdefault(new.address, []).append(new)
        return True

    def forget(self, ended: "LimitedProtocol") -> None:
        """Remove a connection, if it is counted."""
        own = self._open.get(ended.address, [])
        if ended in own:
            own.remove(ended)
        if not own:
            self._open.pop(ended.address, None)

    def note_refusal(self) -> None:
        """Log refused connections together, in a line a minute."""
        self._refused += 1
        if time.monotonic() >= self._silent_until:
            _log.warning("%d connections were refused or closed for others", self._refused)
            self._refused, self._silent_until = 0, time.monotonic() + _QUIET_SECONDS


class LimitedProtocol(H11Protocol):
    """A connection on which each request must begin in time."""

    server_state: Connections
    address = ""
    _socket: asyncio.Transport  # below the encryption
    _deadline: asyncio.TimerHandle | None = None
    _handshake: asyncio.Task[None] | None = None
    _early = b""

    @property
    def is_waiting(self) -> bool:
        """Whether nothing is answered, and no signed-in person is sending a body."""
        if self._is_between:
            return True
        return self.cycle.more_body and not self.cycle.scope["state"].get("person")

    @property
    def _is_between(self) -> bool:
        """Whether no request has begun since the last answer."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast(asyncio.Transport, transport)
        self.address = (transport.get_extra_info("peername") or ("",))[0]
        if not self.server_state.admit(self):
            self._socket.abort()
            return
        self._expect_request()
        if self.server_state.tls is None:
            super().connection_made(self._socket)
        else:
            self._socket.pause_reading()
            self._handshake = self.loop.create_task(self._encrypt(self.server_state.tls))

    async def _encrypt(self, tls: ssl.SSLContext) -> None:
        seconds, secured = self.server_state.limits.head_seconds, None
        with suppress(OSError):  # a broken handshake, of which there is nothing to say
            secured = await self.loop.start_tls(
                self._socket, self, tls, server_side=True, ssl_handshake_timeout=seconds
            )
        if secured is None or self._deadline is None:
            self.drop()
            return
        super().connection_made(secured)
        if self._early:
            self.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:  # the handshake is done, and not yet known to be
            self._early += data
            return
        super().data_received(data)
        if not self._is_between:
            self._expect_nothing()

    def on_response_complete(self) -> None:
        self._expect_request()
        super().on_response_complete()
        if not self._is_between:  # the next request was there already
            self._expect_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        self.server_state.forget(self)
        if self.transport is not None:
            super().connection_lost(exc)

    def drop(self) -> None:
        """Close the connection at once."""
        self._expect_nothing()
        self.server_state.forget(self)
        self._socket.abort()

    def _expect_request(self) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(self.server_state.limits.head_seconds, self.drop)

    def _expect_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None


class LimitedServer(uvicorn.Server):
    """uvicorn with limits of connections, and TLS if there is a context for it."""

    def __init__(self, config: uvicorn.Config, limits: Limits, tls: ssl.SSLContext | None = None):
        super().__init__(config)
        self.server_state: Connections = Connections(limits, tls)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._note_error)
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(_QUEUE)

    def _note_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count errors of connections, such as too many open files, instead of printing each."""
        if isinstance(context.get("exception"), OSError):
            self.server_state.note_refusal()
        else:
            loop.default_exception_handler(context)
