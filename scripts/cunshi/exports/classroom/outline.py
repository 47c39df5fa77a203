"""Convert a lesson's Markdown to sections of paragraphs, tables and clips.

The Markdown is rendered to HTML with the same extensions as on the site and then parsed, so that
raw HTML in a lesson is included. Clips come only from the lesson's resolved citations.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any, ClassVar
from xml.etree import ElementTree

import markdown
from pymdownx.blocks import BlocksExtension
from pymdownx.blocks.block import Block, type_string

from cunshi.catalogue.course.citation_syntax import Citation, fill_citations
from cunshi.core.text import clean
from cunshi.core.timecode import format_clock
from cunshi.domain.course import Clip

Element = ElementTree.Element

_EXTENSIONS = ("admonition", "attr_list", "def_list", "footnotes", "pymdownx.details", "tables")
_VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
_NOT_TEXT = {"script", "style", "template", "audio", "video", "svg", "object", "iframe"}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt"),
    *("figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li"),
    *("main", "ol", "p", "pre", "section", "summary", "table", "ul"),
}
_HEADINGS = {"h1", "h3", "h4", "h5", "h6"}


@dataclass(frozen=True)
class Run:
    """A part of a paragraph with uniform formatting."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; for list items, ``marker`` is the number or bullet, and ``depth`` starts at
    1.
    """

    runs: tuple[Run, ...]
    marker: str = ""
    depth: int = 0
    heading: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Table:
    """The text of a table by rows of equal length; the first row is the header."""

    rows: tuple[tuple[str, ...], ...]


Part = Paragraph | Table | Clip


@dataclass(frozen=True)
class Section:
    """The content below a second-level heading; the title is empty for content before the first."""

    title: str
    parts: tuple[Part, ...]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        return tuple(part for part in self.parts if isinstance(part, Paragraph))


def read_body(body: str, clips: Sequence[Clip]) -> tuple[Section, ...]:
    """Return the sections of a lesson's body; ``clips`` are those of its citations in order."""
    numbers = iter(range(len(clips)))

    def options_of(citation: Citation) -> Mapping[str, str]:
        return {"number": str(next(numbers, ""))}

    def source_of(citation: Citation) -> str:
        return escape(f"{citation.label}{_source(clips, next(numbers, len(clips)))}")

    filled = fill_citations(body.replace("\r\n", "\n"), options_of, source_of)
    return tuple(_sections(_html_tree(filled, [_ClipMarks()]), clips))


def _source(clips: Sequence[Clip], number: int) -> str:
    """Return the source of a statement for printing, where links do not work."""
    clip = clips[number] if number < len(clips) else None
    if clip is None or clip.withheld:
        return ""
    source = (clip.speaker, f"录音 {clip.ref.recording_id}", format_clock(clip.ref.start))
    return f"（{'，'.join(filter(None, source))}）"


