"""Check every request: host, origin, session, token, content type and size.

Pure ASGI, outside of everything else. Uses the routed path instead of ``request.url``, which
depends on the Host header.
"""

import asyncio
import hmac
import logging
import re
import ssl
import sys
import time
import traceback
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cunshi.core.i18n import _
from cunshi.review.api import error_response
from cunshi.review.auth.sessions import SESSION_SECONDS, Session, SessionStore

_log = logging.getLogger(__name__)

SIGN_IN = "/sign-in"
# Paths that are allowed without a session.
_OPEN = {
    SIGN_IN,
    "/api/sign-in",
    "/favicon.ico",
    "/static/shared/desk.css",
    "/static/shared/desk.js",
    "/static/auth/sign-in.css",
    "/static/auth/sign-in.js",
}
_SAFE = {"GET", "HEAD"}
_UPLOAD = re.compile(r"/api/(deposits|recordings/[^/]+/scans)/.+", re.DOTALL)
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; media-src 'self' blob:; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True)
class Limits:
    """Limits of request bodies in bytes, of durations in seconds, and of open connections.

    ``stranger`` limits bodies of who is not signed in. JSON must be complete within
    ``json_seconds``; an upload may take longer, but the next piece must arrive within
    ``stall_seconds``. The head of a request must be complete within ``head_seconds`` after the
    connection, or after the answer to the request before it.
    """

    stranger: int = 4 << 10
    json: int = 8 << 20
    upload: int = 8 << 30
    json_seconds: float = 20.0
    stall_seconds: float = 60.0
    head_seconds: float = 10.0
    connections_each: int = 40
    connections: int = 120  # with those being accepted, fewer than macOS lets a program open


@dataclass
class BodyLimit:
    """The limit of a request's body, in ``request.state.allowance``. A route may lower ``most``."""

    most: int
    seconds: float
    whole: bool


@dataclass
class DeskAuth:
    """Access to a desk: its host names and port, its sessions, and its certificate if it has one.

    A host name may begin with ``*.``, as those of certificates do.
    """

    port: int = 8010
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    people: SessionStore = field(default_factory=SessionStore)
    limits: Limits = Limits()
    tls: ssl.SSLContext | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.tls is not None

    @property
    def scheme(self) -> str:
        return "https" if self.is_encrypted else "http"

    def address(self, host: str) -> str:
        """Return the desk's address under one of its host names."""
        return f"{self.scheme}://{host}:{self.port}/"

    @property
    def cookie(self) -> str:
        """The cookie's name, which contains the port because browsers send cookies to all ports of
        a host.
        """
        return f"cunshi-{self.port}"

    def knows(self, host: str) -> bool:
        """Check whether a Host header is one of this desk's."""
        name, colon, port = host.lower().partition(":")
        if port != str(self.port) and (colon or self.port != (443 if self.is_encrypted else 80)):
            return False
        return name in self.hosts or f"*.{name.partition('.')[2]}" in self.hosts

    def set_session_cookie(self, response: Response, session_id: str) -> None:
        """Set the session cookie in a response; an empty id deletes it."""
        age = SESSION_SECONDS if session_id else 0
        response.set_cookie(
            self.cookie,
            session_id,
            max_age=age,
            path="/",
            secure=self.is_encrypted,
            httponly=True,
            samesite="strict",
        )


