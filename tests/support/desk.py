"""Start a review desk on a free port and sign in to it like its pages."""

import http.client
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpx2
from playwright.sync_api import Browser, BrowserContext
from starlette.routing import Route

from cunshi.archive.accounts.people import Accounts
from cunshi.archive.project import Project
from cunshi.review import app
from cunshi.review.auth.middleware import DeskAuth, Limits
from cunshi.review.auth.sessions import SessionStore
from cunshi.review.context import Desk
from cunshi.review.server import server_of
from cunshi.website import server as serve

PASSWORD = "a long password"  # noqa: S105 - of every account


@dataclass
class OpenDesk:
    """A running desk; ``address`` has no trailing slash."""

    address: str
    desk: Desk

    def cookie(self, name: str) -> dict[str, str]:
        """Create a session and return its cookie."""
        people = self.desk.auth.people
        entered = people.enter(people.key)
        return {self.desk.auth.cookie: people.sign_in(entered, name, PASSWORD, "127.0.0.1")}

    def client(self, name: str = "李老师") -> httpx2.Client:
        """Return an HTTP client that is signed in and sends what pages send."""
        client = httpx2.Client(base_url=self.address, cookies=self.cookie(name), timeout=30)
        token = client.get("/api/session").json()["token"]
        client.headers.update({"Origin": self.address, "X-Cunshi-Token": token})
        return client

    def context(
        self, browser: Browser, name: str = "李老师", width: int = 1280, **options: object
    ) -> BrowserContext:
        """Return a browser context that is signed in."""
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            locale="zh-CN",
            base_url=self.address,
            **options,  # type: ignore[arg-type]
        )
        cookies = self.cookie(name).items()
        context.add_cookies(
            [
                {"name": n, "value": v, "url": self.address, "httpOnly": True, "sameSite": "Strict"}
                for n, v in cookies
            ]
        )
        return context


@contextmanager
def open_desk(
    project: Project,
    people: Mapping[str, bool] | None = None,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[OpenDesk]:
    """Run a desk during the block; with people, and whether they may approve, for a network."""
    accounts = None if people is None else Accounts(project)
    for name, may_approve in (people or {}).items():
        if accounts and not accounts.find(name):
            accounts.add(name, PASSWORD, may_approve=may_approve)
    with serve.open_port(0) as listening:
        port = listening.getsockname()[1]
        auth = DeskAuth(port, people=SessionStore(accounts), limits=limits or Limits(), tls=tls)
        desk = Desk(project, auth)
        server = server_of(desk)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield OpenDesk(auth.address(serve.HOST).rstrip("/"), desk)
        # Connections left open by a test would delay the shutdown.
        server.should_exit = server.force_exit = True
        thread.join(10)


def send(desk: OpenDesk, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Send a request exactly as given, without normalisation; underscores in header names are
    hyphens.
    """
    asking = http.client.HTTPConnection(urlsplit(desk.address).netloc, timeout=10)
    asking.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        asking.putheader(name.replace("_", "-"), value)
    asking.endheaders()
    answer = asking.getresponse()
    found = (
        answer.status,
        {n.lower(): v for n, v in answer.getheaders()},
        answer.read().decode(errors="replace"),
    )
    asking.close()
    return found


def signed(desk: OpenDesk, name: str = "李老师") -> dict[str, str]:
    """Return the headers that a page sends with a change."""
    client = desk.client(name)
    cookie = "; ".join(f"{n}={v}" for n, v in client.cookies.items())
    token = client.headers["X-Cunshi-Token"]
    return {
        "Cookie": cookie,
        "Origin": desk.address,
        "X_Cunshi_Token": token,
        "Content_Type": "application/json",
    }


def is_in(desk: OpenDesk, headers: dict[str, str]) -> bool:
    return send(desk, "GET", "/api/session", Cookie=headers["Cookie"])[0] == 200


def every_route(desk: Desk) -> list[tuple[str, str]]:
    """Return method and path of all routes of the desk, except static files."""
    found = [r for r in app.application(desk).routes if isinstance(r, Route)]
    return [(m, r.path) for r in found for m in sorted(r.methods or ()) if m != "HEAD"]


def filled(path: str, value: str) -> str:
    """Return a route's path with a quoted value for every parameter."""
    return re.sub(r"\{[^}]*\}", quote(value, safe="").replace("\\", "\\\\"), path)
