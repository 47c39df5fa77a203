"""Requests that tests send to the desk: uploads and jobs."""

import time
from collections.abc import Callable
from typing import Any

import httpx2

from support.village import sample_path

SOUND = sample_path("01/")
BYTES = {"Content-Type": "application/octet-stream"}


def folder_id(ask: httpx2.Client, beginning: str) -> str:
    folders = ask.get("/api/folders").json()["folders"]
    return str(next(f["id"] for f in folders if f["title"].startswith(beginning)))


def put(
    ask: httpx2.Client, name: str, data: Any, folder: str = "第 1 课", **said: str
) -> httpx2.Response:
    address = f"/api/deposits/{folder_id(ask, folder)}/{name}"
    return ask.put(address, params=said, content=data, headers=BYTES)


def work(ask: httpx2.Client, what: str) -> dict[str, Any]:
    """Start a job and wait until it has ended."""
    started = ask.post("/api/jobs", json={"what": what})
    assert started.status_code == 202, started.text
    return wait(ask)


def wait(ask: httpx2.Client) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while (now := ask.get("/api/jobs").json())["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(now["last"])


def await_(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
