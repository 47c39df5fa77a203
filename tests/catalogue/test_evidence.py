"""Citations that are invalid, withheld, changed or unapproved are reported with their line."""

import datetime as dt
import re
from collections.abc import Callable

import pytest

from cunshi.archive.machine_json import MachineTranscript
from cunshi.archive.project import Project
from cunshi.catalogue.course.citations import Holdings, has_changed, mark_drafted, resolve
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.access import Days, access_decisions
from cunshi.domain.consent import Consent
from cunshi.domain.course import ClipRef, Entry, Lesson
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.transcript import Replacement, Segment, Transcript, TranscriptStatus
from cunshi.website.pages.lesson import clip_options
from support.evidence import LESSON
from support.village import settle, tree

Run = Callable[..., tuple[int, str]]
WHERE = "courses/01-qiao/lesson.md"
LINE = 15
FORMS = {
    "block": "/// clip | {id} {start}-{end}\n{quote}\n///",
    "inline": '桥在河上[听](clip:{id}@{start}-{end} "{quote}")。',
}


def cite(project: Project, form: str, **said: str) -> None:
    said = {"start": "0:00", "end": "0:03", "quote": "我们村里有一条河，河上有一座桥。"} | said
    folder = project.courses / "01-qiao"
    folder.mkdir(exist_ok=True)
    text = LESSON.format(citation=FORMS[form].format(**said))
    (folder / "lesson.md").write_text(text, "utf-8")
    (project.courses / "course.yml").write_text("title: 村史\nlessons: [01-qiao]\n", "utf-8")


def say(project: Project, words: str) -> None:
    path = project.recordings / "01-村名" / "金村村_金老师_2026-01-12.yml"
    path.write_text(words, "utf-8")
    settle(path)


def correct(project: Project, recording_id: str, old: str, new: str) -> None:
    path = project.accession(recording_id).transcript
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def approve(project: Project, recording_id: str) -> None:
    path = project.accession(recording_id).record
    record = path.read_text("utf-8")
    path.write_text(re.sub("(?m)^approved_by:.*$", "approved_by: 李", record), "utf-8")


# What is done before, what is cited, what is said about it, and whether its page still plays it.
CASES = {
    "broken": (lambda p, i: None, {"id": "20990101-00000000"}, "不在档案库里", False),
    "withdrawn": (
        lambda p, i: say(p, "consent: {withdrawn_on: 2026-03-01}\n"),
        {},
        "没有有效的同意书",
        False,
    ),
    "closed": (lambda p, i: say(p, "access: sealed\n"), {}, "不公开", False),
    "beyond its end": (lambda p, i: None, {"end": "9:59"}, "超出了录音的长度", False),
    "changed": (lambda p, i: correct(p, i, "河上有一座桥", "河上有两座桥"), {}, "对不上", True),
    "approved, and other words": (approve, {"quote": "没说过"}, "对不上", True),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "said", "message", "heard"), CASES.values(), ids=CASES)
def test_a_citation_that_does_not_hold_is_told_with_file_line_and_remedy(
    told: tuple[Project, str, str],
    run: Run,
    form: str,
    before: Callable[[Project, str], None],
    said: dict[str, str],
    message: str,
    heard: bool,
) -> None:
    project, recording_id, __ = told
    before(project, recording_id)
    cite(project, form, **({"id": recording_id} | said))
    for command in (["build", "--engine", "recorded"], ["check"], ["site"]):
        code, printed = run(project, *command)
        assert code == ExitCode.LESSON
        [line] = [line for line in printed.splitlines() if line.startswith("✗")]
        assert line.startswith(f"✗ {WHERE} 第 {LINE} 行：")
        assert message in line
        assert "  → " in printed
    page = (project.site / "lessons" / "01.html").read_text("utf-8")
    assert (f"clips/{recording_id}-0-3000.m4a" in page) is heard
    assert ("我们村里有一条河" in page) is (heard and "quote" not in said)
    assert ("不能播放" in page) is not heard
    assert any(path.startswith("clips/") for path in tree(project.site)) is heard
    if not heard:
        assert recording_id not in page
        assert recording_id not in (project.docs / "lessons" / "01.md").read_text("utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_reserved_for_classrooms_is_a_note(
    told: tuple[Project, str, str], run: Run, form: str
) -> None:
    project, recording_id, __ = told
    say(project, "access: classroom\n")
    cite(project, form, id=recording_id)
    target = project.root.parent / "share"
    for command in (["build", "--engine", "recorded"], ["check"], ["publish", "--to", str(target)]):
        code, printed = run(project, *command)
        assert code == ExitCode.OK
        assert f"· {WHERE} 第 {LINE} 行：引用的录音 {recording_id} 只供课堂" in printed
        assert "✗" not in printed
        assert "个问题" not in printed
    assert (target / "current" / "index.html").is_file()
    page = (project.site / "lessons" / "01.html").read_text("utf-8")
    assert "只在课堂上播放" in page
    assert recording_id not in page
    assert not any(path.startswith("clips/") for path in tree(project.site))


