"""Compare byte for byte what two commits of Cunshi make of the same villages.

    .venv/bin/python benchmarks/compare_commits.py OLD [NEW]

OLD and NEW are git revisions; without NEW it is the working tree. With each of them the same
commands run in the same folder (compared_commands.py), first with Chinese and then with English
messages, with a fixed clock and time zone. The villages (compared_villages.py) come from OLD, which
also shows that NEW works on a village that exists. A server stands in for speech recognition: it
speaks the protocol of the engine ``http``, which does not depend on how the modules are arranged,
and its answer depends on nothing but the sound. ``--whisper`` has the real model listen instead.

Compared are the exit code, standard output and standard error of every command, what the review
desk answers to reading requests, and every file that was made: archive, site, classroom pack (each
member of the zip), bags, backups, published folders. Not compared are the scripts of the desk and
the addresses of its static files, the caches below build/, some of which hold a stamp of the
program's own files, lock files, and the times of files. Each difference is printed, that of a text
with its first line that differs. The exit code is 0 when there is none, else 1.
"""

import argparse
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from compared_commands import LANGUAGES, Run, run_all
from compared_villages import recognition_server

ROOT = Path(__file__).parents[1]
PROGRAM = ("scripts", "mkdocs.yml")
VILLAGE = ("recordings", "courses", "archive", "mkdocs.yml")
_LEFT_OUT = re.compile(
    r"^\w+/\w+/(scripts|build/(classroom/)?cache|build/review)/|/\.(lock|writing)$"
)
_WIDTH = 160  # characters of a line that are printed
# What has to be there at the end: two runs that failed in the same way would else be equal.
_MADE = (
    "village/build/site/index.html",
    "village/build/site/kits/01/slides.pptx",
    "kept/first/archive/*/machine.json",
    "neighbour/courses/*/lesson.md",
    "pack.zip",
    "export/*/bagit.txt",
    "bag/*/bagit.txt",
    "published/*/index.html",
    "backup/archive/*/recording.yml",
    "desk/* api recordings.txt",
)


def check_out(revision: str, parts: Sequence[str], folder: Path) -> None:
    """Write parts of a commit into a folder; without a revision, those of the working tree."""
    folder.mkdir(parents=True)
    if not revision:
        for part in map(ROOT.joinpath, parts):
            if part.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(part, folder / part.name, ignore=ignored)
            else:
                shutil.copy(part, folder)
        return
    command = ["git", "-C", str(ROOT), "archive", revision, *parts]
    packed = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    if packed.returncode:
        raise SystemExit(f"git has no {', '.join(parts)} of {revision}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


def run_with(program: Path, work: Path, engine: str, port: int, languages: Sequence[str]) -> Path:
    """Run everything with one program; the folder with what it made.

    The program is moved: it and the villages of both commits have the same paths while they run.
    """
    here = work / "now"
    here.mkdir()
    program.rename(here / "program")
    for language in languages:
        (here / language).mkdir()
        run = Run(here / language, here / "program", work / "source", engine, language, port)
        _check_program(run)
        run_all(run)
        missing = [name for name in _MADE if not any(run.root.glob(name))]
        if missing:
            raise SystemExit(f"nothing to compare, since {missing} were not made: see {run.root}")
    shutil.rmtree(here / "program")
    return here


def _check_program(run: Run) -> None:
    """SystemExit unless it is the program of the commit that runs, and not an installed one."""
    command = [sys.executable, "-c", "import cunshi; print(cunshi.__file__)"]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=run.root, env=run.environment
    )
    if not Path(done.stdout.strip()).is_relative_to(run.program):
        raise SystemExit(f"{done.stdout.strip()} would run instead of {run.program}")


def files_of(folder: Path) -> dict[str, Path]:
    """Everything to compare below a folder, by its path: files, links, and empty folders."""
    found = {}
    for where, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        for name in [*names, *links] or ([] if folders else [""]):
            path = Path(where) / name
            found[path.relative_to(folder).as_posix()] = path
    return {name: path for name, path in found.items() if not _LEFT_OUT.search(name)}


