"""What pupils get on paper: a kit's handout and worksheet, each as one HTML document for A4.

The documents hold all that they show, so that they can be set without a network.
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
from cunshi.exports.classroom.kit import Kit, answer, choices, place, who, words_of
from cunshi.exports.classroom.outline import Paragraph, Part, Section, Table

# The parts of a lesson that pupils answer on paper, as on the lesson's page.
THINK, AT_HOME = "想一想", "回家任务"
_LINES_FOR_A_QUESTION, _LINES_AT_HOME = 3, 9
# The longest choice of which four stand side by side, and two.
_QUARTER, _HALF = 7, 17
# Of two marks side by side the first, or the second of two that open, takes half its width
# (https://www.w3.org/TR/clreq/#adjustment_of_punctuation_width); CSS has no way yet that works.
_OPENING, _CLOSING, _PAUSE = "“‘（《「『〈【", "”’）》」』〉】", "，。、；：．"
_HALF_WIDE = re.compile(
    f"[{_CLOSING}{_PAUSE}](?=[{_OPENING}{_CLOSING}{_PAUSE}！？])|(?<=[{_OPENING}])[{_OPENING}]"
)


@dataclass(frozen=True)
class _Block:
    """A part of the lesson as it is set; ``number`` is that of a clip that can be heard."""

    kind: str
    part: Part
    number: int = 0


@dataclass(frozen=True)
class _Answer:
    """A line of the answer key."""

    right: str
    why: str
    heard: str


def make_handout(kit: Kit) -> str:
    """The handout: what the lesson says, for reading again."""
    return _render("handout", kit, sections=_sections(kit), code=_code(kit))


def make_worksheet(kit: Kit) -> str:
    """The worksheet: quiz, questions and the task for home; the answers on a page of their own."""
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
    view = {"marked": _marked, "place": place, "set": _set, "who": who, "words_of": words_of}
    return render_html(template, kit=kit, lesson=kit.lesson, view=view, **context)


def _sections(kit: Kit) -> list[tuple[str, list[_Block]]]:
    """The lesson's sections; its clips are numbered as in the lesson plan."""
    blocks = _blocks(kit.sections)
    return [(s.title, [next(blocks) for __ in s.parts]) for s in kit.sections]


def _blocks(sections: Iterable[Section]) -> Iterator[_Block]:
    number = 0
    for part in (part for section in sections for part in section.parts):
        heard = isinstance(part, Clip) and bool(part.audio)
        number += heard
        yield _Block(_kind(part), part, number if heard else 0)


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


def _marked(paragraph: Paragraph) -> Markup:
    """The words of a paragraph; escaped here, because between runs a space counts."""
    strong = Markup("<strong>{}</strong>")
    runs = [
        strong.format(_set(run.text)) if run.strong else _set(run.text) for run in paragraph.runs
    ]
    return Markup().join(runs)


def _set(text: str) -> Markup:
    """A text with its punctuation as Chinese type is set, each mark once."""
    half = Markup('<span class="half">{}</span>')
    found = _HALF_WIDE.finditer(text)
    parts, end = [], 0
    for mark in found:
        parts += [escape(text[end : mark.start()]), half.format(mark[0])]
        end = mark.end()
    return Markup().join([*parts, escape(text[end:])])


def _columns(question: Question) -> int:
    """How many choices stand side by side."""
    longest = max(map(len, question.choices), default=0)
    return 4 if longest <= _QUARTER else 2 if longest <= _HALF else 1


def _answer(kit: Kit, question: Question) -> _Answer:
    clip = kit.answer_clip(question)
    heard = f"听：{clean(clip.speaker)}，{place(clip)}" if clip else ""
    return _Answer(answer(question), clean(question.explain), heard)


def _code(kit: Kit) -> Markup:
    """A QR code that leads to the lesson online, or nothing."""
    address = kit.course.address_of(f"lessons/{kit.lesson.number:02d}.html")
    if not address:
        return Markup()
    made = segno.make(address, error="m", micro=False)
    return Markup(made.svg_inline(border=2, omitsize=True))  # noqa: S704 - its own rectangles
