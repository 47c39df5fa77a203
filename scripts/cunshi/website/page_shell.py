"""Pages of one kind as copies of one page that MkDocs makes of them: pure text.

MkDocs takes a hundredth of a second and more for every page, and only the middle of a recording's
page is its own. So MkDocs makes a frame for all of a kind, and the pages are put into it. They are
the bytes that MkDocs itself would make; tests/website/test_frames.py compares them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

FOLDERS = ("recordings", "mottoes")  # in which all pages but the index are of a few kinds
_NAME = "cunshi-frame"
_TITLE = "村史框架的题名"
_BODY = "<div>村史框架的正文</div>"
_TITLED = "<h1>村史框架的正文</h1>"  # Material adds a heading where there is none
_HEAD = re.compile(
    r'---\ntitle: "(?P<title>.*)"\n(?P<meta>(?:.*\n)*?)---\n\n'
    r"(?:# (?P=title)(?P<id> \{ #[\w-]+ \})\n\n)?\n*(?=<)"
)


@dataclass(frozen=True)
class _Form:
    """A page as its template wrote it: what its kind shares, and what is its own."""

    kind: str
    title: str
    body: str
    html: str


def is_framed(path: str) -> bool:
    """Whether a file of the site's source is a page that is put into a frame."""
    page = PurePosixPath(path)
    return str(page.parent) in FOLDERS and page.suffix == ".md" and page.stem != "index"


def _read(path: str, text: str) -> _Form:
    """A page of front matter, perhaps a heading, and blocks of HTML; ValueError for another."""
    found = _HEAD.match(text)
    if not found:
        raise ValueError(f"not a page that fits into a frame: {path}")
    heading = f"# {_TITLE}{found['id']}\n\n" if found["id"] else ""
    html = text[found.end() :].rstrip("\n")
    body = _TITLED if "<h1" in html else _BODY
    kind = f'---\ntitle: "{_TITLE}"\n{found["meta"]}---\n\n{heading}{body}\n'
    return _Form(kind, found["title"], body, html)


class Frames:
    """The frames that some pages need, and the pages in them."""

    def __init__(self, pages: Iterable[tuple[str, str]]):
        self._paths: dict[tuple[str, str], str] = {}
        for path, text in pages:
            folder, form = str(PurePosixPath(path).parent), _read(path, text)
            name = f"{folder}/{_NAME}-{len(self._paths) + 1}.md"
            self._paths.setdefault((folder, form.kind), name)

    @property
    def sources(self) -> dict[str, str]:
        """What MkDocs has to make: the frames' Markdown by path."""
        return {path: kind for (__, kind), path in self._paths.items()}

    def fill(self, path: str, text: str, made: Mapping[str, str]) -> str:
        """A page as HTML; ``made`` are the frames as MkDocs made them, by the paths of sources."""
        page, form = PurePosixPath(path), _read(path, text)
        frame = self._paths[str(page.parent), form.kind]
        html = made[frame].replace(PurePosixPath(frame).stem, quote(page.stem))
        return html.replace(_TITLE, form.title).replace(form.body, form.html)


def is_frame(location: str) -> bool:
    """Whether an address in the site is that of a frame."""
    return PurePosixPath(location.partition("#")[0]).stem.startswith(_NAME)
