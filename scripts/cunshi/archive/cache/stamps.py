"""What a stage has nothing left to do for, as long as all that it depends on stays the same.

Each thing has a stamp of what the stage looked at. Texts that people write are read for it anew
every time, since a word in them may withdraw a recording; a file that only this program writes, or
a large one, counts as unchanged with the same size and time. Kept in build/cache, by stage; losing
it only costs time.
"""

import json
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cunshi.archive.project import Project
from cunshi.core.files import stat_of, write_made
from cunshi.core.i18n import language

# What the results of a stage depend on besides this program.
_PACKAGES = (
    "faster-whisper",
    "jinja2",
    "markdown",
    "mkdocs",
    "mkdocs-material",
    "opencc",
    "pillow",
    "pymdown-extensions",
    "pypinyin",
    "python-docx",
    "python-pptx",
    "rjieba",
    "weasyprint",
    "webvtt-py",
)


class StageStamps:
    """The stamps of one stage: ``intake``, ``hearing``, ``kits``, ``framed``, ``site``.

    ``told`` is what the stage wants to know again of a thing that is settled, as JSON has it.
    """

    def __init__(self, project: Project, stage: str):
        self._path = project.cache.with_name(f"settled-{project.edition}{stage}.json")
        self._known: dict[str, tuple[str, Any]] = {}
        self._kept: dict[str, tuple[str, Any]] = {}
        try:
            data = json.loads(self._path.read_text("utf-8"))
            if data["program"] == program():
                self._known = {name: (stamp, told) for name, (stamp, told) in data["seen"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass

    def holds(self, name: str, stamp: str) -> bool:
        """Whether a thing was settled with this stamp."""
        found = self._known.get(name)
        if not stamp or found is None or found[0] != stamp:
            return False
        self._kept[name] = found
        return True

    def knows(self, name: str) -> bool:
        """Whether a thing is settled, now or in this run."""
        return name in self._kept

    def told(self, name: str) -> Any:
        """What was told of a thing that is settled."""
        return self._kept[name][1]

    def settle(self, name: str, stamp: str, told: Any = None) -> None:
        """There is nothing left to do for a thing."""
        if stamp:
            self._kept[name] = (stamp, told)

    def forget(self) -> None:
        """Nothing is settled while the stage is at work: it may be killed."""
        self._path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Write down what is settled; what nobody asked for since the beginning is forgotten."""
        text = json.dumps({"program": program(), "seen": self._kept}, ensure_ascii=False)
        write_made(self._path, text)


def stamp_of(*parts: Any, texts: Iterable[Path] = (), files: Iterable[Path] = ()) -> str:
    """The stamp of some values, of the words in some texts, and of the size and time of files.

    Empty where a text cannot be read: nothing is settled then.
    """
    digest = sha256(repr(parts).encode("utf-8", "backslashreplace"))
    for path in texts:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b"-"
        except OSError:
            return ""
        digest.update(b"%d %s " % (len(data), data))
    digest.update(repr([stat_of(path) for path in files]).encode())
    return digest.hexdigest()


@cache
def program() -> str:
    """This program and what it is made with, in the language of its messages."""
    here = Path(__file__).parents[2]
    files = sorted(path for path in here.rglob("*") if path.suffix != ".pyc" and path.is_file())
    packages = [(name, _version(name)) for name in _PACKAGES]
    return stamp_of(language(), [str(path) for path in files], packages, files=files)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