@pytest.mark.parametrize("form", FORMS)
def test_only_under_strict_must_a_transcript_be_approved(
    told: tuple[Project, str, str], run: Run, form: str
) -> None:
    project, recording_id, __ = told
    cite(project, form, id=recording_id)
    for command in ("build", "site", "check"):
        more = ["--engine", "recorded"] if command == "build" else []
        assert run(project, command, *more)[0] == ExitCode.OK
        code, printed = run(project, command, *more, "--strict")
        assert code == ExitCode.LESSON
        assert f"✗ {WHERE} 第 {LINE} 行：引用的录音 {recording_id} 文稿还没有人定稿" in printed
        assert "approved_by" in printed
    approve(project, recording_id)
    for command in ("site", "check"):
        assert run(project, command, "--strict")[0] == ExitCode.OK


def test_a_draft_lesson_says_so_and_is_a_problem_only_under_strict(
    told: tuple[Project, str, str], run: Run
) -> None:
    project, recording_id, __ = told
    approve(project, recording_id)
    cite(project, "block", id=recording_id)
    path = project.courses / "01-qiao" / "lesson.md"
    text = path.read_text("utf-8").replace("grade: 三年级\n", "draft: true\n")
    path.write_text(text.replace("## 动手做\n", ""), "utf-8")
    assert run(project, "site")[0] == ExitCode.OK
    assert "还是草稿" in (project.site / "lessons" / "01.html").read_text("utf-8")
    code, printed = run(project, "check", "--strict")
    assert code == ExitCode.LESSON
    assert f"✗ {WHERE}：这一课还是草稿" in printed


# --- what counts as changed

SEGMENTS = (
    Segment(0, 2, "同学们好，"),
    Segment(2, 4, "这桥是1962年修的。"),
    Segment(4, 6, "老人家天天在桥上聊天。", mandarin="老人每天在桥上聊天。"),
    Segment(20, 22, "别的话。"),
)


def changed(quote: str, status: TranscriptStatus, *segments: Segment) -> bool:
    ref = ClipRef("a", 2.0, 6.0, quote, "x", 1)
    return has_changed(ref, Transcript(segments or SEGMENTS, status))


@pytest.mark.parametrize("status", [TranscriptStatus.EDITED, TranscriptStatus.APPROVED])
@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("这桥是1962年修的。老人家天天在桥上聊天。", False),
        ("这桥，是 一九六二年 修的！", False),
        ("這橋是１９６２年修的", False),
        ("好，这桥是1962年修的", False),
        ("这桥……在桥上聊天", False),
        ("老人每天在桥上聊天", False),
        ("", False),
        ("。。。", False),
        ("这桥是1963年修的", True),
        ("在桥上聊天……这桥", True),
        ("别的话", True),
    ],
)
def test_words_are_compared_without_punctuation(
    status: TranscriptStatus, quote: str, expected: bool
) -> None:
    assert changed(quote, status) is expected


