"""Find names that are not to be published in what people write: lessons, glossary, settings."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import read_text
from cunshi.domain.persons.names import find_names, similar_names
from cunshi.domain.persons.pseudonyms import archive_names
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive

_MOST_SIMILAR = 4  # words in a message
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class HiddenNames:
    """The names that may not be in the files that people write.

    Those of the archive may be in none. A narrator's with a pseudonym may not be in a lesson that
    cites a recording with it; elsewhere it may be that of another person. ``narrators`` are by the
    id of the recording.
    """

    everywhere: tuple[str, ...] = ()
    narrators: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[Path, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, project: Project, archive: Archive, recordings: Iterable[Recording]
    ) -> "HiddenNames":
        """Return the hidden names of an archive, with the files in which they may be."""
        everywhere = tuple(name for name, __ in archive_names(archive))
        narrators = {
            r.id: r.description.narrator for r in recordings if r.description.consent.shown_as
        }
        is_needed = everywhere or narrators
        texts = {path: _read(path) for path in project.written()} if is_needed else {}
        return cls(everywhere, narrators, texts)

    def forbidden_in(self, path: Path) -> tuple[str, ...]:
        """Return the names that may not be in a file."""
        return (*self.everywhere, *self._cited_beside(path))

    def find(self, texts: Iterable[str], path: Path) -> set[int]:
        """Return the numbers of those texts of a file that have a name that may not be in it."""
        forbidden = self.forbidden_in(path)
        return {n for n, text in enumerate(texts) if find_names(_shown(text), forbidden)}

    def problems(self, project: Project) -> Iterator[Problem]:
        """Yield where names are in the files, with their lines."""
        for path, text in self.texts.items():
            forbidden = self.forbidden_in(path)
            doubtful = tuple(set(self.narrators.values()).difference(forbidden))
            where = project.relative(path)
            for number, line in enumerate(text.splitlines(), 1):
                for problem in _problems(_shown(line), forbidden, doubtful, where):
                    yield replace(problem, line=number)

    def _cited_beside(self, path: Path) -> tuple[str, ...]:
        if not self.narrators:
            return ()
        beside = [text for other, text in self.texts.items() if other.parent == path.parent]
        cited = (name for id_, name in self.narrators.items() if any(id_ in t for t in beside))
        return tuple(dict.fromkeys(cited))


def _problems(
    text: str, forbidden: tuple[str, ...], doubtful: tuple[str, ...], where: str
) -> Iterator[Problem]:
    remedy = _("改用化名，或换一个说法")
    if find_names(text, forbidden):
        cause = _("这一行写着不公开的名字，公开的地方先空着")
        yield Problem(ExitCode.LESSON, where, cause, remedy)
    elif find_names(text, doubtful):
        cause = _("这一行写着一位署别的名字的讲述人的名字")
        yield Problem(ExitCode.OK, where, cause, remedy)
    elif similar := what_is_similar(text, (*forbidden, *doubtful)):
        yield Problem(ExitCode.OK, where, similar, remedy)


def what_is_similar(text: str, names: Iterable[str]) -> str:
    """Return a sentence about what in a text may mean one of the names; empty if nothing does."""
    found = dict.fromkeys(similar_names(text, names))
    words = "、".join(f"“{word}”" for word in list(found)[:_MOST_SIMILAR])
    return _("{words}可能说的是一个不公开的名字").format(words=words) if found else ""


def _shown(text: str) -> str:
    """Return a text as a reader of the page sees it."""
    return html.unescape(_TAG.sub("", text))


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except CunshiError:
        return ""  # reported where the file is parsed
