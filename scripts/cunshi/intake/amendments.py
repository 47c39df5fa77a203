"""Bring records up to date with what people have written in recordings/ since.

A folder.yml or sidecar may gain a withdrawal or a limit long after its recording was accessioned.
``amend_records`` writes it into the records; ``as_amended`` only applies it in memory, for commands
that must not write, or cannot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.events import METADATA_MODIFICATION, Event
from cunshi.archive.project import Project
from cunshi.archive.record_edit import (
    RecordFile,
    as_logged,
    as_permitted,
    deposit_history,
    follow_deposit,
)
from cunshi.core.errors import CunshiError, ExitCode, RecordError
from cunshi.core.files import exists, stat_of
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.consent import Consent
from cunshi.domain.description_merge import limited_by
from cunshi.domain.persons.narrators import limited_by_persons
from cunshi.domain.recording import Description, Recording
from cunshi.domain.settings import Archive
from cunshi.intake.deposit_cache import DepositCache
from cunshi.intake.deposits import Deposit, DepositWalk, combine, is_description, original_name

INTAKE_STAGE = "intake"


@dataclass(frozen=True)
class Written:
    """What is written in recordings/ about an accession.

    ``is_doubtful`` means that a part is invalid, which might be a withdrawal. ``is_absent`` means
    that the file itself is no longer there: then only limits count, because the other values may
    have been removed together with it.
    """

    accession: Accession
    description: Description
    is_doubtful: bool = False
    is_absent: bool = False

    def applied_to(
        self, ours: Description, logged: Mapping[str, Any], decided: set[str]
    ) -> Description:
        """Return the record's description with what is written, see ``follow_deposit``."""
        if self.is_absent:
            return limited_by(ours, self._limits(logged, decided))
        return follow_deposit(
            ours, self.description, logged, doubtful=self.is_doubtful, decided=decided
        )

    def _limits(self, logged: Mapping[str, Any], decided: set[str]) -> Description:
        """Return what restricts, without what a person has overruled at the review desk."""
        theirs = self.description
        known = {n for n in decided if as_logged(theirs).get(n) == logged.get(n)}
        consent = theirs.consent
        if "consent" in known:
            consent = Consent(withdrawn_on=consent.withdrawn_on)
        return Description(
            access=None if "access" in known else theirs.access,
            minor=theirs.minor and "minor" not in known,
            consent=consent,
        )


def amend_records(project: Project, archive: Archive, problems: list[Problem]) -> None:
    """Write into the records what people have written in recordings/.

    Requires the lock. New deposits are not accessioned, and only descriptions are reported.
    """
    _amend_all(project, _all_written(project, archive, problems), problems)


def amend_absent(
    project: Project, archive: Archive, present: set[str], problems: list[Problem]
) -> None:
    """Do the same for the accessions without a file in recordings/: all but ``present``."""
    found: list[Problem] = []
    walk = DepositWalk(project, archive, found)
    _amend_all(project, _absent(project, walk, present), problems)
    _report(found, problems)


def _amend_all(project: Project, all_written: Iterable[Written], problems: list[Problem]) -> None:
    for written in all_written:
        try:
            with project.writing():
                amend(written, problems)
        except (CunshiError, OSError) as error:
            where = project.relative(written.accession.record)
            problems.append(Problem.for_item(error, where))


def _report(found: Iterable[Problem], problems: list[Problem]) -> None:
    """Report faulty descriptions, each once; other faults of deposits are those of accessioning."""
    faulty = (problem for problem in found if is_description(problem.where))
    problems += [problem for problem in dict.fromkeys(faulty) if problem not in problems]


def as_amended(
    project: Project, archive: Archive, recordings: Sequence[Recording], problems: list[Problem]
) -> list[Recording]:
    """Return the recordings as they would be after ``amend_records``; writes nothing.

    What cannot be read seals its recording.
    """
    found: dict[str, Description] = {}
    by_id = {recording.id: recording for recording in recordings}
    for written in _all_written(project, archive, problems):
        recording = by_id.get(written.accession.id)
        if recording is None or not recording.description.consent.by:
            continue  # sealed already
        try:
            record = RecordFile.open(written.accession)
            logged, decided = deposit_history(written.accession)
            merged = written.applied_to(record.description, logged, decided)
            found[recording.id] = as_permitted(merged, logged, decided)
        except (CunshiError, OSError) as error:
            where = project.relative(written.accession.record)
            problems.append(Problem.for_item(error, where))
            found[recording.id] = replace(recording.description, consent=Consent())
    return [
        replace(r, description=limited_by_persons(found[r.id], archive.persons))
        if r.id in found
        else r
        for r in recordings
    ]


