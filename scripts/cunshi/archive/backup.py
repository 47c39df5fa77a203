"""Back up an archive so that it can be verified, and restore from the backup.

A backup has the form of a project, so that all reading commands work on it. New files are copied
under a temporary name and verified. Nothing is deleted, except by ``erase``: a changed file is
first moved to ``earlier/``, and a changed master is never copied over the old one.
"""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from glob import escape
from pathlib import Path, PurePath, PurePosixPath

from cunshi.archive.accession import Accession
from cunshi.archive.bag import write_bag
from cunshi.archive.erasure.tombstones import (
    Tombstones,
    bring_register,
    is_erased_path,
    refuse_held,
)
from cunshi.archive.fixity.backup_contents import BackupContents, read_contents
from cunshi.archive.fixity.manifest import copy_checked, sha256_of
from cunshi.archive.project import Project
from cunshi.core.clock import now
from cunshi.core.errors import (
    ConfigurationError,
    CunshiError,
    DiskError,
    ExitCode,
    RecordError,
    SiteError,
)
from cunshi.core.files import (
    exists,
    has_bytes,
    is_hidden,
    is_ignored,
    put_in_place,
    temporary_name,
    walk_files,
)
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter
from cunshi.core.text import safe_file_name

_EARLIER = "earlier"
_KEPT = ("archive", "courses")
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_MASTER_PARTS = 4  # archive/<id>/master/<name>


@dataclass(frozen=True)
class Copied(Result):
    """The files copied between the project and ``target``, as relative paths."""

    target: Path
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BackedUp(Copied):
    """The result of a backup to ``target``."""


@dataclass(frozen=True)
class HandedOver(Copied):
    """The result of writing the whole archive to the bag ``target``."""


@dataclass(frozen=True)
class Restored(Copied):
    """The result of a restore from ``target``; in a rehearsal nothing was written."""

    rehearsed: bool = False


def back_up(project: Project, folder: Path, reporter: Reporter) -> BackedUp:
    """Update the backup in a folder. An interrupted run is continued by the next."""
    if folder.resolve().is_relative_to(project.root):
        raise ConfigurationError(
            _("备份不能放在项目文件夹里面"), _("换一个别的磁盘上的文件夹"), where=folder
        )
    copied = BackedUp(folder)
    # The key first: without it, nobody knows what was erased.
    paths = sorted(kept_files(project.root, copied.problems), key=_after(project.secret_key))
    folder.mkdir(parents=True, exist_ok=True)
    device = folder.stat().st_dev
    contents, failed = BackupContents.of(project, folder), list[Path]()
    with reporter.task(_("备份"), len(paths), 0) as task:
        for path in paths:
            with _reporting(project, path, copied, failed):
                contents.announce(path)
        contents.begin()
        for path in (path for path in paths if path not in failed):
            with _reporting(project, path, copied, failed):
                _copy(project, path, folder / path.relative_to(project.root), copied)
            task.finish_one(path.name)
    if (
        folder.stat().st_dev != device
    ):  # the disk is gone, and files went to the disk of its mount point
        raise DiskError(OSError(errno.ENODEV, ""), folder)
    if not failed:  # otherwise both the old and the new hashes go on counting
        contents.finish(kept_files(folder))
    for accession in Project(folder).accessions():
        _is_not_erased(project, accession, copied)
    return copied


def _after(first: Path) -> Callable[[Path], tuple[bool, Path]]:
    return lambda path: (path != first, path)


@contextmanager
def _reporting(project: Project, path: Path, copied: Copied, failed: list[Path]) -> Iterator[None]:
    """Report an error of one file, and add it to those that are not in the backup as they are."""
    try:
        yield
    except OSError as error:
        failed.append(path)
        copied.problems.append(Problem.for_item(error, project.relative(path)))


def hand_over(project: Project, folder: Path, facts: Mapping[str, str], day: date) -> HandedOver:
    """Write the whole archive, including sealed recordings, to a bag for a new holder.

    The accounts of the desk are for this holder's people, and stay here. Raises SiteError if
    today's bag exists already.
    """
    name = safe_file_name(project.root.name)
    target = folder / f"{name} {day.isoformat()}"
    if target.exists():
        raise SiteError(
            _("这里已经有一份今天的包，不会覆盖它"), _("换一个文件夹，或先把它移走"), where=target
        )
    for left in folder.glob(f".{escape(name)} {_DAY}.*tmp"):  # of an interrupted run
        shutil.rmtree(left)
    payload = folder / f".{target.name}.payload.tmp"
    copied = HandedOver(target)
    for path in sorted(set(kept_files(project.root)) - {project.accounts}):
        _copy_checked(path, payload / path.relative_to(project.root))
        copied.new.append(project.relative(path))
    write_bag(payload, target, facts, day)
    return copied


