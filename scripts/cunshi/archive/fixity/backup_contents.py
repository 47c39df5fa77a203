"""The manifest of a backup: the hashes of all its files, also of what people wrote."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.core.files import temporary_name, write_atomic

CONTENTS = "manifest-sha256.txt"  # in the backup's folder
_INTERIM = ".manifest-sha256.next"  # the same while files are replaced, with their old hashes too


@dataclass
class BackupContents:
    """The manifest of a backup: the hash of every file in it, also of what people wrote.

    While files are replaced, both the old and the new hash of a path count, so that a backup that
    was interrupted can be restored from.
    """

    project: Project
    folder: Path
    known: dict[str, set[str]]
    masters: dict[str, str]
    new: dict[str, str] = field(default_factory=dict)
    replaces: bool = False

    @classmethod
    def of(cls, project: Project, folder: Path) -> "BackupContents":
        """Read the manifest of the backup in a folder, and those of all masters."""
        masters = {
            f"archive/{accession.id}/{name}": digest
            for accession in project.accessions()
            for name, digest in accession.hashes().items()
        }
        return cls(project, folder, read_contents(folder), masters)

    def announce(self, path: Path) -> None:
        """Register a file before it is copied. The hash of a master is that of its manifest."""
        name = path.relative_to(self.project.root).as_posix()
        self._register(name, self.masters.get(name) or sha256_of(path))

    def announce_data(self, path: Path, data: bytes) -> None:
        """Register what a file of the backup is to be replaced by."""
        self._register(path.relative_to(self.folder).as_posix(), hashlib.sha256(data).hexdigest())

    def _register(self, name: str, digest: str) -> None:
        self.new[name] = digest
        if digest not in self.known.get(name, set()):
            self.known.setdefault(name, set()).add(digest)
            self.replaces |= (self.folder / name).exists()

    def begin(self) -> None:
        """Let the old and the new hashes count, before the first file is replaced."""
        if self.replaces:
            self._write(_INTERIM)

    def finish(self, present: Iterable[Path]) -> None:
        """Register what is in the backup now; also what is no longer in the project."""
        names = {path.relative_to(self.folder).as_posix() for path in present}
        gone = {name: self.known[name] for name in names & self.known.keys() - self.new.keys()}
        self.known = gone | {n: {h} for n, h in self.new.items() if n in names}
        self._write(CONTENTS)
        interim = self.folder / _INTERIM
        for path in (interim, temporary_name(interim)):
            path.unlink(missing_ok=True)

    def _write(self, manifest: str) -> None:
        lines = (
            f"{digest}  {name}\n"
            for name in sorted(self.known)
            for digest in sorted(self.known[name])
        )
        write_atomic(self.folder / manifest, "".join(lines))


def read_contents(folder: Path) -> dict[str, set[str]]:
    """Return path → SHA-256 of the files in a backup; empty for one of an earlier version."""
    known: dict[str, set[str]] = {}
    files = (path for name in (CONTENTS, _INTERIM) if (path := folder / name).is_file())
    for line in (line for path in files for line in path.read_text("utf-8").splitlines()):
        digest, __, name = line.partition("  ")
        known.setdefault(name, set()).add(digest)
    return known
