"""What files in recordings/ are: hash and technical data, or why they are refused.

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

_VERSION = f"2 {language()}"  # causes and remedies are kept in the language of the messages


class DepositCache:
    """What was found in each file, so that an unchanged one is neither hashed nor decoded again.

    Kept in build/cache, by size and time of change; losing it only costs time.
    """

    def __init__(self, project: Project):
        self._project = project
        self._inspector = Inspector()
        self._cache = FileCache(project.cache / "deposits.json", _VERSION)

    def inspection_of(self, path: Path) -> dict[str, Any] | None:
        """Of an unchanged file ``sha256``, and ``technical``, or ``cause`` and ``remedy`` if it is
        refused; of others None."""
        found = self._cache.get(self._project.relative(path), stats_of([path]))
        return dict(found) if found else None

    def put(self, path: Path, stats: Stats, inspection: dict[str, Any]) -> None:
        """Keep what was found in a file that had this size and time before it was read."""
        self._cache.put(self._project.relative(path), stats, inspection)

    def save(self, paths: Iterable[Path]) -> None:
        """Write down what was found in these files, and drop all others: the last thing to do."""
        self._inspector.close()
        self._cache.save({self._project.relative(path) for path in paths})

    def sha256(self, path: Path) -> str:
        """The hash of a file, from the cache if it has not changed; OSError if unreadable."""
        found, stats = self.inspection_of(path), stats_of([path])
        if found is None:
            found = {"sha256": manifest.sha256_of(path)}
            self.put(path, stats, found)
        return str(found["sha256"])

    def inspect(self, path: Path) -> Technical:
        """What a file is, from the cache if it has not changed; DepositError if it is no use."""
        stats, digest = stats_of([path]), self.sha256(path)
        found = self.inspection_of(path) or {}
        if "cause" in found:
            raise DepositError(found["cause"], found["remedy"])
        if "technical" in found:
            return Technical(**found["technical"])
        try:
            technical = self._inspector.inspect(path)
        except DiskError:
            raise  # may be another time; what a file is stays as it is
        except CunshiError as error:
            refused = {"cause": error.cause, "remedy": error.remedy}
            self.put(path, stats, {"sha256": digest, **refused})
            raise DepositError(error.cause, error.remedy) from error
        self.put(path, stats, {"sha256": digest, "technical": asdict(technical)})
        return technical
