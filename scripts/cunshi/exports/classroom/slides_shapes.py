"""Add shapes to slides: text, bars, audio buttons, notes, in the site's colours and fonts."""

from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_AUTO_SIZE, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Emu, Inches, Pt

# python-pptx does not declare the type of this function.
_colour: Callable[[str], RGBColor] = RGBColor.from_string
# The site's colours (theme/assets/cunshi.css).
PAPER, INK = _colour("F8F2E5"), _colour("2B2520")
SHEET, SOFT = _colour("FFFBF2"), _colour("665A4C")
RED, GREEN = _colour("A5371F"), _colour("1D5A4D")
SANS, KAI = "微软雅黑", "楷体"
WIDTH, HEIGHT = 13.333, 7.5  # inches


def stretch(presentation: Any) -> None:
    """Stretch the template's layouts to 16:9 and set the site's background."""
    factor = Inches(WIDTH) / presentation.slide_width
    presentation.slide_width, presentation.slide_height = Inches(WIDTH), Inches(HEIGHT)
    master = presentation.slide_master
    fill = master.background.fill
    fill.solid()
    fill.fore_color.rgb = PAPER
    for holder in (master, *presentation.slide_layouts):
        for shape in holder.placeholders:
            if shape._element.spPr.xfrm is not None:
                shape.left = Emu(round(shape.left * factor))
                shape.width = Emu(round(shape.width * factor))


def set_theme_fonts(presentation: Any) -> None:
    """Set the theme's Chinese font, used by slides that a teacher adds; the template has none."""
    theme = presentation.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    named = f'<a:ea typeface="{SANS}"/>'.encode()
    theme._blob = theme.blob.replace(b'<a:ea typeface=""/>', named)


def place_shape(shape: Any, left: float, top: float, width: float, height: float) -> None:
    shape.left, shape.top, shape.width, shape.height = map(Inches, (left, top, width, height))


def add_bar(
    slide: Any, colour: RGBColor, left: float, top: float, width: float, height: float
) -> None:
    bar = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Inches, (left, top, width, height)))
    bar.fill.solid()
    bar.fill.fore_color.rgb = colour
    bar.line.fill.background()
    bar.shadow.inherit = False


def add_label(slide: Any, name: str, centre: tuple[float, float], *, strong: bool) -> None:
    """Add a name to a map in a box that fits it; ``centre`` is in inches."""
    width, height = max(1.1, 0.3 * len(name) + 0.35), 0.52
    box = slide.shapes.add_shape(
        MSO_SHAPE.ROUNDED_RECTANGLE,
        *map(Inches, (centre[0] - width / 2, centre[1] - height / 2, width, height)),
    )
    box.fill.solid()
    box.fill.fore_color.rgb = GREEN if strong else SHEET
    box.line.color.rgb = GREEN
    box.shadow.inherit = False
    write_lines(box, [name], 18, SANS, SHEET if strong else INK, strong=strong)
    box.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER


def add_text(
    slide: Any,
    lines: Sequence[str],
    box: tuple[float, float, float, float],
    size: int,
    colour: RGBColor,
    font: str = SANS,
    strong: bool = False,
) -> Any:
    shape = slide.shapes.add_textbox(*map(Inches, box))
    shape.text_frame.auto_size = MSO_AUTO_SIZE.NONE
    write_lines(shape, lines, size, font, colour, strong)
    return shape


def write_lines(
    shape: Any, lines: Sequence[str], size: int, font: str, colour: RGBColor, strong: bool = False
) -> None:
    frame = shape.text_frame
    frame.word_wrap = True
    for n, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        paragraph.alignment, paragraph.line_spacing = PP_ALIGN.LEFT, 1.25
        paragraph.space_after = Pt(size // 4 if n < len(lines) - 1 else 0)
        if "\t" in line:
            _hang(paragraph, size)
        style_run(paragraph.add_run(), line, size, font, colour, strong)


def _hang(paragraph: Any, size: int) -> None:
    """Indent the lines of a list item after its marker."""
    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", str(Pt(size * 1.3)))
    properties.set("indent", str(-Pt(size * 1.3)))


def style_run(
    run: Any, text: str, size: int, font: str, colour: RGBColor, strong: bool = False
) -> None:
    run.text = text
    run.font.size, run.font.bold, run.font.name = Pt(size), strong, font
    run.font.color.rgb = colour
    run.font.language_id = None
    properties = run._r.get_or_add_rPr()
    properties.set("lang", "zh-CN")
    latin = properties.find(qn("a:latin"))
    latin.addnext(parse_xml(f'<a:ea {nsdecls("a")} typeface="{font}"/>'))


def emphasise(paragraph: Any, colour: RGBColor) -> None:
    for run in paragraph.runs:
        run.font.color.rgb, run.font.bold = colour, True


def emphasise_heads(box: Any) -> None:
    """Emphasise the words before a colon."""
    for paragraph in box.text_frame.paragraphs:
        run = paragraph.runs[0]
        head, colon, rest = run.text.partition("：")
        if colon:
            size = round(run.font.size.pt)
            run.text, run.font.bold, run.font.color.rgb = head + colon, True, RED
            style_run(paragraph.add_run(), rest, size, SANS, INK)


def add_notes(slide: Any, lines: Sequence[str]) -> None:
    """Append lines to the speaker notes."""
    if not any(lines):
        return
    frame = slide.notes_slide.notes_text_frame
    frame.text = "\n".join(filter(None, [frame.text, *lines]))


def make_audio(slide: Any, picture: Any, label: str) -> None:
    """Convert a movie to a sound, as PowerPoint does, because python-pptx only supports movies.

    ECMA-376-1, 19.3.1.3 (audio) and 20.1.3.2 (audioFile).
    """
    video = picture._element.find(".//" + qn("a:videoFile"))
    old = video.get(qn("r:link"))
    media = slide.part.related_part(old)
    slide.part.rels.pop(old)
    new = slide.part.rels.get_or_add(RELATIONSHIP_TYPE.AUDIO, media)
    video.tag = qn("a:audioFile")
    video.set(qn("r:link"), new)
    for node in slide._element.iter(qn("p:video")):
        node.tag = qn("p:audio")
    picture.name = label
    picture._element._nvXxPr.cNvPr.set("descr", label)


@cache
def draw_button() -> bytes:
    """Return a play button as PNG, reduced from a large drawing for smooth edges."""
    side = 1024
    drawn = Image.new("RGB", (side, side), tuple(PAPER))
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((8, 8, side - 8, side - 8), fill=tuple(GREEN))
    pen.polygon(((400, 300), (400, 724), (752, 512)), fill=tuple(SHEET))
    made = BytesIO()
    drawn.resize((256, 256), Image.Resampling.LANCZOS).save(made, "PNG")
    return made.getvalue()
