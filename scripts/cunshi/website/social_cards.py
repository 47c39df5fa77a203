"""The picture that stands for a page where its address is sent: the page's title over the village.

It is drawn with a Chinese font of this computer; where none is found, the picture that all pages
share stands for them.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path

import PIL
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from cunshi.archive.project import Project
from cunshi.core.files import write_atomic
from cunshi.core.text import clean, lesson_label
from cunshi.core.yaml_fields import load_fields
from cunshi.domain.course import LESSON_COUNT, Catalogue
from cunshi.website.pages.village import places_of

# templates/_water_town.svg in light colours, as a browser draws it 300 high below an empty sky.
_GROUND = Path(__file__).with_name("social_card.png")
_DRAWING = 1  # To be raised when the same words are to look different.
_STAMP = "cunshi"  # the text chunk that says what a picture was made from
_INK, _SOFT, _RED, _PAPER = "#2b2520", "#665a4c", "#a5371f", "#fffbf2"
_LEFT = 84  # pixels
_SEAL = (1032, 64, 1116, 180)
_LEADING = 1.3
_LONGEST = 200  # characters
_COLOURS = 64

_CLAUSE_ENDS = "，。、；：！？…—"
# A character with the marks that may not be torn from it; a word or number of Latin letters.
_PART = re.compile(r"[“‘（《「『【〈]*(?:[!-~]+|.)[，。、；：！？”’）》」』】〉…—·\s]*")

# In the order of preference: the site's headings have serifs, and bold type is read when small.
_FONTS = (
    "NotoSerifCJK-Bold.ttc",
    "NotoSerifSC-Bold.otf",
    "SourceHanSerifSC-Bold.otf",
    "NotoSansCJK-Bold.ttc",
    "NotoSansSC-Bold.otf",
    "msyhbd.ttc",
    "msyh.ttc",
    "Songti.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "STHeiti Medium.ttc",
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "simhei.ttf",
    "simsun.ttc",
    "DroidSansFallbackFull.ttf",
)


@dataclass(frozen=True)
class SocialCard:
    """The words on the picture of one page, which is named by its Markdown file."""

    page: str
    title: str
    above: str
    site: str

    @property
    def path(self) -> str:
        """Where the picture lies in the site; theme/main.html looks for it there."""
        return f"cards/{self.page.removesuffix('.md')}.png"


@dataclass(frozen=True)
class Face:
    """A font: a file, and which of the fonts in it."""

    path: Path
    index: int = 0

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        # The other engine is not on every computer, and Chinese needs none.
        basic = ImageFont.Layout.BASIC
        return ImageFont.truetype(self.path, size, self.index, layout_engine=basic)


@dataclass(frozen=True)
class Box:
    """Room for words: pixels, and how many lines of which type."""

    width: int
    height: int
    most: int
    largest: int
    smallest: int


_BESIDE_SEAL = _SEAL[0] - _LEFT - 40
_SITE = Box(_BESIDE_SEAL, 50, 1, 32, 20)
_ABOVE = Box(_BESIDE_SEAL, 60, 1, 42, 24)
_TITLE = Box(_SEAL[2] - _LEFT, 185, 2, 96, 44)


def cards_of(catalogue: Catalogue) -> list[SocialCard]:
    """The cards of the home page, the written lessons, the villages and their heritage."""
    course = catalogue.course
    site = clean(course.title)
    cards = [SocialCard("index.md", site, clean(course.subtitle), "")]
    for lesson, __ in catalogue.lessons:
        if 1 <= lesson.number <= LESSON_COUNT:
            above = _above(lesson_label(lesson.number), *lesson.villages)
            cards.append(
                SocialCard(f"lessons/{lesson.number:02d}.md", clean(lesson.title), above, site)
            )
    for place in places_of(catalogue):
        above = "村子" if place.is_village else _above("古迹和风物", place.village)
        cards.append(SocialCard(f"villages/{place.slug}.md", clean(place.name), above, site))
    return cards


def _above(*parts: str) -> str:
    return "　".join(filter(None, map(clean, parts)))


def face_for(project: Project) -> Face | None:
    """What the cards of a site are written with; none without an address that could be sent."""
    online = load_fields(project.root / "mkdocs.yml", "", []).text("site_url")
    return find_face() if online and not project.edition else None


def find_face() -> Face | None:
    """The best Chinese font of this computer that works, or none."""
    for name in _FONTS:
        try:
            found = ImageFont.truetype(name, 20)  # It looks where the system keeps its fonts.
        except OSError:
            continue
        face = _simplified(Path(str(found.path)))
        if face:
            return face
    return None


def _simplified(path: Path) -> Face | None:
    """The font for Simplified Chinese in a file, which may hold those of other countries too."""
    names: list[str] = []
    while len(names) < 20:
        try:
            names.append(Face(path, len(names)).at(20).getname()[0] or "")
        except OSError:
            break
    index = next((n for n, name in enumerate(names) if name.endswith((" SC", " GB"))), 0)
    face = Face(path, index)
    return face if names and _writes_chinese(face) else None


def _writes_chinese(face: Face) -> bool:
    """Whether it draws a character, rather than the box for one that it lacks, or nothing."""
    try:
        drawn, lacking = (bytes(face.at(20).getmask(c)) for c in "村\uffff")
    except OSError:
        return False
    return drawn != lacking


def make_cards(docs: Path, cards: Iterable[SocialCard], face: Face) -> None:
    """Draw the cards whose words, font or look have changed since they were drawn."""
    for card in cards:
        stamp = _stamp(card, face)
        if _stamp_of(docs / card.path) != stamp:
            write_atomic(docs / card.path, _png(_draw(card, face), stamp))


def _stamp(card: SocialCard, face: Face) -> str:
    font = (face.path.name, face.path.stat().st_size, face.index)
    ground = sha256(_GROUND.read_bytes()).hexdigest()
    made_from = (_DRAWING, PIL.__version__, ground, font, astuple(card))
    return sha256(repr(made_from).encode()).hexdigest()


def _stamp_of(path: Path) -> str:
    try:
        with Image.open(path) as image:
            return str(image.info.get(_STAMP, ""))
    except (OSError, ValueError, SyntaxError):
        return ""


def _png(image: Image.Image, stamp: str) -> bytes:
    chunk = PngInfo()
    chunk.add_text(_STAMP, stamp)
    buffer = io.BytesIO()
    few = image.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", optimize=True, pnginfo=chunk)
    return buffer.getvalue()


def _draw(card: SocialCard, face: Face) -> Image.Image:
    with Image.open(_GROUND) as ground:
        image = ground.convert("RGB")
    pen = ImageDraw.Draw(image)
    _seal(pen, face)
    if card.site:
        _write(pen, 84, card.site, face, _SITE, _SOFT)
    _write(pen, 146 if card.site else 122, card.above, face, _ABOVE, _RED)
    _write(pen, 270, card.title, face, _TITLE, _INK)
    return image


def _seal(pen: ImageDraw.ImageDraw, face: Face) -> None:
    left, top, right, bottom = _SEAL
    pen.rounded_rectangle(_SEAL, 10, _RED)
    for word, y in (("村", top + 34), ("史", bottom - 34)):
        pen.text(((left + right) / 2, y), word, _PAPER, face.at(46), anchor="mm")


def _write(
    pen: ImageDraw.ImageDraw, middle: float, words: str, face: Face, box: Box, colour: str
) -> None:
    lines, size = fit(words, face, box)
    step = size * _LEADING
    top = middle - step * (len(lines) - 1) / 2
    for row, line in enumerate(lines):
        pen.text((_LEFT, top + row * step), line, colour, face.at(size), anchor="lm")


def fit(words: str, face: Face, box: Box) -> tuple[list[str], int]:
    """Words in lines, and the largest size of type in which the box has room for them.

    What has no room in the smallest type is cut off.
    """
    words = words[:_LONGEST]
    size = box.largest
    while True:
        length = face.at(size).getlength
        lines = _lines(words, length, box.width)
        fits = all(length(line) <= box.width for line in lines)
        if fits and len(lines) <= box.most and len(lines) * size * _LEADING <= box.height:
            return _balanced(words, length, box.width, lines), size
        if size > box.smallest:
            size -= 2
        else:
            words = words.removesuffix("…")[:-1] + "…"


def _balanced(
    words: str, length: Callable[[str], float], width: int, lines: list[str]
) -> list[str]:
    """As many lines, of about one length; rather broken after a clause."""
    if len(lines) == 1:
        return lines
    tries = [_lines(words, length, width * n / 16) for n in range(8, 17)]
    tries = [found for found in tries if len(found) == len(lines)]
    return min(tries, key=lambda found: found[0][-1] not in _CLAUSE_ENDS)


def _lines(words: str, length: Callable[[str], float], width: float) -> list[str]:
    """Words broken where they may be: no closing mark begins a line, no opening mark ends one."""
    lines = [""]
    for part in _parts(words):
        if lines[-1] and length((lines[-1] + part).rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _parts(words: str) -> Iterator[str]:
    return (found.group() for found in _PART.finditer(words))
