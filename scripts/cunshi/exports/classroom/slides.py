"""Make a lesson's slides: large type for a projector, embedded audio, speaker notes.

Every slide has a real title, for the outline and for screen readers. The template's layouts are
stretched to 16:9, so that slides added by a teacher fit.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR
from pptx.util import Inches, Pt

from cunshi.catalogue.course.places import is_about, place_marks
from cunshi.core.text import clean
from cunshi.core.zipfiles import normalise_zip
from cunshi.domain.course import Clip, Question
from cunshi.exports.classroom.kit import (
    Kit,
    answer,
    choices,
    clip_credit,
    clip_location,
    clip_words,
)
from cunshi.exports.classroom.outline import Paragraph, Run, Section, Table
from cunshi.exports.classroom.slides_fit import LEADING, Fit, fit_pages
from cunshi.exports.classroom.slides_shapes import (
    GREEN,
    HEIGHT,
    INK,
    KAI,
    RED,
    SANS,
    SHEET,
    SOFT,
    WIDTH,
    add_bar,
    add_label,
    add_notes,
    add_text,
    draw_button,
    emphasise,
    emphasise_heads,
    make_audio,
    place_shape,
    set_theme_fonts,
    stretch,
    style_run,
    write_lines,
)

_BODY_LEFT, _BODY_TOP, _BODY_WIDTH, _BODY_HEIGHT = 0.9, 1.75, WIDTH - 1.8, 5.05
_MIME = "audio/mp4"
_WRITTEN = dt.datetime(2000, 1, 1)
_TITLE_ONLY = 5


def make_slides(kit: Kit, find_audio: Callable[[str], Path]) -> bytes:
    """Return the slides of a kit as .pptx; ``find_audio`` returns a clip's file by its path."""
    deck = _Deck(kit, find_audio)
    deck.add_title()
    deck.add_list("学完这一课，你能", kit.lesson.objectives)
    has_quiz = False
    for section in kit.sections:
        if section.title == "回家任务":
            deck.add_quiz()
            has_quiz = True
        deck.add_section(section)
        if section.title == "听一听":
            deck.add_timeline()
            deck.add_map()
            deck.add_words()
    if not has_quiz:
        deck.add_quiz()
    deck.add_list("资料来源", kit.lesson.sources, max_size=22)
    return deck.save()


