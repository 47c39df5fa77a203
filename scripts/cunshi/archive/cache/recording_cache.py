"""What was made of a recording's words, until they, its record or the program change.

A file for each recording in build/cache/told, so that the words of only one have to be in memory at
a time, in a folder named by what all of them depend on. Losing them only costs time.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload
from zlib import crc32

from cunshi.archive.cache.inputs import shared_inputs
from cunshi.archive.cache.stage_stamps import program_stamp, stamp_of
from cunshi.archive.project import Project
from cunshi.core.files import stat_of, walk_files, write_rebuildable
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment

T = TypeVar("T")


_Texts = dict[str, tuple[str, bytes]]  # by name: what else a text is made of, and it in UTF-8


class CachedRecording:
    """What was made of the words of a recording; without a path it is not kept.

    A file has a line of JSON, and behind it the long texts, which are read when they are asked for.
    """

    def __init__(self, path: Path | None = None, stamp: str = ""):
        self._path, self._stamp = path if stamp else None, stamp
        self._told: dict[str, Any] | None = None
        self._texts: _Texts = {}  # new ones
        self._is_new = False

    def __getitem__(self, name: str) -> Any:
        """What is remembered under a name, as JSON has it; None for nothing."""
        if self._told is None:
            self._told = self._read()[0]
        return self._told.get(name)

    def __setitem__(self, name: str, value: Any) -> None:
        if self[name] != value and self._told is not None:
            self._told[name], self._is_new = value, True

    def text(self, name: str, basis: str) -> str | None:
        """A long text that was made with this basis; None for nothing."""
        found = self._texts.get(name) or self._read()[1].get(name)
        return found[1].decode() if found and found[0] == basis else None

    def keep_text(self, name: str, basis: str, text: str) -> None:
        """Remember a long text, and what else it was made of."""
        self._texts[name], self._is_new = (basis, text.encode()), True

    def _read(self) -> tuple[dict[str, Any], _Texts]:
        texts: _Texts = {}
        try:
            head, __, rest = (self._path or Path()).read_bytes().partition(b"\n")
            kept = json.loads(head)
            if (kept["stamp"], kept["check"]) != (self._stamp, crc32(rest)):
                return {}, {}
            for name, basis, length in kept["texts"]:
                texts[name], rest = (basis, rest[:length]), rest[length:]
            return dict(kept["told"]), texts
        except (OSError, ValueError, KeyError, TypeError):
            return {}, {}

    def let_go(self) -> None:
        """Write down what is new, and hold nothing of it in memory."""
        if not self._path:
            return
        if self._is_new:
            old, old_texts = self._read()
            told, texts = old | (self._told or {}), old_texts | self._texts
            rest = b"".join(text for __, text in texts.values())
            kept = {
                "stamp": self._stamp,
                "check": crc32(rest),
                "told": told,
                "texts": [(name, basis, len(text)) for name, (basis, text) in texts.items()],
            }
            head = json.dumps(kept, ensure_ascii=False).encode()
            write_rebuildable(self._path, b"\n".join([head, rest]))
        self._told, self._texts, self._is_new = None, {}, False


class RecordingCache:
    """The memos of all recordings; all of them depend on ``archive``."""

    def __init__(self, project: Project, archive: Archive):
        self._basis = shared_inputs(project).stamp(program_stamp(), archive)
        self._folder = project.cache / "told" / self._basis[:16]
        self._memos: dict[str, CachedRecording] = {}

    def memo(self, recording_id: str, stamp: str) -> CachedRecording:
        """What was made of a recording whose inputs have this stamp."""
        known = self._basis and stamp
        found = CachedRecording(
            self._path(recording_id), stamp_of(self._basis, stamp) if known else ""
        )
        return self._memos.setdefault(recording_id, found)

    def is_older(self, recording_id: str, files: Iterable[Path]) -> bool:
        """Whether one of these files is newer than a memo, or there is none."""
        kept = stat_of(self._path(recording_id))
        found = [stat for stat in map(stat_of, files) if stat]
        return kept is None or any(changed > kept[1] for __, changed in found)

    def keep(self) -> None:
        """Write down what is new, and forget recordings that nobody asked for."""
        for memo in self._memos.values():
            memo.let_go()
        for path in list(walk_files(self._folder.parent)):
            if path.parent != self._folder or path.stem not in self._memos:
                path.unlink()
        for folder in self._folder.parent.glob("*/"):
            if folder != self._folder:
                folder.rmdir()

    def _path(self, recording_id: str) -> Path:
        return self._folder / f"{recording_id}.json"


class CachedSegments(Sequence[Segment]):
    """The lines of a transcript, which are made of its text when somebody asks for them."""

    def __init__(
        self,
        read: Callable[[], tuple[Segment, ...]],
        memo: CachedRecording,
        whole: "CachedSegments | None" = None,
    ):
        self._read, self.memo, self._whole = read, memo, whole
        self._lines: tuple[Segment, ...] | None = None
        self._made: dict[str, Any] = {}

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

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What is made of them as long as they are held."""
        if name not in self._made:
            self._made[name] = make()
        found: T = self._made[name]
        return found

    def let_go(self) -> None:
        """Hold neither them nor the ones that they were made of, nor what was made of them."""
        self._lines, self._made = None, {}
        self.memo.let_go()
        if self._whole is not None:
            self._whole.let_go()


def recall(lines: Sequence[Segment], name: str, make: Callable[[], T]) -> T:
    """What is made of some lines, as JSON has it; it is not made again where it is remembered."""
    if not isinstance(lines, CachedSegments):
        return make()
    if lines.memo[name] is None:
        lines.memo[name] = make()
    found: T = lines.memo[name]
    return found


def recall_text(
    lines: Sequence[Segment], name: str, make: Callable[[], str], basis: str = ""
) -> str:
    """As recall, for a text as long as the lines; ``basis`` is what else it is made of."""
    if not isinstance(lines, CachedSegments):
        return make()
    text = lines.memo.text(name, basis)
    if text is None:
        text = make()
        lines.memo.keep_text(name, basis, text)
    return text
