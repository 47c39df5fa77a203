"""Write a lesson plan as an editable Word document for A4."""

import datetime as dt
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

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
from cunshi.exports.classroom.outline import Paragraph, Part, Table

# The site's brick red, river green, soft ink, line and sheet (theme/assets/cunshi.css).
RED, GREEN, SOFT = (
    RGBColor(0xA5, 0x37, 0x1F),
    RGBColor(0x1D, 0x5A, 0x4D),
    RGBColor(0x66, 0x5A, 0x4C),
)
LINE, SHEET = "E0D3BA", "F8F2E5"
SONG, HEI, KAI = "宋体", "黑体", "楷体"
_WIDTH = 16.6  # centimetres between the margins
_SHORT = 8  # rows
# A fixed date, so that files change only with their content.
_WRITTEN = dt.datetime(2000, 1, 1)
# Word rejects tables with properties in the wrong order (ECMA-376-1, 17.4.59).
_AFTER_BORDERS = {qn(f"w:{name}") for name in ("shd", "tblLayout", "tblCellMar", "tblLook")}
_STYLES = (
    # name, based on, font, size, colour, space before, space after
    ("Normal", "", SONG, 11.0, None, 0, 5),
    ("Title", "Normal", HEI, 22.0, RED, 0, 4),
    ("Subtitle", "Normal", SONG, 11.5, SOFT, 0, 10),
    ("Heading 1", "Normal", HEI, 15.0, GREEN, 16, 6),
    ("Heading 2", "Normal", HEI, 12.5, RED, 12, 4),
    ("Heading 3", "Normal", HEI, 11.0, None, 8, 3),
    ("Quote", "Normal", KAI, 12.5, None, 3, 3),
    ("Caption", "Normal", SONG, 9.5, SOFT, 0, 3),
    ("List Paragraph", "Normal", SONG, 11.0, None, 0, 3),
)


def make_plan(kit: Kit) -> bytes:
    """Return the lesson plan of a kit as .docx; the same kit gives the same bytes."""
    document = _new_document(kit)
    _add_head(document, kit)
    _add_objectives(document, kit)
    _add_plan(document, kit)
    _add_flow(document, kit)
    _add_words(document, kit)
    _add_quiz(document, kit)
    _add_end(document, kit)
    made = BytesIO()
    document.save(made)
    return normalise_zip(made.getvalue())


def _new_document(kit: Kit) -> DocumentType:
    document = Document()
    _drop_table_styles(document)
    for style in _STYLES:
        _set_style(document, *style)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.2)
    page.top_margin, page.bottom_margin = Cm(2.2), Cm(2.0)
    about = document.core_properties
    about.title = f"{kit.heading} {kit.title}（教案）"
    about.author = clean(kit.archive.institution) or clean(kit.course.title)
    about.language, about.comments = "zh-CN", ""
    about.created = about.modified = _WRITTEN
    _add_footer(document, kit)
    return document


def _drop_table_styles(document: DocumentType) -> None:
    """Remove unused table styles, because python-docx searches all styles for each paragraph."""
    for style in document.styles:
        if style.type is WD_STYLE_TYPE.TABLE and not style.element.default:
            style.delete()


def _set_style(
    document: DocumentType,
    name: str,
    base: str,
    font: str,
    size: float,
    colour: RGBColor | None,
    before: int,
    after: int,
) -> None:
    styles: Any = document.styles
    style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    if base:
        style.base_style = styles[base]
    style.font.size, style.font.italic = Pt(size), False
    style.font.bold = name.startswith(("Heading", "Title"))
    if colour is not None:
        style.font.color.rgb = colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in [key for key in fonts.attrib if key.endswith("Theme")]:
        del fonts.attrib[key]
    for key, value in (("ascii", "Calibri"), ("hAnsi", "Calibri"), ("eastAsia", font)):
        fonts.set(qn(f"w:{key}"), value)
    form = style.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), 1.35
    _drop_border(style)


