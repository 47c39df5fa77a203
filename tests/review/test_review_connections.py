"""Visitors who open connections and leave them open, or send bodies without end."""

import json
import logging
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from cunshi.archive.project import Project
from cunshi.review import api
from cunshi.review.auth.middleware import Limits
from support.desk import OpenDesk, open_desk, send, signed

ELSEWHERE = "127.0.0.2"
needs_addresses = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has all addresses of 127/8"
)
HALF = b"POST /api/session HTTP/1.1\r\nHost: x\r\n"
MANY = 300
PATIENT = Limits(head_seconds=600, json_seconds=600, connections_each=8, connections=24)
HASTY = Limits(head_seconds=0.2, json_seconds=0.2)


def place_of(desk: OpenDesk) -> tuple[str, int]:
    place = urlsplit(desk.address)
    assert place.hostname
    assert place.port
    return place.hostname, place.port


@contextmanager
def connected(desk: OpenDesk, source: str = "") -> Iterator[socket.socket]:
    address = (source, 0) if source else None
    with socket.create_connection(place_of(desk), 30, address) as connection:
        yield connection


def is_closed(connection: socket.socket) -> bool:
    """Wait until the desk has closed a connection."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def stubborn(desk: OpenDesk) -> bytes:
    """Return a request of a stranger whose body does not come."""
    host = urlsplit(desk.address).netloc
    return (
        f"POST /api/session HTTP/1.1\r\nHost: {host}\r\nOrigin: {desk.address}\r\n"
        "Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    ).encode()


@pytest.mark.parametrize("kind", ["silent", "half a head", "a body that does not come"])
@pytest.mark.parametrize("source", [pytest.param(ELSEWHERE, marks=needs_addresses), ""])
def test_open_connections_shut_nobody_out(
    home: Project, kind: str, source: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither another computer nor one that has the same address as the attacker."""
    with open_desk(home, limits=PATIENT) as desk, ExitStack() as opened:
        sent = {"silent": b"", "half a head": HALF}.get(kind, stubborn(desk))
        attackers = []
        for __ in range(MANY):
            attackers.append(opened.enter_context(connected(desk, source)))
            with suppress(OSError):
                attackers[-1].sendall(sent)
        assert send(desk, "GET", "/sign-in")[0] == 200
        # The oldest are closed, and no more are open than one address may have.
        assert all(is_closed(one) for one in attackers[: -PATIENT.connections_each])
    assert "Traceback" not in "".join(capfd.readouterr())


@needs_addresses
def test_many_addresses_together_shut_nobody_out(home: Project) -> None:
    with open_desk(home, limits=PATIENT) as desk, ExitStack() as opened:
        for number in range(60):
            one = opened.enter_context(connected(desk, f"127.0.1.{number // 3 + 1}"))
            with suppress(OSError):
                one.sendall(stubborn(desk))
        assert send(desk, "GET", "/sign-in")[0] == 200


@pytest.mark.parametrize("sent", [b"", b"G", HALF])
def test_a_head_that_does_not_come_is_not_waited_for(home: Project, sent: bytes) -> None:
    with open_desk(home, limits=HASTY) as desk, connected(desk) as one:
        one.sendall(sent)
        assert is_closed(one)


def test_a_head_that_comes_letter_by_letter_is_not_waited_for(home: Project) -> None:
    with open_desk(home, limits=HASTY) as desk, connected(desk) as one:
        ended = threading.Event()

        def trickle() -> None:
            with suppress(OSError):
                while not ended.wait(0.02):
                    one.sendall(b"x")

        sending = threading.Thread(target=trickle)
        sending.start()
        assert is_closed(one)
        ended.set()
        sending.join()


def test_the_next_request_has_the_same_deadline(home: Project) -> None:
    with open_desk(home, limits=HASTY) as desk, connected(desk) as one:
        host = urlsplit(desk.address).netloc
        one.sendall(f"GET /sign-in HTTP/1.1\r\nHost: {host}\r\n\r\nGET ".encode())
        assert is_closed(one)


@needs_addresses
def test_what_a_person_is_sending_is_not_closed_for_strangers(home: Project) -> None:
    with open_desk(home, limits=PATIENT) as desk, ExitStack() as opened:
        said = [f"{n.replace('_', '-')}: {v}" for n, v in signed(desk).items()]
        host = f"Host: {urlsplit(desk.address).netloc}"
        body = '{"name": "李"}'.encode()
        length = f"Content-Length: {len(body)}"
        lines = ["POST /api/session HTTP/1.1", host, *said, length, "", ""]
        person = opened.enter_context(connected(desk, ELSEWHERE))
        person.sendall("\r\n".join(lines).encode())
        send(desk, "GET", "/sign-in")  # until the desk has read the head
        for __ in range(MANY):
            opened.enter_context(connected(desk, ELSEWHERE))
        person.sendall(body)
        assert person.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_broken_connections_are_told_of_in_a_line(
    home: Project, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "cunshi"),
        open_desk(home, limits=PATIENT) as desk,
        ExitStack() as opened,
    ):
        for __ in range(MANY):
            one = opened.enter_context(connected(desk))
            with suppress(OSError):
                one.sendall(b"\x16\x03\x01 this is no request\r\n\r\n")
        for __ in range(20):  # broken with a reset
            with connected(desk) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.sendall(stubborn(desk))
        assert send(desk, "GET", "/sign-in")[0] == 200
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""
    assert len([r for r in caplog.records if "connections" in r.getMessage()]) <= 1


# Bodies before and after signing in


def test_strangers_may_send_little(home: Project) -> None:
    with open_desk(home, limits=HASTY) as desk:
        sent = {"Origin": desk.address, "Content_Type": "application/json"}
        for size, status in ((4096, 408), (4097, 413), (8 << 20, 413)):
            found = send(desk, "POST", "/api/session", **sent, Content_Length=str(size))
            assert found[0] == status, size


def test_a_large_body_is_parsed_beside_the_loop(
    home: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is parsed, others are answered."""
    parsing, others = threading.Event(), threading.Event()
    parse = json.loads

    def wait_for_others(text: bytes, **options: object) -> object:
        parsing.set()
        assert others.wait(30)
        return parse(text, **options)  # type: ignore[arg-type]

    with open_desk(home) as desk, closing(desk.client()) as client:
        monkeypatch.setattr(api.json, "loads", wait_for_others)
        body = json.dumps({"name": "李老师", "more": "x" * 1_000_000}).encode()
        answers: list[int] = []
        sending = threading.Thread(
            target=lambda: answers.append(
                client.post(
                    "/api/session", content=body, headers={"Content-Type": "application/json"}
                ).status_code
            )
        )
        sending.start()
        assert parsing.wait(30)
        assert send(desk, "GET", "/sign-in")[0] == 200
        others.set()
        sending.join()
        assert answers == [200]
