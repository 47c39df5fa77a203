"""Jobs of the desk: transcribing and building with progress."""

from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.domain.access import Days
from cunshi.review.api import ApiError
from cunshi.review.jobs.routes import Jobs
from cunshi.workflow.results import BuiltSite
from support.desk_work import SOUND, await_, put, work
from support.village import sample_path


def test_transcribing_goes_on_and_is_told_in_words(ask: httpx2.Client) -> None:
    put(ask, "一.m4a", SOUND.read_bytes())
    put(ask, "二.m4a", sample_path("02/").read_bytes())
    last = work(ask, "transcribe")
    assert (last["what"], last["exit_code"], last["problems"]) == ("transcribe", 0, [])
    assert last["lines"] == ["收录：新收 2 件，已有 0 件", "听写：2 件"]
    assert [c["state"] for c in ask.get("/api/recordings").json()["recordings"]] == ["待校对"] * 2


def test_progress_is_what_the_reporter_counts(village: Project) -> None:
    from cunshi.review.jobs.routes import Work

    going = Work(1, "transcribe", "2026-01-01")
    with going.task("听写", 2, 60.0) as task:
        task.advance(12.5)
        task.finish_one("一.m4a")
    assert going.as_json()["tasks"] == [
        {"label": "听写", "count": 2, "total": 60.0, "done": 1, "seconds": 12.5}
    ]


def test_one_job_at_a_time(village: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from cunshi import workflow

    going, end = threading.Event(), threading.Event()

    def slow(project: Project, reporter: object) -> BuiltSite:
        going.set()
        end.wait(30)
        day = date(2026, 6, 1)
        return BuiltSite(village.site, Days(today=day, clock=day), (), {}, None)

    monkeypatch.setattr(workflow, "build_site", slow)
    jobs = Jobs(village)
    jobs.start("site")
    assert going.wait(30)
    with pytest.raises(ApiError) as refused:
        jobs.start("transcribe")
    assert refused.value.status == 409
    assert jobs.as_json()["running"]["what"] == "site"
    end.set()
    await_(lambda: jobs.as_json()["running"] is None)
    jobs.start("site")


def test_another_window_at_work_is_told(ask: httpx2.Client, village: Project) -> None:
    with village.lock():
        answer = ask.post("/api/jobs", json={"what": "site"})
    assert answer.status_code == 409 and "另一个窗口" in answer.json()["error"]
    assert ask.get("/api/jobs").json() == {"running": None, "last": None}


@pytest.mark.parametrize("error", [RuntimeError("a fault"), CunshiError("一个错")])
def test_a_failure_is_kept(
    village: Project, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from cunshi import workflow

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(workflow, "ingest_and_transcribe", fail)
    jobs = Jobs(village)
    jobs.start("transcribe")
    await_(lambda: jobs.as_json()["running"] is None)
    last = jobs.as_json()["last"]
    assert last["exit_code"] == ExitCode.UNEXPECTED and last["problems"][0]["cause"]
    jobs.start("transcribe")  # and does not keep the next one from beginning


@pytest.mark.parametrize("body", [{}, {"what": "rm"}, {"what": 3}, []])
def test_only_known_jobs_are_started(ask: httpx2.Client, body: Any) -> None:
    assert ask.post("/api/jobs", json=body).status_code == 400


def test_publishing_brings_the_site_where_the_archive_says(
    ask: httpx2.Client, village: Project, tmp_path: Path
) -> None:
    put(ask, "金村村_金老师_2026-01-12.m4a", SOUND.read_bytes())
    work(ask, "transcribe")
    last = work(ask, "publish")
    assert (last["exit_code"], last["lines"]) == (0, ["网站做好了：公开 1 件录音。"])
    assert (village.site / "index.html").is_file()
    share = tmp_path / "share"
    share.mkdir()
    with (village.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write(f"publish: {{to: {share}}}\n")
    last = work(ask, "publish")
    assert last["exit_code"] == 0 and last["lines"][-1].startswith("已经发布")
    assert (share / "current" / "index.html").is_file()
    with (village.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write("nonsense: 1\n")
    last = work(ask, "publish")
    assert last["exit_code"] and last["lines"][-1].startswith("没有发布出去")
    assert [problem["where"] for problem in last["problems"]] == ["archive/archive.yml"]
