"""courses/ → Lessons; their citations → Clips. Every problem with its file and line."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cunshi.citations import find_citations
from cunshi.errors import CunshiError, ExitCode
from cunshi.events import read_events
from cunshi.fields import load_fields, parse_fields, read_text
from cunshi.i18n import _
from cunshi.model import (
    Access,
    Clip,
    ClipRef,
    Course,
    Entry,
    Lesson,
    Problem,
    Recording,
    Term,
    TimelineEntry,
    TranscriptStatus,
)
from cunshi.places import read_places

SECTIONS = ("开场", "听一听", "想一想", "动手做", "回家任务")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)\r?\n---[ \t]*\r?\n", re.DOTALL)
# Printed on the page, which is in Chinese whatever language the messages are in.
_WITHHELD = "这段录音现在不能播放"
_NUMBER = re.compile(r"(\d{2})-")


def read_course(path: Path, where: str, problems: list[Problem]) -> Course:
    """Read courses/course.yml."""
    if not path.exists():
        problems.append(Problem(ExitCode.CONFIGURATION, where, _("没有这个文件")))
    fields = load_fields(path, where, problems)
    course = Course(
        title=fields.text("title"),
        subtitle=fields.text("subtitle"),
        about=fields.text("about"),
        contact=fields.text("contact"),
        lessons=fields.texts("lessons"),
        timeline=tuple(
            TimelineEntry(entry.text("when"), entry.text("what"), entry.text("source"))
            for entry in fields.sections("timeline")
        ),
        places=read_places(fields.section("map")),
        events=read_events(fields),
    )
    fields.finish()
    return course


def read_lesson(path: Path, where: str, problems: list[Problem]) -> Lesson | None:
    """Read one lesson.md; None when the file cannot be read at all."""
    try:
        text = read_text(path).replace("\r\n", "\n")
    except CunshiError as error:
        problems.append(Problem(ExitCode.LESSON, where, error.cause, error.remedy))
        return None
    match = _FRONT_MATTER.match(text)
    number = _NUMBER.match(path.parent.name)
    if not match or not number:
        cause = _("开头要有 --- 之间的课程信息，文件夹名要以两位课号开头")
        problems.append(Problem(ExitCode.LESSON, where, cause, _("照着别的课写"), 1))
        return None
    fields = parse_fields(match["yaml"], where, problems, code=ExitCode.LESSON, first_line=2)
    body, before = text[match.end() :], text.count("\n", 0, match.end())
    lesson = Lesson(
        number=int(number[1]),
        title=fields.text("title"),
        villages=fields.texts("villages"),
        grade=fields.text("grade"),
        minutes=fields.integer("minutes"),
        summary=fields.text("summary"),
        objectives=fields.texts("objectives"),
        keywords=fields.texts("keywords"),
        sources=fields.texts("sources"),
        body=body,
        refs=_refs(body, where, before, problems),
        where=where,
    )
    fields.finish()
    _check_whole(lesson, problems)
    return lesson


def _refs(body: str, where: str, before: int, problems: list[Problem]) -> tuple[ClipRef, ...]:
    found, unreadable = find_citations(body)
    for line, written in unreadable:
        problems.append(
            Problem(
                ExitCode.LESSON,
                where,
                _("引用 “{written}” 看不懂").format(written=written),
                _("写成：/// clip | 录音编号 0:12.5-0:20"),
                before + line,
            )
        )
    return tuple(
        ClipRef(c.recording_id, c.start, c.end, c.quote, where, before + c.line) for c in found
    )


def _check_whole(lesson: Lesson, problems: list[Problem]) -> None:
    headings = set(re.findall(r"^## +(.+?)\s*$", lesson.body, re.MULTILINE))
    missing = [f"## {name}" for name in SECTIONS if name not in headings]
    front = {
        "title": lesson.title,
        "villages": lesson.villages,
        "grade": lesson.grade,
        "minutes": lesson.minutes,
        "objectives": lesson.objectives,
        "keywords": lesson.keywords,
        "sources": lesson.sources,
    }
    missing += [name for name, value in front.items() if not value]
    missing += [] if lesson.refs else ["/// clip"]
    if missing:
        cause = _("这一课还缺：{missing}").format(missing="、".join(missing))
        problems.append(Problem(ExitCode.LESSON, lesson.where, cause, _("请补上")))


def check_keywords(
    lesson: Lesson, terms: tuple[Term, ...], glossary: str, problems: list[Problem]
) -> None:
    """Report the key words of a lesson that the glossary does not explain."""
    known = {term.term for term in terms}
    for word in lesson.keywords:
        if word not in known:
            cause = _("关键词 “{word}” 不在词语表里").format(word=word)
            remedy = _("把它加进 {glossary}").format(glossary=glossary)
            problems.append(Problem(ExitCode.LESSON, lesson.where, cause, remedy))


def resolve(
    lesson: Lesson,
    recordings: Mapping[str, Recording],
    entries: Mapping[str, Entry],
    today: dt.date,
    problems: list[Problem],
) -> tuple[Clip, ...]:
    """The clips that a lesson cites; what may not be heard comes back withheld, and reported.

    ``entries`` are the recordings that may be published, by id.
    """
    return tuple(_clip(ref, recordings, entries, today, problems) for ref in lesson.refs)


def _clip(
    ref: ClipRef,
    recordings: Mapping[str, Recording],
    entries: Mapping[str, Entry],
    today: dt.date,
    problems: list[Problem],
) -> Clip:
    recording, entry = recordings.get(ref.recording_id), entries.get(ref.recording_id)
    withheld, remedy = _why_withheld(ref, recording, entry, today)
    if withheld or recording is None or entry is None:
        problems.append(Problem(ExitCode.LESSON, ref.where, withheld, remedy, ref.line))
        return Clip(replace(ref, quote=""), withheld=_WITHHELD)
    heard = entry.transcript.words_between(ref.start, ref.end)
    status = TranscriptStatus.APPROVED if ref.quote else entry.transcript.status
    millis = f"{round(ref.start * 1000)}-{round(ref.end * 1000)}"
    return Clip(
        ref=ref,
        words=ref.quote or heard,
        status=status,
        speaker=recording.description.narrator,
        village=recording.description.village,
        date=recording.description.date,
        audio=f"clips/{recording.id}-{millis}.m4a",
        golden=ref.golden,
    )


def _why_withheld(
    ref: ClipRef, recording: Recording | None, entry: Entry | None, today: dt.date
) -> tuple[str, str]:
    """Why a citation may not be heard, and what to do; empty when it may."""
    if recording is None:
        return (
            _("引用的录音 {id} 不在档案库里").format(id=ref.recording_id),
            _("检查编号；录音还没收进来时，先把它放进 recordings"),
        )
    if entry is None:
        if recording.access(today) is Access.SEALED and not recording.description.consent.holds(
            today
        ):
            return (
                _("引用的录音 {id} 没有有效的同意书").format(id=ref.recording_id),
                _("在 folder.yml 或 recording.yml 里登记 consent，或换一段引用"),
            )
        return (
            _("引用的录音 {id} 不公开").format(id=ref.recording_id),
            _("换一段引用，或请档案员改 access"),
        )
    if ref.end > recording.technical.duration + 0.5:
        return (
            _("引用的时间超出了录音的长度（{seconds} 秒）").format(
                seconds=recording.technical.duration
            ),
            _("检查起止时间"),
        )
    return "", ""
