"""Accession deposits: archive/<id>/ with a byte-identical master, fixity, record and events."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.cache.stage_stamps import StageStamps
from cunshi.archive.erasure.tombstones import Tombstones
from cunshi.archive.events import (
    ACCESSION,
    INGESTION,
    MESSAGE_DIGEST_CALCULATION,
    Event,
    format_event,
)
from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.archive.record_edit import as_logged
from cunshi.archive.records import write_recording
from cunshi.core.errors import CunshiError, DepositError, RecordError
from cunshi.core.files import put_in_place, stat_of, temporary_name, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter
from cunshi.domain.persons.narrators import with_consent_of_person
from cunshi.domain.recording import Recording, Technical
from cunshi.domain.settings import Archive
from cunshi.intake.amendments import INTAKE_STAGE, Written, amend, intake_stamp, known_masters
from cunshi.intake.deposit_cache import DepositCache
from cunshi.intake.deposits import Deposit, combine, find_deposits

_log = logging.getLogger(__name__)

_STABLE = 5.0  # seconds: files changed more recently are checked twice
_LOOK_AGAIN = 1.0  # seconds between the two checks


class _StillCopyingError(DepositError):
    """A deposit that changed during accessioning; it waits for the next run."""


@dataclass(frozen=True)
class Intake(Result):
    """What one look at recordings/ brought; ``present`` are the ids of the accessions with a file
    there.
    """

    taken: list[str] = field(default_factory=list)
    amended: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    present: set[str] = field(default_factory=set)

    @property
    def changes(self) -> int:
        """The number of changes and problems so far."""
        return sum(len(found) for found in (self.taken, self.amended, self.waiting, self.problems))


def take_in(project: Project, archive: Archive, reporter: Reporter) -> Intake:
    """Accession everything new in recordings/. Requires the lock."""
    project.sweep()
    intake = Intake()
    deposits = find_deposits(project, archive, intake.problems)
    stable = _stable(project, deposits, intake)
    inspections = DepositCache(project)
    refuse = partial(_refuse_erased, project, inspections)
    known = known_masters(project)
    stamps = StageStamps(project, INTAKE_STAGE)
    new = {d.path for d in stable if inspections.inspection_of(d.path) is None}
    with reporter.task(_("检查录音"), len(new), 0) as task:
        distinct = _distinct(project, stable, inspections, intake)
        for deposit, digest in distinct:
            name = project.relative(deposit.path)
            stamp = intake_stamp(project, deposit, digest, known.get(digest, digest))
            if stamps.is_current(name, stamp):
                continue
            before = intake.changes
            try:
                if digest not in known:
                    refuse(deposit.path)
                usable = _with_usable_companions(
                    project, deposit, inspections, refuse, intake.problems
                )
                _take_in_one(project, usable, digest, inspections, known, intake)
            except _StillCopyingError:
                intake.waiting.append(project.relative(deposit.path))
            except (CunshiError, OSError) as error:
                where = project.relative(deposit.path)
                intake.problems.append(Problem.for_item(error, where))
            if deposit.path in new:
                task.finish_one(deposit.path.name)
            if intake.changes == before:
                stamps.record(name, stamp)
    intake.present.update(known[digest] for __, digest in distinct if digest in known)
    inspections.save(path for deposit in stable for path in deposit.files)
    stamps.save()
    _log.info("Deposits: %d, of them %d taken in", len(deposits), len(intake.taken))
    return intake


def _stable(project: Project, deposits: Iterable[Deposit], intake: Intake) -> list[Deposit]:
    """Return the deposits that are no longer being copied; the others wait for the next run."""
    first = {path: stat_of(path) for deposit in deposits for path in deposit.files}
    moment = time.time()
    if any(moment - stat[1] / 1e9 < _STABLE for stat in first.values() if stat):
        time.sleep(_LOOK_AGAIN)
    stable = []
    for deposit in deposits:
        if all(first[path] and first[path] == stat_of(path) for path in deposit.files):
            stable.append(deposit)
        else:
            intake.waiting.append(project.relative(deposit.path))
    return stable


def _distinct(
    project: Project, deposits: Iterable[Deposit], inspections: DepositCache, intake: Intake
) -> list[tuple[Deposit, str]]:
    """Return each content once, with its hash; descriptions of all copies restrict it."""
    copies: dict[str, list[Deposit]] = {}
    for deposit in deposits:
        try:
            copies.setdefault(inspections.sha256(deposit.path), []).append(deposit)
        except (CunshiError, OSError) as error:
            intake.problems.append(Problem.for_item(error, project.relative(deposit.path)))
    distinct = []
    for digest, (first, *others) in copies.items():
        for other in others:
            names = (project.relative(other.path), project.relative(first.path))
            intake.duplicates.append(names)
        distinct.append((combine((first, *others)), digest))
    return distinct


def _take_in_one(
    project: Project,
    deposit: Deposit,
    digest: str,
    inspections: DepositCache,
    known: dict[str, str],
    intake: Intake,
) -> None:
    if digest in known:
        if _bring_up_to_date(project, known[digest], deposit, inspections, intake.problems):
            intake.amended.append(known[digest])
        return
    technical = inspections.inspect(deposit.path)
    known[digest] = _accession(project, deposit, digest, technical)
    intake.taken.append(known[digest])


def _refuse_erased(project: Project, inspections: DepositCache, path: Path) -> None:
    """Raise DepositError for a file that was erased, RecordError if nobody can say."""
    Tombstones.of(project).refuse(inspections.sha256(path))


def _with_usable_companions(
    project: Project,
    deposit: Deposit,
    inspections: DepositCache,
    refuse: Callable[[Path], None],
    problems: list[Problem],
) -> Deposit:
    """Return the deposit without companions that cannot be read or were erased, which are
    reported.
    """
    usable = []
    for path in deposit.companions:
        try:
            refuse(path)
            inspections.inspect(path)
            usable.append(path)
        except (CunshiError, OSError) as error:
            problems.append(Problem.for_item(error, project.relative(path)))
    return replace(deposit, companions=tuple(usable))


def _accession(project: Project, deposit: Deposit, digest: str, technical: Technical) -> str:
    """Assemble an accession in a temporary folder, then give it its name in one step."""
    recording_id = _new_id(project, deposit, digest)
    aside = Accession(project.incoming / recording_id)
    aside.master.mkdir(parents=True)
    hashes: dict[str, str] = {}
    for path in deposit.files:
        name = _master_name(recording_id, path, hashes)
        hashes[f"master/{name}"] = _copy(path, aside.master / name)
    master = _master_name(recording_id, deposit.path, {})
    if hashes[f"master/{master}"] != digest:
        raise _StillCopyingError("the deposit changed between two looks")
    recording = Recording(
        id=recording_id,
        kind=deposit.kind,
        master=master,
        sha256=digest,
        original_name=project.relative(deposit.path).removeprefix("recordings/"),
        technical=technical,
        description=with_consent_of_person(deposit.description, project.read_persons([])),
    )
    write_atomic(aside.manifest, manifest.format_manifest(hashes))
    write_atomic(aside.record, write_recording(recording))
    sizes = {name: (aside.folder / name).stat().st_size for name in hashes}
    events = _first_events(recording, deposit, hashes, sizes)
    write_atomic(aside.events, "".join(map(format_event, events)))
    put_in_place(aside.folder, project.accession(recording_id).folder)
    return recording_id


def _first_events(
    recording: Recording, deposit: Deposit, hashes: dict[str, str], sizes: dict[str, int]
) -> list[Event]:
    return [
        Event(
            INGESTION,
            original_name=recording.original_name,
            fields=as_logged(deposit.description),
        ),
        Event(MESSAGE_DIGEST_CALCULATION, algorithm="SHA-256", hashes=hashes, sizes=sizes),
    ]


def _new_id(project: Project, deposit: Deposit, digest: str) -> str:
    """Return date and first hex digits of the master's hash, with more digits if they are taken."""
    day = deposit.description.date
    prefix = day.strftime("%Y%m%d") if day else "undated"
    for folder in project.archive.glob(f"[!.]*-{digest[:8]}*"):
        # Otherwise it would become a new item, open although the old one may be withdrawn.
        hashes = Accession(folder).hashes()
        if folder.is_dir() and (not hashes or digest in hashes.values()):
            raise RecordError(
                _("档案库里有同一件录音，但它的清单不见了或读不了"),
                _("从备份恢复 {folder}").format(folder=project.relative(folder)),
            )
    lengths = range(8, len(digest) + 1, 4)
    ids = (f"{prefix}-{digest[:length]}" for length in lengths)
    return next(i for i in ids if not project.accession(i).folder.exists())


