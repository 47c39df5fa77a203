"""Draw the preview images (Open Graph) of pages: the page's title above a drawing of the village.

They are drawn with a Chinese font of this computer; without one, all pages share one image.
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

# templates/_water_town.svg in light colours, as a browser renders it 300 px high below an empty
# sky.
_GROUND = Path(__file__).with_name("social_card.png")
_LAYOUT_VERSION = 1  # Increase when the layout changes.
_STAMP = "cunshi"  # PNG text chunk with the hash of the inputs
_INK, _SOFT, _RED, _PAPER = "#2b2520", "#665a4c", "#a5371f", "#fffbf2"
_LEFT = 84  # pixels
_SEAL = (1032, 64, 1116, 180)
_LEADING = 1.3
_MAX_CHARACTERS = 200  # characters
_COLOURS = 64

_CLAUSE_ENDS = "，。、；：！？…—"
# A character with punctuation that must not be separated from it, or a Latin word or number.
_PART = re.compile(r"[“‘（《「『【〈]*(?:[!-~]+|.)[，。、；：！？”’）》」』】〉…—·\s]*")

# In order of preference: serif as in the site's headings, bold to be legible when small.
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
    """The texts on the image of a page, which is identified by its Markdown file."""

    page: str
    title: str
    kicker: str
    site: str

    @property
    def path(self) -> str:
        """The image's path in the site, which theme/main.html uses."""
        return f"cards/{self.page.removesuffix('.md')}.png"


@dataclass(frozen=True)
class Face:
    """A font: a file and an index in it."""

    path: Path
    index: int = 0

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        # Raqm is not always installed, and Chinese does not need it.
        basic = ImageFont.Layout.BASIC
        return ImageFont.truetype(self.path, size, self.index, layout_engine=basic)


@dataclass(frozen=True)
class Box:
    """The space for a text in pixels, its number of lines and its range of type sizes."""

    width: int
    height: int
    max_lines: int
    max_size: int
    min_size: int


_BESIDE_SEAL = _SEAL[0] - _LEFT - 40
_SITE = Box(_BESIDE_SEAL, 50, 1, 32, 20)
_KICKER = Box(_BESIDE_SEAL, 60, 1, 42, 24)
_TITLE = Box(_SEAL[2] - _LEFT, 185, 2, 96, 44)


def cards_of(catalogue: Catalogue) -> list[SocialCard]:
    """Return the cards of the home page, the written lessons, the villages and their heritage."""
    course = catalogue.course
    site = clean(course.title)
    cards = [SocialCard("index.md", site, clean(course.subtitle), "")]
    for lesson, __ in catalogue.lessons:
        if 1 <= lesson.number <= LESSON_COUNT:
            kicker = _kicker(lesson_label(lesson.number), *lesson.villages)
            cards.append(
                SocialCard(f"lessons/{lesson.number:02d}.md", clean(lesson.title), kicker, site)
            )
    for place in places_of(catalogue):
        kicker = "村子" if place.is_village else _kicker("古迹和风物", place.village)
        cards.append(SocialCard(f"villages/{place.slug}.md", clean(place.name), kicker, site))
    return cards


def _kicker(*parts: str) -> str:
    return "　".join(filter(None, map(clean, parts)))


def card_face(project: Project) -> Face | None:
    """Return the font for a site's cards; None without a site_url, as no page is shared then."""
    online = load_fields(project.root / "mkdocs.yml", "", []).text("site_url")
    return find_face() if online and not project.edition else None


def find_face() -> Face | None:
    """Return the best usable Chinese font of this computer, or None."""
    for name in _FONTS:
        try:
            found = ImageFont.truetype(name, 20)  # searches the system's font folders
        except OSError:
            continue
        face = _simplified(Path(str(found.path)))
        if face:
            return face
    return None


def _simplified(path: Path) -> Face | None:
    """Return the Simplified Chinese font in a collection; None if it has no Chinese glyphs."""
    names: list[str] = []
    while len(names) < 20:
        try:
            names.append(Face(path, len(names)).at(20).getname()[0] or "")
        except OSError:
            break
    index = next((n for n, name in enumerate(names) if name.endswith((" SC", " GB"))), 0)
    face = Face(path, index)
    return face if names and _supports_chinese(face) else None


def _supports_chinese(face: Face) -> bool:
    """Check whether a font draws a Chinese character differently from a missing one."""
    try:
        drawn, lacking = (bytes(face.at(20).getmask(c)) for c in "村\uffff")
    except OSError:
        return False
    return drawn != lacking


def make_cards(docs: Path, cards: Iterable[SocialCard], face: Face) -> None:
    """Draw the cards whose texts, font or layout have changed."""
    for card in cards:
        stamp = _stamp(card, face)
        if _stamp_of(docs / card.path) != stamp:
            write_atomic(docs / card.path, _png(_draw(card, face), stamp))


def _stamp(card: SocialCard, face: Face) -> str:
    font = (face.path.name, face.path.stat().st_size, face.index)
    ground = sha256(_GROUND.read_bytes()).hexdigest()
    made_from = (_LAYOUT_VERSION, PIL.__version__, ground, font, astuple(card))
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
    _write(pen, 146 if card.site else 122, card.kicker, face, _KICKER, _RED)
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
    """Break a text into lines at the largest type size that fits the box.

    A text that does not fit at the smallest size is cut off.
    """
    words = words[:_MAX_CHARACTERS]
    size = box.max_size
    while True:
        length = face.at(size).getlength
        lines = _lines(words, length, box.width)
        fits = all(length(line) <= box.width for line in lines)
        if fits and len(lines) <= box.max_lines and len(lines) * size * _LEADING <= box.height:
            return _balance(words, length, box.width, lines), size
        if size > box.min_size:
            size -= 2
        else:
            words = words.removesuffix("…")[:-1] + "…"


def _balance(words: str, length: Callable[[str], float], width: int, lines: list[str]) -> list[str]:
    """Return the same number of lines with similar lengths, preferably broken after a clause."""
    if len(lines) == 1:
        return lines
    candidates = [_lines(words, length, width * n / 16) for n in range(8, 17)]
    candidates = [found for found in candidates if len(found) == len(lines)]
    return min(candidates, key=lambda found: found[0][-1] not in _CLAUSE_ENDS)


def _lines(words: str, length: Callable[[str], float], width: float) -> list[str]:
    """Break a text so that no closing mark starts a line and no opening mark ends one."""
    lines = [""]
    for part in _parts(words):
        if lines[-1] and length((lines[-1] + part).rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _parts(words: str) -> Iterator[str]:
    return (found.group() for found in _PART.finditer(words))
