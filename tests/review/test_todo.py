"""The desk's to-do list, and what is wrong with which recording."""

import json
import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Transcript
from cunshi.review.todo import status_cache
from cunshi.review.todo.problems import as_json
from cunshi.review.todo.status_cache import StatusCache
from support.desk_work import SOUND, put, work
from support.village import settle


def test_the_list_of_an_empty_archive(ask: httpx2.Client) -> None:
    found = ask.get("/api/recordings").json()
    assert (found["recordings"], found["waiting"], found["problems"]) == ([], [], [])
    assert [lesson["number"] for lesson in found["course"]] == list(range(1, 11))


def test_states_follow_the_files(ask: httpx2.Client, village: Project) -> None:
    put(ask, "金村村_金老师_2026-01-12.m4a", SOUND.read_bytes())
    assert ask.get("/api/recordings").json()["waiting"] == ["金村村_金老师_2026-01-12.m4a"]
    work(ask, "transcribe")

    def card() -> dict[str, Any]:
        found = ask.get("/api/recordings").json()
        assert found["waiting"] == []
        return dict(found["recordings"][0])

    now = card()
    assert (now["state"], now["transcript"], now["consent"]) == ("待校对", "draft", "held")
    assert (now["narrator"], now["lesson"], now["kind"]) == ("金老师", 1, "talk")
    assert now["access"] == "open" and now["duration"] > 10 and now["last"] is None
    (village.cache / "deposits.json").unlink(
        missing_ok=True
    )  # as in a copy of the project on another computer
    assert card() == now
    (accession,) = village.accessions()
    edit(accession.transcript, "老人家", "老人家们")
    assert card()["state"] == "校对中"
    edit(accession.record, "by: 王老师", "by: ''")
    assert (card()["state"], card()["consent"], card()["access"]) == ("待授权", "missing", "sealed")
    edit(accession.record, "by: ''", "by: 王老师, until: 2026-01-02")
    assert card()["consent"] == "expired"
    edit(accession.record, "until: 2026-01-02", "withdrawn_on: 2026-01-02")
    assert card()["consent"] == "withdrawn"
    edit(accession.record, ", withdrawn_on: 2026-01-02", "")
    edit(accession.record, "approved_by:", "approved_by: 王老师")
    assert card()["state"] == "已校对"
    assert ask.get("/api/recordings").json()["course"][0]["approved"] == 1
    accession.transcript.write_text("WEBVTT\n\nno time\n", "utf-8")
    assert card()["state"] == "有问题"
    assert card()["problems"][0]["recording"] == accession.id


def test_a_limit_that_somebody_has_just_written_shows_at_once(
    ask: httpx2.Client, village: Project
) -> None:
    put(ask, "金村村_金老师_2026-01-12.m4a", SOUND.read_bytes())
    work(ask, "transcribe")

    def card() -> dict[str, Any]:
        return dict(ask.get("/api/recordings").json()["recordings"][0])

    before = village.accessions()[0].record.read_bytes()
    assert (card()["access"], card()["consent"]) == ("open", "held")
    [deposit] = village.recordings.rglob("*.m4a")
    sidecar = deposit.with_suffix(".yml")
    sidecar.write_text("access: sealed\n", "utf-8")
    settle(sidecar)
    assert card()["access"] == "sealed"
    sidecar.unlink()
    limit = "consent: {withdrawn_on: 2026-02-01}"
    village.persons.write_text(f"persons:\n  - names: [金老師]\n    {limit}\n", "utf-8")
    assert card()["consent"] == "withdrawn"
    assert village.accessions()[0].record.read_bytes() == before


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_doubtful_lines_are_counted_until_somebody_has_removed_the_notes(
    told: tuple[Project, str, str],
) -> None:
    project, open_id, __ = told
    accession = project.accession(open_id)
    text = accession.transcript.read_text("utf-8")
    first = text.index("\n\n", text.index("-->")) + 2  # above the second line
    doubt = "NOTE 存疑：机器没有把握\n\nNOTE 核对：橋→桥\n\n"
    accession.transcript.write_text(text[:first] + doubt + text[first:], "utf-8")
    recording = project.read_recording(accession, [])
    assert status_cache.read_words_of(project, recording).doubtful == 1
    accession.transcript.write_text(text, "utf-8")
    assert status_cache.read_words_of(project, recording).doubtful == 0


