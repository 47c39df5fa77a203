"""Desks that kill themselves. Usage: dying_desk.py <root>; one desk for each line of input.

The line says where the desk kills itself (``history``, ``file``, ``answer``) and at which save; it
is empty for a desk killed by the test. For each desk, port and cookies are printed. All are forked
from one process, because importing takes longer than everything else.
"""

import json
import os
import signal
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts"), str(Path(__file__).parents[1])]

from cunshi.archive.project import Project  # noqa: E402
from cunshi.core import files  # noqa: E402
from cunshi.domain.glossary import Term  # noqa: E402
from cunshi.review.auth.middleware import DeskAuth  # noqa: E402
from cunshi.review.auth.sessions import SessionStore  # noqa: E402
from cunshi.review.context import Desk  # noqa: E402
from cunshi.review.editor import document  # noqa: E402
from cunshi.review.editor.history import History  # noqa: E402
from cunshi.review.server import server_of  # noqa: E402
from cunshi.transcription.glossary_match import find_candidates  # noqa: E402
from cunshi.website import server  # noqa: E402


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_history(save: int) -> None:
    """Kill the desk after half a line of the history is written."""
    write = History._write
    left = save

    def half(self: History, line: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            write(self, line[: len(line) // 2])
            die()
        write(self, line)

    History._write = half  # type: ignore[method-assign]


def die_before_file(save: int) -> None:
    """Kill the desk after the history is written and before the transcript is replaced."""
    left = save

    def put(temporary: Path, path: Path) -> None:
        nonlocal left
        left -= path.name == "transcript.vtt"
        if left == 0:
            die()
        temporary.replace(path)

    files.put_in_place = put


def die_before_answer(save: int) -> None:
    """Kill the desk after everything is written and before it responds."""
    write = document.write_atomic
    left = save

    def written(path: Path, data: str | bytes) -> bool:
        nonlocal left
        done = write(path, data)
        left -= 1
        if left == 0:
            die()
        return done

    document.write_atomic = written


def open_desk(root: str) -> None:
    with server.open_port(0) as listening:
        people = SessionStore()
        auth = DeskAuth(listening.getsockname()[1], people=people)
        cookies = {
            name: people.sign_in(people.enter(people.key), name, "", "127.0.0.1")
            for name in ("李老师", "王老师")
        }
        listening.listen()
        told = {"port": auth.port, "cookie": auth.cookie, "sessions": cookies, "pid": os.getpid()}
        print(json.dumps(told), flush=True)
        server_of(Desk(Project.at(Path(root)), auth)).run(sockets=[listening])


if __name__ == "__main__":
    find_candidates(
        "村里有桥", [Term("塘桥", "地名", "桥")]
    )  # loads the dictionaries before forking
    for request in sys.stdin:
        where, __, save = request.strip().partition(" ")
        if os.fork() == 0:
            places = {
                "history": die_in_history,
                "file": die_before_file,
                "answer": die_before_answer,
            }
            if where:
                places[where](int(save))
            open_desk(sys.argv[1])
            os._exit(0)
        os.wait()
