"""Transcripts that other systems wrote come in whole, and nothing hostile with them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import tree
from cunshi.errors import ExitCode, RecordError
from cunshi.export.captions import format_srt, format_webvtt
from cunshi.export.description import describe
from cunshi.export.ohms import format_ohms
from cunshi.importing import read_foreign
from cunshi.model import Segment
from cunshi.page_text import clean
from cunshi.settings import Archive
from cunshi.store import Project
from cunshi.transcripts import parse_transcript
from test_exports import catalogue_of, entry_of

Run = Callable[..., tuple[int, str]]
# Captions have no space behind Chinese punctuation.
words = st.text("村里有一条河，上有座桥。abc 0&<>\"'", min_size=1, max_size=20).map(clean)
names = st.text("金王阿婆老师", min_size=1, max_size=4)
spoken = st.lists(
    st.tuples(words.filter(bool), names | st.just(""), words | st.just("")), min_size=1, max_size=5
).map(
    lambda lines: [
        Segment(2.0 * n, 2.0 * n + 1.5, text, speaker=speaker, mandarin=mandarin)
        for n, (text, speaker, mandarin) in enumerate(lines)
    ]
)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def told(lines: tuple[Segment, ...]) -> list[tuple[float, float, str, str, str]]:
    return [(s.start, s.end, s.text, s.speaker, s.mandarin) for s in lines]


def read(folder: Path, text: str, name: str = "x") -> tuple[Segment, ...]:
    path = folder / name
    path.write_text(text, "utf-8")
    return read_foreign(path, 75.0).lines


@patient
@given(spoken)
def test_what_is_exported_comes_back(tmp_path: Path, lines: list[Segment]) -> None:
    entry = entry_of(*lines, title="桥", narrator="金老师")
    catalogue = catalogue_of(entry)
    [described] = describe(catalogue)
    expected = told(tuple(lines))
    assert told(read(tmp_path, format_webvtt(entry, Archive()))) == expected
    assert told(read(tmp_path, format_srt(entry))) == expected
    assert told(read(tmp_path, format_ohms(catalogue, entry, described, "6.0"))) == expected


def test_ohms_of_the_older_form_is_spread_between_its_marks(tmp_path: Path) -> None:
    text = (
        '<ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record id="1" dt="2026-01-01">'
        '<date value="1999-05-01" format="yyyy-mm-dd"/><title>桥</title>'
        "<sync>1:|3(1)|</sync><interviewee>金老师</interviewee>"
        "<transcript>第一行\n金老师：第二行\n第三行</transcript></record></ROOT>"
    )
    path = tmp_path / "a.xml"
    path.write_text(text, "utf-8")
    found = read_foreign(path, 90.0)
    assert [(s.text, s.speaker) for s in found.lines] == [
        ("第一行", ""),
        ("第二行", "金老师"),
        ("第三行", ""),
    ]
    assert [s.start for s in found.lines] == [0.0, 18.0, 60.0]
    assert found.lines[-1].end == 90.0
    assert found.values["title"] == "桥"
    assert found.values["date"].isoformat() == "1999-05-01"


BOMB = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "村"><!ENTITY b "&a;&a;&a;&a;">]>
<ROOT><record><title>&b;</title></record></ROOT>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<ROOT><record><title>&a;</title></record></ROOT>"""


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, "<ROOT", "<ROOT/>", "<html></html>", "", "文字"])
def test_what_is_none_of_them_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordError) as refused:
        read(tmp_path, text)
    assert refused.value.remedy


@patient
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
@example("1\n00:00:01,000 --> 00:00:00,000\n反的\n")
@example(
    "<ROOT><record><date/><sync>a:|9999999(1)|</sync><transcript>x</transcript></record></ROOT>"
)
def test_anything_else_is_read_or_refused(tmp_path: Path, text: str) -> None:
    for whole in (text, f"WEBVTT\n\n{text}", f"<ROOT><record>{text}</record></ROOT>"):
        try:
            read(tmp_path, whole)
        except RecordError:
            continue


def test_a_file_comes_into_an_accession_and_over_nobodys_words(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,500\n金老师：村里有条河\n", "utf-8")
    code, printed = run(project, "import", open_id, str(path))
    assert (code, "收进了 1 行" in printed) == (0, True)
    transcript = project.accession(open_id).transcript
    [line] = parse_transcript(transcript.read_text("utf-8"))
    assert (line.start, line.end, line.text, line.speaker) == (1.0, 2.5, "村里有条河", "金老师")
    # It is a person's now: no build drafts over it, and neither does another import.
    whole = transcript.read_bytes()
    assert run(project, "build", "--engine", "recorded")[0] == 0
    before = tree(project.archive)
    assert run(project, "import", open_id, str(path))[0] == 0  # the same once more is nothing new
    assert tree(project.archive) == before
    path.write_text("1\n00:00:01,000 --> 00:00:02,500\n金老师：村里有座桥\n", "utf-8")
    assert run(project, "import", open_id, str(path))[0] == ExitCode.RECORD
    assert transcript.read_bytes() == whole
    assert run(project, "import", "19990101-00000000", str(path))[0] == ExitCode.CONFIGURATION
