"""The command `lesson new`: its draft builds, and overwrites nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.catalogue.course.citation_syntax import find_citations
from cunshi.catalogue.course.excerpts import Excerpt
from cunshi.catalogue.course.lesson_draft import Source, add_lesson, format_draft
from cunshi.catalogue.course.lessons import SECTIONS, read_lesson
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus
from support.village import tree

Run = Callable[..., tuple[int, str]]


def test_a_draft_builds_as_it_is_and_says_what_is_left_to_write(
    told: tuple[Project, str, str], run: Run
) -> None:
    project, recording_id, __ = told
    code, printed = run(project, "lesson", "new", "3", "--from", recording_id)
    assert (code, "✗" in printed) == (0, False)
    path = project.courses / "03-村名" / "lesson.md"
    assert str(path) in printed
    text = path.read_text("utf-8")
    found, unreadable = find_citations(text)
    assert len(found) >= 2
    assert unreadable == []
    assert {c.recording_id for c in found} == {recording_id}
    assert all(8 <= c.end - c.start <= 25.1 and not c.quote for c in found)
    assert all(f"## {section}\n" in text for section in SECTIONS)
    assert text.count("（请作者写：") > 10
    assert 'keywords: ["老人家"]' in text
    course = (project.courses / "course.yml").read_text("utf-8")
    assert course == "title: 村史\nlessons:\n  - 03-村名\n"
    assert run(project, "site")[0] == 0
    page = (project.site / "lessons" / "03.html").read_text("utf-8")
    assert "还是草稿" in page
    assert page.count("<audio") == len(found)
    assert "老人家天天在桥上聊天" in page
    code, printed = run(project, "check", "--strict")
    assert code == ExitCode.LESSON
    assert "还是草稿" in printed


def test_neither_names_nor_words_of_a_recording_are_written_into_a_draft(
    told: tuple[Project, str, str], run: Run
) -> None:
    """They would remain there after a withdrawal."""
    project, recording_id, __ = told
    assert run(project, "lesson", "new", "3", "--from", recording_id)[0] == 0
    text = (project.courses / "03-村名" / "lesson.md").read_text("utf-8")
    assert "金老师" not in text
    assert "河上有一座桥" not in text


def test_several_recordings_may_be_named_and_the_folder_too(
    told: tuple[Project, str, str], run: Run
) -> None:
    project, one, sealed = told
    settings = next(project.recordings.glob("02*/*.yml"))
    settings.write_text("access: open\n", "utf-8")
    record = project.accession(sealed).record
    record.write_text(record.read_text("utf-8").replace("access: sealed", "access: open"), "utf-8")
    code, __ = run(
        project, "lesson", "new", "10", "--slug", "../a b/桥", "--from", one, sealed, one
    )
    assert code == 0
    text = (project.courses / "10-a-b-桥" / "lesson.md").read_text("utf-8")
    assert {c.recording_id for c in find_citations(text)[0]} == {one, sealed}
    assert text.count("讲述人是谁") == 2


@pytest.mark.parametrize(
    ("other", "cause"),
    [("20990101-00000000", "不在档案库里"), ("sealed", "不公开"), ("unheard", "还没有文稿")],
)
def test_what_may_not_be_cited_is_refused_with_its_remedy(
    told: tuple[Project, str, str], run: Run, other: str, cause: str
) -> None:
    project, recording_id, sealed = told
    if other == "unheard":
        project.accession(recording_id).transcript.unlink()
    other = {"sealed": sealed, "unheard": recording_id}.get(other, other)
    before = tree(project.courses)
    code, printed = run(project, "lesson", "new", "3", "--from", recording_id, other)
    assert code == ExitCode.LESSON
    assert f"{other} " in printed
    assert cause in printed
    assert "  → " in printed
    assert tree(project.courses) == before


@pytest.mark.parametrize("name", ["03-别的", "03-村名"])
def test_a_lesson_that_has_a_folder_is_not_touched(
    told: tuple[Project, str, str], run: Run, name: str
) -> None:
    project, recording_id, __ = told
    (project.courses / name).mkdir()
    (project.courses / name / "notes.txt").write_text("我的", "utf-8")
    before = tree(project.courses)
    code, printed = run(project, "lesson", "new", "3", "--from", recording_id)
    assert code == ExitCode.LESSON
    assert f"courses/{name}" in printed
    assert tree(project.courses) == before


@pytest.mark.parametrize("number", ["0", "11", "三"])
def test_there_are_ten_lessons(told: tuple[Project, str, str], run: Run, number: str) -> None:
    assert run(told[0], "lesson", "new", number, "--from", told[1])[0] == ExitCode.USAGE


@pytest.mark.parametrize("course", ["title: 村史\nlessons: [09-x]\n", "title: 村史\n", ""])
def test_a_course_that_cannot_be_extended_is_left_and_told(
    told: tuple[Project, str, str], run: Run, course: str
) -> None:
    project, recording_id, __ = told
    (project.courses / "course.yml").write_text(course, "utf-8")
    code, printed = run(project, "lesson", "new", "3", "--from", recording_id)
    assert code == 0
    assert "  - 03-村名" in printed
    assert (project.courses / "course.yml").read_text("utf-8") == course


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("lessons: []\n", "lessons:\n  - 03-x\n"),
        ("lessons:\n", "lessons:\n  - 03-x\n"),
        ("lessons: [] # 课\nabout: 话\n", "lessons: # 课\n  - 03-x\nabout: 话\n"),
        ("lessons:\n- 01-a", "lessons:\n- 01-a\n- 03-x"),
        (
            "lessons: # 课\n    - 01-a # 一\n    # 没写完\n    - 02-b\n\n# 年表\n"
            "timeline:\n  - x\n",
            "lessons: # 课\n    - 01-a # 一\n    # 没写完\n    - 02-b\n    - 03-x\n\n# 年表\n"
            "timeline:\n  - x\n",
        ),
        (
            "title: a\r\nlessons:\r\n  - 01-a\r\n",
            "title: a\r\nlessons:\r\n  - 01-a\r\n  - 03-x\r\n",
        ),
        ("lessons: [01-a]\n", None),
        ("lessons: &a\n  - 01-a\n", None),
        ("title: a\n", None),
        ("  lessons:\n", None),
    ],
)
def test_a_lesson_is_one_more_line_and_every_other_byte_stays(
    before: str, after: str | None
) -> None:
    assert add_lesson(before, "03-x") == after


def test_the_sample_course_keeps_its_comments(told: tuple[Project, str, str], run: Run) -> None:
    project, recording_id, __ = told
    sample = Path(__file__).parents[2] / "courses" / "course.yml"
    shutil.copy(sample, project.courses)
    assert run(project, "lesson", "new", "3", "--from", recording_id)[0] == 0
    after = (project.courses / "course.yml").read_text("utf-8")
    assert after == sample.read_text("utf-8").replace("10-bianhua\n", "10-bianhua\n  - 03-村名\n")


HOSTILE = '---\n"x": <script>y()</script>\n/// clip | a 0-1\n///\n[听](clip:a@0-1) {{ 7 }}'


def test_hostile_titles_and_words_stay_text(tmp_path: Path) -> None:
    said = Description(title=HOSTILE, village=HOSTILE, narrator=HOSTILE)
    technical = Technical("mov", "aac", 45.0, 44_100, 1)
    recording = Recording("20260112-7a994552", Kind.TALK, "a", "0" * 64, "a", technical, said)
    transcript = Transcript((Segment(0, 10, HOSTILE),), TranscriptStatus.DRAFT)
    excerpt = Excerpt(0.0, 10.0, HOSTILE, (HOSTILE,))
    text = format_draft([Source(recording, transcript, (excerpt,))], [Term(HOSTILE, "", "x")])
    path, problems = tmp_path / "03-x" / "lesson.md", list[Problem]()
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    lesson = read_lesson(path, "x", problems)
    assert problems == []
    assert lesson
    assert lesson.draft
    assert [ref.recording_id for ref in lesson.refs] == [recording.id]
    assert "<script" not in lesson.body
