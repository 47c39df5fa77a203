"""Cache what was derived from the words of each recording, until its inputs change.

There is a file for each recording in build/cache/told, so that the words of only one are in memory
at a time, in a folder named by the shared inputs.
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
from cunshi.domain.transcript import Derived, Segment

T = TypeVar("T")


# By name: a stamp of further inputs of a text, and the text in UTF-8.
_Texts = dict[str, tuple[str, bytes]]


class CachedRecording:
    """Values and long texts derived from the words of a recording, by name.

    They are read from a file on first use and written by ``release``; without a path they stay in
    memory. The file has a line of JSON followed by the texts.
    """

    def __init__(self, path: Path | None = None, stamp: str = ""):
        self._path, self._stamp = path if stamp else None, stamp
        self._values: dict[str, Any] | None = None
        self._texts: _Texts = {}  # not written yet
        self._is_new = False

    def get(self, name: str) -> Any:
        """Return the value of a name, or None."""
        if self._values is None:
            self._values = self._read()[0]
        return self._values.get(name)

    def put(self, name: str, value: Any) -> None:
        """Set a value, which must be JSON."""
        if self.get(name) != value and self._values is not None:
            self._values[name], self._is_new = value, True

    def get_text(self, name: str, basis: str) -> str | None:
        """Return a long text made with this basis, or None."""
        found = self._texts.get(name) or self._read()[1].get(name)
        return found[1].decode() if found and found[0] == basis else None

    def put_text(self, name: str, basis: str, text: str) -> None:
        """Set a long text, and the stamp of its further inputs."""
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

    def release(self) -> None:
        """Write new data, and free the memory."""
        if not self._path:
            return
        if self._is_new:
            old, old_texts = self._read()
            values, texts = old | (self._values or {}), old_texts | self._texts
            rest = b"".join(text for __, text in texts.values())
            kept = {
                "stamp": self._stamp,
                "check": crc32(rest),
                "told": values,
                "texts": [(name, basis, len(text)) for name, (basis, text) in texts.items()],
            }
            head = json.dumps(kept, ensure_ascii=False).encode()
            write_rebuildable(self._path, b"\n".join([head, rest]))
        self._values, self._texts, self._is_new = None, {}, False


class RecordingCache:
    """The cached data of all recordings, which also depend on ``archive``."""

    def __init__(self, project: Project, archive: Archive):
        self._basis = shared_inputs(project).stamp(program_stamp(), archive)
        self._folder = project.cache / "told" / self._basis[:16]
        self._recordings: dict[str, CachedRecording] = {}

    def recording(self, recording_id: str, stamp: str) -> CachedRecording:
        """Return the cached data of a recording whose inputs have this stamp."""
        key = stamp_of(self._basis, stamp) if self._basis and stamp else ""
        found = CachedRecording(self._path(recording_id), key)
        return self._recordings.setdefault(recording_id, found)

    def is_older(self, recording_id: str, files: Iterable[Path]) -> bool:
        """Check whether a recording has no cached data or older data than one of these files."""
        kept = stat_of(self._path(recording_id))
        found = [stat for stat in map(stat_of, files) if stat]
        return kept is None or any(changed > kept[1] for __, changed in found)

    def save(self) -> None:
        """Write new data, and drop recordings that were not used."""
        for recording in self._recordings.values():
            recording.release()
        for path in list(walk_files(self._folder.parent)):
            if path.parent != self._folder or path.stem not in self._recordings:
                path.unlink()
        for folder in self._folder.parent.glob("*/"):
            if folder != self._folder:
                folder.rmdir()

    def _path(self, recording_id: str) -> Path:
        return self._folder / f"{recording_id}.json"


class CachedSegments(Sequence[Segment], Derived):
    """The segments of a transcript, read on first use, and data derived from them in ``cached``.

    ``whole`` are the segments that they are derived from.
    """

    def __init__(
        self,
        read: Callable[[], tuple[Segment, ...]],
        cached: CachedRecording,
        whole: "CachedSegments | None" = None,
    ):
        self._read, self._cached, self._whole = read, cached, whole
        self._segments: tuple[Segment, ...] | None = None
        self._in_memory: dict[str, Any] = {}

    @property
    def _all(self) -> tuple[Segment, ...]:
        if self._segments is None:
            self._segments = self._read()
        return self._segments

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

    def preload(self, segments: tuple[Segment, ...]) -> None:
        """Set the segments, which were read already."""
        self._segments = segments

    def value(self, name: str, make: Callable[[], T]) -> T:
        found: T | None = self._cached.get(name)
        if found is None:
            found = make()
            self._cached.put(name, found)
        return found

    def text(self, name: str, make: Callable[[], str], basis: str = "") -> str:
        text = self._cached.get_text(name, basis)
        if text is None:
            text = make()
            self._cached.put_text(name, basis, text)
        return text

    def in_memory(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._in_memory:
            self._in_memory[name] = make()
        found: T = self._in_memory[name]
        return found

    def is_current(self, name: str, stamp: str) -> bool:
        return bool(stamp) and self._cached.get(name) == stamp

    def record(self, name: str, stamp: str) -> None:
        self._cached.put(name, stamp)

    def other_segments(self, make: Callable[[], tuple[Segment, ...]]) -> Sequence[Segment]:
        return CachedSegments(make, self._cached, self)

    def release(self) -> None:
        """Free the memory of these segments and of those that they are derived from."""
        self._segments, self._in_memory = None, {}
        self._cached.release()
        if self._whole is not None:
            self._whole.release()
