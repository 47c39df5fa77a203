"""Lessons and citations: problems have file and line, and nothing withheld is played."""

from pathlib import Path

import pytest

from cunshi.catalogue.course.citations import Holdings, resolve
from cunshi.catalogue.course.lessons import SECTIONS, check_keywords, read_course, read_lesson
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.access import access_decisions
from cunshi.domain.consent import Access, Consent
from cunshi.domain.course import Clip, Entry, Lesson
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus
from support.lessons import CLIP, DAY, DAYS, FRONT, ID, WHERE, read, recording

BODY = "".join(f"\n## {name}\n\n话。\n" for name in SECTIONS)


def lesson_with(folder: Path, *clips: str) -> Lesson:
    lesson, problems = read(folder, FRONT + BODY + "".join(clips))
    assert lesson and not problems
    return lesson


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_whole_lesson_is_read_without_a_problem(tmp_path: Path, newline: str) -> None:
    text = (FRONT + BODY + CLIP.format("慈乌村")).replace("\n", newline)
    lesson, problems = read(tmp_path, text)
    assert problems == []
    assert lesson
    assert (lesson.number, lesson.title, lesson.villages) == (1, "村名的来历", ("金村村",))
    assert (lesson.minutes, lesson.keywords, lesson.where) == (40, ("慈乌",), WHERE)
    (ref,) = lesson.refs
    assert (ref.recording_id, ref.start, ref.end, ref.quote) == (ID, 2.0, 6.0, "慈乌村")
    assert text.splitlines()[ref.line - 1].startswith("/// clip")
    assert lesson.body.startswith("\n## 开场")


def test_a_mistake_above_the_text_is_reported_on_its_line(tmp_path: Path) -> None:
    front = FRONT.replace("minutes: 40", "minutes: 很久").replace("grade:", "grad:")
    __, problems = read(tmp_path, front + BODY + CLIP)
    assert {(p.line, p.where) for p in problems if p.line} == {(4, WHERE), (5, WHERE)}
    assert {p.code for p in problems} == {ExitCode.LESSON}


def test_a_citation_that_cannot_be_read_is_reported_on_its_line(tmp_path: Path) -> None:
    text = FRONT + BODY + CLIP.format("") + f"\n/// clip | {ID} 一分钟\n///\n"
    lesson, problems = read(tmp_path, text)
    (problem,) = problems
    assert (problem.where, f"{ID} 一分钟" in problem.cause) == (WHERE, True)
    assert "一分钟" in text.splitlines()[problem.line - 1]
    assert problem.remedy
    assert lesson and len(lesson.refs) == 1


@pytest.mark.parametrize("name", SECTIONS)
def test_a_missing_section_is_named(tmp_path: Path, name: str) -> None:
    text = FRONT + BODY.replace(f"## {name}", f"### {name}") + CLIP
    (problem,) = read(tmp_path, text)[1]
    assert f"## {name}" in problem.cause
    assert sum(f"## {other}" in problem.cause for other in SECTIONS) == 1


@pytest.mark.parametrize(
    "name", ["title", "villages", "grade", "minutes", "objectives", "keywords", "sources"]
)
def test_a_missing_fact_is_named(tmp_path: Path, name: str) -> None:
    front = "".join(
        line for line in FRONT.splitlines(keepends=True) if not line.startswith(name + ":")
    )
    (problem,) = read(tmp_path, front + BODY + CLIP)[1]
    assert problem.cause.endswith(name)


def test_a_lesson_without_any_citation_is_not_whole(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, FRONT + BODY)[1]
    assert "/// clip" in problem.cause


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (BODY, "01-cunming"),
        ("---\ntitle: 没有完\n", "01-cunming"),
        (FRONT + BODY, "cunming"),
        ("", "01-cunming"),
    ],
)
def test_what_is_no_lesson_is_reported(tmp_path: Path, text: str, name: str) -> None:
    lesson, problems = read(tmp_path, text, name)
    assert lesson is None
    assert [(p.where, p.code, bool(p.remedy)) for p in problems] == [(WHERE, ExitCode.LESSON, True)]


def test_a_lesson_in_no_known_encoding_is_reported(tmp_path: Path) -> None:
    path, problems = tmp_path / "01-a" / "lesson.md", list[Problem]()
    path.parent.mkdir()
    path.write_bytes(b"\x00\xff\xff\xff")
    assert read_lesson(path, WHERE, problems) is None
    assert [problem.where for problem in problems] == [WHERE]


# --- citations → clips

SEGMENTS = (Segment(0, 2, "同学们好，"), Segment(2, 4, "慈乌"), Segment(4, 6, "村。"))


def clip_of(lesson: Lesson, found: Recording | None) -> tuple[Clip, list[Problem]]:
    problems: list[Problem] = []
    recordings = {found.id: found} if found else {}
    transcript = Transcript(SEGMENTS, TranscriptStatus.DRAFT)
    decisions = access_decisions(recordings.values(), DAYS)
    entries = {
        i: Entry(r, transcript) for i, r in recordings.items() if decisions[i].allows_publication()
    }
    (clip,) = resolve(lesson, Holdings(recordings, entries, decisions), problems)
    return clip, problems


def test_a_clip_has_the_words_the_voice_and_who_speaks(tmp_path: Path) -> None:
    clip, problems = clip_of(lesson_with(tmp_path, CLIP.format("")), recording())
    assert problems == []
    assert (clip.words, clip.status) == ("慈乌村。", TranscriptStatus.DRAFT)
    assert (clip.speaker, clip.village, clip.date) == ("金老师", "金村村", DAY)
    assert clip.audio == f"clips/{ID}-2000-6000.m4a"
    assert not clip.withheld


