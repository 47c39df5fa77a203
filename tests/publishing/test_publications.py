"""The log of publications in the archive."""

import json
import shutil
from collections.abc import Callable
from typing import Any

from cunshi.archive.events import DISSEMINATION
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.publishing.log import note_publication
from support.village import settle, tree

Run = Callable[..., tuple[int, str]]


def lines(project: Project) -> list[dict[str, Any]]:
    return [json.loads(line) for line in project.publications.read_text("utf-8").splitlines()]


def shown(project: Project, recording_id: str) -> list[bool]:
    events = project.accession(recording_id).read_events()
    return [event.shown for event in events if event.kind == DISSEMINATION]


def test_the_first_site_is_registered_whole(told: tuple[Project, str, str]) -> None:
    project, open_id, __ = told
    [line] = lines(project)
    assert line["appeared"] == [open_id]
    assert line["files"] == {name: sha256_of(project.site / name) for name in tree(project.site)}
    assert shown(project, open_id) == [True]


def test_a_withdrawal_is_registered_with_what_went(
    told: tuple[Project, str, str], run: Run
) -> None:
    project, open_id, sealed_id = told
    assert run(project, "build", "--engine", "recorded")[0] == 0
    assert len(lines(project)) == 1  # nothing new, nothing said
    sidecar = next(project.recordings.rglob("金村村_金老师*.m4a")).with_suffix(".yml")
    sidecar.write_text("consent: {withdrawn_on: 2026-03-01}\n", "utf-8")
    settle(sidecar)
    assert run(project, "build", "--engine", "recorded")[0] == 0
    first, second = lines(project)
    assert second["withdrawn"] == [open_id]
    assert f"audio/{open_id}.m4a" in second["removed"]
    assert f"recordings/{open_id}.html" in second["removed"]
    assert shown(project, open_id) == [True, False]
    assert shown(project, sealed_id) == []
    # From the lines follows what stands there now.
    state = first["files"] | second["files"]
    assert {n: h for n, h in state.items() if n not in second["removed"]} == {
        name: sha256_of(project.site / name) for name in tree(project.site)
    }


def test_the_pack_has_its_own_lines(told: tuple[Project, str, str], run: Run) -> None:
    project, open_id, __ = told
    assert run(project, "pack")[0] == 0
    assert [line["edition"] for line in lines(project)] == ["site", "pack"]
    assert shown(project, open_id) == [True, True]


def test_a_publication_that_was_killed_is_told_once(told: tuple[Project, str, str]) -> None:
    """Recordings are told before the register has its line: a kill in between repeats it all."""
    project, open_id, __ = told
    whole = project.publications.read_bytes()
    project.publications.unlink()
    note_publication(project)
    assert project.publications.read_bytes() == whole
    assert shown(project, open_id) == [True]
    shutil.rmtree(project.site)
    note_publication(project)
    assert shown(project, open_id) == [True, False]
    project.publications.write_bytes(whole)
    note_publication(project)
    assert shown(project, open_id) == [True, False]
    assert [line["withdrawn"] for line in lines(project)] == [[], [open_id]]


def test_a_line_that_lacks_a_key_is_a_register_that_cannot_be_read(
    told: tuple[Project, str, str], run: Run
) -> None:
    project, __, __ = told
    project.publications.write_text('{"event": "dissemination", "edition": "site"}\n', "utf-8")
    code, printed = run(project, "site")
    assert (code, "发布的登记读不了" in printed) == (5, True)


def test_a_register_that_cannot_be_read_is_not_written_over(
    told: tuple[Project, str, str], run: Run
) -> None:
    project, __, __ = told
    project.publications.write_text("{broken\n", "utf-8")
    code, printed = run(project, "site")
    assert code == 5
    assert "publications.jsonl" in printed
    assert project.publications.read_text("utf-8") == "{broken\n"
