"""Descriptions that are unreadable, misnamed or duplicated, and may restrict access, seal
recordings.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.core.progress import SilentReporter
from support.village import settle

Drop = Callable[..., Path]
NAME = "mottoes/金村村_金家_2026-02-01"


def published(project: Project) -> int:
    """Return how many recordings an ingest and a status would publish."""
    workflow.ingest(project, SilentReporter())
    catalogue = workflow.survey(project).catalogue
    assert catalogue
    return len(catalogue.entries)


@pytest.fixture
def dropped(village: Project, drop: Drop) -> Project:
    """Return a village with one motto that may be published."""
    (village.recordings / "folder.yml").write_text(
        "同意:\n  签署人: 王老师\n  签署日期: 2026-01-01\n开放: 公开\n", "utf-8"
    )
    drop("mottoes/金村村", f"{NAME}.amr")
    assert published(village) == 1
    return village


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (f"{NAME}.yml", "开放：封存\n"),
        (f"{NAME}.yml", "未成年：是\n"),
        (f"{NAME}.yml", "同意: {撤回日期: 三月一日}\n"),
        (f"{NAME}.yml", "同意:\n  撤回: 2026-03-01\n"),
        (f"{NAME}.yml", "开放: 不公开\n"),
        (f"{NAME}.yml", "未成年: 也许\n"),
        (f"{NAME}.yml", "未成年: 是\n"),
        (f"{NAME}.yml", "开放: 封存\n"),
        (f"{NAME}.yml", "同意:\n  撤回日期: 2026-03-01\n"),
        (f"{NAME}.yml", "同意:\n  有效期至: 2026-03-01\n"),
        (f"{NAME}.yml", "\x00\x01"),
        (f"{NAME}.amr.yml", "开放: 封存\n"),
        (f"{NAME}.yml.txt", "开放: 封存\n"),
        (f"{NAME}.yaml", "开放: 封存\n"),
        ("mottoes/folder.yml", "开放：封存\n"),
        ("mottoes/folder.yml.txt", "开放: 封存\n"),
    ],
)
@pytest.mark.parametrize("edited", [False, True], ids=["untouched", "edited"])
def test_what_may_be_a_refusal_is_one(dropped: Project, name: str, text: str, edited: bool) -> None:
    """Also if somebody has edited recording.yml in the meantime."""
    [accession] = dropped.accessions()
    if edited:
        record = accession.record.read_text("utf-8").replace("by: 王老师", "by: 王小明老师")
        accession.record.write_text(record, "utf-8")
    before = accession.record.read_text("utf-8")
    path = dropped.recordings / name
    path.write_text(text, "utf-8")
    settle(path)
    assert published(dropped) == 0
    path.unlink()
    if not edited:
        # Mended, it is as before, but for what has been said plainly: that is taken back plainly.
        (dropped.recordings / "mottoes" / "folder.yml").write_text("开放: 公开\n", "utf-8")
        assert published(dropped) == 1
        after = accession.record.read_text("utf-8")
        # Who was once said to be a minor stays one until a person says otherwise in the record.
        assert after.replace("minor: true", "minor: false") == before


def test_a_refusal_beside_a_second_copy_counts(dropped: Project, drop: Drop) -> None:
    drop("mottoes/金村村", "01-村名的来历/又一份.amr")
    path = dropped.recordings / "01-村名的来历" / "又一份.yml"
    path.write_text("同意:\n  撤回日期: 2026-03-01\n", "utf-8")
    assert published(dropped) == 0
    assert len(dropped.accessions()) == 1


def test_a_sidecar_without_its_recording_is_reported(dropped: Project) -> None:
    (dropped.recordings / "mottoes" / "金村村_金冢_2026-02-01.yml").write_text(
        "开放: 封存\n", "utf-8"
    )
    report = workflow.ingest(dropped, SilentReporter())
    assert ["没有用上" in problem.cause for problem in report.problems] == [True]


def test_a_record_with_a_mistake_publishes_nothing(dropped: Project) -> None:
    [accession] = dropped.accessions()
    text = accession.record.read_text("utf-8")
    accession.record.write_text(text + "撤回: 2026-03-01\n", "utf-8")
    assert published(dropped) == 0


def test_approval_is_said_in_the_archive_only(dropped: Project) -> None:
    """A line in folder.yml must not mark every draft below it as approved."""
    (dropped.recordings / "mottoes" / "folder.yml").write_text("校对人: 王老师\n", "utf-8")
    report = workflow.ingest(dropped, SilentReporter())
    assert any("approved_by" in problem.cause for problem in report.problems)
    [accession] = dropped.accessions()
    assert "approved_by:\n" in accession.record.read_text("utf-8")


def test_the_empty_line_of_the_record_gives_way_to_the_chinese_one(dropped: Project) -> None:
    [accession] = dropped.accessions()
    text = accession.record.read_text("utf-8")
    accession.record.write_text(text + "校对人: 王老师\n校对日期: 2026-03-01\n", "utf-8")
    assert published(dropped) == 1
    [recording] = workflow.survey(dropped).recordings
    assert recording.description.approved_by == "王老师"


@pytest.mark.parametrize("lost", ["manifest-sha256.txt", "recording.yml", "events.jsonl"])
def test_a_withdrawn_recording_stays_away_when_its_folder_is_damaged(
    dropped: Project, lost: str
) -> None:
    """It must not be ingested again as a new item with the folder's consent."""
    [accession] = dropped.accessions()
    text = accession.record.read_text("utf-8")
    accession.record.write_text(
        text.replace("by: 王老师", "by: 王老师, withdrawn_on: 2026-02-02"), "utf-8"
    )
    assert published(dropped) == 0
    (accession.folder / lost).unlink()
    assert published(dropped) == 0
    assert len(dropped.accessions()) == 1


