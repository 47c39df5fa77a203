"""Scheduled fixity checks, oldest first.

Presence and size of masters are checked for the whole archive, which is quick. Hashing everything
may take a night, so a run with a time limit hashes the accessions whose last check is oldest.
Checks are logged in events.jsonl, as in PREMIS.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cunshi.archive.accession import Accession
from cunshi.archive.events import FIXITY_CHECK, MESSAGE_DIGEST_CALCULATION, Event, scans_in
from cunshi.archive.fixity import manifest
from cunshi.archive.fixity.check import compare_accession, differing, without_manifest
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter


@dataclass(frozen=True)
class Verified(Result):
    """The accessions that were hashed, the number of those not yet due, and their oldest check.

    ``oldest`` is a time in ISO 8601.
    """

    hashed: list[str]
    waiting: int
    oldest: str


@dataclass(frozen=True)
class Registered:
    """What the events of an accession say about its fixity.

    ``checked`` is the time of the last check or of the accession, in ISO 8601. ``fault`` is set if
    the events cannot be read.
    """

    checked: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    scans: Mapping[str, str] = field(default_factory=dict)
    fault: Problem | None = None


def registered(accession: Accession) -> Registered:
    """Read the events once, because they grow with every check."""
    try:
        events = accession.read_events()
    except CunshiError as error:
        return Registered(fault=Problem.from_error(error))
    hashed = (FIXITY_CHECK, MESSAGE_DIGEST_CALCULATION)
    return Registered(
        max((event.time for event in events if event.kind in hashed), default=""),
        {name: size for event in events for name, size in (event.sizes or {}).items()},
        scans_in(events),
    )


def check_in_turn(project: Project, reporter: Reporter, seconds: float | None) -> Verified:
    """Check all accessions, and hash as many as ``seconds`` allow (None: all; 0: none).

    At least one is hashed if there is any time, so that every run makes progress.
    """
    problems, hashed, waiting = list[Problem](), list[str](), list[Registered]()
    turns = [(accession, registered(accession)) for accession in project.accessions()]
    turns.sort(key=lambda turn: (turn[1].checked, turn[0].id))
    ends = None if seconds is None else time.monotonic() + seconds
    with reporter.task(_("核对主文件"), len(turns), 0) as task:
        for accession, known in turns:
            quick = _look_at(project, accession, known)
            problems += quick
            if seconds == 0 or (hashed and ends is not None and time.monotonic() > ends):
                waiting.append(known)
            else:
                problems += _hash(project, accession, known, quick)
                hashed.append(accession.id)
            task.finish_one(accession.id)
    oldest = waiting[0].checked if waiting else ""
    return Verified(hashed, len(waiting), oldest, problems=problems)


def _look_at(project: Project, accession: Accession, known: Registered) -> list[Problem]:
    try:
        return list(_look(project, accession, known))
    except OSError as error:
        return [Problem.for_item(error, project.relative(accession.master))]


def _look(project: Project, accession: Accession, known: Registered) -> Iterator[Problem]:
    """Yield what is wrong without reading masters: missing, unexpected, or of another size."""
    hashes, sizes = accession.hashes(), known.sizes
    if known.fault:
        yield known.fault
    if not hashes:
        yield without_manifest(project, accession)
        return
    differences = manifest.look(accession.folder, hashes)
    yield from differing(project, accession, differences)
    for name in sorted((hashes.keys() & sizes.keys()) - differences.keys()):
        found = (accession.folder / name).stat().st_size
        if found != sizes[name]:
            cause = _("主文件的大小变了：登记的是 {old} 字节，现在是 {new} 字节").format(
                old=sizes[name], new=found
            )
            yield _problem(project, accession, name, cause, _("从备份恢复，不要改清单"))
    yield from _swapped(project, accession)


def _swapped(project: Project, accession: Accession) -> Iterator[Problem]:
    """Compare the master with the id, which contains its hash, to detect swapped manifests."""
    own, digits = accession.own_hashes(), accession.id.rpartition("-")[2]
    if own and not any(digest.startswith(digits) for digest in own.values()):
        cause = _("主文件和编号对不上：它是另一件录音的")
        yield _problem(project, accession, min(own), cause, _("从备份恢复这个文件夹"))


def _hash(
    project: Project, accession: Accession, known: Registered, quick: list[Problem]
) -> list[Problem]:
    """Hash the masters and log the check; return the problems that were not yet reported."""
    told = {problem.where for problem in quick}
    problems = compare_accession(project, accession, known.scans)
    found = [problem for problem in problems if problem.where not in told]
    outcome = "fail" if found or told else "pass"
    try:
        with project.writing():
            accession.add_event(Event(FIXITY_CHECK, algorithm="SHA-256", outcome=outcome))
    except OSError as error:
        found.append(Problem.for_item(error, project.relative(accession.events)))
    except CunshiError as error:
        if known.fault:
            return found  # the unreadable events were reported already
        cause = _("核对了，但没能登记：{error}").format(error=error)
        where = project.relative(accession.events)
        found.append(Problem(ExitCode.RECORD, where, cause, _("检查磁盘空间和文件夹权限")))
    return found


def _problem(project: Project, accession: Accession, name: str, cause: str, remedy: str) -> Problem:
    where = project.relative(accession.folder / name)
    return Problem(ExitCode.FIXITY, where, cause, remedy)
