"""Find where people have written about a recording that is erased: they alone can change that."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError
from cunshi.core.files import exists, walk_files
from cunshi.core.yaml_fields import read_text


@dataclass(frozen=True)
class Trace:
    """A line of a text by people that names the recording or its narrator."""

    where: str
    line: int


def traces_of(project: Project, words: Iterable[str], removed: Iterable[Path]) -> list[Trace]:
    """Return the lines that say one of some words, in all texts but those that are ``removed``."""
    said, gone = [word for word in words if word], set(removed)
    paths = sorted(set(_texts(project)) - gone)
    return [Trace(project.relative(path), line) for path in paths for line in _lines(path, said)]


def _texts(project: Project) -> Iterator[Path]:
    yield from project.written()
    yield from (path for path in (project.archive / "archive.yml", project.persons) if exists(path))
    if exists(project.recordings):
        yield from (path for path in walk_files(project.recordings) if path.suffix == ".yml")


def _lines(path: Path, words: list[str]) -> Iterator[int]:
    try:
        lines = read_text(path).splitlines()
    except CunshiError:
        return  # reported by check
    for number, line in enumerate(lines, 1):
        if any(word in line for word in words):
            yield number