def test_a_damaged_event_log_stops_only_its_own_recording(dropped: Project, drop: Drop) -> None:
    [accession] = dropped.accessions()
    accession.events.write_bytes(accession.events.read_bytes()[:-20])
    drop("mottoes/顾家村", "mottoes/顾家村_顾家_2026-02-02.amr")
    report = workflow.ingest(dropped, SilentReporter())
    assert len(dropped.accessions()) == 2
    assert any("事件登记读不了" in problem.cause for problem in report.problems)


@pytest.mark.parametrize(
    "said",
    [
        "同意:\n  签署人: Wang, Li [all]\n  签署日期: 2026-01-01\n  撤回日期: 2026-03-01\n",
        "同意: {签署人: '王: 李', 签署日期: 2026-01-01, 撤回日期: 2026-03-01,}\n",
    ],
)
@pytest.mark.parametrize(
    "written",
    [
        "consent: {by: 王老师, signed_on: 2026-01-01,}\n",
        "consent:\n  signed_on: 2026-01-01\n  by: |\n    王老师\n",
        "consent: {by: 王老师,\n  signed_on: 2026-01-01 # 纸质\n  }\n",
        "consent:\n\tby: 王老师\n",
        "consent: &c {by: 王老师, signed_on: 2026-01-01}\n",
    ],
)
def test_a_withdrawal_arrives_however_the_record_is_written(
    dropped: Project, written: str, said: str
) -> None:
    [accession] = dropped.accessions()
    text = accession.record.read_text("utf-8")
    old = next(line for line in text.splitlines(keepends=True) if line.startswith("consent:"))
    accession.record.write_text(text.replace(old, written), "utf-8")
    path = dropped.recordings / f"{NAME}.yml"
    path.write_text(said, "utf-8")
    settle(path)
    assert published(dropped) == 0


def test_a_seal_arrives_in_a_record_of_one_pair_of_braces(dropped: Project) -> None:
    [accession] = dropped.accessions()
    lines = accession.record.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("#", "access")) and line[-1] != ":"]
    accession.record.write_text("{" + ",\n ".join(kept) + "}\n", "utf-8")
    assert published(dropped) == 1
    path = dropped.recordings / f"{NAME}.yml"
    path.write_text("开放: 封存\n", "utf-8")
    settle(path)
    assert published(dropped) == 0
    assert "# {kind: motto" in accession.record.read_text("utf-8")
    [recording] = workflow.survey(dropped).recordings
    assert recording.technical.duration > 5
