"""Python-Markdown blocks that render a filled citation as a player, and group accounts.

``cunshi.catalogue.course.citation_syntax`` describes the syntax and fills the blocks before MkDocs
runs. This extension needs only the block itself, so a lesson also renders in any other tool with
Python-Markdown. It is enabled in mkdocs.yml as ``cunshi.clip_block``.
"""

import re
from typing import Any, ClassVar
from xml.etree import ElementTree

from markdown import Markdown
from markdown.util import AtomicString
from pymdownx.blocks import BlocksExtension
from pymdownx.blocks.block import Block, type_string

# A relative path: no colon, so no scheme; no leading slash or backslash, so no host.
_RELATIVE_URL = re.compile(r"(?:\.\./)*\w[\w%.\-/]*(?:#t=\d+(?:\.\d+)?)?")

_OPTIONS = (
    "audio",
    "page",
    "words",
    "mandarin",
    "status",
    "dialect",
    "speaker",
    "village",
    "date",
    "withheld",
)


def is_relative_url(url: str) -> bool:
    """Check whether a URL stays within the site."""
    return _RELATIVE_URL.fullmatch(url) is not None


class ClipBlock(Block):  # type: ignore[misc]
    """``/// clip | <recording> <start>-<end>``: a quotation with its audio."""

    NAME = "clip"
    ARGUMENT = True
    OPTIONS: ClassVar = dict.fromkeys(_OPTIONS, ("", type_string))

    def on_markdown(self) -> str:
        """Return ``raw``: the quotation is text, not Markdown."""
        return "raw"

    def on_create(self, parent: ElementTree.Element) -> ElementTree.Element:
        """Create the paragraph that on_end replaces by the figure."""
        return ElementTree.SubElement(parent, "p")

    def on_end(self, block: ElementTree.Element) -> None:
        """Replace the content by the figure, stashed so that later processors do not rewrite its
        links.
        """
        figure = build_figure({**self.options, "quote": (block.text or "").strip()})
        html = ElementTree.tostring(figure, encoding="unicode", method="html")
        block.text = self.md.htmlStash.store(html)


def build_figure(options: dict[str, Any]) -> ElementTree.Element:
    """Return the figure of a clip; ``quote`` is the content of an unfilled block."""
    if options["withheld"]:
        return _notice("cs-clip cs-clip--withheld", "", options["withheld"])
    if not options["words"] and not options["audio"]:
        return _notice("cs-clip cs-clip--bare", options["quote"], "这段录音要生成网站以后才能听。")
    figure = ElementTree.Element("figure", {"class": "cs-clip"})
    _add_words(figure, options)
    _add_audio(figure, options)
    _add_caption(figure, options)
    return figure


def _notice(classes: str, quote: str, text: str) -> ElementTree.Element:
    figure = ElementTree.Element("figure", {"class": classes})
    if quote:
        _add_words(figure, {"words": quote, "status": ""})
    _add(figure, "figcaption", "cs-clip__notice", text)
    return figure


def _add_words(figure: ElementTree.Element, options: dict[str, Any]) -> None:
    if not options["words"]:
        return
    quote = ElementTree.SubElement(figure, "blockquote", {"class": "cs-clip__words"})
    words = _add(quote, "p", "", options["words"])
    if options.get("mandarin"):
        words.set("lang", "wuu-Hans")
        meaning = _add(quote, "p", "cs-clip__mandarin", "")
        meaning.set("lang", "zh-CN")
        label = _add(meaning, "span", "cs-mandarin__label", "普通话")
        label.tail = options["mandarin"]


def _add_audio(figure: ElementTree.Element, options: dict[str, Any]) -> None:
    if not is_relative_url(options["audio"]):
        return
    label = f"听{options['speaker']}讲这一段"
    attributes = {"class": "cs-audio", "controls": "", "preload": "none", "src": options["audio"]}
    ElementTree.SubElement(figure, "audio", {**attributes, "aria-label": label})


def _add_caption(figure: ElementTree.Element, options: dict[str, Any]) -> None:
    caption = ElementTree.SubElement(figure, "figcaption", {"class": "cs-clip__source"})
    said = [options[name] for name in ("speaker", "village", "date") if options[name]]
    if said:
        _add(caption, "span", "cs-clip__who", " · ".join(said))
    if options["status"] == "draft":
        badge = "机器初稿，方言未校对" if options["dialect"] else "机器初稿"
        _add(caption, "span", "cs-badge cs-badge--draft", badge)
    if is_relative_url(options["page"]):
        link = _add(caption, "a", "cs-clip__more", "听完整录音")
        link.set("href", options["page"])
        link.set("data-search-exclude", "")


def _add(parent: ElementTree.Element, tag: str, classes: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, {"class": classes} if classes else {})
    element.text = text
    return element


class AccountsBlock(Block):  # type: ignore[misc]
    """``//// accounts | <question>``: several accounts of the same event."""

    NAME = "accounts"
    ARGUMENT = True

    def on_create(self, parent: ElementTree.Element) -> ElementTree.Element:
        """Create the figure with its question, and an element for the accounts."""
        label = {"class": "cs-accounts", "role": "group", "aria-label": self.argument}
        figure = ElementTree.SubElement(parent, "div", label)
        title = ElementTree.SubElement(figure, "p", {"class": "cs-accounts__title"})
        kicker = _add(title, "span", "cs-accounts__kicker", "几种说法")
        kicker.tail = AtomicString(self.argument)
        ElementTree.SubElement(figure, "div", {"class": "cs-accounts__voices"})
        return figure

    def on_add(self, block: ElementTree.Element) -> ElementTree.Element:
        """Return the element that receives the content."""
        return block[-1]


class ClipExtension(BlocksExtension):  # type: ignore[misc]
    """The Python-Markdown extension that registers the blocks."""

    def extendMarkdownBlocks(self, md: Markdown, block_mgr: Any) -> None:
        """Register the blocks (called by pymdownx.blocks)."""
        block_mgr.register(ClipBlock, self.getConfigs())
        block_mgr.register(AccountsBlock, self.getConfigs())


def makeExtension(**options: Any) -> ClipExtension:
    """Return the extension (called by Python-Markdown)."""
    return ClipExtension(**options)
