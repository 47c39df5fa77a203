"""Every command: help, exit codes, and documentation."""

import re
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi import cli
from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.transcription.engines import ENGINES
from support.village import ROOT

Run = Callable[..., tuple[int, str]]
COMMANDS = sorted(cli.cli.commands)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_commands_are_those_that_are_promised() -> None:
    assert COMMANDS == [
        "account",
        "backup",
        "build",
        "check",
        "erase",
        "evaluate",
        "export",
        "import",
        "ingest",
        "lesson",
        "merge",
        "pack",
        "publish",
        "restore",
        "review",
        "serve",
        "site",
        "status",
        "transcribe",
        "verify",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_both_readmes(command: str) -> None:
    assert re.search(rf"`[^`]*\b{command}\b[^`]*`", read("README.md"))
    assert re.search(rf"`[^`]*\b{command}\b[^`]*`", read("README.zh.md"))


def test_every_exit_code_is_documented_once_with_its_meaning() -> None:
    rows = re.findall(
        r"^\| *(\d+) *\| *`?(\w+)`? *\|(.+)\|$", read("docs/formats.md"), re.MULTILINE
    )
    assert {(int(number), name) for number, name, __ in rows} == {
        (c.value, c.name) for c in ExitCode
    }
    meanings = [meaning.strip() for *__, meaning in rows]
    assert len(set(meanings)) == len(rows) == len(ExitCode)


def test_every_direct_dependency_has_its_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    named = [
        *project["project"]["dependencies"],
        *(n for part in project["project"]["optional-dependencies"].values() for n in part),
        *project["dependency-groups"]["test"],
    ]
    told = set(re.findall(r"^\| *`([\w.-]+)`", read("docs/dependencies.md"), re.MULTILINE))
    assert {re.split(r"[^\w.-]", name)[0] for name in named} <= told


LOCKS = sorted(path.name for path in (ROOT / "scripts").glob("requirements*.txt"))


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_carry_hashes_and_no_address(lock: str) -> None:
    text = read(f"scripts/{lock}")
    assert "http" not in re.sub(r"httpx?\w*|httpcore\w*", "", text)
    entries = re.split(r"\n(?=\w)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > (
        2
        if lock in {"requirements-pdf.txt", "requirements-silk.txt", "requirements-cluster.txt"}
        else 40
    )
    assert all("--hash=sha256:" in entry and "==" in entry for entry in entries)


def test_the_locks_agree_with_each_other() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==\S+.*?(?= \\$)", read(f"scripts/{lock}"), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-test.txt")
    # Optional parts are installed over the others: what stands in two locks is the same in both.
    for part in LOCKS:
        for other in map(pins, LOCKS):
            names = {pin.partition("==")[0] for pin in other}
            shared = {pin for pin in pins(part) if pin.partition("==")[0] in names}
            assert {pin.split()[0] for pin in shared} <= {pin.split()[0] for pin in other}


def test_not_a_project(tmp_path: Path, run: Run) -> None:
    code, printed = run(Project(tmp_path), "build")
    assert code == ExitCode.CONFIGURATION
    assert "不是村史项目" in printed
    assert "→" in printed


def test_an_unknown_word_is_a_usage_error(village: Project, run: Run) -> None:
    assert run(village, "biuld")[0] == ExitCode.USAGE


def test_an_unknown_engine_says_which_there_are(village: Project, run: Run) -> None:
    code, printed = run(village, "build", "--engine", "dragon")
    assert code == ExitCode.CONFIGURATION
    assert all(name in printed for name in ENGINES)
    assert (village.site / "index.html").is_file()  # what needs no engine is done


def test_a_model_that_is_not_there_stops_nothing_else(
    village: Project, drop: Callable[..., Path], run: Run
) -> None:
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    code, printed = run(village, "build", "--model", "no-such-model")
    assert code == ExitCode.ENGINE
    assert "no-such-model" in printed
    assert len(village.accessions()) == 1
    assert (village.site / "index.html").is_file()


def test_a_flipped_bit_is_named(copy_of_built: Project, run: Run) -> None:
    accession = copy_of_built.accessions()[3]
    [master] = accession.master.iterdir()
    data = bytearray(master.read_bytes())
    data[len(data) // 2] ^= 1
    master.write_bytes(bytes(data))
    code, printed = run(copy_of_built, "check")
    assert code == ExitCode.FIXITY
    assert f"archive/{accession.id}/master/{master.name}" in printed
    assert printed.count("✗") == 1


def test_a_sound_archive_passes(copy_of_built: Project, run: Run) -> None:
    assert run(copy_of_built, "check")[0] == ExitCode.OK


def test_status_lists_what_nobody_has_said(
    village: Project, drop: Callable[..., Path], run: Run
) -> None:
    drop("mottoes/金村村", "01-村名的来历/录音_20260112_153012.amr")
    assert run(village, "build", "--engine", "recorded")[0] == 0
    code, printed = run(village, "status")
    assert code == 0
    assert "录音_20260112_153012.amr：缺 村、讲述人、日期" in printed


def test_serve_names_a_taken_port(copy_of_built: Project, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, printed = run(copy_of_built, "serve", "--port", port)
    assert code == ExitCode.CONFIGURATION
    assert port in printed


def test_serve_without_a_site(village: Project, run: Run) -> None:
    code, printed = run(village, "serve")
    assert code == ExitCode.CONFIGURATION
    assert "先运行 build" in printed


def test_mkdocs_complaints_are_passed_on(village: Project, run: Run) -> None:
    (village.root / "mkdocs.yml").write_text("site_name: x\ntheme: no-such-theme\n", "utf-8")
    code, printed = run(village, "site")
    assert code == ExitCode.SITE
    assert "no-such-theme" in printed
