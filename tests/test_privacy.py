"""What may be a refusal keeps a recording back: unreadable, misnamed, and doubled descriptions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import settle
from cunshi import workflow
from cunshi.progress import Silent
from cunshi.store import Project

Drop = Callable[..., Path]
NAME = "mottoes/金村村_金家_2026-02-01"


def published(project: Project) -> int:
    """How many recordings an ingest and a look at the archive would publish."""
    workflow.ingest(project, Silent())
    catalogue = workflow.survey(project).catalogue
    assert catalogue
    return len(catalogue.entries)


@pytest.fixture
def dropped(village: Project, drop: Drop) -> Project:
    """A village with one motto that may be published."""
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
    """Whether or not somebody has worked on the catalogue record meanwhile."""
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
        assert accession.record.read_text("utf-8") == before


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
    report = workflow.ingest(dropped, Silent())
    assert ["没有用上" in problem.cause for problem in report.problems] == [True]


def test_a_record_with_a_mistake_publishes_nothing(dropped: Project) -> None:
    [accession] = dropped.accessions()
    text = accession.record.read_text("utf-8")
    accession.record.write_text(text + "撤回: 2026-03-01\n", "utf-8")
    assert published(dropped) == 0


def test_approval_is_said_in_the_archive_only(dropped: Project) -> None:
    """A line in folder.yml must not declare every draft below it checked by a person."""
    (dropped.recordings / "mottoes" / "folder.yml").write_text("校对人: 王老师\n", "utf-8")
    report = workflow.ingest(dropped, Silent())
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
