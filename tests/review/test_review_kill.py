"""Whatever the desk reported as saved exists after it is killed, and no file is incomplete."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from cunshi.review.editor.history import History, digest

SUPPORT = Path(__file__).parents[1] / "support"
KILLS = 50
Told = tuple[Project, str, str]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


class Desks:
    """Desks of one village, started one after the other."""

    def __init__(self, project: Project, recording_id: str):
        self.accession = Accession(project.archive / recording_id)
        self._mother = subprocess.Popen(
            [sys.executable, str(SUPPORT / "dying_desk.py"), str(project.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def open(self, dies: str = "") -> int:
        """Start a desk and return its process."""
        assert self._mother.stdin
        assert self._mother.stdout
        self._mother.stdin.write(f"{dies}\n")
        self._mother.stdin.flush()
        self.told = json.loads(self._mother.stdout.readline())
        return int(self.told["pid"])

    def close(self) -> None:
        assert self._mother.stdin
        with suppress(ProcessLookupError):
            os.kill(self.told["pid"], signal.SIGKILL)
        self._mother.stdin.close()
        self._mother.wait()

    def writer(self, name: str, line: int) -> "Writer":
        return Writer(self, name, line)


class Writer:
    """A person who edits one line repeatedly and remembers the confirmed saves."""

    def __init__(self, desks: Desks, name: str, line: int):
        self.desks, self.name, self.line = desks, name, line
        self.saved: list[tuple[int, str]] = []
        self.kept = self.sent = ""

    def open(self) -> list[Any]:
        """Open the recording in a new page."""
        told = self.desks.told
        address = f"http://127.0.0.1:{told['port']}"
        self.client = httpx2.Client(
            base_url=address, cookies={told["cookie"]: told["sessions"][self.name]}, timeout=10
        )
        token = self.client.get("/api/session").json()["token"]
        self.client.headers.update({"Origin": address, "X-Cunshi-Token": token})
        found = self.client.get(self.path()).json()
        self.base, self.segments = found["revision"], found["segments"]
        return list(self.segments)

    def path(self, end: str = "") -> str:
        return f"/api/recordings/{self.desks.accession.id}{end}"

    def write_on(self) -> None:
        """Save repeatedly until the desk is gone."""
        with suppress(httpx2.TransportError):
            while True:
                self.save(f"{self.name}写到{len(self.saved)}-{random.random()}")

    def save(self, text: str) -> None:
        self.sent = text
        self.segments[self.line]["text"] = text
        body = {"base": self.base, "segments": self.segments}
        answer = self.client.put(self.path("/transcript"), json=body)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        self.base, self.segments = told["revision"], told["segments"] or self.segments
        self.saved.append((self.base, text))
        self.kept = text

    def check(self, found: list[Any]) -> None:
        """Check that the last confirmed save exists, or the one in progress."""
        words = found[self.line]["text"]
        if self.sent:
            assert words in {self.kept, self.sent}
        self.kept = words


@pytest.fixture
def desks(told: Told) -> Iterator[Desks]:
    found = Desks(told[0], told[1])
    yield found
    found.close()


def check_archive(desks: Desks, writers: list[Writer]) -> None:
    """Check that file and history are complete, consistent, and contain every save."""
    accession = desks.accession
    text = accession.transcript.read_text("utf-8")
    kept = History(accession.history)
    assert kept.text(len(kept)) == text
    assert kept.last is not None
    assert kept.last.sha256 == digest(text)
    assert parse_transcript(text)
    for writer in writers:
        for revision, words in writer.saved[-20:]:
            assert words in kept.text(revision)


def test_killed_fifty_times_nothing_saved_is_lost(desks: Desks) -> None:
    """Two people edit different lines while the desk is killed."""
    chance = random.Random(5)
    writers = [desks.writer("李老师", 0), desks.writer("王老师", 2)]
    for __ in range(KILLS):
        desk = desks.open()
        for writer in writers:
            writer.check(writer.open())
        check_archive(desks, writers)
        threads = [threading.Thread(target=writer.write_on) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.02, 0.25))
        os.kill(desk, signal.SIGKILL)
        for thread in threads:
            thread.join(20)
    desks.open()
    for writer in writers:
        writer.check(writer.open())
    assert sum(len(writer.saved) for writer in writers) > KILLS
    check_archive(desks, writers)
    kept = History(desks.accession.history)
    for number in range(1, len(kept) + 1):
        assert kept.revision(number) is not None, number
        parse_transcript(kept.text(number))


@pytest.mark.parametrize("where", ["history", "file", "answer"])
def test_killed_between_the_steps_of_a_save(desks: Desks, where: str) -> None:
    writer = desks.writer("李老师", 1)
    for save in (1, 2, 3):
        # Opening a recording for the first time puts the machine's draft into its history.
        first = save + (where == "history" and save == 1)
        desks.open(f"{where} {first}")
        writer.check(writer.open())
        writer.write_on()
        assert len(writer.saved) == save * (save - 1) // 2
        desks.open()
        found = writer.open()[1]["text"]
        assert found == (writer.kept if where == "history" else writer.sent)
        assert writer.kept != writer.sent
        check_archive(desks, [writer])
        os.kill(desks.told["pid"], signal.SIGKILL)
