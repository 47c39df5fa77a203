"""Merge another village's archive: equal masters are the same recording.

Nothing in this archive is changed, except that restrictions of the other one apply here too. If two
records of a recording differ, both are reported and nothing is decided.
"""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.bag import check_bag
from cunshi.archive.erasure.tombstones import Tombstones, refuse_held
from cunshi.archive.events import TRANSFER, Event
from cunshi.archive.fixity.manifest import copy_checked, sha256_of
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile, as_logged
from cunshi.core.errors import CunshiError, ExitCode, RecordError
from cunshi.core.files import (
    exists,
    irregular_entries,
    is_hidden,
    is_ignored,
    is_put_by_system,
    put_in_place,
    walk_files,
)
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter
from cunshi.core.yaml_fields import read_text
from cunshi.domain.description_merge import limited_by
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.intake.merge_limits import add_pseudonyms, limit_record, withhold_passages


@dataclass(frozen=True)
class Difference:
    """A difference between two records of a recording."""

    id: str
    key: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Merged(Result):
    """What came in, what was here, and where the two do not agree."""

    holder: str = ""
    brought: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    limited: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def merge(project: Project, folder: Path, reporter: Reporter) -> Merged:
    """Add the accessions of a project, a backup, or a bag of one. Requires the lock."""
    theirs = Project.at(_payload(folder))
    _refuse_links(theirs.root / "archive", below=False)
    _refuse_links(theirs.archive / "archive.yml")
    problems: list[Problem] = []
    archive = theirs.read_archive(problems)
    is_lost = any(problem.code is ExitCode.DISK for problem in problems)
    if is_lost or not archive.are_names_known:
        # Nobody would know where it all came from, or which names it must not say.
        return Merged(problems=problems)
    merged = Merged(archive.institution, problems=problems)
    known = {h: a for a in project.accessions() for h in a.own_hashes().values()}
    accessions = theirs.accessions()
    project.sweep()
    _bring_names(project, archive, merged)
    with reporter.task(_("并入"), len(accessions), 0) as task:
        for accession in accessions:
            try:
                _merge_one(project, theirs, accession, archive.rights, known, merged)
            except (CunshiError, OSError) as error:
                merged.problems.append(Problem.for_item(error, str(accession.folder)))
            task.finish_one(accession.id)
    return merged


def _bring_names(project: Project, theirs: Archive, merged: Merged) -> None:
    """Add their hidden names before anything that may say them."""
    try:
        with project.writing():
            added = add_pseudonyms(project, theirs, merged.holder, merged.problems)
    except CunshiError as error:
        merged.problems.append(Problem.from_error(error))
        added = False
    if added:
        merged.limited.append(project.relative(project.persons))


def _payload(folder: Path) -> Path:
    """Return the project in a folder, or in a bag after verifying it."""
    if not (folder / "bagit.txt").is_file():
        return folder
    check_bag(folder)
    return folder / "data"


def _merge_one(
    project: Project,
    theirs: Project,
    accession: Accession,
    rights: str,
    known: dict[str, Accession],
    merged: Merged,
) -> None:
    _refuse_links(accession.folder)
    _check_masters(accession)
    here = next(
        (known[digest] for digest in accession.own_hashes().values() if digest in known), None
    )
    if here:
        merged.same.append(here.id)
        _compare(project, theirs, here, accession, merged)
    elif exists(project.accession(accession.id).folder):
        raise RecordError(_("两边有同一个编号，录音却不一样"), _("两边核对原件；这一件没有并入"))
    else:
        refuse_held(Tombstones.of(project), accession)
        _bring(project, theirs, accession, rights, merged)


def _refuse_links(path: Path, *, below: bool = True) -> None:
    """Raise RecordError for a link or device, which could bring in any file of this computer."""
    if not path.is_symlink() and not exists(path):
        return
    found = irregular_entries(path) if below else filter(Path.is_symlink, [path])
    for entry in found:
        raise RecordError(
            _("那边的 {name} 是一个链接或不是普通文件，没有并入").format(name=entry.name),
            _("请对方换成文件本身"),
            where=entry,
        )


def _check_masters(accession: Accession) -> None:
    hashes = accession.hashes()
    bad = [n for n, h in hashes.items() if not (accession.folder / n).is_file()]
    bad += [n for n, h in hashes.items() if n not in bad and sha256_of(accession.folder / n) != h]
    present = (path.relative_to(accession.folder) for path in walk_files(accession.master))
    bad += [
        p.as_posix() for p in present if p.as_posix() not in hashes and not is_put_by_system(p.name)
    ]
    if bad or not hashes:
        name = bad[0] if bad else accession.manifest.name
        raise RecordError(
            _("那边的 {name} 坏了或不见了").format(name=name), _("请对方先从备份恢复")
        )


def _bring(
    project: Project, theirs: Project, accession: Accession, rights: str, merged: Merged
) -> None:
    """Copy an accession to a temporary folder, add its origin, and give it its name in one step."""
    problems: list[Problem] = []
    limits = theirs.read_recording(accession, problems).description
    aside = Accession(project.incoming / accession.id)
    masters = accession.hashes()
    for path in sorted(walk_files(accession.folder)):
        relative = path.relative_to(accession.folder)
        if relative.as_posix() in masters or not (is_hidden(relative) or is_ignored(relative.name)):
            _copy(path, aside.folder / relative)
    record = RecordFile.open(aside)
    origin = {"holder": merged.holder, "rights": rights}
    lacking: dict[str, Any] = {
        key: value for key, value in origin.items() if not getattr(record.description, key)
    }
    described = limited_by(replace(record.description, **lacking), limits)
    record.set(described, despite_problems=True)
    source = merged.holder or accession.folder.parent.parent.name
    aside.add_event(Event(TRANSFER, source=source))
    put_in_place(aside.folder, project.accession(accession.id).folder)
    merged.brought.append(accession.id)
    merged.problems.extend(problems)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        copy_checked(source, target)
    except ValueError as error:
        raise RecordError(_("复制后核对不上"), _("检查磁盘是否损坏，再运行一次")) from error
    shutil.copystat(source, target)


def _compare(
    project: Project, theirs: Project, here: Accession, there: Accession, merged: Merged
) -> None:
    ours, other = project.read_recording(here, []), theirs.read_recording(there, [])
    if limit_record(project, here, other.description, merged.holder, merged.problems):
        merged.limited.append(here.id)
    if withhold_passages(project, here, there, merged.holder, merged.problems):
        merged.limited.append(here.id)
    for key, (mine, yours) in _both(ours, other).items():
        if mine != yours:
            merged.differences.append(Difference(here.id, key, mine, yours))
    if _words(here) != _words(there):
        merged.differences.append(Difference(here.id, "transcript.vtt", *_told(here, there)))


def _both(ours: Recording, other: Recording) -> dict[str, tuple[str, str]]:
    mine, yours = as_logged(ours.description), as_logged(other.description)
    keys = [k for k in dict.fromkeys((*mine, *yours)) if k not in {"holder", "rights"}]
    return {key: (_shown(mine.get(key)), _shown(yours.get(key))) for key in keys}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "，".join(f"{key}: {part}" for key, part in value.items())
    return "" if value is None else str(value)


def _words(accession: Accession) -> str:
    return read_text(accession.transcript) if exists(accession.transcript) else ""


def _told(here: Accession, there: Accession) -> tuple[str, str]:
    return str(here.transcript), str(there.transcript)