def read_markdown(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a Markdown text without clips; each row of a table is one."""
    found: list[Paragraph] = []
    for section in _sections(_html_tree(text, []), ()):
        if section.title:
            found.append(Paragraph((Run(section.title),), heading=True))
        for part in section.parts:
            if isinstance(part, Table):
                found += [Paragraph((Run("　".join(row)),)) for row in part.rows]
            elif isinstance(part, Paragraph):
                found.append(part)
    return tuple(found)


class _ClipMark(Block):  # type: ignore[misc]
    """A clip block as an element with the number of the clip."""

    NAME = "clip"
    ARGUMENT = True
    OPTIONS: ClassVar = {"number": ("", type_string)}

    def on_create(self, parent: Element) -> Element:
        """Create the element; the block's content is ignored."""
        return ElementTree.SubElement(parent, "figure", {"data-clip": self.options["number"]})


class _AccountsMark(Block):  # type: ignore[misc]
    """A block of accounts as a heading followed by its clips."""

    NAME = "accounts"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        """Create the heading, and the element for the clips."""
        group = ElementTree.SubElement(parent, "div")
        ElementTree.SubElement(group, "h3").text = self.argument
        return group


class _ClipMarks(BlocksExtension):  # type: ignore[misc]
    def extendMarkdownBlocks(self, md: markdown.Markdown, block_mgr: Any) -> None:
        block_mgr.register(_ClipMark, self.getConfigs())
        block_mgr.register(_AccountsMark, self.getConfigs())


class _TreeBuilder(HTMLParser):
    """Parse HTML like browsers: unclosed elements end with their parent, stray end tags are
    ignored.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("div")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        element = ElementTree.SubElement(self._open[-1], tag, attributes)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        tags = [element.tag for element in self._open[1:]]
        if tag in tags:
            last = len(tags) - tags[::-1].index(tag)
            del self._open[last:]

    def handle_data(self, data: str) -> None:
        parent = self._open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data


def _html_tree(text: str, more: list[Any]) -> Element:
    builder = _TreeBuilder()
    builder.feed(markdown.markdown(text, extensions=[*_EXTENSIONS, *more]))
    builder.close()
    return builder.root


def _sections(root: Element, clips: Sequence[Clip]) -> Iterator[Section]:
    title, parts = "", list[Part]()
    for part in _parts(root, clips):
        if isinstance(part, str):
            if title or parts:
                yield Section(title, tuple(parts))
            title, parts = part, []
        else:
            parts.append(part)
    if title or parts:
        yield Section(title, tuple(parts))


def _parts(element: Element, clips: Sequence[Clip], depth: int = 0) -> Iterator[Part | str]:
    """Yield the parts of an element, and the title of each section as a string."""
    if element.tag in _NOT_TEXT:
        return
    if "data-clip" in element.attrib:
        yield from _clip(element.get("data-clip", ""), clips)
    elif element.tag == "table":
        yield from _table(element)
    elif element.tag == "h2":
        yield _text(element)
    elif element.tag in {"ul", "ol"}:
        yield from _items(element, clips, depth + 1)
    else:
        yield from _mixed(element, clips, depth)


def _mixed(
    element: Element, clips: Sequence[Clip], depth: int, marker: str = ""
) -> Iterator[Part | str]:
    """Yield the blocks in an element, and the text between them as paragraphs."""
    heading, inline = element.tag in _HEADINGS, Element("p")
    inline.text = element.text
    for child in element:
        if child.tag not in _BLOCKS:
            inline.append(child)
            continue
        for paragraph in _paragraph(inline, marker, depth, heading):
            yield paragraph
            marker = ""
        inline = Element("p")
        inline.text = child.tail
        if marker and child.tag == "p":
            yield from _mixed(child, clips, depth, marker)
            marker = ""
        else:
            yield from _parts(child, clips, depth)
    yield from _paragraph(inline, marker, depth, heading)


def _paragraph(element: Element, marker: str, depth: int, heading: bool) -> Iterator[Paragraph]:
    runs = tuple(_joined(_runs(element)))
    if runs:
        yield Paragraph(runs, marker, depth, heading)


def _items(element: Element, clips: Sequence[Clip], depth: int) -> Iterator[Part | str]:
    start = element.get("start", "1")
    number = int(start) if start.isdecimal() else 1
    for item in element:
        if item.tag == "li":
            marker = f"{number}." if element.tag == "ol" else "•"
            yield from _mixed(item, clips, depth, marker)
            number += 1


def _clip(number: str, clips: Sequence[Clip]) -> Iterator[Clip]:
    if number.isdecimal() and int(number) < len(clips):
        yield clips[int(number)]


def _table(element: Element) -> Iterator[Table]:
    cells = [
        [_text(cell) for cell in row if cell.tag in {"td", "th"}] for row in element.iter("tr")
    ]
    width = max(map(len, cells), default=0)
    if width:
        yield Table(tuple((*row, *[""] * (width - len(row))) for row in cells if row))


def _text(element: Element) -> str:
    return clean("".join(run.text for run in _runs(element)))


def _runs(element: Element, strong: bool = False) -> Iterator[Run]:
    if element.tag in _NOT_TEXT:
        return
    strong = strong or element.tag in {"strong", "b"}
    if element.tag == "br":
        yield Run(" ", strong)
    if element.tag == "img":
        yield Run(element.get("alt", ""), strong)
    yield Run(element.text or "", strong)
    for child in element:
        yield from _runs(child, strong)
        yield Run(child.tail or "", strong)


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    """Merge adjacent runs of the same formatting, and remove line breaks and control characters."""
    words: list[tuple[str, bool]] = []
    for run in runs:
        text = f"{words.pop()[0]}{run.text}" if words and words[-1][1] is run.strong else run.text
        if text:
            words.append((text, run.strong))
    kept = [Run(_spaced(text), strong) for text, strong in words]
    if not clean("".join(run.text for run in kept)):
        return
    kept[0] = Run(kept[0].text.lstrip(), kept[0].strong)
    kept[-1] = Run(kept[-1].text.rstrip(), kept[-1].strong)
    yield from (run for run in kept if run.text)


def _spaced(text: str) -> str:
    """Clean a text but keep a leading and a trailing space."""
    core = clean(text)
    before = " " if text[:1].isspace() else ""
    after = " " if core and text[-1:].isspace() else ""
    return f"{before}{core}{after}"
