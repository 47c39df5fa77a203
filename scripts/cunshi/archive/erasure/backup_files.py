"""Remove an erased recording, or a file of one, from a backup, whose manifest stays valid.

The tombstone comes first, so that nothing is restored from a backup that a killed run left. Until
the end, the manifest also names what is gone, which `restore` does not mind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.backup import kept_files
from cunshi.archive.erasure.accession_files import destroy, erase_file, set_aside
from cunshi.archive.erasure.register import without_recording
from cunshi.archive.erasure.tombstones import Hider, Tombstone, union
from cunshi.archive.fixity.backup_contents import CONTENTS, BackupContents
from cunshi.archive.project import Project
from cunshi.core.errors import ConfigurationError
from cunshi.core.files import (
    exists,
    remove_file,
    remove_folder,
    walk_files,
    write_atomic,
    write_private,
)
from cunshi.core.i18n import _

_EARLIER = "earlier"


def open_backup(project: Project, folder: Path) -> Project:
    """Return the backup in a folder; ConfigurationError if it is not one of this project."""
    if not folder.is_dir():
        raise ConfigurationError(
            _("找不到这份备份"), _("接上它的磁盘；现在接不上，就先不写它"), where=folder
        )
    copy = Project.at(folder)
    keys = [p.secret_key.read_bytes() for p in (copy, project) if p.secret_key.is_file()]
    is_other = len(set(keys)) > 1 or copy.root.is_relative_to(project.root)
    if is_other or not (copy.root / CONTENTS).is_file():
        raise ConfigurationError(
            _("这不是这个项目的备份，或是没有总清单的旧备份"),
            _("旧备份先运行一次 backup；别的村的档案，请那个村自己删除"),
            where=folder,
        )
    return copy


@dataclass(frozen=True)
class BackupCopy:
    """What a backup of the project holds of a recording, or of one ``file`` of it."""

    project: Project
    copy: Project
    id: str
    file: str = ""

    def found(self, stone: Tombstone | None) -> list[Path]:
        """Return what is to be removed; without a tombstone, descriptions are not yet known."""
        folder, earlier = self.copy.accession(self.id).folder, self._earlier / "archive" / self.id
        whole = [folder / self.file] if self.file else [folder, earlier]
        return [*filter(exists, whole), *self._texts(stone)]

    def erase(self, stone: Tombstone) -> None:
        """Remove it all, and give the backup the tombstones and their key."""
        contents = BackupContents.of(self.project, self.copy.root)
        texts = self._new_texts()
        for path, data in texts.items():
            contents.announce_data(path, data)
        contents.begin()
        for path, data in texts.items():
            write = write_private if path == self.copy.secret_key else write_atomic
            write(path, data)
        self.copy.secret_key.chmod(0o600)  # an earlier copy of it may be readable
        self._remove(stone)
        for path in self._mended():
            contents.announce_data(path, path.read_bytes())
        contents.finish(kept_files(self.copy.root))

    @property
    def _earlier(self) -> Path:
        return self.copy.root / _EARLIER

    def _new_texts(self) -> dict[Path, bytes]:
        """Return what is to stand in files of the backup that stay."""
        project, copy = self.project, self.copy
        texts = {
            copy.secret_key: project.secret_key.read_bytes(),
            copy.erased: union(project.erased, copy.erased),
        }
        if not self.file and exists(copy.publications):
            register = copy.publications.read_text("utf-8")
            texts[copy.publications] = without_recording(register, self.id, Hider(project)).encode()
        for ours, theirs in self._described():
            if exists(ours):
                texts[theirs] = ours.read_bytes()
        return texts

    def _described(self) -> list[tuple[Path, Path]]:
        """Return the texts of the accession that name a file, here and in the backup."""
        if not self.file:
            return []
        here, there = self.project.accession(self.id), self.copy.accession(self.id)
        texts = [(a.record, a.events, a.manifest) for a in (here, there)]
        return [pair for pair in zip(*texts, strict=True) if exists(pair[1])]

    def _remove(self, stone: Tombstone) -> None:
        for path in list(self._texts(stone)):
            remove_file(path)
        if self.file:
            erase_file(self.copy, self.copy.accession(self.id), self.file)
            return
        set_aside(self.copy, self.id)
        remove_folder(self._earlier / "archive" / self.id)
        destroy(self.copy, self.id, lambda digest: Hider(self.project).file(digest) in stone.files)

    def _mended(self) -> list[Path]:
        """Return the texts that were changed there, because the archive has none any more."""
        return [theirs for ours, theirs in self._described() if not exists(ours)]

    def _texts(self, stone: Tombstone | None) -> Iterator[Path]:
        """Yield earlier versions that name it, and descriptions of what was in recordings/."""
        needle, hider = (self.file or self.id).encode(), Hider(self.project)
        folder = self._earlier / "archive" / self.id if self.file else self._earlier
        for path in walk_files(folder):
            if needle in path.read_bytes() or needle.decode() in path.as_posix():
                yield path
        if stone is None or self.file:
            return
        earlier = self._earlier / "recordings"
        named = {path: path.with_suffix("") for path in walk_files(earlier)}
        named |= {path: path for path in walk_files(self.copy.recordings)}
        for path, original in named.items():
            root = self._earlier if path != original else self.copy.root
            name = original.relative_to(root).as_posix()
            if hider.path(name) in stone.paths and not exists(self.project.root / name):
                yield path
