"""A desk with a certificate: encrypted from the first byte, and clear about files it cannot use."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ConfigurationError, ExitCode
from cunshi.review import server
from cunshi.review.auth.certificate import load_certificate
from cunshi.review.auth.middleware import DeskAuth, Limits
from support.desk import PASSWORD, OpenDesk, open_desk

FILES = Path(__file__).parents[1] / "support" / "tls"
CERTIFICATE, KEY = FILES / "certificate.pem", FILES / "key.pem"
LIMITS = Limits(head_seconds=600, connections_each=8, connections=24)
HASTY = Limits(head_seconds=0.2)
Run = Callable[..., tuple[int, str]]


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(CERTIFICATE)
    return context


@pytest.fixture(scope="module")
def desk(home: Project) -> Iterator[OpenDesk]:
    tls = load_certificate(CERTIFICATE, KEY).context
    with open_desk(home, {"李老师": True}, LIMITS, tls) as opened:
        yield opened


def visitor(desk: OpenDesk) -> httpx2.Client:
    headers = {"Origin": desk.address}
    return httpx2.Client(
        base_url=desk.address, verify=trusting(), headers=headers, timeout=30, trust_env=False
    )


def test_people_sign_in_and_work_over_tls(desk: OpenDesk) -> None:
    assert desk.address.startswith("https://")
    with closing(visitor(desk)) as client:
        assert client.get("/api/sign-in").json()["secure"] is True
        said = {"name": "李老师", "password": PASSWORD}
        answer = client.post("/api/session", json=said)
        assert answer.status_code == 200
        flags = {flag.strip() for flag in answer.headers["set-cookie"].split(";")}
        assert {"Secure", "HttpOnly", "SameSite=strict"} <= flags
        client.headers["X-Cunshi-Token"] = client.get("/api/session").json()["token"]
        # A body larger than one read, and its answer.
        names = [f"村_{n}_2026-01-12" for n in range(20_000)]
        assert len(client.post("/api/names", json={"names": names}).json()["names"]) == 20_000
        for strange in (desk.address.replace("https", "http"), "https://evil.example"):
            refused = client.delete("/api/session", headers={"Origin": strange})
            assert refused.status_code == 403


def test_without_encryption_nothing_is_answered(desk: OpenDesk) -> None:
    place = urlsplit(desk.address)
    with socket.create_connection((place.hostname, place.port), 30) as plain:
        plain.sendall(f"GET /sign-in HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        with suppress(ConnectionError):
            assert b"HTTP/" not in plain.recv(65536)


def test_handshakes_that_are_never_finished_shut_nobody_out(
    desk: OpenDesk, capfd: pytest.CaptureFixture[str]
) -> None:
    place = urlsplit(desk.address)
    with ExitStack() as opened:
        for number in range(200):
            one = opened.enter_context(socket.create_connection((place.hostname, place.port), 30))
            if number % 2:
                one.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        with closing(visitor(desk)) as client:
            assert client.get("/sign-in").status_code == 200
    assert capfd.readouterr().err == ""


def test_a_handshake_that_does_not_come_is_not_waited_for(home: Project) -> None:
    tls = load_certificate(CERTIFICATE, KEY).context
    with open_desk(home, limits=HASTY, tls=tls) as desk:
        place = urlsplit(desk.address)
        with socket.create_connection((place.hostname, place.port), 30) as one:
            assert one.recv(1) == b""
        # nor a head behind a finished handshake
        with socket.create_connection((place.hostname, place.port), 30) as plain:
            secured = trusting().wrap_socket(plain, server_hostname="127.0.0.1")
            secured.sendall(b"GET ")
            with suppress(ConnectionError, ssl.SSLEOFError):
                assert secured.recv(1) == b""


# The files


@pytest.mark.parametrize("name", ["desk.example", "village.village.example", "127.0.0.1"])
def test_the_desk_answers_to_the_names_of_its_certificate(name: str) -> None:
    auth = DeskAuth(8010, load_certificate(CERTIFICATE, KEY).hosts)
    assert auth.knows(f"{name}:8010")
    assert not auth.knows(f"{name}.evil.example:8010")
    assert not auth.knows(f"evil.{name}.example:8010")
    assert not auth.knows("a.b.village.example:8010")


@pytest.mark.parametrize("which", ["--tls-cert", "--tls-key"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "missing.pem", "没有这个文件"),
        (lambda folder: folder, "读不了"),
        (lambda folder: FILES / "encrypted-key.pem", "看不懂"),
        (lambda folder: Path(__file__), "看不懂"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    village: Project, run: Run, which: str, make: Callable[[Path], Path], said: str
) -> None:
    wrong = make(village.root)
    paths = {"--tls-cert": CERTIFICATE, "--tls-key": KEY} | {which: wrong}
    words = [str(word) for pair in paths.items() for word in pair]
    code, printed = run(village, "review", "--lan", "--no-open", *words)
    assert code == ExitCode.CONFIGURATION
    assert said in printed
    assert wrong.name in printed


def test_a_key_of_another_certificate_is_named(village: Project, run: Run) -> None:
    other = FILES / "other-key.pem"
    words = ("--tls-cert", str(CERTIFICATE), "--tls-key", str(other))
    code, printed = run(village, "review", "--lan", "--no-open", *words)
    assert code == ExitCode.CONFIGURATION
    assert "不是这份证书的" in printed
    assert other.name in printed


@pytest.mark.parametrize(
    "words", [("--lan", "--tls-cert"), ("--lan", "--tls-key"), ("--tls-cert", "--tls-key")]
)
def test_certificate_and_key_go_together_and_with_a_network(
    village: Project, run: Run, words: tuple[str, ...]
) -> None:
    files = {"--tls-cert": [str(CERTIFICATE)], "--tls-key": [str(KEY)]}
    said = [part for word in words for part in (word, *files.get(word, []))]
    code, printed = run(village, "review", "--no-open", *said)
    assert code == ExitCode.USAGE
    assert "--tls-key" in printed


def test_printed_addresses_are_those_of_the_certificate(
    village: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Server:
        def run(self, sockets: list[socket.socket]) -> None:
            raise KeyboardInterrupt

    shown: list[str] = []
    monkeypatch.setattr(server, "server_of", lambda desk: Server())
    monkeypatch.setattr(server, "_in_background", lambda work, *words: shown.append(words[0]))
    said: list[str] = []
    found = load_certificate(CERTIFICATE, KEY)
    server.run(village, 0, to_network=True, certificate=found, say=said.append)
    assert shown[0].startswith("https://desk.example:")
    assert "http://" not in "".join(said)
    assert "没有加密" not in "".join(said)
    assert "*" not in "".join(said)


def test_a_certificate_that_no_browser_accepts_is_refused() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_certificate(FILES / "expired.pem", KEY)
    assert "expired" in refused.value.cause
    assert refused.value.where.endswith("expired.pem")