def _drop_border(style: Any) -> None:
    """Remove the blue rule below Word's title style."""
    properties = style.element.pPr
    for border in properties.findall(qn("w:pBdr")) if properties is not None else ():
        properties.remove(border)


def _add_footer(document: DocumentType, kit: Kit) -> None:
    footer = document.sections[0].footer.paragraphs[0]
    footer.style = "Caption"
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run(f"{clean(kit.course.title)} · {kit.heading} {kit.title} · 第 ")
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = footer.add_run()
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        element.text = text
        run._r.append(element)
    footer.add_run(" 页")


def _add_head(document: DocumentType, kit: Kit) -> None:
    document.add_paragraph(f"{kit.heading} {kit.title}", "Title")
    if clean(kit.lesson.summary):
        document.add_paragraph(clean(kit.lesson.summary), "Subtitle")
    _add_table(document, kit.facts, (3.2, _WIDTH - 3.2), head=False)


def _add_objectives(document: DocumentType, kit: Kit) -> None:
    if kit.lesson.objectives:
        document.add_heading("教学目标", 1)
        _add_items(document, kit.lesson.objectives)


def _add_plan(document: DocumentType, kit: Kit) -> None:
    if not kit.lesson.plan:
        return
    document.add_heading("时间安排", 1)
    total = sum(step.minutes for step in kit.lesson.plan)
    rows = [(f"{step.minutes} 分钟", clean(step.what)) for step in kit.lesson.plan]
    rows = [("时间", "做什么"), *rows, (f"共 {total} 分钟", "")]
    _add_table(document, rows, (3.2, _WIDTH - 3.2))


def _add_flow(document: DocumentType, kit: Kit) -> None:
    document.add_heading("教学过程", 1)
    number = 0
    for section in kit.sections:
        if section.title:
            document.add_heading(section.title, 2)
        for part in section.parts:
            number += isinstance(part, Clip) and bool(part.audio)
            _add_part(document, kit, part, number)


def _add_part(document: DocumentType, kit: Kit, part: Part, number: int) -> None:
    if isinstance(part, Clip):
        _add_clip(document, kit, part, number)
    elif isinstance(part, Table):
        columns = len(part.rows[0])
        _add_table(document, part.rows, [_WIDTH / columns] * columns)
    else:
        _add_paragraph(document, part)


def _add_paragraph(document: DocumentType, paragraph: Paragraph) -> None:
    if paragraph.heading:
        document.add_heading(paragraph.text, 3)
        return
    made = document.add_paragraph(style="List Paragraph" if paragraph.depth else "Normal")
    if paragraph.depth:
        form = made.paragraph_format
        form.left_indent = Cm(0.8 * paragraph.depth)
        form.first_line_indent = Cm(-0.7 if paragraph.marker else 0)
        form.tab_stops.add_tab_stop(Cm(0.8 * paragraph.depth))
        if paragraph.marker:
            made.add_run(f"{paragraph.marker}\t")
    for run in paragraph.runs:
        made.add_run(run.text).bold = run.strong or None


def _add_clip(document: DocumentType, kit: Kit, clip: Clip, number: int) -> None:
    """Add a box with the words of a clip, its credit and location."""
    if clip.withheld:
        document.add_paragraph(f"（{clean(clip.withheld)}）", "Caption")
        return
    cell = _add_box(document)
    first = cell.paragraphs[0]
    first.style = "Caption"
    first.paragraph_format.keep_with_next = True
    head = first.add_run(f"▶ 录音 {number}")
    head.bold, head.font.color.rgb = True, RED
    first.add_run(f"　{clip_credit(clip)}")
    status = kit.status(clip)
    if status:
        first.add_run(f"　{status}").font.color.rgb = RED
    if clip_words(clip):
        quotation = cell.add_paragraph(clip_words(clip), "Quote")
        quotation.paragraph_format.keep_with_next = True
    cell.add_paragraph(clip_location(clip), "Caption")
    document.add_paragraph().paragraph_format.line_spacing = Pt(6)


def _add_box(document: DocumentType) -> Any:
    table = document.add_table(1, 1)
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    _set_borders(table)
    _keep_rows(table)
    cell = table.cell(0, 0)
    _shade(cell, SHEET)
    return cell


