"""archive/erased.jsonl: what was erased, when, and who asked for it on what ground.

A line is an erasure. It holds no words and no names of what is gone. Ids contain a part of the
master's SHA-256, so a guess at the bytes could be confirmed by an id or a plain hash: everything is
hashed with the key of the archive (`archive.secret_key`). Lines are only appended.
"""

import json
from collections.abc import Iterator, Set
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.archive.secret_key import keyed_hash
from cunshi.core.errors import CunshiError, DepositError, ExitCode, RecordError
from cunshi.core.files import exists, has_bytes, walk_files, write_atomic, write_private
from cunshi.core.i18n import _
from cunshi.core.problem import Problem

_ALIAS_DIGITS = 16


@dataclass(frozen=True)
class Tombstone:
    """A line of erased.jsonl.

    ``key`` identifies the archive's key, ``item`` the erased recording or file, ``files`` its bytes
    and ``paths`` its places below recordings/; all four are keyed hashes.
    """

    time: str
    asked_by: str
    asked_on: str
    ground: str
    confirmed_by: str
    key: str
    item: str
    files: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Hider:
    """Computes the keyed hashes of a project's tombstones."""

    project: Project

    def key(self) -> str:
        """Return what identifies the key."""
        return self._hash("key", "")[:_ALIAS_DIGITS]

    def item(self, recording_id: str, file: str = "") -> str:
        """Return the hash of a recording, or of a file in its folder."""
        return self._hash("item", f"{recording_id}/{file}" if file else recording_id)

    def alias(self, recording_id: str) -> str:
        """Return what stands for an erased id in the register of publications."""
        return f"erased-{self.item(recording_id)[:_ALIAS_DIGITS]}"

    def file(self, digest: str) -> str:
        """Return the keyed hash of the SHA-256 of a file."""
        return self._hash("file", digest)

    def path(self, path: str) -> str:
        """Return the hash of a path in the project."""
        return self._hash("path", path)

    def _hash(self, kind: str, text: str) -> str:
        return keyed_hash(self.project, f"cunshi erased {kind} {text}".encode())


@dataclass(frozen=True)
class Tombstones:
    """All tombstones of a project."""

    project: Project
    stones: tuple[Tombstone, ...] = ()

    @classmethod
    def of(cls, project: Project) -> "Tombstones":
        """Read the tombstones; RecordError if they are unreadable, or of no use without the key."""
        if not exists(project.erased):
            return cls(project)
        stones = _read(project)
        if not project.secret_key.is_file() or any(s.key != Hider(project).key() for s in stones):
            raise RecordError(
                _("archive/secret.key 不是登记彻底删除时的那一把，认不出哪些文件删除过"),
                _("从备份恢复 archive/secret.key，再运行一次"),
                where=project.relative(project.erased),
            )
        return cls(project, stones)

    def __bool__(self) -> bool:
        return bool(self.stones)

    @property
    def hider(self) -> Hider:
        return Hider(self.project)

    @cached_property
    def _by_file(self) -> dict[str, Tombstone]:
        return {file: stone for stone in self.stones for file in stone.files}

    def of_item(self, recording_id: str, file: str = "") -> Tombstone | None:
        """Return the last tombstone of a recording, or of a file in its folder."""
        item = self.hider.item(recording_id, file) if self.stones else ""
        return next((stone for stone in reversed(self.stones) if stone.item == item), None)

    def of_bytes(self, digest: str) -> Tombstone | None:
        """Return the tombstone of a file with this SHA-256."""
        return self._by_file.get(self.hider.file(digest)) if self.stones else None

    def refuse(self, digest: str) -> None:
        """Raise DepositError for a file that was erased."""
        if stone := self.of_bytes(digest):
            raise DepositError(
                _("这个文件应要求彻底删除过（{day}），不再收进来").format(day=stone.time[:10]),
                _("把它移走、销毁；提出删除的人改变了主意，见 docs/formats.md 的 erased.jsonl"),
            )

    def holds(self, accession: Accession) -> bool:
        """Check whether an accession of another project has bytes that were erased here."""
        if not self.stones:
            return False
        scans = map(sha256_of, walk_files(accession.consent_forms))
        return any(map(self.of_bytes, (*_registered(accession).values(), *scans)))

    def add(self, stone: Tombstone) -> None:
        """Append a tombstone, durably. Requires ``Project.writing``."""
        path = self.project.erased
        before = path.read_text("utf-8") if exists(path) else ""
        write_atomic(path, before + _format(stone))


