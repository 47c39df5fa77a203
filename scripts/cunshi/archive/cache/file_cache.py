"""Cache values derived from files in a JSON file, until their size or time changes.

A cache file that is missing, damaged or of another version counts as empty.
"""

import json
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from cunshi.core.files import Stat, stat_of, write_atomic

GRAIN = 2.0  # seconds: on FAT, a file can change within this time without a new time stamp

Stats = Sequence[Stat | None]
# By name: the key for which a value is valid, and the value, as JSON.
Entries = dict[str, tuple[Any, Any]]


def stats_of(paths: Iterable[Path]) -> Stats:
    """Return size and modification time of each file; None if it is missing."""
    return [stat_of(path) for path in paths]


class FileCache:
    """Values by name, valid while their files are unchanged.

    Values of files that changed less than ``grain`` seconds ago are not kept, because these could
    change again without a new time stamp.
    """

    def __init__(self, path: Path, version: str, grain: float = GRAIN):
        self._path, self._version, self._grain = path, version, grain
        self._entries = read_entries(path, version)
        self._is_changed = False

    def get(self, name: str, stats: Stats) -> Any:
        """Return the value of a name, if its files have these stats; else None."""
        key, value = self._entries.get(name, (None, None))
        return value if key == _as_json(stats) else None

    def put(self, name: str, stats: Stats, value: Any) -> None:
        """Set a value, with the stats of its files from before they were read."""
        found = [stat for stat in stats if stat]
        if found and all(time.time() - changed / 1e9 > self._grain for __, changed in found):
            self._entries[name] = (_as_json(stats), value)
            self._is_changed = True

    def save(self, names: Collection[str]) -> None:
        """Write the values of these names, and drop all others."""
        kept = {name: self._entries[name] for name in sorted(self._entries) if name in names}
        if self._is_changed or len(kept) < len(self._entries):
            write_atomic(self._path, format_entries(self._version, kept))
        self._entries, self._is_changed = kept, False


def _as_json(stats: Stats) -> list[list[int] | None]:
    return [list(stat) if stat else None for stat in stats]


def read_entries(path: Path, version: str) -> Entries:
    """Return the entries of a cache file; none if it is damaged or of another version."""
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["version"] == version:
            return {name: (key, value) for name, (key, value) in data["entries"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return {}


def format_entries(version: str, entries: Entries) -> str:
    """Return the text of a cache file."""
    return json.dumps({"version": version, "entries": entries}, ensure_ascii=False)
