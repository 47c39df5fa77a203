"""The command evaluate: drafts against approved transcripts and a reference file."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from cunshi.core.errors import ExitCode

Run = Callable[..., tuple[int, str]]
SAID = "我们村里有一条河，"  # the first line of what the recorded engine hears


@pytest.fixture
def drafted(village: Project, drop: Callable[..., Path], run: Run) -> Project:
    """Two mottoes of two villages, with drafts by the recorded engine."""
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    drop("mottoes/欧桥村", "mottoes/欧桥村_陆家_2026-02-01.m4a")
    assert run(village, "ingest")[0] == 0
    assert run(village, "transcribe", "--engine", "recorded")[0] == 0
    return village


def approve(accession: Accession, old: str = "", new: str = "") -> None:
    text = accession.transcript.read_text("utf-8")
    assert old in text
    accession.transcript.write_text(text.replace(old, new, 1) if old else text, "utf-8")
    record = accession.record.read_text("utf-8")
    record, count = re.subn(r"(?m)^approved_by:.*$", "approved_by: 李老师", record)
    assert count == 1
    accession.record.write_text(record, "utf-8")


def of_village(project: Project, village: str) -> Accession:
    [found] = [a for a in project.accessions() if village in a.record.read_text("utf-8")]
    return found


def words(accession: Accession) -> str:
    return "".join(s.text for s in parse_transcript(accession.transcript.read_text("utf-8")))


def reference(project: Project, *lines: str) -> str:
    path = project.root / "reference.yml"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def measured(project: Project, run: Run, *more: str) -> dict[str, object]:
    path = project.root / "measured.json"
    assert run(project, "evaluate", "--json", str(path), *more)[0] == 0
    found: dict[str, object] = json.loads(path.read_text("utf-8"))
    return found


def test_nothing_approved_says_what_to_do(drafted: Project, run: Run) -> None:
    code, printed = run(drafted, "evaluate", "--json", str(drafted.root / "x.json"))
    assert code == ExitCode.USAGE
    assert "approved_by" in printed
    assert "--reference" in printed
    assert not (drafted.root / "x.json").exists()


def test_what_people_corrected_counts_as_errors_of_the_machine(drafted: Project, run: Run) -> None:
    accession = of_village(drafted, "金村村")
    approve(accession, "一条河", "两条小河")
    approve(of_village(drafted, "欧桥村"))
    before = {p: p.read_bytes() for p in drafted.archive.rglob("*") if p.is_file()}
    found = measured(drafted, run)
    assert before == {p: p.read_bytes() for p in drafted.archive.rglob("*") if p.is_file()}
    assert (found["approved"], found["identical"], found["referred"]) == (2, 1, 0)
    [engine] = found["engines"].values()  # type: ignore[attr-defined]
    length = engine["drafted"]["length"]
    assert engine["recordings"] == 2
    assert engine["drafted"] == {
        "length": length,
        "substitutions": 1,
        "deletions": 1,
        "insertions": 0,
        "rate": round(2 / length, 4),
    }
    assert found["confusions"]["recorded none"] == [  # type: ignore[index]
        {"said": "两", "heard": "一", "count": 1, "example": accession.id},
        {"said": "小", "heard": "", "count": 1, "example": accession.id},
    ]
    villages = found["villages"]["recorded none"]  # type: ignore[index]
    assert villages["欧桥村"]["drafted"]["rate"] == 0
    assert villages["金村村"]["drafted"]["rate"] > 0


def test_the_table_is_readable_and_aligned(drafted: Project, run: Run) -> None:
    approve(of_village(drafted, "金村村"), "一条河", "两条小河")
    approve(of_village(drafted, "欧桥村"))
    code, printed = run(drafted, "evaluate")
    assert code == 0
    assert "校对好的文稿 2 件（1 件与初稿一字不差）" in printed
    tables = [block.splitlines() for block in printed.split("\n\n")[1:]]
    assert [len(table) for table in tables] == [2, 3, 3, 4]
    for table in tables[:3]:
        assert len(set(map(cell_len, table))) == 1, table
    assert re.search(r"金村村 +1 +\d+ +\d+\.\d% +1 +1 +0 ", printed)


def test_a_reference_file_counts_before_an_approved_transcript(drafted: Project, run: Run) -> None:
    accession = of_village(drafted, "金村村")
    approve(accession, "一条河", "两条小河")
    lines = (
        "- file: recordings/mottoes/金村村_金家_2026-02-01.amr",
        "  narrator: 金家",
        f"  text: {words(accession).replace('两条小河', '一条河')}",
    )
    found = measured(drafted, run, "--reference", reference(drafted, *lines))
    assert (found["approved"], found["referred"]) == (0, 1)
    assert found["engines"]["recorded none"]["drafted"]["rate"] == 0  # type: ignore[index]


def test_what_is_wrong_in_a_reference_file_is_named_and_the_rest_goes_on(
    drafted: Project, run: Run
) -> None:
    path = reference(
        drafted,
        "- file: recordings/没有这一段.m4a",
        "  text: 你好",
        "- file: mottoes/金村村_金家_2026-02-01.amr",
        "- file: mottoes/欧桥村_陆家_2026-02-01.m4a",
        f"  text: {SAID}",
        "- file: mottoes/欧桥村_陆家_2026-02-01.m4a",
        "  text: 又一次",
        "- 只有一句话",
        "- text: 没有名字",
    )
    code, printed = run(drafted, "evaluate", "--reference", path)
    assert code == ExitCode.RECORD
    assert "参考文件 1 件" in printed
    for line, cause in (
        (1, "没有 “"),
        (3, "没有写 text"),
        (6, "写了两次"),
        (8, "列表"),
        (9, "file"),
    ):
        assert re.search(rf"✗ reference\.yml 第 {line} 行：.*{cause}", printed), (line, printed)
    assert printed.count("✗") == 5


def test_a_reference_for_what_is_not_transcribed(
    village: Project, drop: Callable[..., Path], run: Run
) -> None:
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    assert run(village, "build", "--engine", "null")[0] == 0
    path = reference(village, "- {file: mottoes/金村村_金家_2026-02-01.amr, text: 勤俭}")
    code, printed = run(village, "evaluate", "--reference", path)
    assert code == ExitCode.RECORD
    assert "先运行 transcribe" in printed


def test_engines_are_compared_on_the_recordings_that_both_heard(drafted: Project, run: Run) -> None:
    for village in ("金村村", "欧桥村"):
        approve(of_village(drafted, village))
    accession = of_village(drafted, "金村村")
    other = json.loads(accession.machine.read_text("utf-8"))
    other |= {"model": "large", "created": "2020-01-01T00:00:00+00:00"}
    other["segments"] = other["segments"][:1]
    (accession.folder / "machine-0123abcd.json").write_text(json.dumps(other), "utf-8")
    found = measured(drafted, run)
    engines, shared = found["engines"], found["shared"]
    assert engines["recorded none"]["recordings"] == 2  # type: ignore[index]
    assert shared["recorded none"]["recordings"] == 1  # type: ignore[index]
    assert shared["recorded large"] == engines["recorded large"]  # type: ignore[index]
    assert shared["recorded large"]["drafted"]["deletions"] > 0  # type: ignore[index]
    assert "只算每个引擎都听过的录音" in run(drafted, "evaluate")[1]


def test_of_one_engine_only_the_newest_counts(drafted: Project, run: Run) -> None:
    accession = of_village(drafted, "金村村")
    approve(accession)
    older = json.loads(accession.machine.read_text("utf-8"))
    older |= {"segments": [], "created": "2020-01-01T00:00:00+00:00"}
    (accession.folder / "machine-0123abcd.json").write_text(json.dumps(older), "utf-8")
    found = measured(drafted, run)
    assert found["engines"]["recorded none"]["recordings"] == 1  # type: ignore[index]
    assert found["engines"]["recorded none"]["drafted"]["rate"] == 0  # type: ignore[index]


def test_a_transcript_that_cannot_be_read_stops_no_other(drafted: Project, run: Run) -> None:
    approve(of_village(drafted, "金村村"))
    broken = of_village(drafted, "欧桥村")
    approve(broken, "WEBVTT\n", "WEBVTT\n\n没有时间行\n")
    code, printed = run(drafted, "evaluate")
    assert code == ExitCode.RECORD
    assert f"archive/{broken.id}/transcript.vtt" in printed
    assert "校对好的文稿 1 件" in printed


def test_only_its_own_file_is_overwritten(drafted: Project, run: Run) -> None:
    approve(of_village(drafted, "金村村"))
    measured(drafted, run)
    measured(drafted, run)
    for name in ("archive/archive.yml", "other.json"):
        path = drafted.root / name
        if not path.exists():
            path.write_text('{"mine": 1}', "utf-8")
        before = path.read_bytes()
        code, printed = run(drafted, "evaluate", "--json", str(path))
        assert code == ExitCode.CONFIGURATION
        assert "没有覆盖" in printed
        assert path.read_bytes() == before


def test_the_site_says_what_was_measured(drafted: Project, run: Run) -> None:
    """Only published recordings count; without an approved one, there is no number."""
    about = drafted.site / "about.html"
    assert run(drafted, "site")[0] == 0
    assert "还没有量过" in about.read_text("utf-8")
    accession = of_village(drafted, "金村村")
    approve(accession, "一条河", "两条小河")
    said = len(re.sub(r"[^\w]", "", words(accession)))
    assert run(drafted, "site")[0] == 0
    assert f"字错率 {2 / said * 100:.1f}%" in about.read_text("utf-8")
    assert "一个字也没有改" not in about.read_text("utf-8")
    record = accession.record.read_text("utf-8")
    accession.record.write_text(
        record.replace("approved_by:", "access: sealed\napproved_by:"), "utf-8"
    )
    assert run(drafted, "site")[0] == 0
    assert "字错率" not in about.read_text("utf-8")