def _master_name(recording_id: str, path: Path, taken: Iterable[str]) -> str:
    """Return the id with the file's suffix, in ASCII because other names break bags elsewhere."""
    suffix = "".join(c for c in path.suffix.lower() if c.isascii() and (c.isalnum() or c == "."))
    suffix, number = suffix[:10].rstrip("."), 2  # Windows allows no trailing dot
    name = f"{recording_id}{suffix}"
    while f"master/{name}" in taken:
        name, number = f"{recording_id}-{number}{suffix}", number + 1
    return name


def _copy(source: Path, target: Path) -> str:
    """Copy a file and verify the copy's hash."""
    temporary = temporary_name(target)
    try:
        digest = manifest.copy_checked(source, temporary)
    except ValueError as error:
        raise DepositError(_("复制后核对不上"), _("检查磁盘是否损坏，再运行一次")) from error
    put_in_place(temporary, target)
    return digest


def _bring_up_to_date(
    project: Project,
    recording_id: str,
    deposit: Deposit,
    inspections: DepositCache,
    problems: list[Problem],
) -> bool:
    """Add what the deposit's folder contains beyond the accession."""
    accession = project.accession(recording_id)
    with project.writing():
        companions = _add_companions(accession, deposit, inspections)
        amended = amend(Written(accession, deposit.description, deposit.doubtful), problems)
    return companions or amended


def _add_companions(accession: Accession, deposit: Deposit, inspections: DepositCache) -> bool:
    hashes = accession.hashes()
    if not hashes:  # a new manifest would not contain the master
        raise RecordError(
            _("清单不见了或读不了"),
            _("再运行一次；还是这样，就从备份恢复它"),
            where=accession.manifest,
        )
    for path in deposit.companions:
        if inspections.sha256(path) not in hashes.values():
            name = _master_name(accession.id, path, hashes)
            hashes[f"master/{name}"] = _copy(path, accession.master / name)
            write_atomic(accession.manifest, manifest.format_manifest(hashes))
    told = {name for event in accession.read_events() for name in event.hashes or ()}
    new = {name: digest for name, digest in hashes.items() if name not in told}
    if new:
        accession.add_event(Event(ACCESSION, algorithm="SHA-256", hashes=new))
    return bool(new)
