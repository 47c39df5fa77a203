"""Read the course and its lessons, and report every problem with file and line."""

import re
from pathlib import Path

from cunshi.catalogue.course.citation_syntax import find_citations, find_invalid_accounts
from cunshi.catalogue.course.events_calendar import read_events
from cunshi.catalogue.course.places import read_places
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import Fields, load_fields, parse_fields, read_text
from cunshi.domain.course import ClipRef, Course, Lesson, PlanStep, TimelineEntry
from cunshi.domain.glossary import Term

SECTIONS = ("开场", "听一听", "想一想", "动手做", "回家任务")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)\r?\n---[ \t]*\r?\n", re.DOTALL)
_NUMBER = re.compile(r"(\d{2})-")
_ADDRESS = re.compile(r"https?://\S+")
_STEP = re.compile(r"(?P<minutes>\d{1,3})\s*(?:分钟|分)?[\s:：]*(?P<what>\S.*)")


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
            TimelineEntry(
                entry.text("when"),
                entry.text("what"),
                entry.text("source"),
                entry.integer("lesson"),
            )
            for entry in fields.sections("timeline")
        ),
        address=_address(fields),
        places=read_places(fields.section("map")),
        events=read_events(fields),
    )
    fields.finish()
    return course


def _address(fields: Fields) -> str:
    address = fields.text("address")
    if address and not _ADDRESS.fullmatch(address):
        cause = _("网址 “{address}” 看不懂").format(address=address)
        fields.report_key("address", cause, _("写成 https:// 开头的网址，或留空"))
        return ""
    return address


def read_lesson(path: Path, where: str, problems: list[Problem]) -> Lesson | None:
    """Read a lesson.md; None if it cannot be read at all."""
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
    body, front_lines = text[match.end() :], text.count("\n", 0, match.end())
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
        refs=_refs(body, where, front_lines, problems),
        where=where,
        plan=_plan(fields),
        draft=fields.flag("draft"),
    )
    fields.finish()
    if not lesson.draft:
        _check_complete(lesson, problems)
    return lesson


def _plan(fields: Fields) -> tuple[PlanStep, ...]:
    """Parse the time plan, a step a line (``5分钟 开场：写名字``), and check its sum."""
    steps = []
    for written in fields.texts("plan"):
        match = _STEP.fullmatch(written)
        if match:
            steps.append(PlanStep(int(match["minutes"]), match["what"]))
        else:
            cause = _("时间安排 “{written}” 看不懂").format(written=written)
            fields.report_key("plan", cause, _("写成：5分钟 开场：写名字"))
    total, minutes = sum(step.minutes for step in steps), fields.integer("minutes")
    if steps and total != minutes:
        cause = _("时间安排加起来是 {total} 分钟，这一课是 {minutes} 分钟")
        fields.report_key("plan", cause.format(total=total, minutes=minutes), _("改一改分钟数"))
    return tuple(steps)


def _refs(body: str, where: str, front_lines: int, problems: list[Problem]) -> tuple[ClipRef, ...]:
    found, unreadable = find_citations(body)
    for line, written in unreadable:
        problems.append(
            Problem(
                ExitCode.LESSON,
                where,
                _("引用 “{written}” 看不懂").format(written=written),
                _("写成：/// clip | 编号 0:12.5-0:20，句子里写成：[听](clip:编号@0:12.5-0:20)"),
                front_lines + line,
            )
        )
    for line, written in find_invalid_accounts(body):
        cause = _("几种说法的一块 “{written}” 不完整").format(written=written)
        remedy = _("第一行写 //// accounts | 题目，里面放两段以上 /// clip，最后一行写 ////")
        problems.append(Problem(ExitCode.LESSON, where, cause, remedy, front_lines + line))
    return tuple(
        ClipRef(
            c.recording_id, c.start, c.end, c.quote, where, front_lines + c.line, c.golden, c.inline
        )
        for c in found
    )


def _check_complete(lesson: Lesson, problems: list[Problem]) -> None:
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
    """Report the key words of a lesson that are not in the glossary."""
    known = {term.term for term in terms}
    for word in lesson.keywords:
        if word not in known:
            cause = _("关键词 “{word}” 不在词语表里").format(word=word)
            remedy = _("把它加进 {glossary}").format(glossary=glossary)
            problems.append(Problem(ExitCode.LESSON, lesson.where, cause, remedy))
