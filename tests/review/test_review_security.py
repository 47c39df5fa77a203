"""Attacks on the desk by other sites, other computers, and slow clients."""

import asyncio
import re
import socket
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from cunshi.archive.project import Project
from cunshi.review import app
from cunshi.review.api import route
from cunshi.review.auth import routes
from cunshi.review.auth.middleware import AuthMiddleware, DeskAuth, Limits
from cunshi.review.context import STATIC
from support.desk import OpenDesk, every_route, filled, is_in, open_desk, send, signed
from support.village import ROOT, tree

FORMS = ROOT / "scripts/cunshi/catalogue/templates/_forms.html.j2"
LIMITS = Limits(json=20_000, json_seconds=0.5)
TRAVERSALS = [
    "..",
    "../archive.yml",
    "../../mkdocs.yml",
    "..\\..\\mkdocs.yml",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e%2fmkdocs.yml",
    "archive.yml",
    "\0",
    "C:\\Windows\\win.ini",
    "*",
    "[!.]*",
    ".incoming",
]


@pytest.fixture(scope="module")
def desk(home: Project) -> Iterator[OpenDesk]:
    with open_desk(home, limits=LIMITS) as opened:
        yield opened


# Host: DNS rebinding


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}/x",
        "127.0.0.1:{port}@evil.example",
        "evil.example@127.0.0.1:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "127.1:{port}",
        "localhost.:{port}",
        "",
    ],
)
def test_only_the_desks_own_hosts_are_answered(desk: OpenDesk, host: str) -> None:
    asked = host.format(port=urlsplit(desk.address).port)
    status, __, body = send(desk, "GET", "/sign-in", Host=asked)
    assert status == 400
    assert not asked or asked not in body


def test_localhost_is_one_of_them(desk: OpenDesk) -> None:
    host = f"localhost:{urlsplit(desk.address).port}"
    assert send(desk, "GET", "/sign-in", Host=host)[0] == 200


def test_two_hosts_are_none(desk: OpenDesk) -> None:
    own = urlsplit(desk.address).netloc
    assert b" 400 " in talk(desk, f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n\r\n".encode())


# Changes: origin, fetch metadata, token, kind


@pytest.mark.parametrize(
    "wrong",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": None},
        {"Origin": "https://{host}"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://{host}.evil.example"},
        {"Origin": "http://localhost:{port}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"X_Cunshi_Token": None},
        {"X_Cunshi_Token": ""},
        {"X_Cunshi_Token": "wrong"},
        {"X_Cunshi_Token": "é"},
    ],
)
def test_a_change_that_no_page_of_the_desk_asked_for(
    desk: OpenDesk, wrong: dict[str, str | None]
) -> None:
    headers = signed(desk)
    place = urlsplit(desk.address)
    sent: dict[str, str | None] = {**headers, **wrong}
    kept = {
        n: v.format(host=place.netloc, port=place.port) for n, v in sent.items() if v is not None
    }
    assert send(desk, "DELETE", "/api/session", **kept)[0] == 403
    assert is_in(desk, headers)
    assert send(desk, "DELETE", "/api/session", **headers, Sec_Fetch_Site="same-origin")[0] == 200
    assert not is_in(desk, headers)


def test_the_token_is_that_of_the_session(desk: OpenDesk) -> None:
    mine, theirs = signed(desk), signed(desk, "王阿姨")
    assert mine["X_Cunshi_Token"] != theirs["X_Cunshi_Token"]
    mixed = mine | {"X_Cunshi_Token": theirs["X_Cunshi_Token"]}
    assert send(desk, "DELETE", "/api/session", **mixed)[0] == 403


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonp",
    ],
)
def test_only_json_is_read_as_json(desk: OpenDesk, kind: str) -> None:
    sent = signed(desk) | {"Content_Type": kind}
    assert send(desk, "POST", "/api/session", **sent)[0] == 415


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "CONNECT", "OPTIONS", "PROPFIND"])
def test_other_methods_are_refused(desk: OpenDesk, method: str) -> None:
    assert send(desk, method, "/api/session", **signed(desk))[0] == 405


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_read_nothing_and_may_only_link(
    desk: OpenDesk, home: Project, site: str
) -> None:
    cookie = signed(desk)["Cookie"]
    item = home.accessions()[0].id
    for path in ("/api/session", f"/media/{item}", "/static/shared/desk.js"):
        assert send(desk, "GET", path, Cookie=cookie, Sec_Fetch_Site=site)[0] == 403
    linked = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert send(desk, "GET", "/sign-in", **linked)[0] == 200
    assert send(desk, "GET", "/api/session", Cookie=cookie, **linked)[0] == 403
    framed = linked | {"Sec_Fetch_Dest": "iframe"}
    assert send(desk, "GET", "/sign-in", **framed)[0] == 403


# Paths


