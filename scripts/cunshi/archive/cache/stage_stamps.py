"""What each stage has done, with a stamp of all that this depends on: unchanged, it is not redone.

Texts that people write are read for their stamps anew every time, since a word in them may withdraw
a recording; a file that only this program writes, or a large one, counts as unchanged with the same
size and time. Kept in build/cache, by stage; losing it only costs time.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

from cunshi.archive.cache.file_cache import Entries, format_entries, read_entries
from cunshi.archive.project import Project
from cunshi.core.files import stat_of, write_rebuildable
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
    """The stamps of a stage: ``intake``, ``hearing``, ``measure``, ``kits``, ``framed``, ``site``.

    A name may have a note with its stamp: what the stage wants to know again, as JSON has it.
    """

    def __init__(self, project: Project, stage: str):
        self._path = project.cache / f"settled-{project.edition}{stage}.json"
        self._earlier = read_entries(self._path, program_stamp())
        self._current: Entries = {}

    def is_current(self, name: str, stamp: str) -> bool:
        """Whether a name was recorded with this stamp, so that there is nothing to do."""
        found = self._earlier.get(name)
        if not stamp or found is None or found[0] != stamp:
            return False
        self._current[name] = found
        return True

    def __contains__(self, name: str) -> bool:
        """Whether a name was found current, or recorded, in this run."""
        return name in self._current

    def note_of(self, name: str) -> Any:
        """The note of a name that is current."""
        return self._current[name][1]

    def record(self, name: str, stamp: str, note: Any = None) -> None:
        """There is nothing left to do for a name; an empty stamp records nothing."""
        if stamp:
            self._current[name] = (stamp, note)

    def clear(self) -> None:
        """Remove the file: nothing is current while the stage is at work, as it may be killed."""
        self._path.unlink(missing_ok=True)

    def save(self) -> None:
        """Write down what is current; names that this run did not ask for are dropped."""
        write_rebuildable(self._path, format_entries(program_stamp(), self._current))


def stamp_of(
    *parts: Any,
    texts: Iterable[Path] = (),
    words: Iterable[bytes | None] = (),
    files: Iterable[Path] = (),
) -> str:
    """The stamp of some values, of the bytes of some texts, and of the size and time of files.

    ``words`` are texts that have been read already, None for one that is not there. Empty where a
    text cannot be read: then nothing is current.
    """
    digest = sha256(repr(parts).encode("utf-8", "backslashreplace"))
    try:
        for data in chain(words, map(_read, texts)):
            digest.update(b"- " if data is None else b"%d %s " % (len(data), data))
    except OSError:
        return ""
    digest.update(repr([stat_of(path) for path in files]).encode())
    return digest.hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@cache
def program_stamp() -> str:
    """The stamp of this program, the packages that it uses and the language of its messages."""
    here = Path(__file__).parents[2]
    files = sorted(path for path in here.rglob("*") if path.suffix != ".pyc" and path.is_file())
    packages = [(name, _version(name)) for name in _PACKAGES]
    return stamp_of(language(), [str(path) for path in files], packages, files=files)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