def _add_words(document: DocumentType, kit: Kit) -> None:
    if kit.words:
        document.add_heading("词语", 1)
        _add_table(document, [("词语", "读音", "意思"), *kit.words], (3.4, 3.8, _WIDTH - 7.2))


def _add_quiz(document: DocumentType, kit: Kit) -> None:
    if not kit.lesson.quiz:
        return
    document.add_heading("小测验", 1)
    for number, question in enumerate(kit.lesson.quiz, 1):
        prompt = document.add_paragraph(f"{number}. {clean(question.prompt)}")
        prompt.paragraph_format.keep_with_next = True
        for choice in choices(question):
            made = document.add_paragraph(choice, "List Paragraph")
            made.paragraph_format.left_indent = Cm(0.8)
            made.paragraph_format.keep_with_next = choice != choices(question)[-1]
    document.add_heading("小测验答案", 1)
    rows = [_key(kit, n, question) for n, question in enumerate(kit.lesson.quiz, 1)]
    _add_table(document, [("题", "答案", "说明"), *rows], (1.2, 5.4, _WIDTH - 6.6))


def _key(kit: Kit, number: int, question: Question) -> tuple[str, str, str]:
    clip = kit.answer_clip(question)
    why = [
        clean(question.explain),
        f"听：{clean(clip.speaker)}，{clip_location(clip)}" if clip else "",
    ]
    return str(number), answer(question), "　".join(filter(None, why))


def _add_end(document: DocumentType, kit: Kit) -> None:
    if kit.teacher:
        document.add_heading("给老师", 1)
        for paragraph in kit.teacher:
            _add_paragraph(document, paragraph)
    if kit.lesson.sources:
        document.add_heading("资料来源", 1)
        _add_items(document, kit.lesson.sources)
    if clean(kit.archive.rights):
        document.add_paragraph(clean(kit.archive.rights), "Caption")


def _add_items(document: DocumentType, items: Iterable[str]) -> None:
    for item in filter(None, map(clean, items)):
        made = document.add_paragraph(style="List Paragraph")
        made.paragraph_format.left_indent = Cm(0.8)
        made.paragraph_format.first_line_indent = Cm(-0.5)
        made.paragraph_format.tab_stops.add_tab_stop(Cm(0.8))
        made.add_run(f"•\t{item}")


def _add_table(
    document: DocumentType,
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    head: bool = True,
) -> None:
    """Add a table with borders; with ``head``, its first row is bold and repeated on each page."""
    if not rows:
        return
    table = document.add_table(len(rows), len(widths))
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _set_borders(table)
    _keep_rows(table)
    for column, width in enumerate(widths):
        table.columns[column].width = Cm(width)
    for n, row in enumerate(rows):
        for column, text in enumerate(row):
            cell = table.cell(n, column)
            cell.width = Cm(widths[column])
            _fill_cell(cell, text, label=n == 0 if head else column == 0)
            # Short tables are kept on one page.
            together = len(rows) <= _SHORT and n < len(rows) - 1
            cell.paragraphs[0].paragraph_format.keep_with_next = together
    if head:
        mark = OxmlElement("w:tblHeader")
        table.rows[0]._tr.get_or_add_trPr().append(mark)
    document.add_paragraph().paragraph_format.line_spacing = Pt(6)


def _fill_cell(cell: Any, text: str, label: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(2)
    paragraph.paragraph_format.space_before = Pt(2)
    paragraph.add_run(clean(text)).bold = label or None
    if label:
        _shade(cell, SHEET)


def _shade(cell: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _set_borders(table: Any) -> None:
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        border = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", LINE)):
            border.set(qn(f"w:{name}"), value)
        borders.append(border)
    properties = table._tbl.tblPr
    after = [child for child in properties if child.tag in _AFTER_BORDERS]
    if after:
        after[0].addprevious(borders)
    else:
        properties.append(borders)


def _keep_rows(table: Any) -> None:
    """Prevent rows from breaking across pages."""
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
