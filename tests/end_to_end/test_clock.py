"""A clock that is wrong by days or years publishes nothing restricted and loses nothing."""

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.publishing.folder import Share, publish_to_folder, roll_back
from cunshi.publishing.log import last_day
from support.desk import open_desk
from support.fault_cases import bare, pytestmark, state, talk, write
from support.faults import Ran, run

__all__ = ["pytestmark"]
BUILD = ("build", "--engine", "recorded")


def noon_of(day: str) -> str:
    """Noon of a day as SOURCE_DATE_EPOCH writes it."""
    return str(dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp())


def on(day: str, top: Path, words: Sequence[str] = BUILD) -> Ran:
    """Run a command at noon of a day."""
    return run(top, words, epoch=noon_of(day))


def agreed(top: Path, terms: str) -> Path:
    village = bare(top)
    consent = f"consent: {{by: 王老师, signed_on: 2026-01-01, {terms}}}\n"
    write(village / "recordings" / "folder.yml", consent)
    return village


def shown(village: Path) -> bool:
    page = village / "build" / "site" / "recordings" / f"{talk(village).name}.html"
    return page.is_file()


def test_a_clock_set_back_brings_no_ended_consent_back(tmp_path: Path) -> None:
    village = agreed(tmp_path, "until: 2026-12-31")
    assert on("2026-12-01", tmp_path).code == 0
    assert shown(village)
    assert on("2027-01-15", tmp_path).code == 0
    assert not shown(village)
    before = state(tmp_path)
    for words in (BUILD, ("publish", "--to", "{work}/out")):
        ran = on("2020-01-01", tmp_path, words)
        assert ran.code == ExitCode.CONFIGURATION
        assert "电脑的日期是 2020-01-01，可是 2027-01-15 已经做过网站" in ran.printed
        assert "archive/publications.jsonl 第 2 行" in ran.printed
        assert "→ 把电脑的日期调对" in ran.printed
        assert not shown(village)
    assert state(tmp_path) == before  # nothing was published anywhere
    assert on("2027-01-15", tmp_path).code == 0


def test_what_was_taken_in_by_a_wrong_clock_keeps_its_place(tmp_path: Path) -> None:
    """Ids do not depend on the clock, and a log is in the order of writing."""
    village = agreed(tmp_path, "until: 2026-12-31")
    assert on("2026-12-01", tmp_path).code == 0
    ids = [path.name for path in village.glob("archive/2*")]
    write(village / "recordings" / "folder.yml", "consent: {by: 李老师, signed_on: 2026-02-02}\n")
    assert on("2020-01-01", tmp_path).code == ExitCode.CONFIGURATION
    assert [path.name for path in village.glob("archive/2*")] == ids
    lines = (talk(village) / "events.jsonl").read_text("utf-8").splitlines()
    last = json.loads(lines[-1])
    assert (last["event"], last["time"][:4]) == ("metadata modification", "2020")
    assert [json.loads(line)["time"][:4] for line in lines[:-1]] == ["2026"] * (len(lines) - 1)


def test_a_clock_that_was_ahead_does_not_open_what_still_waits(tmp_path: Path) -> None:
    village = agreed(tmp_path, "embargo: 2030-01-01")
    assert on("2026-12-01", tmp_path).code == 0
    assert not shown(village)
    assert on("2031-01-01", tmp_path).code == 0  # nobody can know that this is wrong
    assert shown(village)
    ran = on("2026-12-02", tmp_path)
    assert ran.code == ExitCode.CONFIGURATION
    assert not shown(village)
    log = village / "archive" / "publications.jsonl"
    log.write_text(log.read_text("utf-8").replace('"2031-', '"2026-'), "utf-8")
    ran = on("2026-12-03", tmp_path)
    assert ran.code == 0, ran.printed
    assert not shown(village)


def test_after_a_clock_was_ahead_the_desk_decides_as_the_build_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = agreed(tmp_path, "embargo: 2030-01-01")
    assert on("2031-01-01", tmp_path).code == 0
    assert shown(village)
    clip = f"/// clip | {talk(village).name} 0:00-0:01\n///\n"
    write(village / "courses" / "01-cunming" / "lesson.md", f"---\ntitle: 村名\n---\n\n{clip}")
    write(village / "courses" / "course.yml", "title: 村史\nlessons: [01-cunming]\n")
    for words in (BUILD, ("check",)):
        assert "不公开" in on("2026-12-02", tmp_path, words).printed
        assert not shown(village)
    told = on("2026-12-02", tmp_path, ("status",)).printed
    assert "公开 0 件" in told
    assert "有同意书，但不公开：2" in told
    monkeypatch.setenv("SOURCE_DATE_EPOCH", noon_of("2026-12-02"))
    with open_desk(Project.at(village)) as desk, closing(desk.client()) as client:
        listed = client.get("/api/recordings").json()["recordings"]
        records = [client.get(f"/api/recordings/{r['id']}/record").json() for r in listed]
    assert [r["access"] for r in (*listed, *records)] == ["sealed"] * 4
    assert all("讲好了 2030-01-01 以前不公开" in record["why"] for record in records)


def test_a_day_may_be_the_way_around_the_earth(tmp_path: Path) -> None:
    agreed(tmp_path, "until: 2026-12-31")
    for day in ("2026-12-01", "2026-11-30"):
        assert on(day, tmp_path).code == 0
    assert on("2026-11-28", tmp_path).code == ExitCode.CONFIGURATION


def test_the_latest_line_counts_wherever_it_stands(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert last_day(project) == (dt.date.min, 0)
    project.archive.mkdir()
    days = ("2026-01-01", "2027-03-04", "2020-01-01")
    lines = [
        f'{{"event": "dissemination", "time": "{day}T12:00:00+00:00", "files": {{}}}}'
        for day in days
    ]
    project.publications.write_text("\n".join([*lines, "half a li"]), "utf-8")
    assert last_day(project) == (dt.date(2027, 3, 4), 2)


def test_releases_are_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    share, site = Share(tmp_path / "share"), tmp_path / "site"
    for stamp, words in (
        ("20270101T000000Z", "一"),
        ("20200101T000000Z", "二"),
        ("20200101T000000Z", "三"),
    ):
        write(site / "index.html", words)
        publish_to_folder(share, site, stamp)
        assert (share.current / "index.html").read_text("utf-8") == words
    roll_back(share, set())
    assert (share.current / "index.html").read_text("utf-8") == "二"


def test_what_a_backup_set_aside_is_not_written_over(tmp_path: Path) -> None:
    village = bare(tmp_path)
    backup = ("backup", "{work}/copy")
    assert on("2026-12-01", tmp_path, ("ingest",)).code == 0
    record = talk(village) / "recording.yml"
    for number in range(4):
        text = record.read_text("utf-8")
        record.write_text(f"{text}# {number}\n", "utf-8")
        assert on("2020-01-01", tmp_path, backup).code == 0
    kept = tmp_path / "work" / "copy" / "earlier"
    texts = sorted(len(p.read_text("utf-8").splitlines()) for p in kept.rglob("recording.yml.*"))
    assert texts == [texts[0], texts[0] + 1, texts[0] + 2]
