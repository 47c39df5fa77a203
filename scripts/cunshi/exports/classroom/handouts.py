"""Render a kit's handout and worksheet for pupils as standalone HTML documents for A4.

The documents embed everything, so that they can be printed offline.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import segno
from markupsafe import Markup, escape

from cunshi.catalogue.templating import render_html
from cunshi.core.text import clean
from cunshi.domain.course import Clip, Question
from cunshi.exports.classroom.kit import (
    Kit,
    answer,
    choices,
    clip_credit,
    clip_location,
    clip_words,
)
from cunshi.exports.classroom.outline import Paragraph, Part, Section, Table

# The parts of a lesson that pupils answer on paper; titles as on the lesson's page.
THINK, AT_HOME = "想一想", "回家任务"
_LINES_FOR_A_QUESTION, _LINES_AT_HOME = 3, 9
# Maximum length of choices in four columns, and in two.
_QUARTER_LENGTH, _HALF_LENGTH = 7, 17
# Adjacent punctuation marks are set at half width
# (https://www.w3.org/TR/clreq/#adjustment_of_punctuation_width); CSS support is insufficient.
_OPENING, _CLOSING, _PAUSE = "“‘（《「『〈【", "”’）》」』〉】", "，。、；：．"
_HALF_WIDE = re.compile(
    f"[{_CLOSING}{_PAUSE}](?=[{_OPENING}{_CLOSING}{_PAUSE}！？])|(?<=[{_OPENING}])[{_OPENING}]"
)


@dataclass(frozen=True)
class _Block:
    """A part of the lesson as printed; ``number`` is that of a clip with audio."""

    kind: str
    part: Part
    number: int = 0


@dataclass(frozen=True)
class _Answer:
    """A line of the answer key."""

    right: str
    why: str
    audio: str


def make_handout(kit: Kit) -> str:
    """Return the handout: the lesson for reading again."""
    return _render("handout", kit, sections=_sections(kit), code=_code(kit))


def make_worksheet(kit: Kit) -> str:
    """Return the worksheet: quiz, questions and homework, with the answers on a separate page."""
    return _render(
        "worksheet",
        kit,
        quiz=[(question, choices(question), _columns(question)) for question in kit.lesson.quiz],
        think=_blocks_of(kit, THINK),
        at_home=_blocks_of(kit, AT_HOME),
        key=[_answer(kit, question) for question in kit.lesson.quiz],
        lines=range(_LINES_FOR_A_QUESTION),
        many_lines=range(_LINES_AT_HOME),
    )


def _render(template: str, kit: Kit, **context: Any) -> str:
    view = {
        "render_runs": _render_runs,
        "clip_location": clip_location,
        "typeset": _typeset,
        "clip_credit": clip_credit,
        "clip_words": clip_words,
    }
    return render_html(template, kit=kit, lesson=kit.lesson, view=view, **context)


def _sections(kit: Kit) -> list[tuple[str, list[_Block]]]:
    """Return the lesson's sections; clips are numbered as in the lesson plan."""
    blocks = _blocks(kit.sections)
    return [(s.title, [next(blocks) for __ in s.parts]) for s in kit.sections]


def _blocks(sections: Iterable[Section]) -> Iterator[_Block]:
    number = 0
    for part in (part for section in sections for part in section.parts):
        audio = isinstance(part, Clip) and bool(part.audio)
        number += audio
        yield _Block(_kind(part), part, number if audio else 0)


def _kind(part: Part) -> str:
    if isinstance(part, Clip):
        return "withheld" if part.withheld else "clip"
    if isinstance(part, Table):
        return "table"
    if part.heading:
        return "heading"
    return "item" if part.depth else "paragraph"


def _blocks_of(kit: Kit, title: str) -> list[_Block]:
    return [block for name, blocks in _sections(kit) if name.startswith(title) for block in blocks]


def _render_runs(paragraph: Paragraph) -> Markup:
    """Return the HTML of a paragraph, escaped here because spaces between runs matter."""
    strong = Markup("<strong>{}</strong>")
    runs = [
        strong.format(_typeset(run.text)) if run.strong else _typeset(run.text)
        for run in paragraph.runs
    ]
    return Markup().join(runs)


def _typeset(text: str) -> Markup:
    """Return the HTML of a text with half-width punctuation where Chinese typesetting requires
    it.
    """
    half = Markup('<span class="half">{}</span>')
    found = _HALF_WIDE.finditer(text)
    parts, end = [], 0
    for mark in found:
        parts += [escape(text[end : mark.start()]), half.format(mark[0])]
        end = mark.end()
    return Markup().join([*parts, escape(text[end:])])


def _columns(question: Question) -> int:
    """Return the number of columns for the choices."""
    longest = max(map(len, question.choices), default=0)
    return 4 if longest <= _QUARTER_LENGTH else 2 if longest <= _HALF_LENGTH else 1


def _answer(kit: Kit, question: Question) -> _Answer:
    clip = kit.answer_clip(question)
    audio = f"听：{clean(clip.speaker)}，{clip_location(clip)}" if clip else ""
    return _Answer(answer(question), clean(question.explain), audio)


def _code(kit: Kit) -> Markup:
    """Return a QR code of the lesson's URL, empty if there is none."""
    address = kit.course.address_of(f"lessons/{kit.lesson.number:02d}.html")
    if not address:
        return Markup()
    made = segno.make(address, error="m", micro=False)
    return Markup(made.svg_inline(border=2, omitsize=True))  # noqa: S704 - its own rectangles