class _Deck:
    """The slides of a lesson, added in order."""

    def __init__(self, kit: Kit, find_audio: Callable[[str], Path]):
        self._kit = kit
        self._find_audio = find_audio
        self._voices = 0
        self._presentation = Presentation()
        stretch(self._presentation)
        set_theme_fonts(self._presentation)
        about = self._presentation.core_properties
        about.title = f"{kit.heading} {kit.title}（课件）"
        about.author = clean(kit.archive.institution) or clean(kit.course.title)
        about.language = "zh-CN"
        about.created = about.modified = _WRITTEN

    def save(self) -> bytes:
        made = BytesIO()
        self._presentation.save(made)
        return normalise_zip(made.getvalue())

    def add_title(self) -> None:
        """Add the title slide, with the teacher's notes as speaker notes."""
        kit = self._kit
        slide = self._presentation.slides.add_slide(self._presentation.slide_layouts[_TITLE_ONLY])
        add_bar(slide, GREEN, 0, 0, 0.35, HEIGHT)
        title = slide.shapes.title
        place_shape(title, 1.2, 2.3, WIDTH - 2.4, 1.6)
        size = fit_pages([kit.title], WIDTH - 2.4, 1.6, 60, 24)[0].size
        write_lines(title, [kit.title], size, SANS, INK, strong=True)
        add_text(slide, [kit.heading], (1.2, 1.6, 6, 0.8), 30, RED, strong=True)
        for page in fit_pages([clean(kit.lesson.summary)], WIDTH - 2.4, 1.4, 24, 12)[:1]:
            add_text(slide, page.lines, (1.2, 3.95, WIDTH - 2.4, 1.4), page.size, SOFT)
        facts = [value for label, value in kit.facts if label not in {"课程", "听录音"}]
        add_text(slide, [" · ".join(facts)], (1.2, 5.5, WIDTH - 2.4, 0.5), 18, GREEN)
        add_text(slide, [clean(kit.course.title)], (1.2, 6.5, WIDTH - 2.4, 0.5), 16, SOFT)
        plan = [f"{step.minutes} 分钟　{clean(step.what)}" for step in kit.lesson.plan]
        add_notes(slide, [*plan, *map(paragraph_line, kit.teacher)])

    def add_section(self, section: Section) -> None:
        """Add the slides of a section. If it has clips, each gets a slide and the text goes to the
        notes.

        Pupils listen and watch; the transitions between clips are spoken by the teacher.
        """
        has_clips = any(isinstance(part, Clip) and part.audio for part in section.parts)
        if not has_clips:
            self.add_paragraphs(section.title or self._kit.title, section.paragraphs)
        before = list[str]()
        for part in section.parts:
            if isinstance(part, Clip) and part.audio:
                self._add_clip(part, before)
                before = []
            elif isinstance(part, Table):
                self._add_table(section.title, part.rows, before if has_clips else [])
                before = []
            elif isinstance(part, Paragraph) and has_clips:
                before.append(paragraph_line(part))
        if before and len(self._presentation.slides):
            last = self._presentation.slides[len(self._presentation.slides) - 1]
            add_notes(last, ["接下来可以说：", *before])

    def add_list(self, title: str, items: Sequence[str], max_size: int = 34) -> None:
        """Add slides with bullet points."""
        points = [Paragraph((Run(text),), "•", 1) for text in map(clean, items) if text]
        self.add_paragraphs(title, points, max_size)

    def add_paragraphs(
        self, title: str, paragraphs: Sequence[Paragraph], max_size: int = 34
    ) -> None:
        """Add as many slides as the paragraphs need at a size readable from the last row."""
        for page in fit_pages(
            list(map(paragraph_line, paragraphs)), _BODY_WIDTH, _BODY_HEIGHT, max_size, 22
        ):
            slide = self._new(title)
            add_text(
                slide,
                page.lines,
                (_BODY_LEFT, _BODY_TOP, _BODY_WIDTH, _BODY_HEIGHT),
                page.size,
                INK,
            )

    def add_words(self) -> None:
        """Add the key words with pronunciation and meaning."""
        lines = [
            f"{word}（{pinyin}）：{meaning}"
            if pinyin
            else f"{word}：{meaning}"
            if meaning
            else word
            for word, pinyin, meaning in self._kit.words
        ]
        for page in fit_pages(lines, _BODY_WIDTH, _BODY_HEIGHT, 28, 20):
            slide = self._new("词语")
            box = add_text(
                slide,
                page.lines,
                (_BODY_LEFT, _BODY_TOP, _BODY_WIDTH, _BODY_HEIGHT),
                page.size,
                INK,
            )
            emphasise_heads(box)

    def add_timeline(self) -> None:
        """Add the entries of the timeline about this lesson."""
        entries = [(clean(e.when), clean(e.what), clean(e.source)) for e in self._kit.timeline]
        if entries:
            rows = [("时间", "事情"), *((when, what) for when, what, __ in entries)]
            sources = [f"{when}：{source}" for when, __, source in entries if source]
            self._add_table("年表", rows, sources, (0.22, 0.78))

    def add_map(self) -> None:
        """Add the map of villages, with the places of the lesson highlighted."""
        highlighted = {
            place.slug for place in self._kit.course.places if is_about(self._kit.lesson, place)
        }
        if not highlighted:
            return
        slide = self._new("示意图")
        scale = min(_BODY_WIDTH / 1000, (_BODY_HEIGHT - 0.3) / 600)
        left = _BODY_LEFT + (_BODY_WIDTH - 1000 * scale) / 2
        for mark in place_marks(self._kit.course.places):
            add_label(
                slide,
                clean(mark.name),
                (left + mark.x * scale, _BODY_TOP + mark.y * scale),
                strong=mark.slug in highlighted,
            )
        note = ["只画出有哪些村子、哪些古迹和风物，不表示方向和远近。"]
        add_text(
            slide, note, (_BODY_LEFT, _BODY_TOP + _BODY_HEIGHT - 0.25, _BODY_WIDTH, 0.4), 14, SOFT
        )

    def add_quiz(self) -> None:
        """Add each question, followed by its answer."""
        for number, question in enumerate(self._kit.lesson.quiz, 1):
            self._add_question(number, question)

    def _add_question(self, number: int, question: Question) -> None:
        """Add a question and its answer, with the clip that contains it."""
        question_lines = [clean(question.prompt), *choices(question)]
        title = f"小测验 {number}"
        self.add_paragraphs(title, [Paragraph((Run(line),)) for line in question_lines])
        solution = [answer(question), clean(question.explain)]
        lines = [clean(question.prompt), *filter(None, solution)]
        clip = self._kit.answer_clip(question)
        down = _BODY_HEIGHT - 1.3 if clip else _BODY_HEIGHT
        for n, page in enumerate(fit_pages(lines, _BODY_WIDTH, down, 32, 20)):
            slide = self._new(f"{title} 答案")
            box = add_text(
                slide, page.lines, (_BODY_LEFT, _BODY_TOP, _BODY_WIDTH, down), page.size, INK
            )
            if n == 0 and len(box.text_frame.paragraphs) > 1:
                emphasise(box.text_frame.paragraphs[1], GREEN)
            if n == 0 and clip:
                self._add_voice(slide, clip, 5.75, "")

    def _new(self, title: str) -> Any:
        slide = self._presentation.slides.add_slide(self._presentation.slide_layouts[_TITLE_ONLY])
        add_bar(slide, RED, _BODY_LEFT, 0.62, 0.12, 0.72)
        place_shape(slide.shapes.title, _BODY_LEFT + 0.25, 0.5, _BODY_WIDTH - 0.3, 0.95)
        size = 36 if len(title) <= 24 else 26
        write_lines(slide.shapes.title, [clean(title)], size, SANS, GREEN, strong=True)
        foot = f"{self._kit.heading} {self._kit.title}"
        add_text(slide, [foot], (_BODY_LEFT, 6.95, _BODY_WIDTH, 0.35), 12, SOFT)
        return slide

    def _add_clip(self, clip: Clip, before: Sequence[str]) -> None:
        self._voices += 1
        words, down = clip_words(clip), 3.7
        pages = fit_pages([words], _BODY_WIDTH, down, 40, 24) or [Fit(24, ())]
        for n, page in enumerate(pages):
            slide = self._new(f"听一听 {self._voices}" + (f"（接上，{n + 1}）" if n else ""))
            if page.lines:
                box = add_text(
                    slide,
                    page.lines,
                    (_BODY_LEFT, _BODY_TOP, _BODY_WIDTH, down),
                    page.size,
                    INK,
                    KAI,
                )
                box.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
            if n == 0:
                self._add_voice(slide, clip, 5.55, self._kit.status(clip))
                add_notes(slide, [*before, f"{clip_credit(clip)}。{clip_location(clip)}。"])

    def _add_voice(self, slide: Any, clip: Clip, top: float, status: str) -> None:
        """Add the clip as a button, with its credit and the status of its words."""
        poster = BytesIO(draw_button())
        # Passed as a path, because its suffix is used for the media file.
        voice = str(self._find_audio(clip.audio))
        square = Inches(1.05)
        picture = slide.shapes.add_movie(
            voice, Inches(_BODY_LEFT), Inches(top), square, square, poster, _MIME
        )
        make_audio(slide, picture, f"播放录音：{clip_credit(clip)}")
        lines = [clip_credit(clip), "点一下左边的圆，听原声　" + clip_location(clip)]
        box = add_text(slide, lines, (_BODY_LEFT + 1.3, top, _BODY_WIDTH - 1.4, 1.05), 16, SOFT)
        first = box.text_frame.paragraphs[0]
        emphasise(first, INK)
        first.runs[0].font.size = Pt(22)
        if status:
            style_run(box.text_frame.paragraphs[0].add_run(), f"　{status}", 16, SANS, RED)

    def _add_table(
        self,
        title: str,
        rows: Sequence[Sequence[str]],
        notes: Sequence[str],
        shares: Sequence[float] = (),
    ) -> None:
        """Add a table on as many slides as needed, with its header on each."""
        shares = shares or [1 / len(rows[0])] * len(rows[0])
        for n, (size, part) in enumerate(_table_pages(rows, shares)):
            slide = self._new(title)
            _add_grid(slide, part, shares, size)
            if n == 0:
                add_notes(slide, notes)


