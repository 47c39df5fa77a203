"""Draft a lesson from recordings: clips, key words, and placeholders for its author.

Placeholders are visible text. The draft contains no names and no words of a recording: the page
takes them from the archive, as long as they may be published.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.project import Project
from cunshi.catalogue.course.citations import why_withheld
from cunshi.catalogue.course.excerpts import Excerpt, choose_excerpts, spoken_terms
from cunshi.catalogue.course.lessons import read_course
from cunshi.core.errors import ExitCode, LessonError
from cunshi.core.files import to_nfc, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.text import clean, escape_title
from cunshi.core.yaml_edit import append_item
from cunshi.domain.access import Days, access_decisions
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Transcript
from cunshi.domain.withholding import as_published

_MAX_KEYWORDS = 8
_MAX_TERMS = 4
_MINUTES = 40
_LESSONS_IN_LINES = re.compile(r"^lessons:[ \t]*(?:\[[ \t]*\])?[ \t]*(?:#.*)?\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """A recording for a draft lesson, with the passages to cite."""

    recording: Recording
    transcript: Transcript
    excerpts: tuple[Excerpt, ...]


@dataclass(frozen=True)
class Drafted(Result):
    """The draft that was written; ``name`` is its folder's, in course.yml if ``added``."""

    path: Path
    name: str
    added: bool


def check_sources(
    ids: Iterable[str],
    recordings: Mapping[str, Recording],
    transcripts: Mapping[str, Transcript],
    days: Days,
) -> list[Problem]:
    """Return the reasons why a lesson may not be drafted from these recordings."""
    problems, decisions = [], access_decisions(recordings.values(), days)
    for recording_id in ids:
        cause, remedy = why_withheld(recording_id, decisions.get(recording_id))
        if not cause and not transcripts[recording_id].segments:
            cause = _("录音 {id} 还没有文稿").format(id=recording_id)
            remedy = _("先运行 transcribe，或写好它的 transcript.vtt")
        if cause:
            problems.append(Problem(ExitCode.LESSON, "", cause, remedy))
    return problems


def prepare_source(
    project: Project,
    recording: Recording,
    transcript: Transcript,
    terms: Sequence[Term],
    limit: int,
) -> Source:
    """Return a recording with at most ``limit`` passages for a lesson."""
    machine = read_machine_json(project.accession(recording.id).machine)
    words = [word for segment in machine.segments for word in segment.words] if machine else []
    excerpts = choose_excerpts(transcript, words, [term.term for term in terms], limit)
    return Source(recording, as_published(transcript), tuple(excerpts))


def write_draft(
    project: Project, number: int, sources: Sequence[Source], terms: Sequence[Term], slug: str = ""
) -> Drafted:
    """Write courses/<number>-<slug>/lesson.md and add it to course.yml.

    Raises LessonError if the lesson already has a folder.
    """
    for folder in sorted(project.courses.glob(f"{number:02d}-*")):
        raise LessonError(
            _("第 {number} 课已经有文件夹了，没有动它").format(number=number),
            _("接着写那个文件夹里的 lesson.md，或换一个课号"),
            where=project.relative(folder),
        )
    name = f"{number:02d}-{_slug(slug or _title(sources)) or 'lesson'}"
    path = project.courses / name / "lesson.md"
    write_atomic(path, format_draft(sources, terms))
    return Drafted(path, name, _add_to_course(project, name))


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", clean(to_nfc(text))).strip("-_")[:24].lower()


def _title(sources: Sequence[Source]) -> str:
    titles = (clean(source.recording.description.title) for source in sources)
    return next(filter(None, titles), "")


def format_draft(sources: Sequence[Source], terms: Sequence[Term]) -> str:
    """Return the text of lesson.md."""
    return f"---\n{_front_matter(sources, terms)}---\n\n{_body(sources)}"