def differences(old: Path, new: Path) -> Iterator[str]:
    """What differs between two folders, one text for each file."""
    ours, theirs = files_of(old), files_of(new)
    for name in sorted(ours | theirs):
        if name not in theirs:
            yield f"{name}: only OLD made it"
        elif name not in ours:
            yield f"{name}: only NEW made it"
        elif _kind(ours[name]) != _kind(theirs[name]):
            yield f"{name}: {_kind(ours[name])} and {_kind(theirs[name])}"
        elif ours[name].is_file() and not ours[name].is_symlink():
            yield from differing(name, ours[name].read_bytes(), theirs[name].read_bytes())


def _kind(path: Path) -> str:
    if path.is_symlink():
        return f"a link to {path.readlink()}"
    return "a file" if path.is_file() else "an empty folder"


def differing(name: str, old: bytes, new: bytes) -> Iterator[str]:
    """How two files differ: nothing if they are the same, of a zip each member that differs."""
    if old == new:
        return
    if zipfile.is_zipfile(io.BytesIO(old)) and zipfile.is_zipfile(io.BytesIO(new)):
        yield from _members(name, old, new)
        return
    try:
        lines = old.decode().split("\n"), new.decode().split("\n")
    except UnicodeDecodeError:
        at = _first_difference(old, new)
        yield f"{name}: {len(old)} and {len(new)} bytes, which differ from byte {at} on"
        return
    yield f"{name}: {_first_line(*lines)}"


def _first_line(old: list[str], new: list[str]) -> str:
    """The first line that differs, or the part of it that does."""
    number = _first_difference(old, new)
    pair = [lines[number] if number < len(lines) else "" for lines in (old, new)]
    begin = max(0, _first_difference(*pair) - _WIDTH // 2)
    shown = [line[begin : begin + _WIDTH] for line in pair]
    return f"line {number + 1}\n  old: {shown[0]}\n  new: {shown[1]}"


def _first_difference(old: Sequence[object], new: Sequence[object]) -> int:
    """The place from which two sequences differ: the end of the shorter if it begins the longer."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))


def _members(name: str, old: bytes, new: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(old)) as ours, zipfile.ZipFile(io.BytesIO(new)) as theirs:
        heads = [[_head(entry) for entry in opened.infolist()] for opened in (ours, theirs)]
        both = sorted(set(ours.namelist()) & set(theirs.namelist()))
        found = [
            text
            for member in both
            for text in differing(f"{name}: {member}", ours.read(member), theirs.read(member))
        ]
    if heads[0] != heads[1]:
        lines = [[repr(head) for head in side] for side in heads]
        found.append(f"{name}: members, {_first_line(*lines)}")
    yield from found or [f"{name}: the same members in other bytes"]


def _head(entry: zipfile.ZipInfo) -> tuple[object, ...]:
    return entry.filename, entry.date_time, entry.compress_type, entry.external_attr


def _free_port() -> int:
    """A port that is free like the one above it: the review desk takes both."""
    while True:
        with socket.socket() as first, socket.socket() as second, suppress(OSError, OverflowError):
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            second.bind(("127.0.0.1", port + 1))
            return port


def compare(old: str, new: str, work: Path, languages: Sequence[str], *, whisper: bool) -> int:
    """Run both commits and print what differs; how many files do."""
    check_out(old, VILLAGE, work / "source")
    programs = {"old": old, "new": new}
    for name, revision in programs.items():
        check_out(revision, PROGRAM, work / "programs" / name)
    port = _free_port()
    with nullcontext("") if whisper else recognition_server() as engine:
        for name, revision in programs.items():
            print(f"{name}: {revision or 'the working tree'}", flush=True)
            made = run_with(work / "programs" / name, work, engine, port, languages)
            made.rename(work / name)
    found = list(differences(work / "old", work / "new"))
    for text in found:
        print(text)
    count = len(files_of(work / "old"))
    print(f"{len(found)} differences in {count} files" if found else f"the same: {count} files")
    return len(found)


def main() -> int:
    """Compare what the command line names; 1 if there is any difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW", nargs="?", default="")
    parser.add_argument("--language", choices=LANGUAGES, help="only messages in this language")
    parser.add_argument("--whisper", action="store_true", help="recognise with the real model")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty or new folder")
    asked = parser.parse_args()
    if asked.keep and asked.keep.exists() and any(asked.keep.iterdir()):
        parser.error(f"{asked.keep} is not empty")
    languages = [asked.language] if asked.language else list(LANGUAGES)
    with nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        return int(compare(asked.old, asked.new, work, languages, whisper=asked.whisper) > 0)


if __name__ == "__main__":
    sys.exit(main())
