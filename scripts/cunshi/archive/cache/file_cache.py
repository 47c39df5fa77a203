"""Values worked out from files, kept in a JSON file until one of those changes in size or time.

A cache file that is missing, broken or of another version counts as empty.
"""

import json
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from cunshi.core.files import Stat, stat_of, write_atomic

GRAIN = 2.0  # seconds: on FAT a file can change twice within this time and keep its time stamp

Stats = Sequence[Stat | None]
# By name: the key under which a value is valid, and the value, both as JSON has them.
Entries = dict[str, tuple[Any, Any]]


def stats_of(paths: Iterable[Path]) -> Stats:
    """Size and time of change of each file; None for one that is not there."""
    return [stat_of(path) for path in paths]


class FileCache:
    """Values by name, each valid as long as the files that it was made from stay as they were.

    Of files that changed less than ``grain`` seconds ago nothing is kept: they could change again
    without a new time.
    """

    def __init__(self, path: Path, version: str, grain: float = GRAIN):
        self._path, self._version, self._grain = path, version, grain
        self._entries = read_entries(path, version)
        self._is_changed = False

    def get(self, name: str, stats: Stats) -> Any:
        """The value of a name, if its files had this size and time; else None."""
        key, value = self._entries.get(name, (None, None))
        return value if key == _as_json(stats) else None

    def put(self, name: str, stats: Stats, value: Any) -> None:
        """Keep a value, with size and time of its files from before they were read."""
        found = [stat for stat in stats if stat]
        if found and all(time.time() - changed / 1e9 > self._grain for __, changed in found):
            self._entries[name] = (_as_json(stats), value)
            self._is_changed = True

    def save(self, names: Collection[str]) -> None:
        """Write down the values of these names, and drop all others."""
        kept = {name: self._entries[name] for name in sorted(self._entries) if name in names}
        if self._is_changed or len(kept) < len(self._entries):
            write_atomic(self._path, format_entries(self._version, kept))
        self._entries, self._is_changed = kept, False


def _as_json(stats: Stats) -> list[list[int] | None]:
    return [list(stat) if stat else None for stat in stats]


def read_entries(path: Path, version: str) -> Entries:
    """The entries of a cache file; none unless it is whole and of this version."""
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["version"] == version:
            return {name: (key, value) for name, (key, value) in data["entries"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return {}


def format_entries(version: str, entries: Entries) -> str:
    """The text of a cache file."""
    return json.dumps({"version": version, "entries": entries}, ensure_ascii=False)