def _front_matter(sources: Sequence[Source], terms: Sequence[Term]) -> str:
    cited = "".join(e.text for source in sources for e in source.excerpts)
    whole = "".join(s.text for source in sources for s in source.transcript.segments)
    spoken = spoken_terms(f"{cited}\n{whole}", [term.term for term in terms])
    villages = dict.fromkeys(clean(source.recording.description.village) for source in sources)
    values = {
        "draft": True,
        "title": _title(sources) or _placeholder("课名"),
        "villages": [village for village in villages if village],
        "grade": _placeholder("几年级"),
        "minutes": _MINUTES,
        "summary": _placeholder("一句话说这一课讲什么"),
        "objectives": [_placeholder("学完这一课，学生能做什么"), _placeholder("学生能说出什么")],
        "keywords": list(spoken[:_MAX_KEYWORDS]),
        "sources": [_placeholder("查过哪些书和资料，来核对讲述人的话")],
    }
    # JSON is valid YAML, so that any title remains a string.
    return "".join(f"{k}: {json.dumps(v, ensure_ascii=False)}\n" for k, v in values.items())


def _placeholder(question: str) -> str:
    """Return a placeholder for the author, in Chinese like the page."""
    return f"（请作者写：{question}）"


def _body(sources: Sequence[Source]) -> str:
    steps = [f"{n}. {_placeholder(f'第{word}步，几分钟')}" for n, word in enumerate("一二三", 1)]
    return "\n\n".join(
        [
            "## 开场",
            _placeholder("用学生身边的一件事，引到老人要讲的事"),
            "## 听一听",
            *(part for source in sources for part in _clip_blocks(source)),
            "## 想一想",
            f"1. {_placeholder('听了就能答的问题')}\n"
            f"2. {_placeholder('要想一想、答案不止一个的问题')}\n"
            f"3. {_placeholder('可以回家去问老人的问题')}",
            "## 动手做",
            _placeholder("活动的名字，要几分钟，用什么材料"),
            "\n".join(steps),
            "## 回家任务",
            _placeholder("回家去问谁、问什么？请提醒学生，录音以前先问老人愿不愿意") + "\n",
        ]
    )


def _clip_blocks(source: Source) -> list[str]:
    if not source.excerpts:
        return [_placeholder("这段录音里没有挑出合适的一段，请听一听，自己选")]
    parts = [_placeholder("讲述人是谁？听的时候留意什么？")]
    for excerpt in source.excerpts:
        start = _format_hundredths(math.floor(excerpt.start * 100))
        end = _format_hundredths(math.ceil(excerpt.end * 100))
        parts += [f"/// clip | {source.recording.id} {start}-{end}\n///", _clip_question(excerpt)]
    return parts


def _format_hundredths(hundredths: int) -> str:
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes}:{rest // 100:02d}.{rest % 100:02d}"


def _clip_question(excerpt: Excerpt) -> str:
    spoken = "".join(f"“{escape_title(term)}”" for term in excerpt.terms[:_MAX_TERMS])
    terms = f"里面有{spoken}。" if spoken else ""
    return _placeholder(f"为什么选上面这一段？{terms}哪句有资料可查，哪句只有讲述人讲过？")


def _add_to_course(project: Project, name: str) -> bool:
    """Append the lesson to course.yml and keep all other bytes; return False if that is not
    safe.
    """
    path = project.courses / "course.yml"
    try:
        before = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    after = add_lesson(before, name)
    temporary = path.with_name(".course.yml.tmp")
    if after is None:
        return False
    course = read_course(path, "", [])
    try:
        problems: list[Problem] = []
        temporary.write_bytes(after.encode())
        edited_course = read_course(temporary, "", problems)
    finally:
        temporary.unlink(missing_ok=True)
    if problems or edited_course != replace(course, lessons=(*course.lessons, name)):
        return False
    write_atomic(path, after)
    return True


def add_lesson(text: str, name: str) -> str | None:
    """Return the text of course.yml with one more lesson; None if its list is a flow sequence."""
    if not _LESSONS_IN_LINES.search(text):
        return None
    try:
        return append_item(text, "lessons", name)
    except yaml.YAMLError:
        return None
