"""Importing transcripts of other systems: complete, and without anything hostile."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from cunshi.archive.transcript_marks import mentions_mark
from cunshi.core.errors import ExitCode, RecordError
from cunshi.core.text import clean
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment
from cunshi.exports.archival.captions import format_srt, format_webvtt
from cunshi.exports.archival.description import describe
from cunshi.exports.archival.ohms import EDITIONS, format_ohms
from cunshi.intake.import_transcript import read_foreign
from support.exports import catalogue_of, entry_of
from support.village import tree

Run = Callable[..., tuple[int, str]]
# Everything that can be printed, as captions print it; and what matters to one of the forms. The
# words of a withholding mark withhold the line: see tests/archive/test_transcript_marks.py.
words = (
    (
        st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
        | st.text("村里有一条河，上有座桥。：abc 0-&<>\"'", max_size=20)
        | st.sampled_from(
            ["普通话：村", "1962", "a --> b", "00:00:01,000", "NOTE", "&lt;v 王>", "]]>"]
        )
    )
    .map(clean)
    .filter(lambda text: not mentions_mark(text))
)
spoken = st.lists(
    st.tuples(st.floats(0, 130), st.floats(0.01, 20), words.filter(bool), words, words), max_size=6
).map(
    lambda lines: [
        Segment(round(start, 3), round(start + length, 3), text, speaker=who, mandarin=meant)
        for start, length, text, who, meant in sorted(lines)
    ]
)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Told = list[tuple[float, float, str, str, str]]


def told(lines: Iterable[Segment]) -> Told:
    return [(s.start, s.end, s.text, s.speaker, s.mandarin) for s in lines]


def read(folder: Path, text: str, name: str = "x") -> tuple[Segment, ...]:
    path = folder / name
    path.write_text(text, "utf-8")
    return read_foreign(path, 150.0).lines


def joined(lines: Iterable[Segment]) -> list[tuple[str, str]]:
    """Return the text without voices: a name before a colon may or may not be a speaker."""
    return [(f"{s.speaker}：{s.text}" if s.speaker else s.text, s.mandarin) for s in lines]


@patient
@given(spoken)
def test_captions_come_back_letter_by_letter(tmp_path: Path, lines: list[Segment]) -> None:
    entry = entry_of(*lines)
    catalogue = catalogue_of(entry)
    # What would end the tag of a voice, or be an arrow in it, stands full-width there.
    named = {">": "＞", "--": "－－"}
    expected = [
        replace(line, speaker=line.speaker.replace(">", named[">"]).replace("--", named["--"]))
        for line in lines
    ]
    assert told(read(tmp_path, format_webvtt(entry, Archive()))) == told(expected)
    ohms = format_ohms(catalogue, entry, *describe(catalogue), "6.0")
    assert told(read(tmp_path, ohms)) == told(expected)


@patient
@given(spoken)
def test_subrip_comes_back_with_its_times(tmp_path: Path, lines: list[Segment]) -> None:
    found = read(tmp_path, format_srt(entry_of(*lines))) if lines else ()
    assert [(s.start, s.end) for s in found] == [(s.start, s.end) for s in lines]
    arrows = [(a.replace("-->", "→"), b.replace("-->", "→")) for a, b in joined(lines)]
    assert joined(found) == arrows


@patient
@given(spoken)
def test_ohms_of_the_older_form_comes_back_to_the_minute(
    tmp_path: Path, lines: list[Segment]
) -> None:
    # A line of its own that begins so is taken for the meaning of the line above it.
    lines = [line for line in lines if "普通话" not in line.speaker + line.text]
    entry = entry_of(*lines)
    catalogue = catalogue_of(entry)
    found = read(tmp_path, format_ohms(catalogue, entry, *describe(catalogue), "5.4"))
    assert joined(found) == joined(lines)
    minutes = [line.start // 60 for line in lines]
    for line, minute in zip(found, minutes, strict=True):
        # Where the last minute with words ends, nobody has said.
        assert line.start // 60 == minute or line.start // 60 > minute == minutes[-1]
    assert all(s.start <= s.end <= t.start for s, t in pairwise(found))


@patient
@given(st.lists(st.integers(0, 12), max_size=8), st.integers(0, 9))
def test_whatever_the_marks_are_every_line_comes_in_once(
    tmp_path: Path, marks: list[int], interval: int
) -> None:
    sync = f"{interval}:|" + "".join(f"{mark}(1)|" for mark in marks)
    text = "\n".join(f"第{n}行" for n in range(10))
    record = f"<sync>{sync}</sync><transcript>{text}</transcript>"
    found = read(tmp_path, f"<ROOT><record>{record}</record></ROOT>")
    assert [line.text for line in found] == text.split("\n")
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_what_ohms_says_of_a_recording_comes_back(tmp_path: Path) -> None:
    said = {
        "title": "桥",
        "narrator": "金老师",
        "language": "wuu",
        "note": "在河边",
        "rights": "他的",
    }
    entry = entry_of(Segment(0, 1, "桥"), holder="镇档案馆", **said)
    catalogue = catalogue_of(entry)
    for edition in EDITIONS:
        path = tmp_path / "a.xml"
        path.write_text(format_ohms(catalogue, entry, *describe(catalogue), edition), "utf-8")
        found = read_foreign(path, 75.0).values
        assert found == said | {"holder": "镇档案馆", "date": dt.date(2026, 1, 12)}


FOREIGN = """WEBVTT - 老馆
Kind: captions

