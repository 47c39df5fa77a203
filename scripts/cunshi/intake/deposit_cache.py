"""Looks at deposits: their hash and whether they are sound, each file once until it changes."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, DepositError, DiskError
from cunshi.core.files import Stat, stat_of, write_atomic
from cunshi.core.i18n import language
from cunshi.domain.recording import Technical
from cunshi.intake.inspection import Inspector

_GRAIN = 1.0  # seconds: a file changed this recently could change again with the same time
_VERSION = f"1 {language()}"  # causes and remedies are kept in the language of the messages


class DepositCache:
    """What was seen of each file, so that an unchanged one is neither hashed nor decoded again.

    Kept in build/, by size and time of change; losing it only costs time.
    """

    def __init__(self, project: Project):
        self._project = project
        self._inspector = Inspector()
        try:
            data = json.loads(project.cache.read_text("utf-8"))
            self._seen: dict[str, Any] = data["seen"] if data["version"] == _VERSION else {}
        except (OSError, ValueError, KeyError, TypeError):
            self._seen = {}

    def _key(self, path: Path) -> str:
        return self._project.relative(path)

    def remembered(self, path: Path) -> dict[str, Any] | None:
        """``sha256``, then ``technical``, or ``cause`` and ``remedy`` for a refused file."""
        look = self._seen.get(self._key(path))
        return look if look and tuple(look["stat"]) == stat_of(path) else None

    def remember(self, path: Path, stat: Stat | None, look: dict[str, Any]) -> None:
        """Keep what was seen of a file that had this size and time when it was looked at."""
        if stat and time.time() - stat[1] / 1e9 > _GRAIN:
            self._seen[self._key(path)] = {"stat": stat, **look}

    def keep(self, paths: Iterable[Path]) -> None:
        """Write down what was seen of these files, and forget all others: the last thing to do."""
        self._inspector.close()
        names = {self._key(path) for path in paths}
        seen = {name: look for name, look in sorted(self._seen.items()) if name in names}
        text = json.dumps({"version": _VERSION, "seen": seen}, ensure_ascii=False)
        write_atomic(self._project.cache, text)

    def sha256(self, path: Path) -> str:
        """The hash of a file, from memory when it has not changed; OSError if unreadable."""
        look, stat = self.remembered(path), stat_of(path)
        if look is None:
            look = {"sha256": manifest.sha256_of(path)}
            self.remember(path, stat, look)
        return str(look["sha256"])

    def inspect(self, path: Path) -> Technical:
        """What a file is, from memory when it has not changed; DepositError if it is no use."""
        stat, digest = stat_of(path), self.sha256(path)
        look = self.remembered(path) or {}
        if "cause" in look:
            raise DepositError(look["cause"], look["remedy"])
        if "technical" in look:
            return Technical(**look["technical"])
        try:
            technical = self._inspector.inspect(path)
        except DiskError:
            raise  # may be another time; what a file is stays as it is
        except CunshiError as error:
            said = {"cause": error.cause, "remedy": error.remedy}
            self.remember(path, stat, {"sha256": digest, **said})
            raise DepositError(error.cause, error.remedy) from error
        self.remember(path, stat, {"sha256": digest, "technical": asdict(technical)})
        return technical
