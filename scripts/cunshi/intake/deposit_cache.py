"""Cache hash and technical data of files in recordings/, or why they are rejected.

Each file is hashed and decoded once until it changes.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cunshi.archive.cache.file_cache import FileCache, Stats, stats_of
from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, DepositError, DiskError
from cunshi.core.i18n import language
from cunshi.domain.recording import Technical
from cunshi.intake.inspection import Inspector

_VERSION = f"2 {language()}"  # cached causes and remedies are in the language of messages


class DepositCache:
    """Results by file in build/cache, valid for the same size and modification time."""

    def __init__(self, project: Project):
        self._project = project
        self._inspector = Inspector()
        self._cache = FileCache(project.cache / "deposits.json", _VERSION)

    def inspection_of(self, path: Path) -> dict[str, Any] | None:
        """Return ``sha256``, and ``technical`` or ``cause`` and ``remedy``, of an unchanged file,
        else None.
        """
        found = self._cache.get(self._project.relative(path), stats_of([path]))
        return dict(found) if found else None

    def put(self, path: Path, stats: Stats, inspection: dict[str, Any]) -> None:
        """Cache the result of a file with the stats from before it was read."""
        self._cache.put(self._project.relative(path), stats, inspection)

    def save(self, paths: Iterable[Path]) -> None:
        """Write the results of these files, drop all others, and close the inspector."""
        self._inspector.close()
        self._cache.save({self._project.relative(path) for path in paths})

    def sha256(self, path: Path) -> str:
        """Return the hash of a file, from the cache if unchanged; OSError if unreadable."""
        found, stats = self.inspection_of(path), stats_of([path])
        if found is None:
            found = {"sha256": manifest.sha256_of(path)}
            self.put(path, stats, found)
        return str(found["sha256"])

    def inspect(self, path: Path) -> Technical:
        """Return the technical data of a file, from the cache if unchanged; DepositError if
        unusable.
        """
        stats, digest = stats_of([path]), self.sha256(path)
        found = self.inspection_of(path) or {}
        if "cause" in found:
            raise DepositError(found["cause"], found["remedy"])
        if "technical" in found:
            return Technical(**found["technical"])
        try:
            technical = self._inspector.inspect(path)
        except DiskError:
            raise  # may be temporary, so it is not cached
        except CunshiError as error:
            rejected = {"cause": error.cause, "remedy": error.remedy}
            self.put(path, stats, {"sha256": digest, **rejected})
            raise DepositError(error.cause, error.remedy) from error
        self.put(path, stats, {"sha256": digest, "technical": asdict(technical)})
        return technical
