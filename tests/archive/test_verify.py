"""The command verify: damage is found and reported."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cunshi.archive.accession import Accession
from cunshi.archive.fixity.check import verify_fixity
from cunshi.archive.project import Project
from cunshi.catalogue.checks import awaiting_consent, missing_facts, unknown_villages
from cunshi.core.errors import ExitCode, UnreadableRecordError
from cunshi.core.problem import Problem
from cunshi.core.progress import SilentReporter
from cunshi.domain.access import Days
from cunshi.domain.consent import Access, Consent
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import Archive
from cunshi.intake.accessioning import take_in
from support.consents import add_consent_form
from support.village import tree

TODAY = dt.date(2026, 6, 1)
GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))


@pytest.fixture
def accession(village: Project, drop: Callable[..., Path]) -> Accession:
    """Return the first of two recordings, the one to be damaged."""
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    drop("mottoes/顾家村", "mottoes/顾家村_顾家_2026-02-02.amr")
    assert len(take_in(village, Archive(), SilentReporter()).taken) == 2
    return village.accessions()[0]


def found(project: Project) -> list[tuple[str, str]]:
    problems = verify_fixity(project, SilentReporter())
    assert all(p.code is ExitCode.FIXITY and p.remedy for p in problems)
    return [(problem.where, problem.cause) for problem in problems]


def test_a_whole_archive_has_no_problem_and_is_only_read(
    village: Project, accession: Accession
) -> None:
    before = tree(village.root)
    assert found(village) == []
    assert tree(village.root) == before


def test_one_flipped_bit_is_named(village: Project, accession: Accession) -> None:
    master = next(accession.master.iterdir())
    data = bytearray(master.read_bytes())
    data[len(data) // 2] ^= 1
    master.write_bytes(data)
    ((where, cause),) = found(village)
    assert where == f"archive/{accession.id}/master/{master.name}"
    assert "变了" in cause


def test_a_missing_master_is_named(village: Project, accession: Accession) -> None:
    master = next(accession.master.iterdir())
    master.unlink()
    ((where, cause),) = found(village)
    assert (where, "不见了" in cause) == (f"archive/{accession.id}/master/{master.name}", True)


def test_a_missing_folder_of_masters_is_named(village: Project, accession: Accession) -> None:
    master = next(accession.master.iterdir())
    master.unlink()
    accession.master.rmdir()
    assert [where for where, __ in found(village)] == [
        f"archive/{accession.id}/master/{master.name}"
    ]


def test_an_added_file_is_named(village: Project, accession: Accession) -> None:
    (accession.master / "新的.m4a").touch()
    ((where, cause),) = found(village)
    assert (where, "多出" in cause) == (f"archive/{accession.id}/master/新的.m4a", True)


@pytest.mark.parametrize("text", [None, "", "这不是清单\n", "abc  master/a\n"])
def test_a_manifest_that_is_gone_or_unreadable_is_named_and_not_rewritten(
    village: Project, accession: Accession, text: str | None
) -> None:
    accession.manifest.unlink()
    if text is not None:
        accession.manifest.write_text(text, "utf-8")
    ((where, cause),) = found(village)
    assert (where, "清单" in cause) == (f"archive/{accession.id}/manifest-sha256.txt", True)
    assert accession.manifest.exists() is (text is not None)
    take_in(village, Archive(), SilentReporter())
    assert text is None or accession.manifest.read_text("utf-8") == text


def test_a_manifest_that_is_no_text_is_named(village: Project, accession: Accession) -> None:
    accession.manifest.write_bytes(b"\xff\xfe\x00\xff")
    assert [where for where, __ in found(village)] == [
        f"archive/{accession.id}/manifest-sha256.txt"
    ]


def test_a_changed_manifest_line_is_a_changed_master(
    village: Project, accession: Accession
) -> None:
    text = accession.manifest.read_text("utf-8")
    accession.manifest.write_text(("0" if text[0] != "0" else "1") + text[1:], "utf-8")
    assert [("/master/" in where, "变了" in cause) for where, cause in found(village)] == [
        (True, True)
    ]


def test_every_damaged_recording_is_named(village: Project, accession: Accession) -> None:
    for one in village.accessions():
        next(one.master.iterdir()).write_bytes(b"")
    assert len(found(village)) == 2


def test_a_record_whose_master_the_manifest_does_not_know_is_reported(
    village: Project, accession: Accession
) -> None:
    accession.manifest.write_text("ab" * 32 + "  master/other\n", "utf-8")
    problems: list[Problem] = []
    assert village.read_recording(accession, problems).sha256 == ""
    assert [(p.code, p.where) for p in problems] == [
        (ExitCode.FIXITY, f"archive/{accession.id}/recording.yml")
    ]


def test_only_a_record_that_the_disk_does_not_deliver_is_an_error(
    village: Project, accession: Accession
) -> None:
    accession.record.write_text("title: [\n", "utf-8")
    assert village.read_recording_strictly(accession).description == Description()
    accession.record.unlink()
    accession.record.mkdir()
    with pytest.raises(UnreadableRecordError) as refused:
        village.read_recording_strictly(accession)
    where, code = refused.value.where, refused.value.code
    assert (where, code) == (f"archive/{accession.id}/recording.yml", ExitCode.DISK)
    assert refused.value.remedy


def test_a_scan_that_changes_or_goes_is_noticed(told: tuple[Project, str, str]) -> None:
    project, shown, __ = told
    scan = add_consent_form(project, shown)
    assert verify_fixity(project, SilentReporter()) == []
    scan.write_text("别的", "utf-8")
    [changed] = verify_fixity(project, SilentReporter())
    scan.unlink()
    [missing] = verify_fixity(project, SilentReporter())
    assert {changed.code, missing.code} == {ExitCode.FIXITY}
    assert changed.where == missing.where == project.relative(scan)
    assert "变了" in changed.cause
    assert "不见" in missing.cause


# --- facts


def recording(kind: Kind = Kind.TALK, **said: Any) -> Recording:
    technical = Technical("mov", "aac", 45.0, 44_100, 1)
    return Recording("a", kind, "a.m4a", "0" * 64, "a", technical, Description(**said))


WHOLE = {"village": "金村村", "narrator": "金老师", "date": TODAY, "lesson": 1}


@pytest.mark.parametrize(
    ("kind", "said", "missing"),
    [
        (Kind.TALK, WHOLE, []),
        (Kind.TALK, {}, ["村", "讲述人", "日期", "课"]),
        (Kind.MOTTO, {}, ["村", "讲述人", "日期"]),
        (Kind.TALK, WHOLE | {"date": None}, ["日期"]),
        (Kind.TALK, WHOLE | {"lesson": None}, ["课"]),
    ],
)
def test_what_nobody_has_said_is_listed(
    kind: Kind, said: dict[str, Any], missing: list[str]
) -> None:
    assert missing_facts(recording(kind, **said)) == missing


@pytest.mark.parametrize(
    ("villages", "said", "unknown"),
    [
        (("金村村",), "金村村", False),
        (("金村村",), "今村村", True),
        (("金村村",), "", False),
        ((), "今村村", False),
    ],
)
def test_a_village_that_nobody_listed_is_found(
    villages: tuple[str, ...], said: str, unknown: bool
) -> None:
    one = recording(village=said)
    assert unknown_villages([one], Archive(villages=villages)) == [one] * unknown


def test_whose_consent_is_awaited() -> None:
    waiting = [recording(), recording(consent=Consent("王", TODAY, withdrawn_on=TODAY))]
    others = [recording(consent=GIVEN), recording(consent=GIVEN, access=Access.SEALED)]
    days = Days(today=TODAY, clock=TODAY)
    assert awaiting_consent([*waiting, *others], days) == waiting
