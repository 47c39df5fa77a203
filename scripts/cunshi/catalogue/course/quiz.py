"""Read the quiz and the teacher's notes of a lesson.

Invalid questions are reported and left out; a question with an invalid clip is kept without it.
"""

import unicodedata
from pathlib import Path

from cunshi.catalogue.course.citation_syntax import find_citations, parse_argument
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import Fields, load_list, read_text
from cunshi.domain.course import ClipRef, Question

LETTERS = "ABCDEFGH"
_ALIASES = {
    "问题": "question",
    "题目": "question",
    "选项": "choices",
    "答案": "answer",
    "讲解": "explain",
    "解释": "explain",
    "录音": "clip",
}
QuizItem = tuple[Question, ClipRef | None]


def read_quiz(path: Path, where: str, problems: list[Problem]) -> tuple[QuizItem, ...]:
    """Return the questions of a quiz.yml with their citations; none if the file is missing."""
    if not path.exists():
        return ()
    try:
        items = list(load_list(path, where, problems, _ALIASES, ExitCode.LESSON))
    except CunshiError as error:
        problems.append(Problem(ExitCode.LESSON, where, error.cause, error.remedy))
        return ()
    return tuple(item for item in map(_question, items) if item)


def _question(fields: Fields) -> QuizItem | None:
    prompt, choices = fields.text("question"), fields.texts("choices")
    explain, ref = fields.text("explain"), _ref(fields)
    answer = _answer(fields, choices)
    fields.finish()
    if not prompt:
        fields.report_key("question", _("这一题没有写问题"), _("补上 question"))
    if few_or_many := not 2 <= len(choices) <= len(LETTERS):
        cause = _("“{prompt}” 要有 2 到 {most} 个选项").format(prompt=prompt, most=len(LETTERS))
        fields.report_key("choices", cause, _("写成 choices: [甲, 乙, 丙]"))
    if not prompt or few_or_many or answer is None:
        return None
    return Question(prompt, choices, answer, explain, fields.text("clip") if ref else ""), ref


def _answer(fields: Fields, choices: tuple[str, ...]) -> int | None:
    """Return the index of the right choice, given as its text or its letter."""
    written = fields.text("answer")
    letter = unicodedata.normalize("NFKC", written).upper().rstrip(".、)")
    if written in choices:
        return choices.index(written)
    if len(letter) == 1 and letter in LETTERS[: len(choices)]:
        return LETTERS.index(letter)
    prompt = fields.text("question")
    cause = _("“{prompt}” 没有写答案").format(prompt=prompt)
    if written:
        cause = _("答案 “{written}” 不在选项里").format(written=written)
    fields.report_key("answer", cause, _("answer 写正确的那个选项，或它的字母 A、B、C"))
    return None


def _ref(fields: Fields) -> ClipRef | None:
    written = fields.text("clip")
    if not written:
        return None
    try:
        recording_id, start, end = parse_argument(written)
    except ValueError:
        cause = _("引用 “{written}” 看不懂").format(written=written)
        fields.report_key("clip", cause, _("写成：录音编号 0:12.5-0:20，和课文里的一样"))
        return None
    return ClipRef(recording_id, start, end, "", fields.where, fields.line_of("clip"))


def read_teacher_notes(path: Path, where: str, problems: list[Problem]) -> str:
    """Return the Markdown of a teacher.md, empty if it is missing.

    Notes with a citation are reported and left out, because the access of the cited recording is
    not checked here.
    """
    if not path.exists():
        return ""
    try:
        text = read_text(path).replace("\r\n", "\n").strip()
    except CunshiError as error:
        problems.append(Problem(ExitCode.LESSON, where, error.cause, error.remedy))
        return ""
    found, unreadable = find_citations(text + "\n")
    lines = [*(citation.line for citation in found), *(line for line, __ in unreadable)]
    if lines:
        cause, remedy = _("给老师的话里不能引用录音"), _("把引用放进 lesson.md")
        problems.append(Problem(ExitCode.LESSON, where, cause, remedy, min(lines)))
        return ""
    return text