def kept_files(root: Path, problems: list[Problem] | None = None) -> Iterator[Path]:
    """Yield the files that cannot be recreated: archive, lessons, and descriptions in recordings/.

    An failedable folder is added to ``problems``; without these, OSError is raised.
    """

    def refused(error: OSError) -> None:
        if problems is None:
            raise error
        problems.append(Problem.for_item(error, ""))

    found = [root / "mkdocs.yml"]
    for name in _KEPT:
        files = walk_files(root / name, refused)
        found += [path for path in files if _is_kept(path.relative_to(root))]
    found += [p for p in walk_files(root / "recordings", refused) if p.suffix == ".yml"]
    for path in found:
        if not path.is_symlink():
            yield path
        elif problems is not None:
            cause, remedy = _("这是一个链接，没有拷"), _("换成文件本身")
            where = path.relative_to(root).as_posix()
            problems.append(Problem(ExitCode.RECORD, where, cause, remedy))


def _is_kept(path: PurePath) -> bool:
    """Check that no system has put a file there; a master is kept whatever its name is."""
    return not is_hidden(path) and (_is_master(path.as_posix()) or not is_ignored(path.name))


def _copy(project: Project, path: Path, target: Path, copied: Copied) -> None:
    name = project.relative(path)
    if target.is_file() and _is_same(name, path, target):
        copied.same.append(name)
        return
    if target.is_file() and _is_master(name):
        if sha256_of(path) == sha256_of(target):
            copied.same.append(name)
            return
        cause = _("主文件和备份里的不一样；备份没有动")
        remedy = _("运行 verify，看哪一份和清单一致；坏的是原件，就用 restore")
        copied.problems.append(Problem(ExitCode.FIXITY, name, cause, remedy))
        return
    if target.is_file():
        _set_aside(copied.target, target)
        copied.changed.append(name)
    else:
        copied.new.append(name)
    _copy_checked(path, target)


def _is_same(name: str, path: Path, target: Path) -> bool:
    """Check whether a copy is up to date. A master never changes, so it is not read; a text may be
    edited within the grain of a disk's clock and keep its length.
    """
    return _looks_same(path, target) if _is_master(name) else has_bytes(target, path.read_bytes())


def _looks_same(path: Path, target: Path) -> bool:
    old, new = target.stat(), path.stat()
    return old.st_size == new.st_size and abs(old.st_mtime - new.st_mtime) < 2  # FAT's clock