def test_only_what_has_changed_is_read_again(
    told: tuple[Project, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, open_id, sealed_id = told
    for accession in project.accessions():
        for path in (accession.transcript, accession.record, accession.manifest, accession.master):
            settle(path)
    read: list[str] = []
    real = status_cache.read_transcript

    def counted(project: Project, recording: Recording) -> Transcript:
        read.append(recording.id)
        return real(project, recording)

    monkeypatch.setattr(status_cache, "read_transcript", counted)
    first = StatusCache(project)
    before = first.all()
    assert sorted(read) == sorted([open_id, sealed_id])
    assert first.all() == before and len(read) == 2
    # Nor does the next run of the desk read them, as long as build/ is there.
    assert StatusCache(project).all() == before and len(read) == 2
    edit(project.accession(open_id).record, "title:", "title: 新的题名 #")
    titles = [card.recording.description.title for card in first.all()]
    assert read[2:] == [open_id] and "新的题名" in titles
    shutil.rmtree(project.root / "build")
    assert len(StatusCache(project).all()) == 2 and len(read) == 5


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"version": "x"}', '{"words": {"a": 1}}'])
def test_a_damaged_memory_is_no_harm(told: tuple[Project, str, str], kept: str) -> None:
    project, __, ___ = told
    path = project.cache / "todo.json"
    path.write_text(kept, "utf-8")
    assert len(StatusCache(project).all()) == 2


def test_who_was_last_is_the_last_whole_line(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    assert status_cache.last_worked(history) is None
    lines = [{"who": "甲", "time": "2026-01-01", "segments": "长" * 100_000}]
    lines.append({"who": "乙", "time": "2026-01-02", "segments": "长" * 100_000})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    history.write_text(text, "utf-8")
    assert status_cache.last_worked(history) == {"who": "乙", "time": "2026-01-02"}
    history.write_text(text + '{"who": "丙", "ti', "utf-8")
    assert status_cache.last_worked(history) == {"who": "乙", "time": "2026-01-02"}
    # What was drafted anew, or edited elsewhere, names nobody.
    nobody = json.dumps({"time": "2026-01-03", "text": "长" * 100_000}, ensure_ascii=False)
    history.write_text(text + f"{nobody}\n" * 3, "utf-8")
    assert status_cache.last_worked(history) == {"who": "乙", "time": "2026-01-02"}
    history.write_text("no JSON\n", "utf-8")
    assert status_cache.last_worked(history) is None


def test_a_refused_deposit_stands_at_the_top(ask: httpx2.Client, village: Project) -> None:
    bad = village.recordings / "01-课" / "坏.m4a"
    bad.parent.mkdir()
    bad.write_bytes(b"no sound at all" * 100)
    settle(bad)
    work(ask, "transcribe")
    found = ask.get("/api/recordings").json()
    assert [problem["where"] for problem in found["problems"]] == ["recordings/01-课/坏.m4a"]
    assert found["waiting"] == []


def test_problems_lead_to_the_recording(ask: httpx2.Client, village: Project) -> None:
    put(ask, "一.m4a", SOUND.read_bytes())
    work(ask, "transcribe")
    (accession,) = village.accessions()
    edit(accession.record, "narrator:", "narator:")
    found = ask.get("/api/problems").json()
    assert [p["recording"] for p in found["problems"]] == [accession.id]
    assert not found["blocking"]  # the site is only made here
    with (village.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write("publish: {to: /nowhere}\n")
    assert ask.get("/api/problems").json()["blocking"]
    notes = {n["what"]: [r["id"] for r in n["recordings"]] for n in found["notes"]}
    assert notes["机器初稿，还没有人听过"] == [accession.id]


@pytest.mark.parametrize(
    ("where", "cause", "recording"),
    [
        ("archive/a-1/recording.yml", "", "a-1"),
        ("archive/a-1 (01/x.m4a)", "", "a-1"),
        ("courses/01/lesson.md", "a-1 没有公开", "a-1"),
        ("archive/archive.yml", "", None),
        ("archive/gone/recording.yml", "", None),
    ],
)
def test_which_recording_a_problem_is_about(where: str, cause: str, recording: str | None) -> None:
    (found,) = as_json([Problem(ExitCode.RECORD, where, cause)], ["a-1", "b-2"])
    assert found["recording"] == recording
