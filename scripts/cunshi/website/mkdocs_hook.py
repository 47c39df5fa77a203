"""A hook of MkDocs: it makes frames instead of pages, copies nothing, and has less to read.

``cunshi.website.mkdocs_run`` asks for it in the settings that it adds to mkdocs.yml; without it
MkDocs makes the same site by itself, only more slowly. It imports nothing of Cunshi.
"""

import re
from secrets import token_hex
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LEFT_OUT = re.compile(r"^<(\w+) [^>\n]*data-search-exclude>\n", re.MULTILINE)
_NAME = token_hex(8)  # nobody has written it anywhere
_held: list[str] = []


class _MadeElsewhere(File):
    """A file that is there to link to; neither rendered nor copied."""

    def is_documentation_page(self) -> bool:
        """A page would be rendered."""
        return False

    def copy_file(self, dirty: bool = False) -> None:
        """Whoever made the file also brings it into the site."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs when it has found the files of the source."""
    frames, pages = config.extra["frames"], dict.fromkeys(config.extra["pages"])
    folders = {path.partition("/")[0] for path in frames}
    for file in list(files):
        if file.src_dir != config.docs_dir:
            continue
        if not file.is_documentation_page():
            file.__class__ = _MadeElsewhere
        elif file.src_uri not in pages or _is_framed(file.src_uri, folders):
            files.remove(file)
    for path in pages:  # which may be written while MkDocs is at work
        if _is_framed(path, folders):
            placed = (path, None, config.site_dir, config.use_directory_urls)
            files.append(_MadeElsewhere(*placed, dest_uri=File(*placed).dest_uri))
    for path, text in frames.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Called by MkDocs before it reads a page: what the search leaves out does not pass through.

    Those are lists of a thousand recordings, in which MkDocs, Markdown and the search would look at
    each tag and leave them as they are. A lesson is its author's Markdown, and all of it is read.
    """
    if page.file.src_uri.startswith("lessons/"):
        return markdown
    kept, at = [], 0
    while found := _LEFT_OUT.search(markdown, at):
        end = _end_of(markdown, found[1], found.end())
        _held.append(markdown[found.end() : end])
        kept += [markdown[at : found.end()], f"{_NAME}-{len(_held)}.\n"]
        at = end
    return "".join([*kept, markdown[at:]])


def _end_of(text: str, tag: str, at: int) -> int:
    """Where the element ends that was opened before."""
    depth = 1
    for found in re.compile(rf"<(/?){tag}\b").finditer(text, at):
        depth += -1 if found[1] else 1
        if not depth:
            return found.start()
    return at


def on_post_page(output: str, **_: Any) -> str:
    """Called by MkDocs when a page is made: what was held comes back."""
    return re.sub(rf"{_NAME}-(\d+)\.\n", lambda found: _held[int(found[1]) - 1], output)


def _is_framed(path: str, folders: set[str]) -> bool:
    folder, __, name = path.partition("/")
    return folder in folders and name != "index.md"