def _is_master(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return len(parts) == _MASTER_PARTS and parts[0] == "archive" and parts[2] == "master"


def _set_aside(copy: Path, target: Path) -> None:
    stamp = now().strftime("%Y%m%dT%H%M%SZ")
    relative = target.relative_to(copy)
    folder = copy / _EARLIER / relative.parent
    # An interrupted run may have moved it already.
    if any(sha256_of(p) == sha256_of(target) for p in folder.glob(f"{escape(relative.name)}.*Z*")):
        return
    kept = folder / f"{relative.name}.{stamp}"
    number = 2
    while kept.exists():
        kept = kept.with_name(f"{relative.name}.{stamp}-{number}")
        number += 1
    _copy_checked(target, kept)


def _copy_checked(source: Path, target: Path) -> None:
    """Copy a file durably and verify the copy."""
    put_in_place(_copy_aside(source, target), target)


def _copy_aside(source: Path, target: Path) -> Path:
    """Copy and verify under a temporary name; the modification time marks the file as unchanged."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target)
    try:
        copy_checked(source, temporary)
    except ValueError as error:
        raise OSError(None, _("写好的副本读出来不一样")) from error
    shutil.copystat(source, temporary)  # its permissions, too: scans of consents are private
    return temporary


def restore(project: Project, folder: Path, reporter: Reporter, *, rehearse: bool) -> Restored:
    """Restore missing files, and masters that are damaged here and intact in the backup.

    Intact files are not changed. A damaged master is moved to another folder of its accession. With
    ``rehearse``, the backup is verified and the result reported, but nothing is written.
    """
    copy = Project.at(folder)
    found = Restored(folder, rehearsed=rehearse)
    accessions = copy.accessions()
    whole: dict[str, bool] = {}
    with reporter.task(_("核对备份"), len(accessions), 0) as task:
        for accession in accessions:
            whole[accession.id] = _check_copy(copy, accession, found)
            mine = _is_not_erased(project, accession, found)
            whole[accession.id] &= mine and _is_not_erased(copy, accession, found)
            task.finish_one(accession.id)
    bring_register(project, copy, found.problems, rehearse=rehearse)
    contents = read_contents(folder)
    if not contents:
        cause, remedy = _("这份备份没有总清单，文字坏了看不出来"), _("再备份一次就有了")
        found.problems.append(Problem(ExitCode.OK, str(folder), cause, remedy))
    for path in sorted(kept_files(folder, found.problems)):
        relative = path.relative_to(folder)
        if not _is_sound(path, relative.as_posix(), contents, found):
            continue
        owner = relative.parts[1] if relative.parts[0] == "archive" else ""
        if whole.get(owner, True) and not is_erased_path(project, relative.as_posix()):
            try:
                _bring_back(project, path, project.root / relative, found, rehearse=rehearse)
            except (CunshiError, OSError) as error:
                found.problems.append(Problem.for_item(error, relative.as_posix()))
    return found


def _is_sound(path: Path, name: str, contents: Mapping[str, set[str]], found: Copied) -> bool:
    """Check a file of the backup against its manifest; masters are checked with theirs."""
    if not contents or _is_master(name):
        return True
    try:
        sound = sha256_of(path) in contents.get(name, set())
    except OSError:
        sound = False
    if not sound:
        cause, remedy = _("备份里的这个文件坏了或不见了"), _("用另一份备份；这个文件没有恢复")
        found.problems.append(Problem(ExitCode.FIXITY, str(path), cause, remedy))
    return sound


def _check_copy(copy: Project, accession: Accession, found: Copied) -> bool:
    """Check the masters of an accession in the backup against its manifest."""
    hashes = accession.hashes()
    bad = [n for n, h in hashes.items() if not _has_hash(accession.folder / n, h)]
    for name in bad or ([] if hashes else ["manifest-sha256.txt"]):
        where = str(accession.folder / name)
        cause, remedy = _("备份里的这个文件坏了或不见了"), _("用另一份备份；这一件没有恢复")
        found.problems.append(Problem(ExitCode.FIXITY, where, cause, remedy))
    return bool(hashes) and not bad


def _is_not_erased(register: Project, accession: Accession, found: Copied) -> bool:
    """Check that an accession in the backup has no bytes that were erased."""
    try:
        refuse_held(Tombstones.of(register), accession)
    except (CunshiError, OSError) as error:
        found.problems.append(Problem.for_item(error, str(accession.folder)))
        return False
    return True


def _has_hash(path: Path, digest: str) -> bool:
    try:
        return sha256_of(path) == digest
    except OSError:
        return False


def _bring_back(
    project: Project, path: Path, target: Path, found: Copied, *, rehearse: bool
) -> None:
    name = project.relative(target)
    damaged = exists(target) and _is_master(name) and _is_damaged(project, target)
    if exists(target) and not damaged:
        found.same.append(name)
        return
    if not rehearse:
        # Copy first: a full disk must not leave neither version.
        whole = _copy_aside(path, target)
        if damaged:
            _move_aside(target)
        put_in_place(whole, target)
    (found.changed if damaged else found.new).append(name)


def _is_damaged(project: Project, master: Path) -> bool:
    accession = Accession(master.parent.parent)
    hashes = accession.hashes()
    if not hashes:
        raise RecordError(
            _("清单不见了或读不了"),
            _("再运行一次；还是这样，就把它移到别处，再运行一次 restore"),
            where=accession.manifest,
        )
    registered = hashes.get(f"master/{master.name}")
    return registered is not None and not _has_hash(master, registered)


def _move_aside(master: Path) -> None:
    """Move a damaged master, which may still be useful, to another folder."""
    stamp = now().strftime("%Y%m%dT%H%M%SZ")
    kept = master.parent.parent / "damaged" / f"{master.name}.{stamp}"
    kept.parent.mkdir(exist_ok=True)
    put_in_place(master, kept)