class SecurityHeaders:
    """Add security headers to every response, and respond to unexpected exceptions."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return
        except Exception:
            traceback.print_exc(file=sys.stderr)
            _log.exception("%s is answered with 500", scope["method"])
            if started:
                raise
            fault = error_response(
                500,
                _("程序出错了"),
                _("刷新页面再试一次；还不行，请把 build 里的 cunshi.log 发给懂电脑的人"),
            )
            await fault(scope, receive, send_with_headers)


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    # Static files may be cached if revalidated; other responses may not.
    headers["cache-control"] = "no-cache" if path.startswith("/static/") else "no-store"


class AuthMiddleware:
    """Pass a request on, or respond with the reason for its rejection."""

    def __init__(self, app: ASGIApp, auth: DeskAuth):
        self._app = app
        self._door = auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        refusal = self._foreign(request) or self._unknown(request) or self._unfit(request)
        if refusal is None:
            await self._app(scope, _measured(receive, scope["state"]["allowance"]), send)
            return
        if scope["method"] not in _SAFE:
            # The rest of the body is not read.
            refusal.headers["connection"] = "close"
        await refusal(scope, receive, send)

    def _foreign(self, request: Request) -> Response | None:
        """Reject requests caused by other sites (DNS rebinding, CSRF, XS-Leaks)."""
        method, headers = request.method, request.headers
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._door.knows(hosts[0]):
            return error_response(400, _("这不是校对台的地址"), _("用黑色窗口里的地址打开"))
        if method not in _SAFE | {"POST", "PUT", "DELETE"}:
            return error_response(405, _("没有这种请求"))
        site = headers.get("sec-fetch-site", "")
        if method in _SAFE:
            refused = site in {"cross-site", "same-site"} and not _opens_a_page(request)
        else:
            refused = site not in {"", "same-origin"} or headers.getlist("origin") != [
                f"{self._door.scheme}://{hosts[0]}"
            ]
        return error_response(403, _("这个请求是从别的网站来的，没有接受")) if refused else None

    def _unknown(self, request: Request) -> Response | None:
        """Reject requests without a session, and store the session of others."""
        session_id = request.cookies.get(self._door.cookie, "")
        session = self._door.people.find(session_id)
        name = session.name if session else ""
        request.scope.setdefault("state", {}).update(person=name, session=session_id)
        path = request.scope["path"]
        if _is_sign_in(request):
            return None
        if session and name:
            return _untrue(request, session) or (_plain(request) if path == "/" else None)
        if path in _OPEN and request.method in _SAFE:
            return None
        if _is_data(path) or request.method not in _SAFE:
            return error_response(401, _("还没有登录"), _("打开校对台的首页登录"))
        return self._show_in(request)

    def _show_in(self, request: Request) -> Response:
        """Redirect to the sign-in page, where a valid key allows giving a name."""
        session_id = self._door.people.enter(_key(request))
        response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
        if session_id:
            self._door.set_session_cookie(response, session_id)
        return response

    def _unfit(self, request: Request) -> Response | None:
        """Reject bodies of a wrong content type or declared size."""
        limits, headers = self._door.limits, request.headers
        is_upload = request.method == "PUT" and bool(_UPLOAD.fullmatch(request.scope["path"]))
        if is_upload:
            allowance = BodyLimit(limits.upload, limits.stall_seconds, whole=False)
        else:
            is_known = bool(request.scope["state"]["person"])
            most = limits.json if is_known else min(limits.stranger, limits.json)
            allowance = BodyLimit(most, limits.json_seconds, whole=True)
        request.scope["state"]["allowance"] = allowance
        kind = "application/octet-stream" if is_upload else "application/json"
        said = headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method not in _SAFE and said != kind:
            return error_response(415, _("只收 {kind}").format(kind=kind))
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return error_response(400, _("请求的长度看不懂"))
        return too_large(allowance.most) if int(length[:20]) > allowance.most else None


def too_large(most: int) -> Response:
    """Return the response to a body of more than ``most`` bytes."""
    units = ((30, "GB"), (20, "MB"), (10, "KB"))
    bits, unit = next((one for one in units if most >= 1 << one[0]), units[-1])
    size = f"{most / (1 << bits):.3g} {unit}"
    return error_response(413, _("太大了，没有接受"), _("最多 {size}").format(size=size))


def _is_sign_in(request: Request) -> bool:
    return request.method == "POST" and request.scope["path"] == "/api/session"


def _is_data(path: str) -> bool:
    return path.startswith(("/api/", "/media/"))


def _opens_a_page(request: Request) -> bool:
    """Check for a link to a page, which other sites may contain."""
    headers = request.headers
    navigates = headers.get("sec-fetch-mode") == "navigate"
    into_a_tab = headers.get("sec-fetch-dest") == "document"
    return navigates and into_a_tab and not _is_data(request.scope["path"])


def _key(request: Request) -> str:
    query: bytes = request.scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("key", [""])[0]


def _plain(request: Request) -> Response | None:
    """Redirect a signed-in person to the URL without the key."""
    return RedirectResponse("/", HTTPStatus.SEE_OTHER) if _key(request) else None


def _untrue(request: Request, session: Session) -> Response | None:
    """Reject a change without the token, which only pages of the desk can read."""
    token = request.headers.get("x-cunshi-token", "")
    right = hmac.compare_digest(token.encode(), session.token.encode())
    if request.method in _SAFE or right:
        return None
    return error_response(403, _("这个页面太旧了，没有接受"), _("刷新页面再试一次"))


def _measured(receive: Receive, allowance: BodyLimit) -> Receive:
    """Return the body with a limit on its size and duration; HTTPException 413 or 408."""
    begun, read, whole = time.monotonic(), 0, False

    async def receive_measured() -> Message:
        nonlocal read, whole
        if whole:
            return await receive()
        spent = time.monotonic() - begun if allowance.whole else 0.0
        try:
            message = await asyncio.wait_for(receive(), allowance.seconds - spent)
        except TimeoutError as error:
            raise HTTPException(408, headers={"connection": "close"}) from error
        read += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if read > allowance.most:
            raise HTTPException(413, headers={"connection": "close"})
        return message

    return receive_measured