def amend(written: Written, problems: list[Problem]) -> bool:
    """Write into a record what is written in recordings/; return whether it changed."""
    record = RecordFile.open(written.accession)
    if record.problems:
        return False  # reported when the record is read; a damaged record is not changed
    ours = record.description
    logged, decided = deposit_history(written.accession)
    merged = written.applied_to(ours, logged, decided)
    try:
        changed = record.set(merged)
    except RecordError as error:
        cause, remedy = _("补不进新的内容"), _("请把 folder.yml 里的内容抄进去")
        problems.append(Problem(ExitCode.RECORD, error.where, cause, remedy))
        return False
    # The event is logged after the change, and by the next run if this one is killed in between.
    if written.is_absent:
        taken = dict(changed)
    else:
        before, theirs, now = map(as_logged, (ours, written.description, merged))
        taken = _taken_over(before, theirs, now, logged)
        stays = decided - changed.keys()
        taken = {n: v for n, v in taken.items() if n not in stays}
    if taken:
        written.accession.add_event(Event(METADATA_MODIFICATION, fields=taken))
    return bool(changed)


def _taken_over(
    before: Mapping[str, Any],
    theirs: Mapping[str, Any],
    now: Mapping[str, Any],
    logged: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the deposit's values that the record now has, or that have restricted it."""
    heeded = {n for n in theirs if now.get(n) == theirs[n] or now.get(n) != before.get(n)}
    gone = {n: None for n in logged if logged[n] and n not in now and n not in theirs}
    return {n: theirs[n] for n in heeded if theirs[n] != logged.get(n)} | gone


def known_masters(project: Project) -> dict[str, str]:
    """Return the SHA-256 of every master with the id of its accession."""
    return {
        digest: accession.id
        for accession in project.accessions()
        for digest in accession.own_hashes().values()
    }


def intake_stamp(project: Project, deposit: Deposit, digest: str, id_: str) -> str:
    """Return a stamp of everything on which a change of an accession by its deposit depends."""
    accession = project.accession(id_)
    texts = (accession.record, accession.manifest)
    return stamp_of(
        deposit, digest, accession.unpublished_events(), texts=texts, files=deposit.files
    )


def _all_written(project: Project, archive: Archive, problems: list[Problem]) -> Iterator[Written]:
    """Yield what is written about accessions, unless it is known to be in the record already."""
    if not exists(project.recordings):
        return
    found: list[Problem] = []
    walk = DepositWalk(project, archive, found)
    known, stamps = known_masters(project), StageStamps(project, INTAKE_STAGE)
    present = set[str]()
    for digest, copies in _copies(project, walk.find(), known).items():
        id_ = known[digest]
        present.add(id_)
        deposit = combine(copies)
        stamp = intake_stamp(project, deposit, digest, id_)
        if not stamps.is_current(project.relative(deposit.path), stamp):
            yield Written(project.accession(id_), deposit.description, deposit.doubtful)
    yield from _absent(project, walk, present)
    _report(found, problems)


def _absent(project: Project, walk: DepositWalk, present: set[str]) -> Iterator[Written]:
    """Yield what is written about accessions whose files are no longer in recordings/."""
    for accession in project.accessions():
        if accession.id in present:
            continue
        name = original_name(accession)
        description, doubtful = walk.describe(name) if name else (Description(), False)
        if doubtful or description != Description():
            yield Written(accession, description, doubtful, is_absent=True)


def _copies(
    project: Project, deposits: Sequence[Deposit], known: Mapping[str, str]
) -> dict[str, list[Deposit]]:
    """Return the deposits of known masters by hash. Other files are not hashed if their size
    shows that they are new.
    """
    inspections = DepositCache(project)
    masters = (path for a in project.accessions() for path in a.master.glob("*"))
    sizes = {stat[0] for path in masters if (stat := stat_of(path))}
    copies: dict[str, list[Deposit]] = {}
    for deposit in deposits:
        stat = stat_of(deposit.path)
        if stat is None or stat[0] not in sizes:
            continue
        try:
            digest = inspections.sha256(deposit.path)
        except OSError:
            continue  # its accession counts as absent: the limits are read all the same
        if digest in known:
            copies.setdefault(digest, []).append(deposit)
    return copies