STYLE
::cue { color: red }

NOTE 录音带第二面

cue-7
00:01.000 --> 00:02.500 line:0
<v.loud 王 &amp; 李>河<v 金老师>桥</v>

NOTE 这里有狗叫

00:03.000 --> 00:04.000
<i>岸</i>
"""


def test_comments_and_settings_of_webvtt_stay(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    path = tmp_path / "a.vtt"
    path.write_text(FOREIGN, "utf-8")
    assert run(project, "import", open_id, str(path))[0] == 0
    text = project.accession(open_id).transcript.read_text("utf-8")
    for kept in ("老馆", "录音带第二面", "cue-7", "line:0", "这里有狗叫", "<i>岸</i>", "::cue"):
        assert kept in text, kept
    first, second = parse_transcript(text)
    assert (first.speaker, first.text) == ("王 ＆ 李", "河 金老师：桥")
    assert (second.speaker, second.text, second.start) == ("", "岸", 3.0)


SUBRIP = "1\n00:00:01,000 --> 00:00:02,000\n{}\n2\n00:00:03,000 --> 00:00:04,000\n桥\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("河\n\n岸\n", "河 岸"),  # an empty line inside a cue
        ("河", "河"),  # none between cues
        ("普通话：河\n", "普通话：河"),
        ("1962\n年\n1\n", "1962 年 1"),
        ("河\u2028岸\n", "河 岸"),
    ],
)
def test_no_line_of_subrip_is_left_out(tmp_path: Path, text: str, expected: str) -> None:
    for end in ("\n", "\r\n", "\r"):
        whole = SUBRIP.format(text).replace("\n", end)
        path = tmp_path / "x"
        path.write_bytes(whole.encode())
        assert [s.text for s in read_foreign(path, 75.0).lines] == [expected, "桥"]


def test_cues_without_numbers_keep_their_numbers(tmp_path: Path) -> None:
    [first, second] = read(
        tmp_path, SUBRIP.format("1962").removeprefix("1\n").replace("2\n00", "00")
    )
    assert (first.text, second.text) == ("1962", "桥")


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
@example("1\n99999990:00:03,000 --> 00:00:04,000\n桥\n")
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


def test_a_collection_from_elsewhere_moves_in_with_its_sound(
    village: Project, drop: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    """As in README.md: audio into recordings/, then `ingest`, `import` and `build`."""
    drop("03/", "01-旧藏/OH-17.mp3")
    assert run(village, "ingest")[0] == 0
    [accession] = village.accessions()
    assert accession.id in run(village, "status")[1]
    path = tmp_path / "OH-17.xml"
    path.write_text(
        "<ROOT><record><date value='1999-05-01'/><title>庙会</title>"
        "<repository>镇档案馆</repository><interviewee>周师傅</interviewee><language>wuu</language>"
        "<transcript>周师傅：庙会在河边。\n人很多。</transcript></record></ROOT>",
        "utf-8",
    )
    assert run(village, "import", accession.id, str(path))[0] == 0
    assert run(village, "build", "--engine", "recorded")[0] == 0
    assert not accession.machine.exists()  # nobody had to be heard again
    page = (village.site / "recordings" / f"{accession.id}.html").read_text("utf-8")
    for said in ("庙会", "周师傅", "镇档案馆", "1999", "庙会在河边。", "人很多。"):
        assert said in page, said


def test_a_record_that_is_no_yaml_takes_nothing_in(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    path = tmp_path / "a.xml"
    path.write_text("<ROOT><record><description>庙会</description></record></ROOT>", "utf-8")
    accession = project.accession(open_id)
    accession.record.write_text("title: [\n", "utf-8")
    before = tree(project.archive)
    assert run(project, "import", open_id, str(path))[0] == ExitCode.RECORD
    assert tree(project.archive) == before


def test_a_record_that_cannot_be_read_at_the_moment_takes_nothing_in(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    path = tmp_path / "a.xml"
    path.write_text("<ROOT><record><description>庙会</description></record></ROOT>", "utf-8")
    accession = project.accession(open_id)
    accession.record.unlink()
    accession.record.mkdir()
    before = tree(project.archive)
    code, printed = run(project, "import", open_id, str(path))
    assert (code, f"archive/{open_id}/recording.yml" in printed) == (ExitCode.DISK, True)
    assert tree(project.archive) == before
