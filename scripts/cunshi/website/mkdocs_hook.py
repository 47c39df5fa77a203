"""MkDocs hook that builds frames instead of pages, copies nothing, and parses less.

``cunshi.website.mkdocs_run`` adds it to the settings. Without it, MkDocs builds the same site more
slowly. It imports nothing of Cunshi.
"""

import re
from secrets import token_hex
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_EXCLUDED = re.compile(r"^<(\w+) [^>\n]*data-search-exclude>\n", re.MULTILINE)
_PLACEHOLDER = token_hex(8)  # random, so that it occurs in no page
_stash: list[str] = []


class _LinkOnlyFile(File):
    """A file that can be linked to but is neither rendered nor copied."""

    def is_documentation_page(self) -> bool:
        """Return False, because documentation pages are rendered."""
        return False

    def copy_file(self, dirty: bool = False) -> None:
        """Do nothing: the file is copied by mkdocs_run."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Select the files to build (MkDocs event)."""
    frames, pages = config.extra["frames"], dict.fromkeys(config.extra["pages"])
    folders = {path.partition("/")[0] for path in frames}
    for file in list(files):
        if file.src_dir != config.docs_dir:
            continue
        if not file.is_documentation_page():
            file.__class__ = _LinkOnlyFile
        elif file.src_uri not in pages or _is_framed(file.src_uri, folders):
            files.remove(file)
    for path in pages:  # these may be written while MkDocs runs
        if _is_framed(path, folders):
            placed = (path, None, config.site_dir, config.use_directory_urls)
            files.append(_LinkOnlyFile(*placed, dest_uri=File(*placed).dest_uri))
    for path, text in frames.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Replace elements that are excluded from the search by placeholders (MkDocs event).

    These are lists of up to thousands of recordings, which MkDocs, Markdown and the search would
    parse without changing them. Lessons are their authors' Markdown and are parsed completely.
    """
    if page.file.src_uri.startswith("lessons/"):
        return markdown
    parts, at = [], 0
    while found := _EXCLUDED.search(markdown, at):
        end = _find_closing_tag(markdown, found[1], found.end())
        _stash.append(markdown[found.end() : end])
        parts += [markdown[at : found.end()], f"{_PLACEHOLDER}-{len(_stash)}.\n"]
        at = end
    return "".join([*parts, markdown[at:]])


def _find_closing_tag(text: str, tag: str, at: int) -> int:
    """Return the position of the closing tag of the element opened before ``at``."""
    depth = 1
    for found in re.compile(rf"<(/?){tag}\b").finditer(text, at):
        depth += -1 if found[1] else 1
        if not depth:
            return found.start()
    return at


def on_post_page(output: str, **_: Any) -> str:
    """Put the elements back in place of their placeholders (MkDocs event)."""
    return re.sub(rf"{_PLACEHOLDER}-(\d+)\.\n", lambda found: _stash[int(found[1]) - 1], output)


def _is_framed(path: str, folders: set[str]) -> bool:
    folder, __, name = path.partition("/")
    return folder in folders and name != "index.md"
