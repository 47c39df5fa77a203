"""What was made of a recording's words, until they, its record or the program change.

A file for each recording in build/cache/told, so that the words of only one have to be in memory at
a time. Losing them only costs time.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from cunshi.files import write_made
from cunshi.model import Segment
from cunshi.settled import program, stamp_of
from cunshi.store import Project

T = TypeVar("T")


class Memo:
    """What was made of the words of a recording, as JSON has it; without a path it is not kept."""

    def __init__(self, path: Path | None = None, stamp: str = ""):
        self._path, self._stamp = path if stamp else None, stamp
        self._told: dict[str, Any] | None = None
        self._is_new = False

    def __getitem__(self, name: str) -> Any:
        """What is remembered under a name; None for nothing."""
        if self._told is None:
            self._told = self._read()
        return self._told.get(name)

    def __setitem__(self, name: str, value: Any) -> None:
        if self[name] != value and self._told is not None:
            self._told[name], self._is_new = value, True

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text("utf-8")) if self._path else {}
            return dict(kept["told"]) if kept["stamp"] == self._stamp else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def let_go(self) -> None:
        """Write down what is new, and hold nothing of it in memory."""
        if self._path and self._is_new:
            kept = {"stamp": self._stamp, "told": self._told}
            write_made(self._path, json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
        if self._path:
            self._told, self._is_new = None, False


class Remembered:
    """The memos of all recordings; ``basis`` is what all of them depend on."""

    def __init__(self, project: Project, *basis: Any):
        self._folder = project.cache.with_name("told")
        self._basis = stamp_of(program(), basis)
        self._memos: dict[str, Memo] = {}

    def memo(self, recording_id: str, *parts: Any, files: Sequence[Path]) -> Memo:
        """What was made of a recording with these parts, and files of this size and time."""
        stamp = stamp_of(self._basis, parts, files=files)
        found = Memo(self._folder / f"{recording_id}.json", stamp)
        return self._memos.setdefault(recording_id, found)

    def keep(self) -> None:
        """Write down what is new, and forget recordings that nobody asked for."""
        for memo in self._memos.values():
            memo.let_go()
        for path in self._folder.glob("*.json"):
            if path.stem not in self._memos:
                path.unlink()


class Lines(Sequence[Segment]):
    """The lines of a transcript, which are made of its text when somebody asks for them."""

    def __init__(
        self,
        read: Callable[[], tuple[Segment, ...]],
        memo: Memo,
        whole: "Lines | None" = None,
    ):
        self._read, self.memo, self._whole = read, memo, whole
        self._lines: tuple[Segment, ...] | None = None

    @property
    def _all(self) -> tuple[Segment, ...]:
        if self._lines is None:
            self._lines = self._read()
        return self._lines

    @overload
    def __getitem__(self, index: int) -> Segment: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Segment, ...]: ...

    def __getitem__(self, index: int | slice) -> Segment | tuple[Segment, ...]:
        return self._all[index]

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all)

    def hold(self, lines: tuple[Segment, ...]) -> None:
        """These have been made already."""
        self._lines = lines

    def let_go(self) -> None:
        """Hold neither them nor the ones that they were made of, nor what was made of them."""
        self._lines = None
        self.memo.let_go()
        if self._whole is not None:
            self._whole.let_go()


def recall(lines: Sequence[Segment], name: str, make: Callable[[], T]) -> T:
    """What is made of some lines, as JSON has it; it is not made again where it is remembered."""
    if not isinstance(lines, Lines):
        return make()
    if lines.memo[name] is None:
        lines.memo[name] = make()
    found: T = lines.memo[name]
    return found