def refuse_held(stones: Tombstones, accession: Accession) -> None:
    """Raise RecordError for an accession of another archive with bytes that were erased here."""
    if stones.holds(accession):
        raise RecordError(
            _("里面有这里应要求彻底删除过的文件，没有收进来"),
            _("请那边也删除：备份用 erase 加 --backup，别的村的档案由那个村自己删"),
            where=accession.folder,
        )


def union(ours: Path, theirs: Path) -> bytes:
    """Return the lines of two registers, each once."""
    lines = [line for path in (ours, theirs) if exists(path) for line in _lines(path)]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines)).encode()


def bring_register(
    project: Project, copy: Project, problems: list[Problem], *, rehearse: bool
) -> None:
    """Add a backup's tombstones to those of the project, with their key.

    The project may have made a new key of its own, which is of no use for them.
    """
    if rehearse or not exists(copy.erased) or not exists(copy.secret_key):
        return
    with project.writing():
        key = copy.secret_key.read_bytes()
        if exists(project.erased) and not has_bytes(project.secret_key, key):
            cause = _("备份里的 archive/secret.key 和这里的不一样，它登记的彻底删除没有并进来")
            remedy = _("请懂电脑的人看 docs/formats.md 的 erased.jsonl")
            problems.append(Problem(ExitCode.RECORD, str(copy.secret_key), cause, remedy))
            return
        write_private(project.secret_key, key)
        write_atomic(project.erased, union(project.erased, copy.erased))


def is_erased_path(project: Project, path: str) -> bool:
    """Check whether something was erased at a path in recordings/, and nothing is there now."""
    if not path.startswith("recordings/") or exists(project.root / path):
        return False
    stones = Tombstones.of(project)
    hidden = stones.hider.path(path) if stones else ""
    return any(hidden in stone.paths for stone in stones.stones)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line]


def is_erased(project: Project, recording_id: str) -> bool:
    """Check whether a recording was erased; False also if the tombstones cannot be read."""
    try:
        return Tombstones.of(project).of_item(recording_id) is not None
    except (CunshiError, OSError):
        return False


def own_hashes(accession: Accession, file: str = "") -> frozenset[str]:
    """Return the SHA-256 of what is registered or present of an accession, or of one ``file``.

    Only masters, consent scans and damaged masters count.
    """
    return frozenset(digest for name, digest in _pairs(accession) if not file or name == file)


def unshared(project: Project, accession: Accession, own: Set[str]) -> list[str]:
    """Return those hashes of an accession that no other has, such as a photo of two narrators."""
    return sorted(own - {digest for __, digest in _of_others(project, accession)})


def shared_files(project: Project, accession: Accession, own: Set[str]) -> list[Path]:
    """Return the files of other accessions with the same bytes, which stay."""
    return [path for path, digest in _of_others(project, accession) if digest in own]


def _of_others(project: Project, accession: Accession) -> Iterator[tuple[Path, str]]:
    for other in project.accessions():
        if other.id != accession.id:
            yield from ((other.folder / n, digest) for n, digest in _registered(other).items())


def _pairs(accession: Accession) -> Iterator[tuple[str, str]]:
    yield from _registered(accession).items()
    folders = (accession.master, accession.consent_forms, accession.folder / "damaged")
    for path in chain.from_iterable(map(walk_files, folders)):
        yield path.relative_to(accession.folder).as_posix(), sha256_of(path)


def _registered(accession: Accession) -> dict[str, str]:
    return accession.hashes() | _scans(accession)


def _scans(accession: Accession) -> dict[str, str]:
    try:
        return accession.form_hashes()
    except CunshiError:
        return {}  # reported by check; the files themselves are hashed


def _read(project: Project) -> tuple[Tombstone, ...]:
    try:
        return tuple(map(_parse, _lines(project.erased)))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(
            _("彻底删除的登记读不了"),
            _("从备份恢复这个文件"),
            where=project.relative(project.erased),
        ) from error


def _parse(line: str) -> Tombstone:
    found = dict(json.loads(line))
    texts = {f.name: str(found[f.name]) for f in fields(Tombstone)[:-2]}
    files, paths = (tuple(map(str, found[name])) for name in ("files", "paths"))
    return Tombstone(**texts, files=files, paths=paths)


def _format(stone: Tombstone) -> str:
    values = {field.name: getattr(stone, field.name) for field in fields(Tombstone)}
    return json.dumps({"event": "deletion"} | values, ensure_ascii=False) + "\n"
