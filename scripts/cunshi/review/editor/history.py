"""history.jsonl: every revision of a transcript, one per line.

Lines are only appended. A line contains the difference from the previous one; every fiftieth
contains the whole text, so that damage affects only the revisions up to the next of those. Each has
the SHA-256 of its text. An incomplete last line of a crashed save, which was not confirmed, is
removed.
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

_WHOLE = 50  # revisions between whole texts
_LONGEST_DIFF = 2000  # lines compared individually; larger differences are stored as one block

Edit = tuple[int, int, list[str]]


@dataclass(frozen=True)
class Revision:
    """A revision of a transcript.

    ``changed`` counts its changed lines; ``of`` is the restored revision; ``tab`` identifies the
    page that saved it, so that a page recognises its own.
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
    """Return the SHA-256 that identifies a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class History:
    """The history of a transcript. Write only while Project.writing is held."""

    def __init__(self, path: Path, where: str = ""):
        self._path, self._where = path, where
        data = path.read_bytes() if path.exists() else b""
        # An incomplete last line is ignored.
        self._whole = data.rfind(b"\n") + 1
        self._lines = data[: self._whole].split(b"\n")[:-1]

    def __len__(self) -> int:
        return len(self._lines)

    def revision(self, number: int) -> Revision | None:
        """Return a revision by number (its line); None if the line is damaged."""
        if not 1 <= number <= len(self._lines):
            return None
        try:
            found = _parse(json.loads(self._lines[number - 1]))
        except (ValueError, TypeError, AttributeError):
            return None
        return found if found.revision == number else None

    @property
    def last(self) -> Revision | None:
        """Return the latest revision; None if there is none or it is damaged."""
        return self.revision(len(self._lines))

    def revisions(self) -> Iterator[Revision]:
        """Yield all readable revisions, latest first."""
        for number in range(len(self._lines), 0, -1):
            if found := self.revision(number):
                yield found

    def text(self, number: int) -> str:
        """Return the text of a revision, empty for 0; RecordError if it is lost."""
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
        """Append a revision durably."""
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
        """Return the previous text, or None if the next line should contain the whole text."""
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
    """Return the edits between two texts by line (position, deleted, inserted), last first."""
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