@pytest.mark.parametrize("status", [TranscriptStatus.DRAFT, TranscriptStatus.MISSING])
def test_a_machines_words_are_not_compared(status: TranscriptStatus) -> None:
    assert not changed("这桥是1963年修的", status)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("这乔是1962年修的。", "老人家天天在乔上聊天。"), False),  # nobody has come here yet
        (("这桥是1962年修的。", "老人家天天在乔上聊天。"), False),  # the first line is put right
        (("这桥是1972年修的。", "老人家天天在乔上聊天。"), True),
        (("这桥是1972年修的。", "老人家天天在桥上聊天。"), True),
    ],
)
def test_while_people_are_at_work_only_their_lines_are_compared(
    texts: tuple[str, str], expected: bool
) -> None:
    heard = "這喬是1962年修的,老人家天天在喬上聊天"
    machine = MachineTranscript("a", "", "e", "", "m", "", {}, "cmn", (Segment(0, 6, heard),))
    segments = tuple(Segment(2.0 * n + 2, 2.0 * n + 4, text) for n, text in enumerate(texts))
    edited = mark_drafted(Transcript(segments, TranscriptStatus.EDITED), machine)
    quote = "这桥是1962年修的，老人家天天在桥上聊天。"
    assert changed(quote, TranscriptStatus.EDITED, *edited.segments) is expected
    assert changed(quote, TranscriptStatus.APPROVED, *edited.segments) is (
        texts[0] != "这桥是1962年修的。" or "乔" in texts[1]
    )


def test_a_quotation_in_mandarin_agrees_with_a_line_that_became_dialect() -> None:
    machine = MachineTranscript(
        "a", "", "e", "", "m", "", {}, "cmn", (Segment(2, 6, "甲乙整着河睡觉"),)
    )
    lines = (Segment(2, 4, "我小格辰光", mandarin="我小的时候"), Segment(4, 6, "整着河睡觉"))
    edited = mark_drafted(Transcript(lines, TranscriptStatus.EDITED), machine)
    said, status = edited.segments, TranscriptStatus.EDITED
    assert not changed("我小的时候，枕着河睡觉。", status, *said)
    assert changed("我大的时候，枕着河睡觉。", status, *said)


def test_what_the_glossary_put_right_is_still_the_machines() -> None:
    pair = Replacement("唐桥", "塘桥")
    segment = Segment(0, 2, "塘桥有桥。", replaced=(pair,))
    machine = MachineTranscript("a", "", "e", "", "m", "", {}, "cmn", (Segment(0, 2, "唐橋有橋"),))
    (marked,) = mark_drafted(Transcript((segment,), TranscriptStatus.EDITED), machine).segments
    assert marked.drafted
    draft = Transcript((segment,), TranscriptStatus.DRAFT)
    assert mark_drafted(draft, machine) == draft
    assert mark_drafted(draft, None) == draft


# --- what dialect means

DIALECT = (
    Segment(2, 4, "我小的辰光，", mandarin="我小的时候，"),
    Segment(4, 6, "老街四面是水。"),
)


@pytest.mark.parametrize(
    ("quote", "meaning"),
    [
        ("", "我小的时候，老街四面是水。"),
        ("我小的辰光，老街四面是水。", "我小的时候，老街四面是水。"),
        ("我小的时候，老街四面是水。", ""),
    ],
)
def test_the_meaning_stands_under_words_in_dialect(quote: str, meaning: str) -> None:
    said = Description(narrator="王阿婆", consent=Consent("王", dt.date(2026, 1, 1)))
    technical = Technical("mov", "aac", 45.0, 44_100, 1)
    talk = Recording("a", Kind.TALK, "a", "0" * 64, "a", technical, said)
    entry = Entry(talk, Transcript(DIALECT, TranscriptStatus.APPROVED))
    ref = ClipRef("a", 2.0, 6.0, quote, "x", 1)
    lesson = Lesson(1, "课", (), "", 0, "", (), (), (), "", (ref,), "x")
    problems: list[Problem] = []
    day = dt.date(2026, 6, 1)
    decisions = access_decisions([talk], Days(today=day, clock=day))
    holdings = Holdings({"a": talk}, {"a": entry}, decisions)
    (clip,) = resolve(lesson, holdings, problems, strict=True)
    assert (clip.mandarin, problems) == (meaning, [])
    assert clip_options(clip).get("mandarin", "") == meaning
