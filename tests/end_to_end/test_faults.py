"""Every writing command, killed or given an error at every file operation.

Nothing existing is lost, and the next run completes the command. Files are synced before they get
their names. With CUNSHI_CASES above 10000, as in tests/project/test_fuzz.py, no place is skipped.
"""

import errno
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.fault_cases import CASES, Files, Stage, state
from support.faults import ALL, KILL, WRITING, Fault

# --- what there is before each command

RELEASES = "out/releases/"
PUBLICATIONS = "publications.jsonl"


def unpublished(files: Files) -> Files:
    """Return the files without publication logs, in which an incomplete publication is also
    noted.
    """
    kept = {n: d for n, d in files.items() if not n.endswith(PUBLICATIONS)}
    for name in [name for name in kept if name.endswith("events.jsonl")]:
        lines = kept[name].splitlines(keepends=True)
        kept[name] = b"".join(line for line in lines if b'"dissemination"' not in line)
    return kept


def recorded(files: Files) -> Files:
    """Return the files without logs, in which a consent that was unreadable for a time is noted
    twice, and without the earlier releases of the site, of which one took away a withdrawn talk
    while a file of another could not be read.
    """
    releases = {name.split("/")[2] for name in files if name.startswith(RELEASES)}
    latest = RELEASES + max(releases, default="")
    return {
        name.replace(latest, RELEASES + "latest"): data
        for name, data in files.items()
        if not name.endswith((".jsonl", "/.cunshi-release"))
        and (name.startswith(latest) or RELEASES not in name)
    }


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(CASES[request.param], tmp_path)


def ways(place: str) -> Sequence[str]:
    """Return the ways to be killed at a place that together cover every state of the disk.

    A file that was synced is complete before it is renamed. Before that, half of it is the worst
    case.
    """
    if ALL:
        return ("before", "after") if place.startswith("replace") else ("before", "torn", "after")
    if place.startswith("replace"):
        return "before", "after"
    return ("after",) if place.endswith("/") else ("torn",)


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_killed_at_every_place(stage: Stage) -> None:
    places = stage.undisturbed(KILL)

    def meet(fault: Fault, where: str) -> None:
        with stage.set_up() as top:
            killed = stage.play(top, fault)
            assert killed.code == -signal.SIGKILL, (where, killed.printed)
            stage.unharmed(top, where)
            stage.completed(top, where)

    chosen = some(places, stage.case.step)
    faults = {Fault(n, how): f"{n} {how} {place}" for n, place in chosen for how in ways(place)}
    assert len(faults) > 6
    stage.everywhere(meet, faults)


# Errors: what the system says, whether it says so from then on, and words that must be told.
REFUSALS = (
    (errno.ENOSPC, True, "磁盘满了"),
    (errno.EACCES, False, "没有权限"),
    (errno.EIO, False, "读写出错"),
    (errno.ENOTCONN, True, "断开了"),
    (errno.EROFS, True, "只读"),
    (errno.EPERM, False, "没有权限"),
    (errno.EDQUOT, True, "磁盘满了"),
    (errno.ESTALE, True, "断开了"),
)


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_refused_at_every_place(stage: Stage) -> None:
    """The command reports the file and the cause and loses nothing; a later run completes it."""
    chosen = some(stage.undisturbed(WRITING), 2 * stage.case.step)
    words = {number: said for number, __, said in REFUSALS}

    def meet(fault: Fault, where: str) -> None:
        with stage.set_up() as top:
            ran = stage.play(top, fault)
            where += ran.printed
            if stage.tells(top, ran, where):
                assert words[int(fault.how)] in ran.printed, where
                assert any(name_in(place) in ran.printed for place in ran.refused), where
            view = dict if fault.lasting else unpublished
            stage.unharmed(top, where, view)
            stage.completed(top, where, view)

    faults = {}
    for turn, (number, place) in enumerate(chosen):
        for how, lasting, __ in REFUSALS if ALL else REFUSALS[turn % len(REFUSALS) :][:1]:
            later = ("read",) if how in {errno.ENOTCONN, errno.ESTALE} else ()
            fault = Fault(number, how, WRITING, lasting, later)
            faults[fault] = f"{errno.errorcode[how]} {number} {place}\n"
    stage.everywhere(meet, faults)


# What was once taken for missing or bad, when it could only not be read for a moment.
FOUND = ("manifest-sha256.txt", "machine.json", "/archive.yml", "金村村_金家_2026-02-01.txt")


@pytest.mark.parametrize("stage", CASES, indirect=True)
def test_one_file_that_cannot_be_read(stage: Stage) -> None:
    """It is reported, the others are processed, and no master, manifest or edited text changes."""
    places = stage.undisturbed(("read",))
    chosen = set(some(places, 4 * stage.case.step))
    if "publish" not in stage.words:  # which reads the same as build, slowly
        chosen |= {(n, place) for n, place in enumerate(places, 1) if place.endswith(FOUND)}

    def meet(fault: Fault, where: str) -> None:
        with stage.set_up() as top:
            ran = stage.play(top, fault)
            where += ran.printed
            if stage.tells(top, ran, where):
                # Two threads read: it need not be the place that had this number before.
                [place] = ran.refused
                parts = (*Path(place.partition(" ")[2]).parts[-3:], name_in(place))
                assert any(part in ran.printed for part in parts), where
            now = state(top)
            for name, data in stage.start.items():
                if not name.startswith("village/archive/"):
                    continue
                if name not in now:
                    assert name not in stage.end, (where, name)
                elif name.endswith(PUBLICATIONS) and "erase" in stage.words:
                    assert len(now[name].splitlines()) >= len(data.splitlines()), where
                elif "/master/" in name or name.endswith((".txt", ".vtt", ".json", ".jsonl")):
                    assert now[name].startswith(data) or now[name] == stage.end[name], (where, name)
            stage.completed(top, where, recorded)

    faults = {Fault(n, errno.EIO, ("read",)): f"{n} {place}\n" for n, place in sorted(chosen)}
    stage.everywhere(meet, faults)


def name_in(place: str) -> str:
    """Return the file name of a place as people know it."""
    name = Path(place.partition(" ")[2]).name
    return name.removeprefix(".").removesuffix(".tmp")


def some(places: Sequence[str], step: int) -> list[tuple[int, str]]:
    """Return numbered places, every n-th of a long run, including the last."""
    found = list(enumerate(places, 1))
    return found if ALL else found[::-step][::-1]