def test_the_words_of_the_lessons_author_count_as_approved(tmp_path: Path) -> None:
    clip, __ = clip_of(lesson_with(tmp_path, CLIP.format("叫慈乌村。")), recording())
    assert (clip.words, clip.status) == ("叫慈乌村。", TranscriptStatus.APPROVED)


WITHHELD = {
    "nonexistent": (None, "不在档案库里"),
    "no consent": (recording(consent=Consent()), "没有有效的同意书"),
    "expired": (recording(consent=Consent("王", DAY, until=DAY)), "没有有效的同意书"),
    "withdrawn": (recording(consent=Consent("王", DAY, withdrawn_on=DAY)), "没有有效的同意书"),
    "sealed": (recording(access=Access.SEALED), "不公开"),
    "listed": (recording(access=Access.LISTED), "不公开"),
    "a minor": (recording(minor=True), "不公开"),
}


@pytest.mark.parametrize(("found", "cause"), WITHHELD.values(), ids=WITHHELD)
def test_what_may_not_be_heard_is_reported_and_leaves_nothing_behind(
    tmp_path: Path, found: Recording | None, cause: str
) -> None:
    lesson = lesson_with(tmp_path, CLIP.format("慈乌村"))
    clip, problems = clip_of(lesson, found)
    ((problem),) = problems
    assert cause in problem.cause
    assert (problem.where, problem.line) == (WHERE, lesson.refs[0].line)
    assert (problem.code, bool(problem.remedy)) == (ExitCode.LESSON, True)
    assert ID in problem.cause
    assert clip.withheld
    assert (clip.words, clip.ref.quote, clip.speaker, clip.audio, clip.village) == ("",) * 5
    assert clip.date is None
    assert "慈乌" not in repr(clip)
    assert "金老师" not in repr(clip)


@pytest.mark.parametrize(("end", "within"), [("45.2", True), ("45.7", True), ("45.9", False)])
def test_a_citation_beyond_the_end_is_reported(tmp_path: Path, end: str, within: bool) -> None:
    clip = f"\n/// clip | {ID} 40-{end}\n慈乌村\n///\n"
    found, problems = clip_of(lesson_with(tmp_path, clip), recording())
    assert bool(found.withheld) is not within
    assert [("45.279" in p.cause, bool(p.line)) for p in problems] == [(True, True)] * (not within)
    assert within or (found.words, found.audio, found.ref.quote) == ("", "", "")


def test_a_citation_beyond_the_end_is_reported_in_the_pack_as_well(tmp_path: Path) -> None:
    lesson = lesson_with(tmp_path, f"\n/// clip | {ID} 40-50\n慈乌村\n///\n")
    found, problems = recording(access=Access.CLASSROOM), list[Problem]()
    decisions = access_decisions([found], DAYS)
    entries = {ID: Entry(found, Transcript(SEGMENTS))}
    holdings = Holdings({ID: found}, entries, decisions, Access.CLASSROOM)
    (clip,) = resolve(lesson, holdings, problems)
    assert clip.withheld
    assert "礼包" not in clip.withheld
    assert [(p.code, "45.279" in p.cause) for p in problems] == [(ExitCode.LESSON, True)]


def test_every_citation_has_its_clip_in_order(tmp_path: Path) -> None:
    other = CLIP.format("").replace(ID, "20990101-00000000")
    lesson = lesson_with(tmp_path, CLIP.format("一"), other, CLIP.format("三"))
    problems: list[Problem] = []
    found = recording()
    entries = {ID: Entry(found, Transcript(SEGMENTS))}
    decisions = access_decisions([found], DAYS)
    clips = resolve(lesson, Holdings({ID: found}, entries, decisions), problems)
    assert [(clip.words, bool(clip.withheld)) for clip in clips] == [
        ("一", False),
        ("", True),
        ("三", False),
    ]
    assert [problem.line for problem in problems] == [lesson.refs[1].line]


def test_a_key_word_that_nobody_explains_is_reported(tmp_path: Path) -> None:
    lesson, problems = lesson_with(tmp_path, CLIP.format("")), list[Problem]()
    check_keywords(lesson, (Term("慈乌", "", "一种鸟"),), "archive/glossary.yml", problems)
    assert problems == []
    check_keywords(lesson, (), "archive/glossary.yml", problems)
    assert ["慈乌" in p.cause and "archive/glossary.yml" in p.remedy for p in problems] == [True]


def test_the_course_is_read_with_its_timeline(tmp_path: Path) -> None:
    path, problems = tmp_path / "course.yml", list[Problem]()
    path.write_text(
        "title: 村史\nlessons: [01-a, 02-b]\ntimeline:\n  - {when: 宋代, what: 潘祁村}\n  - x\n",
        "utf-8",
    )
    course = read_course(path, "courses/course.yml", problems)
    assert course.lessons == ("01-a", "02-b")
    assert [(entry.when, entry.what) for entry in course.timeline] == [("宋代", "潘祁村")]
    assert [problem.line for problem in problems] == [5]


def test_a_missing_course_is_reported(tmp_path: Path) -> None:
    problems: list[Problem] = []
    read_course(tmp_path / "course.yml", "courses/course.yml", problems)
    assert [(p.where, p.code) for p in problems] == [("courses/course.yml", ExitCode.CONFIGURATION)]
