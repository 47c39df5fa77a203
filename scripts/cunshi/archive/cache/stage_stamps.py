"""Remember what each stage has done, with a stamp of its inputs, to skip unchanged work.

Texts by people are read for every stamp, because a word in them may be a withdrawal; a file that is
large or only written by this program counts as unchanged if size and time are. Stored in
build/cache by stage.
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
from cunshi.core.files import read_regular, stat_of, write_rebuildable
from cunshi.core.i18n import language

# Packages that influence the results of stages.
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

    A stamp may have a note: JSON data that the stage needs again.
    """

    def __init__(self, project: Project, stage: str):
        self._path = project.cache / f"settled-{project.edition}{stage}.json"
        self._earlier = read_entries(self._path, program_stamp())
        self._current: Entries = {}

    def is_current(self, name: str, stamp: str) -> bool:
        """Check whether a name was recorded with this stamp."""
        found = self._earlier.get(name)
        if not stamp or found is None or found[0] != stamp:
            return False
        self._current[name] = found
        return True

    def __contains__(self, name: str) -> bool:
        """Check whether a name was current or recorded in this run."""
        return name in self._current

    def note_of(self, name: str) -> Any:
        """Return the note of a current name."""
        return self._current[name][1]

    def record(self, name: str, stamp: str, note: Any = None) -> None:
        """Record a name as done; an empty stamp is not recorded."""
        if stamp:
            self._current[name] = (stamp, note)

    def clear(self) -> None:
        """Delete the file, so that nothing is current if the stage is killed."""
        self._path.unlink(missing_ok=True)

    def save(self) -> None:
        """Write the current names, and drop those that this run did not ask for."""
        write_rebuildable(self._path, format_entries(program_stamp(), self._current))


def stamp_of(
    *parts: Any,
    texts: Iterable[Path] = (),
    words: Iterable[bytes | None] = (),
    files: Iterable[Path] = (),
) -> str:
    """Return a stamp of values, of the bytes of texts, and of the size and time of files.

    ``words`` are texts that were read already, None if missing. Empty if a text cannot be read, so
    that nothing is current.
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
        return read_regular(path)
    except FileNotFoundError:
        return None


@cache
def program_stamp() -> str:
    """Return a stamp of this program, the packages it uses, and the language of messages."""
    here = Path(__file__).parents[2]
    files = sorted(path for path in here.rglob("*") if path.suffix != ".pyc" and path.is_file())
    packages = [(name, _version(name)) for name in _PACKAGES]
    return stamp_of(language(), [str(path) for path in files], packages, files=files)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