def test_no_id_leads_out_of_the_archive(desk: OpenDesk, home: Project) -> None:
    headers = signed(desk)
    before = tree(home.root)
    for method, path in every_route(desk.desk):
        if "{" not in path or not path.startswith(("/api/", "/media/")):
            continue
        for value in TRAVERSALS:
            kind = "application/octet-stream" if _takes_files(path, method) else "application/json"
            sent = {**headers, "Content_Type": kind, "Content_Length": "0"}
            asked = filled(path, value)
            status, __, body = send(desk, method, asked, **sent)
            assert status in {400, 404, 405, 409, 415, 422}, (method, asked, status)
            assert not re.search("root:|site_name|institution", body)
    assert tree(home.root) == before


def _takes_files(path: str, method: str) -> bool:
    return method == "PUT" and ("/deposits/" in path or "/scans/" in path)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/",
        "/static/%00",
        "//127.0.0.1/static/shared/desk.js",
        "/sign-in/../api/session",
        "/sign-in/../static/editor/editor.js",
    ],
)
def test_static_files_are_only_those(desk: OpenDesk, path: str) -> None:
    status, __, body = send(desk, "GET", path, Cookie=signed(desk)["Cookie"])
    assert status == 404
    assert "import" not in body


# Bodies


def talk(desk: OpenDesk, *pieces: bytes) -> bytes:
    """Send raw bytes, and read until the desk closes or stops sending."""
    place = urlsplit(desk.address)
    with socket.create_connection((place.hostname, place.port), 10) as connection:
        connection.settimeout(3)
        heard = b""
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
        with suppress(OSError):
            while piece := connection.recv(65536):
                heard += piece
        return heard


def head(desk: OpenDesk, *lines: str) -> bytes:
    said = [f"{n.replace('_', '-')}: {v}" for n, v in signed(desk).items()]
    host = f"Host: {urlsplit(desk.address).netloc}"
    return "\r\n".join(["POST /api/session HTTP/1.1", host, *said, *lines, "", ""]).encode()


def test_a_body_that_says_it_is_too_big(desk: OpenDesk) -> None:
    heard = talk(desk, head(desk, "Content-Length: 999999999"))
    assert b" 413 " in heard
    assert b"connection: close" in heard


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "10, 11", "", "9" * 5000])
def test_a_length_that_is_none(desk: OpenDesk, length: str) -> None:
    assert re.search(rb" 4(00|13) ", talk(desk, head(desk, f"Content-Length: {length}")))


def test_a_body_of_unknown_length_is_counted(desk: OpenDesk) -> None:
    piece = b"1000\r\n" + b"[" * 0x1000 + b"\r\n"
    heard = talk(desk, head(desk, "Transfer-Encoding: chunked"), *[piece] * 100)
    assert b" 413 " in heard


def test_two_ways_to_say_the_length_smuggle_nothing(desk: OpenDesk) -> None:
    inside = f"DELETE /api/session HTTP/1.1\r\nHost: {urlsplit(desk.address).netloc}\r\n\r\n"
    begun = head(desk, "Content-Length: 5", "Transfer-Encoding: chunked")
    heard = talk(desk, begun, b"0\r\n\r\n", inside.encode())
    assert b" 200 " not in heard


def test_a_slow_body_is_not_waited_for(desk: OpenDesk) -> None:
    heard = talk(desk, head(desk, "Content-Length: 100"), b'{"name": ')
    assert b" 408 " in heard
    assert b"connection: close" in heard
    # and others are answered all the while
    assert send(desk, "GET", "/sign-in")[0] == 200


def test_a_deep_body_is_no_fault(desk: OpenDesk) -> None:
    body = b"[" * 15_000
    assert b" 400 " in talk(desk, head(desk, f"Content-Length: {len(body)}"), body)


@pytest.mark.parametrize(
    "body", [b'{"name": NaN}', b'{"name": 1e999}', b'{"name": "\\ud800"}', b"\xff"]
)
def test_what_json_cannot_say_again_is_not_understood(desk: OpenDesk, body: bytes) -> None:
    assert b" 400 " in talk(desk, head(desk, f"Content-Length: {len(body)}"), body)


def uploading(limits: Limits) -> TestClient:
    """Return an application with one upload, signed in, behind the middleware."""

    async def read(request: Request) -> PlainTextResponse:
        request.state.allowance.most = min(request.state.allowance.most, 50_000)
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return PlainTextResponse(str(size))

    auth = DeskAuth(port=8010, limits=limits)
    here = auth.people
    begun = here.sign_in(here.enter(here.key), "李老师", "", "")
    found = here.find(begun)
    assert found
    client = TestClient(
        Starlette(
            routes=[Route("/api/deposits/{folder}/{name}", read, methods=["PUT"])],
            middleware=[Middleware(AuthMiddleware, auth=auth)],
        ),
        base_url="http://127.0.0.1:8010",
        cookies={auth.cookie: begun},
    )
    client.headers.update(
        {
            "Origin": "http://127.0.0.1:8010",
            "X-Cunshi-Token": found.token,
            "Content-Type": "application/octet-stream",
        }
    )
    return client