def paragraph_line(paragraph: Paragraph) -> str:
    """Return a paragraph with its marker, separated by a tab."""
    return f"{paragraph.marker}\t{paragraph.text}" if paragraph.marker else paragraph.text


def _table_pages(
    rows: Sequence[Sequence[str]], shares: Sequence[float]
) -> list[tuple[int, list[Sequence[str]]]]:
    """Return type size and rows of each slide that a table needs."""
    head, pages, size = rows[0], [[rows[0]]], 24
    lengths = [_row_height(row, shares, size) for row in rows]
    while size > 18 and sum(lengths) > _BODY_HEIGHT:
        size -= 2
        lengths = [_row_height(row, shares, size) for row in rows]
    used = lengths[0]
    for row, height in zip(rows[1:], lengths[1:], strict=True):
        if used + height > _BODY_HEIGHT and len(pages[-1]) > 1:
            pages.append([head])
            used = lengths[0]
        pages[-1].append(row)
        used += height
    return [(size, page) for page in pages]


def _row_height(row: Sequence[str], shares: Sequence[float], size: int) -> float:
    cells = [
        Fit.lines_of(text, share * _BODY_WIDTH - 0.25, size)
        for text, share in zip(row, shares, strict=True)
    ]
    return max(cells) * size * LEADING / 72 + 0.12


def _add_grid(
    slide: Any, rows: Sequence[Sequence[str]], shares: Sequence[float], size: int
) -> None:
    box = (Inches(_BODY_LEFT), Inches(_BODY_TOP), Inches(_BODY_WIDTH), Inches(0.5 * len(rows)))
    table = slide.shapes.add_table(len(rows), len(shares), *box).table
    table.horz_banding = False
    for column, share in enumerate(shares):
        table.columns[column].width = Inches(_BODY_WIDTH * share)
    for n, row in enumerate(rows):
        table.rows[n].height = Inches(_row_height(row, shares, size))
        for column, text in enumerate(row):
            cell = table.cell(n, column)
            cell.fill.solid()
            cell.fill.fore_color.rgb = GREEN if n == 0 else SHEET
            colour = SHEET if n == 0 else INK
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            write_lines(cell, [clean(text)], size, SANS, colour, strong=n == 0)
