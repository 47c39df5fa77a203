"""A lesson's Markdown as sections of paragraphs, tables and clips, for documents and slides.

The Markdown becomes HTML by the same extensions as on the site; what is read here is its tree, so
that raw HTML in a lesson counts as well. Clips come from the lesson's resolved citations only.
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
    """Some words of a paragraph."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; of a list's item ``marker`` is its number or dot, and ``depth`` begins at 1."""

    runs: tuple[Run, ...]
    marker: str = ""
    depth: int = 0
    heading: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Table:
    """The words of a table, row by row; the first row is its head. All rows are equally long."""

    rows: tuple[tuple[str, ...], ...]


Part = Paragraph | Table | Clip


@dataclass(frozen=True)
class Section:
    """What stands under a heading of the second level; without title what stands before any."""

    title: str
    parts: tuple[Part, ...]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        return tuple(part for part in self.parts if isinstance(part, Paragraph))


def read_body(body: str, clips: Sequence[Clip]) -> tuple[Section, ...]:
    """The sections of a lesson's body; ``clips`` are those of its citations, in order."""
    numbers = iter(range(len(clips)))

    def options_of(citation: Citation) -> Mapping[str, str]:
        return {"number": str(next(numbers, ""))}

    def source_of(citation: Citation) -> str:
        return escape(f"{citation.label}{_source(clips, next(numbers, len(clips)))}")

    filled = fill_citations(body.replace("\r\n", "\n"), options_of, source_of)
    return tuple(_sections(_html_tree(filled, [_ClipMarks()]), clips))


def _source(clips: Sequence[Clip], number: int) -> str:
    """Where a statement can be heard, for paper: a finger cannot tap there."""
    clip = clips[number] if number < len(clips) else None
    if clip is None or clip.withheld:
        return ""
    said = (clip.speaker, f"录音 {clip.ref.recording_id}", format_clock(clip.ref.start))
    return f"（{'，'.join(filter(None, said))}）"


def read_markdown(text: str) -> tuple[Paragraph, ...]:
    """The paragraphs of a Markdown text without clips; of a table each row is one."""
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
    """A clip block as an element that names a clip by its number."""

    NAME = "clip"
    ARGUMENT = True
    OPTIONS: ClassVar = {"number": ("", type_string)}

    def on_create(self, parent: Element) -> Element:
        """The mark; what stands in the block is not printed."""
        return ElementTree.SubElement(parent, "figure", {"data-clip": self.options["number"]})


class _AccountsMark(Block):  # type: ignore[misc]
    """What several people say of one event, under its question; each clip stands for itself."""

    NAME = "accounts"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        """The question as a heading, and the clips after it."""
        group = ElementTree.SubElement(parent, "div")
        ElementTree.SubElement(group, "h3").text = self.argument
        return group


class _ClipMarks(BlocksExtension):  # type: ignore[misc]
    def extendMarkdownBlocks(self, md: markdown.Markdown, block_mgr: Any) -> None:
        block_mgr.register(_ClipMark, self.getConfigs())
        block_mgr.register(_AccountsMark, self.getConfigs())


class _TreeBuilder(HTMLParser):
    """HTML as browsers take it: what is not closed ends with its parent, stray ends are ignored."""

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
    """The parts in an element, and the title of each section as a bare string."""
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
    """Blocks inside an element, and the words between them as paragraphs of their own."""
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
    """Runs without line breaks and control characters; neighbours of one kind become one."""
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
    """Clean, but with a space at either end where there was one."""
    core = clean(text)
    before = " " if text[:1].isspace() else ""
    after = " " if core and text[-1:].isspace() else ""
    return f"{before}{core}{after}"
