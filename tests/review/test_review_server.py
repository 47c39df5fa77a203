"""The command `review`: start, output, and shutdown."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.review import server

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
EVERYWHERE = "0.0.0.0"  # noqa: S104
Run = Callable[..., tuple[int, str]]
PROGRAM = """
import sys, time
from pathlib import Path
from cunshi import cli
from cunshi.review.auth import routes as session
from cunshi.review.api import route

def save(ask):
    Path(sys.argv[1], "begun").touch()
    time.sleep(1.5)
    Path(sys.argv[1], "saved").touch()
    return {"saved": True}

was = session.routes
session.routes = lambda desk: [*was(desk), route("PUT", "/api/save", save)]
cli.main(["--root", sys.argv[1], "review", "--no-open", "--port", "0"])
"""


@pytest.fixture
def started(village: Project) -> Iterator["subprocess.Popen[str]"]:
    """The command in another process, with a slow route for saving."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, village.root],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    yield process
    process.kill()
    process.communicate()


def enter(address: str) -> httpx2.Client:
    """Open the printed URL and enter a name, like a browser."""
    place = httpx2.URL(address)
    home = f"http://{place.host}:{place.port}"
    client = httpx2.Client(base_url=home, headers={"Origin": home}, timeout=30)
    assert client.get(address).headers["location"] == "/sign-in"
    assert client.post("/api/session", json={"name": "李老师"}).status_code == 200
    client.headers["X-Cunshi-Token"] = client.get("/api/session").json()["token"]
    return client


def first_address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    found = re.search(r"http://127\.0\.0\.1:\d+/\?key=\S+", process.stdout.readline())
    assert found
    return found[0]


def test_the_address_in_the_window_lets_one_in_and_the_next_is_said(
    started: "subprocess.Popen[str]", village: Project
) -> None:
    address = first_address(started)
    client = enter(address)
    session = client.get("/api/session").json()
    assert session["name"] == "李老师"
    assert session["lan"] is False
    assert {one["key"] for one in session["languages"]} == {"cmn", "wuu", "mixed"}
    assert [one["key"] for one in session["uses"]] == [
        "archive",
        "transcription",
        "lesson",
        "website",
        "social",
    ]
    assert "金村村" in session["villages"]
    assert started.stdout
    assert "Ctrl+C" in started.stdout.readline()
    again = started.stdout.readline()
    assert "key=" in again
    assert address not in again
    # The site has a port, and so an origin, of its own.
    site = httpx2.URL(session["site"])
    assert (site.host, site.port) != (httpx2.URL(address).host, httpx2.URL(address).port)
    assert httpx2.get(session["site"]).status_code == 404
    (village.site / "index.html").write_text("<p>村史</p>", "utf-8")
    assert "村史" in httpx2.get(session["site"]).text


@pytest.mark.skipif(sys.platform == "win32", reason="no signal to send to one process")
def test_ctrl_c_ends_it_after_what_is_being_saved(
    started: "subprocess.Popen[str]", village: Project
) -> None:
    client = enter(first_address(started))
    ask = client.build_request("PUT", "/api/save", json={})
    answers: list[int] = []
    saving = threading.Thread(target=lambda: answers.append(client.send(ask).status_code))
    saving.start()
    while not (village.root / "begun").exists():
        pass
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=30)
    saving.join(10)
    assert answers == [200]
    assert (village.root / "saved").exists()
    assert started.returncode == 0, err
    assert out.endswith("校对台关了。\n")


def test_a_port_that_is_taken_is_named_with_a_way_out(village: Project, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, printed = run(village, "review", "--no-open", "--port", str(port))
    assert code == ExitCode.CONFIGURATION
    assert f"review --port {port + 1}" in printed


def test_a_password_in_the_command_line_is_refused(village: Project, run: Run) -> None:
    code, printed = run(village, "review", "--lan", "--no-open", "--password", "a long password")
    assert code == ExitCode.CONFIGURATION
    assert "密码不要写在命令里" in printed


@pytest.mark.parametrize(("lan", "bound"), [(False, "127.0.0.1"), (True, EVERYWHERE)])
def test_only_a_network_desk_listens_to_the_network_and_says_what_that_means(
    village: Project, monkeypatch: pytest.MonkeyPatch, lan: bool, bound: str
) -> None:
    said, listened, __ = opened(village, monkeypatch, to_network=lan)
    assert listened == [bound]
    assert ("没有加密" in said) is lan
    assert ("key=" in said) is not lan
    assert ("还没有账号" in said) is lan


def opened(
    village: Project, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[str, list[str], list[str]]:
    """Run a desk that ends at once: what it said, listened to, and opened in a browser."""
    listened: list[str] = []

    class Server:
        def run(self, sockets: list[socket.socket]) -> None:
            listened.append(sockets[0].getsockname()[0])
            raise KeyboardInterrupt

    shown: list[str] = []
    monkeypatch.setattr(server, "server_of", lambda desk: Server())
    monkeypatch.setattr(server, "_in_background", lambda work, *words: shown.append(words[0]))
    said: list[str] = []
    server.run(village, 0, say=said.append, **options)
    assert shown[0] in said[0]
    return "\n".join(said), listened, shown


def test_the_names_of_this_computer_are_no_loopback() -> None:
    found = server._names()
    assert socket.gethostname().lower() in found
    assert not [name for name in found if name.startswith("127.")]
    assert json.dumps(found)
