"""history.jsonl: every state of a transcript that the desk has seen, a line for each.

Lines are only ever added. One holds what changed since the line before; every fiftieth holds the
whole text, so that damage to a line costs at most the states up to the next of those. Each has
the SHA-256 of its text. What a crash left half-written was promised to nobody, and goes.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from cunshi.core.clock import now
from cunshi.core.errors import RecordError
from cunshi.core.files import sync_folder
from cunshi.core.i18n import _

DRAFTED, ELSEWHERE = "drafted", "elsewhere"
SAVED, MERGED, RESTORED = WRITTEN = ("saved", "merged", "restored")
APPROVED, REOPENED = "approved", "reopened"

_WHOLE = 50  # revisions from one whole text to the next
_LONGEST_DIFF = 2000  # lines that are compared one by one; of more, all between the ends is kept

Edit = tuple[int, int, list[str]]


@dataclass(frozen=True)
class Revision:
    """One state of a transcript, and how it came about.

    ``changed`` counts lines of the transcript; ``of`` is the revision that was restored; ``tab``
    names the page that saved it, so that a page knows its own again.
    """

    revision: int
    time: str
    what: str
    sha256: str
    who: str = ""
    changed: int = 0
    text: str | None = None
    edits: tuple[Edit, ...] = ()
    of: int = 0
    tab: str = ""


def digest(text: str) -> str:
    """The SHA-256 by which a history knows a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class History:
    """The history of one transcript, as its file is now. Written only under Project.writing."""

    def __init__(self, path: Path, where: str = ""):
        self._path, self._where = path, where
        data = path.read_bytes() if path.exists() else b""
        # What follows the last line's end was never finished.
        self._whole = data.rfind(b"\n") + 1
        self._lines = data[: self._whole].split(b"\n")[:-1]

    def __len__(self) -> int:
        return len(self._lines)

    def revision(self, number: int) -> Revision | None:
        """A revision by its number, which is that of its line; None when the line is damaged."""
        if not 1 <= number <= len(self._lines):
            return None
        try:
            found = _parse(json.loads(self._lines[number - 1]))
        except (ValueError, TypeError, AttributeError):
            return None
        return found if found.revision == number else None

    @property
    def last(self) -> Revision | None:
        """The newest revision; None when there is none or it is damaged."""
        return self.revision(len(self._lines))

    def revisions(self) -> Iterator[Revision]:
        """All that can be read, newest first."""
        for number in range(len(self._lines), 0, -1):
            if found := self.revision(number):
                yield found

    def text(self, number: int) -> str:
        """The transcript as it was; nothing for revision 0. RecordError when that is lost."""
        if number == 0:
            return ""
        steps: list[Revision] = []
        for at in range(number, 0, -1):
            step = self.revision(at)
            if step is None:
                raise self._damaged(at)
            steps.append(step)
            if step.text is not None:
                break
        text = ""
        for step in reversed(steps):
            text = step.text if step.text is not None else _apply(text, step.edits)
        if digest(text) != steps[0].sha256:
            raise self._damaged(number)
        return text

    def append(
        self, text: str, who: str, what: str, changed: int = 0, *, of: int = 0, tab: str = ""
    ) -> Revision:
        """Add a state; when this returns it is on the disk."""
        number = len(self._lines) + 1
        before = self._text_before(number)
        edits = () if before is None else tuple(_edits(before, text))
        whole = before is None or sum(len("".join(e[2])) for e in edits) > len(text)
        found = Revision(
            number,
            now().isoformat(timespec="seconds"),
            what,
            digest(text),
            who,
            changed,
            text if whole else None,
            () if whole else edits,
            of,
            tab,
        )
        line = _format(found)
        self._write(line)
        self._lines.append(line[:-1])
        return found

    def _text_before(self, number: int) -> str | None:
        """The text to compare with, or None when the next line should hold a whole one."""
        recent = [self.revision(n) for n in range(max(1, number - _WHOLE + 1), number)]
        if not any(found and found.text is not None for found in recent):
            return None
        try:
            return self.text(number - 1)
        except RecordError:
            return None

    def _write(self, line: bytes) -> None:
        new = not self._path.exists()
        with self._path.open("ab") as stream:
            if stream.tell() != self._whole:
                stream.truncate(self._whole)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        self._whole += len(line)
        if new:
            sync_folder(self._path.parent)

    def _damaged(self, number: int) -> RecordError:
        return RecordError(
            _("修改记录第 {line} 行坏了，这一版恢复不了").format(line=number),
            _("选更早或更晚的一版，或从备份恢复这个文件"),
            where=self._where,
            line=number,
        )


def _parse(data: dict[str, Any]) -> Revision:
    edits = tuple((int(at), int(count), list(lines)) for at, count, lines in data.pop("edits", ()))
    return Revision(**data, edits=edits)


def _format(found: Revision) -> bytes:
    data = {
        name: value
        for name, value in vars(found).items()
        if value or (name == "text" and value is not None)
    }
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _edits(before: str, after: str) -> Iterator[Edit]:
    """What makes one text of another, in lines: where, how many go, which come. Last one first."""
    old, new = before.split("\n"), after.split("\n")
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(a) + len(b) > _LONGEST_DIFF:
        yield head, len(a), b
        return
    for kind, i, i_end, j, j_end in reversed(SequenceMatcher(None, a, b, False).get_opcodes()):
        if kind != "equal":
            yield head + i, i_end - i, b[j:j_end]


def _common(a: list[str], b: list[str]) -> int:
    pairs = zip(a, b, strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(a), len(b)))


def _apply(text: str, edits: tuple[Edit, ...]) -> str:
    lines = text.split("\n")
    for at, count, new in edits:
        lines[at : at + count] = new
    return "\n".join(lines)
