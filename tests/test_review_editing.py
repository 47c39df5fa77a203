"""The desk's editor on the server: what was saved stays, what several people write is joined."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Client

from cunshi.store import Accession, Project
from desk import open_desk

Told = tuple[Project, str, str]


class At:
    """One recording at an open desk, as several people see it."""

    def __init__(self, told: Told, clients: dict[str, Client]):
        self.project, self.id, self.sealed = told
        self.accession = Accession(self.project.archive / self.id)
        self.clients = clients

    def ask(self, method: str, path: str = "", who: str = "李老师", **body: Any) -> Any:
        answer = self.clients[who].request(
            method, f"/api/recordings/{self.id}{path}", json=body or None
        )
        return answer.status_code, answer.json()

    def read(self) -> Any:
        status, found = self.ask("GET")
        assert status == 200, found
        return found

    def save(self, base: int, segments: list[Any], who: str = "李老师", **more: Any) -> Any:
        return self.ask("PUT", "/transcript", who, base=base, segments=segments, **more)


@pytest.fixture
def at(told: Told) -> Iterator[At]:
    with open_desk(told[0]) as desk:
        yield At(told, {name: desk.client(name) for name in ("李老师", "王老师")})


def changed(segments: list[Any], number: int, **values: Any) -> list[Any]:
    return [s | values if n == number else s for n, s in enumerate(segments)]


def texts(segments: list[Any]) -> list[str]:
    return [s["text"] for s in segments]


def test_a_recording_as_the_editor_opens_it(at: At) -> None:
    found = at.read()
    assert (found["status"], found["revision"], found["corrected_by"]) == ("draft", 1, [])
    assert found["segments"]
    assert found["media"] == f"/media/{at.id}"


def test_what_is_saved_is_in_the_file_and_read_again(at: At) -> None:
    found = at.read()
    segments = changed(found["segments"], 0, text="慈乌村。", withheld=True, flags=[])
    status, answer = at.save(found["revision"], segments)
    assert (status, answer) == (200, {"revision": 2, "merged": [], "segments": None})
    text = at.accession.transcript.read_text("utf-8")
    assert "慈乌村。" in text
    assert "NOTE 不公开" in text
    again = at.read()
    assert (again["segments"], again["status"]) == (segments, "edited")
    assert again["corrected_by"] == ["李老师"]