def test_an_upload_has_limits_of_its_own_which_its_route_may_lower() -> None:
    client = uploading(Limits(json=10, upload=100_000))
    for size, status in ((40_000, 200), (60_000, 413), (200_000, 413)):
        answer = client.put("/api/deposits/01/a.m4a", content=iter([b"x" * size]))
        assert answer.status_code == status
    assert client.put("/api/deposits/01/a.m4a", content=b"x" * 200_000).status_code == 413
    client.headers["Content-Type"] = "application/json"
    assert client.put("/api/deposits/01/a.m4a", content=b"x").status_code == 415


def run_alone(work: Coroutine[object, object, None]) -> None:
    """Run in a thread, because the browser's driver has an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@pytest.mark.parametrize("whole", [False, True])
def test_an_upload_may_take_its_time_piece_by_piece_but_json_not(whole: bool) -> None:
    from cunshi.review.auth.middleware import BodyLimit, _measured

    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0.1)
        sent.append(b"x")
        return {"type": "http.request", "body": b"x", "more_body": len(sent) < 8}

    async def read_all() -> None:
        measured = _measured(receive, BodyLimit(100, 0.5, whole))
        while (await measured())["more_body"]:
            pass

    if whole:
        with pytest.raises(app.HTTPException) as refused:
            run_alone(read_all())
        assert refused.value.status_code == 408
    else:
        run_alone(read_all())
        assert len(sent) == 8


# Every answer


def test_every_answer_carries_the_policy(desk: OpenDesk, home: Project) -> None:
    cookie = signed(desk)["Cookie"]
    item = home.accessions()[0].id
    asked = [
        send(desk, "GET", "/sign-in"),
        send(desk, "GET", "/"),
        send(desk, "GET", "/api/session"),
        send(desk, "GET", "/api/session", Cookie=cookie),
        send(desk, "GET", "/nothing", Cookie=cookie),
        send(desk, "GET", "/static/shared/desk.js"),
        send(desk, "GET", "/static/nothing.js", Cookie=cookie),
        send(desk, "GET", f"/media/{item}", Cookie=cookie),
        send(desk, "GET", f"/media/{item}", Cookie=cookie, Range="bytes=0-9"),
        send(desk, "POST", "/api/session"),
        send(desk, "GET", "/", Host="evil.example"),
    ]
    assert {status for status, *__ in asked} >= {200, 206, 303, 400, 401, 403, 404}
    for __, headers, __ in asked:
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] in {"no-store", "no-cache"}
        assert "server" not in headers
    assert {h["cache-control"] for __, h, __ in asked[:5]} == {"no-store"}


def test_a_fault_of_the_program_tells_strangers_nothing(
    home: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def break_down(ask: object) -> None:
        raise ZeroDivisionError("secret detail")

    was = routes.routes
    fault = route("GET", "/api/fault", break_down)
    monkeypatch.setattr(routes, "routes", lambda desk: [*was(desk), fault])
    with open_desk(home) as desk:
        answer = desk.client().get("/api/fault")
    assert answer.status_code == 500
    assert set(answer.json()) == {"error", "remedy"}
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers
    assert "ZeroDivisionError: secret detail" in capfd.readouterr().err


@pytest.mark.parametrize(
    "name", sorted(p.relative_to(STATIC).as_posix() for p in STATIC.rglob("*.html"))
)
def test_no_shell_has_a_script_or_style_inside(name: str) -> None:
    text = (STATIC / name).read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle\s*=|\son\w+\s*=|javascript:|<base|<iframe|<object", text)
    assert not re.search(r"(src|href)=.(https?:)?//", text)
    assert '<html lang="zh-CN">' in text


def test_no_script_of_the_desk_makes_markup_or_code_from_texts() -> None:
    own = [p for p in STATIC.rglob("*.js") if "vendor" not in p.parts]
    assert own
    forbidden = r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b"
    for path in own:
        assert not re.search(forbidden, path.read_text("utf-8")), path


def test_every_file_that_a_page_or_script_names_is_there() -> None:
    missing = []
    for path in [*STATIC.rglob("*.html"), FORMS]:
        named = re.findall(r'"/static/([^"]+)"', path.read_text("utf-8"))
        missing += [(path.name, name) for name in named if not (STATIC / name).is_file()]
    for path in STATIC.rglob("*.js"):
        named = re.findall(r'(?:\bfrom |\bimport\()"([^"]+)"', path.read_text("utf-8"))
        missing += [(path.name, name) for name in named if not (path.parent / name).is_file()]
    assert not missing


def test_static_files_of_the_desk_are_one_mount(desk: OpenDesk) -> None:
    mounts = [r for r in app.application(desk.desk).routes if isinstance(r, Mount)]
    assert [mount.path for mount in mounts] == ["/static"]
