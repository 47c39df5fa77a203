"""Quizzes: mistakes have lines, questions have answers, and nothing withheld is played."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.catalogue.course.lessons import SECTIONS, read_course, read_lesson
from cunshi.catalogue.course.quiz import read_quiz, read_teacher_notes
from cunshi.catalogue.gather import gather
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.consent import Access, Consent
from cunshi.domain.course import Catalogue, Clip, ClipRef, Question
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Transcript, TranscriptStatus
from cunshi.website.pages.lesson_activities import activities, qr_rows, quote_for_poster, split_body
from support.lessons import CLIP, DAYS, FRONT, ID, WHERE, read, recording
from support.village import ROOT

QUIZ = "courses/01-cunming/quiz.yml"
WHOLE = f"""\
- question: 唐代叫什么？
  choices: [潘圻村, 太平乡永昌里]
  answer: B
  explain: 听第一段。
  clip: {ID} 0:05.22-0:18.36
"""


def quiz(folder: Path, text: str) -> tuple[list[Question], list[Problem]]:
    path, problems = folder / "quiz.yml", list[Problem]()
    path.write_bytes(text.encode())
    return [question for question, __ in read_quiz(path, QUIZ, problems)], problems


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_whole_question(tmp_path: Path, newline: str) -> None:
    path, problems = tmp_path / "quiz.yml", list[Problem]()
    path.write_bytes(WHOLE.replace("\n", newline).encode())
    [(question, ref)] = read_quiz(path, QUIZ, problems)
    assert problems == []
    assert question == Question(
        "唐代叫什么？",
        ("潘圻村", "太平乡永昌里"),
        1,
        "听第一段。",
        f"{ID} 0:05.22-0:18.36",
    )
    assert ref == ClipRef(ID, 5.22, 18.36, "", QUIZ, 5)


def test_chinese_keys_are_read_as_well(tmp_path: Path) -> None:
    text = "- 题目: 几个？\n  选项: [一, 二]\n  答案: 二\n  讲解: 数一数\n"
    questions, problems = quiz(tmp_path, text)
    assert problems == []
    assert questions == [Question("几个？", ("一", "二"), 1, "数一数")]


@pytest.mark.parametrize(
    ("written", "answer"),
    [("B", 1), ("b", 1), ("Ｂ", 1), ("B.", 1), ("A、", 0), ("三斗", 2), ("'1962'", 3), ("D", 3)],
)
def test_an_answer_is_the_words_or_the_letter(tmp_path: Path, written: str, answer: int) -> None:
    text = f"- question: 几？\n  choices: [一斗, 二斗, 三斗, 1962]\n  answer: {written}\n"
    [question], problems = quiz(tmp_path, text)
    assert (problems, question.answer) == ([], answer)


def test_words_come_before_letters(tmp_path: Path) -> None:
    [question], __ = quiz(tmp_path, "- question: 哪个？\n  choices: [B, A]\n  answer: A\n")
    assert question.answer == 1


WRONG = {
    "no answer": ("  answer: B\n", "", 1, "没有写答案"),
    "empty answer": ("answer: B", "answer:", 3, "没有写答案"),
    "another answer": ("answer: B", "answer: 金村", 3, "“金村” 不在选项里"),
    "letter too far": ("answer: B", "answer: C", 3, "“C” 不在选项里"),
    "one choice": ("潘圻村, ", "", 2, "2 到 8 个选项"),
    "no choices": ("  choices: [潘圻村, 太平乡永昌里]\n", "", 1, "2 到 8 个选项"),
    "no question": ("question: 唐代叫什么？", "question:", 1, "没有写问题"),
}


@pytest.mark.parametrize(("old", "new", "line", "cause"), WRONG.values(), ids=WRONG)
def test_a_question_that_cannot_be_asked_is_reported_and_left_out(
    tmp_path: Path, old: str, new: str, line: int, cause: str
) -> None:
    assert old in WHOLE
    second = "- {question: 还在？, choices: [在, 不在], answer: 在}\n"
    questions, problems = quiz(tmp_path, WHOLE.replace(old, new) + second)
    assert [question.prompt for question in questions] == ["还在？"]
    assert {p.code for p in problems} == {ExitCode.LESSON}
    assert (line, QUIZ) in {(p.line, p.where) for p in problems if cause in p.cause and p.remedy}


def test_a_clip_that_cannot_be_read_is_reported_and_the_question_stays(tmp_path: Path) -> None:
    [question], [problem] = quiz(tmp_path, WHOLE.replace("0:05.22-0:18.36", "开头"))
    assert (question.clip, question.answer) == ("", 1)
    assert (problem.line, "看不懂" in problem.cause) == (5, True)


@pytest.mark.parametrize(
    "text", ["- 一\n", "question: [\n", "\t- x\n", "- {question: 好？, choises: [a, b]}\n", "话"]
)
def test_what_is_no_quiz_is_reported(tmp_path: Path, text: str) -> None:
    questions, problems = quiz(tmp_path, text)
    assert questions == []
    assert problems
    assert {(p.code, p.where, bool(p.line)) for p in problems} == {(ExitCode.LESSON, QUIZ, True)}


def test_bytes_that_are_no_text_and_a_missing_file(tmp_path: Path) -> None:
    path, problems = tmp_path / "quiz.yml", list[Problem]()
    assert read_quiz(path, QUIZ, problems) == ()
    assert read_teacher_notes(path, QUIZ, problems) == ""
    assert problems == []
    path.write_bytes(b"\x00\xff\xff\xff")
    assert read_quiz(path, QUIZ, problems) == ()
    assert read_teacher_notes(path, QUIZ, problems) == ""
    assert [(p.code, p.where) for p in problems] == [(ExitCode.LESSON, QUIZ)] * 2


@pytest.mark.parametrize("block", [f"/// clip | {ID} 0:01-0:02\n原话\n///", "  /// clip | 原话"])
def test_notes_that_quote_a_recording_are_refused(tmp_path: Path, block: str) -> None:
    path, problems = tmp_path / "teacher.md", list[Problem]()
    path.write_text(f"**课前** 准备\n\n{block}\n", "utf-8")
    assert read_teacher_notes(path, "t.md", problems) == ""
    assert [(p.line, p.code) for p in problems] == [(3, ExitCode.LESSON)]


# --- Plan, address


def plan(
    folder: Path, steps: str, minutes: int = 40
) -> tuple[list[tuple[int, str]], list[Problem]]:
    front = FRONT.replace("minutes: 40", f"minutes: {minutes}\nplan: {steps}")
    body = "".join(f"\n## {name}\n" for name in SECTIONS)
    lesson, problems = read(folder, front + body + CLIP.format("话"))
    assert lesson
    return [(step.minutes, step.what) for step in lesson.plan], problems


@pytest.mark.parametrize("sep", [" ", "分钟 ", "分 ", " 分钟：", ": "])
def test_a_plan_is_read(tmp_path: Path, sep: str) -> None:
    steps, problems = plan(tmp_path, f"['10{sep}开场：写名字', '30{sep}讨论']")
    assert problems == []
    assert steps == [(10, "开场：写名字"), (30, "讨论")]


@pytest.mark.parametrize(
    ("steps", "cause"), [("[10分钟 开场, 20分钟 讨论]", "30 分钟"), ("[40 开场, 随便]", "“随便”")]
)
def test_a_plan_that_does_not_hold_is_reported(tmp_path: Path, steps: str, cause: str) -> None:
    [problem] = plan(tmp_path, steps)[1]
    assert (cause in problem.cause, problem.line, problem.where) == (True, 6, WHERE)


def test_an_address_is_a_web_address(tmp_path: Path) -> None:
    path, problems = tmp_path / "course.yml", list[Problem]()
    path.write_text("title: 村史\nlessons: []\naddress: https://a.example/x\n", "utf-8")
    assert read_course(path, "c", problems).address == "https://a.example/x"
    path.write_text("title: 村史\nlessons: []\naddress: javascript:x\n", "utf-8")
    assert read_course(path, "c", problems).address == ""
    assert [problem.line for problem in problems] == [3]


# --- Gathered

LESSON = FRONT + "".join(f"\n## {name}\n" for name in SECTIONS) + CLIP.format("话")


def gathered(village: Project, *found: Recording) -> tuple[Catalogue, list[Problem]]:
    folder = village.courses / "01-cunming"
    folder.mkdir()
    (village.courses / "course.yml").write_text("title: 村史\nlessons: [01-cunming]\n", "utf-8")
    (folder / "lesson.md").write_text(FRONT + CLIP.format("话"), "utf-8")
    (folder / "quiz.yml").write_text(WHOLE, "utf-8")
    problems: list[Problem] = []
    transcripts = {r.id: Transcript() for r in found}
    catalogue = gather(village, Archive(), found, transcripts, DAYS, problems)
    return catalogue, [problem for problem in problems if problem.where == QUIZ]


def test_a_quiz_s_clip_is_among_what_the_catalogue_publishes(village: Project) -> None:
    catalogue, problems = gathered(village, recording())
    [(lesson, __)] = catalogue.lessons
    assert problems == []
    clip = catalogue.quiz_clips[lesson.quiz[0].clip]
    assert clip.audio == f"clips/{ID}-5220-18360.m4a"
    [asked] = activities(catalogue, lesson, ())["quiz"]
    assert (asked.audio, asked.letter) == (f"../clips/{ID}-5220-18360.m4a", "B")


@pytest.mark.parametrize(
    "found",
    [None, recording(access=Access.SEALED), recording(consent=Consent())],
    ids=["missing", "sealed", "no consent"],
)
def test_a_withheld_clip_is_reported_and_leaves_no_trace(
    village: Project, found: Recording | None
) -> None:
    catalogue, [problem] = gathered(village, *filter(None, [found]))
    [(lesson, __)] = catalogue.lessons
    assert (problem.line, problem.code, bool(problem.remedy)) == (5, ExitCode.LESSON, True)
    assert lesson.quiz == (Question("唐代叫什么？", ("潘圻村", "太平乡永昌里"), 1),)
    assert catalogue.quiz_clips == {}
    assert ID not in repr(activities(catalogue, lesson, ()))


def test_a_clip_that_only_the_quiz_cites_is_cut_and_withdrawn(
    village: Project, drop: Callable[..., Path], run: Callable[..., tuple[int, str]]
) -> None:
    drop("10", "金村村_金老师_2026-01-20.m4a")
    assert run(village, "ingest")[0] == 0
    [accession] = village.accessions()
    gathered(village)
    folder = village.courses / "01-cunming"
    for name, text in (("lesson.md", LESSON), ("quiz.yml", WHOLE)):
        (folder / name).write_text(text.replace(ID, accession.id), "utf-8")
    assert run(village, "site")[0] == 0
    clip = f"clips/{accession.id}-5220-18360.m4a"
    assert (village.site / clip).is_file()
    assert f'href="../{clip}"' in (village.site / "lessons" / "01.html").read_text("utf-8")
    record = accession.record.read_text("utf-8")
    accession.record.write_text(record + "\naccess: sealed\n", "utf-8")
    code, printed = run(village, "site")
    assert (code, "quiz.yml 第 5 行" in printed) == (6, True), printed
    assert not (village.site / clip).exists()
    assert "听第一段" not in (village.site / "lessons" / "01.html").read_text("utf-8")


def test_the_site_s_own_address_comes_first(village: Project) -> None:
    catalogue, __ = gathered(village, recording())
    assert catalogue.course.address == ""
    settings = village.root / "mkdocs.yml"
    settings.write_text(
        "site_url: https://here.example/v/\n" + settings.read_text("utf-8"), "utf-8"
    )
    again = gather(village, Archive(), (), {}, DAYS, [])
    assert again.course.address == "https://here.example/v/"


# --- For the page


def test_a_body_is_divided_at_its_headings() -> None:
    body = "## 开场\n\n一\n\n## 想一想\n\n二\n\n## 回家任务\n\n三\n"
    parts = split_body(body, "想一想", "回家任务")
    assert "".join(parts) == body
    assert [part.strip()[:5] for part in parts] == ["## 开场", "## 想一", "## 回家"]
    assert split_body("没有标题", "想一想", "回家任务") == ["没有标题", "", ""]


def clip(words: str, status: TranscriptStatus = TranscriptStatus.APPROVED) -> Clip:
    return Clip(ClipRef(ID, 0, 1, "", "x", 1), words, status, "金老师")


@pytest.mark.parametrize(
    ("clips", "quotation"),
    [
        ([clip("前一段。"), clip("一。二！三")], "一。二！三"),
        ([clip("长" * 51 + "。最后一句。")], "最后一句。"),
        ([clip("长" * 90 + "。")], "长" * 90 + "。"),
        ([clip("对的。"), clip("猜的。", TranscriptStatus.DRAFT)], "对的。"),
        ([replace(clip(""), withheld="不能播放")], ""),
        ([], ""),
    ],
)
def test_a_poster_quotes_whole_sentences_that_people_approved(
    clips: list[Clip], quotation: str
) -> None:
    assert quote_for_poster(clips) == (quotation, "金老师" if quotation else "")


@pytest.mark.parametrize(
    "text", ["https://a.example/lessons/01.html", "第一课 村名的来历", "长" * 900]
)
def test_a_qr_code_can_be_read(text: str) -> None:
    import numpy as np
    import zxingcpp

    rows = np.array([[255 * (module == "0") for module in row] for row in qr_rows(text)], np.uint8)
    image = np.kron(np.pad(rows, 4, constant_values=255), np.ones((6, 6), np.uint8))
    [found] = zxingcpp.read_barcodes(image)
    assert found.text == text[:300]


# --- The ten lessons


@pytest.mark.parametrize("number", range(1, 11))
def test_the_sample_lessons_are_whole(number: int) -> None:
    [folder] = (ROOT / "courses").glob(f"{number:02d}-*")
    problems: list[Problem] = []
    lesson = read_lesson(folder / "lesson.md", WHERE, problems)
    asked = read_quiz(folder / "quiz.yml", QUIZ, problems)
    notes = read_teacher_notes(folder / "teacher.md", WHERE, problems)
    assert problems == []
    assert lesson
    assert sum(step.minutes for step in lesson.plan) == lesson.minutes == 40
    cited = {(ref.recording_id, ref.start, ref.end) for ref in lesson.refs}
    assert 4 <= len(asked) <= 5
    for question, ref in asked:
        assert ref and (ref.recording_id, ref.start, ref.end) in cited, question
        assert question.explain
    assert len({question.answer for question, __ in asked}) > 1
    assert all(f"{n}. " in notes for n in range(1, 5))
