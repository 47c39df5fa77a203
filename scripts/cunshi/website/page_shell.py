"""Build many pages of one kind by filling a frame that MkDocs built once.

MkDocs takes more than 10 ms a page, and only the middle of a recording's page is its own. So MkDocs
builds one frame for each kind of page, which is then filled. The result has the same bytes as a
page built by MkDocs; tests/website/test_frames.py compares them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

FOLDERS = ("recordings", "mottoes")  # all pages but the index are of a few kinds
_FRAME_NAME = "cunshi-frame"
_TITLE = "村史框架的题名"
_BODY = "<div>村史框架的正文</div>"
_TITLED = "<h1>村史框架的正文</h1>"  # Material adds a heading if there is none
_HEAD = re.compile(
    r'---\ntitle: "(?P<title>.*)"\n(?P<meta>(?:.*\n)*?)---\n\n'
    r"(?:# (?P=title)(?P<id> \{ #[\w-]+ \})\n\n)?\n*(?=<)"
)


@dataclass(frozen=True)
class _FramedPage:
    """A page split into what its kind shares and what is its own."""

    kind: str
    title: str
    body: str
    html: str


def is_framed(path: str) -> bool:
    """Check whether a source file is a page that is filled into a frame."""
    page = PurePosixPath(path)
    return str(page.parent) in FOLDERS and page.suffix == ".md" and page.stem != "index"


def _parse(path: str, text: str) -> _FramedPage:
    """Split a page of front matter, optional heading and HTML blocks; ValueError for another
    form.
    """
    match = _HEAD.match(text)
    if not match:
        raise ValueError(f"not a page that fits into a frame: {path}")
    heading = f"# {_TITLE}{match['id']}\n\n" if match["id"] else ""
    html = text[match.end() :].rstrip("\n")
    body = _TITLED if "<h1" in html else _BODY
    kind = f'---\ntitle: "{_TITLE}"\n{match["meta"]}---\n\n{heading}{body}\n'
    return _FramedPage(kind, match["title"], body, html)


class Frames:
    """The frames for a set of pages."""

    def __init__(self, pages: Iterable[tuple[str, str]]):
        self._paths: dict[tuple[str, str], str] = {}
        for path, text in pages:
            folder, framed = str(PurePosixPath(path).parent), _parse(path, text)
            name = f"{folder}/{_FRAME_NAME}-{len(self._paths) + 1}.md"
            self._paths.setdefault((folder, framed.kind), name)

    @property
    def sources(self) -> dict[str, str]:
        """The Markdown of the frames by path, for MkDocs."""
        return {path: kind for (__, kind), path in self._paths.items()}

    def fill(self, path: str, text: str, built: Mapping[str, str]) -> str:
        """Return a page as HTML; ``built`` has the HTML of the frames by the paths of
        ``sources``.
        """
        page, framed = PurePosixPath(path), _parse(path, text)
        frame = self._paths[str(page.parent), framed.kind]
        html = built[frame].replace(PurePosixPath(frame).stem, quote(page.stem))
        return html.replace(_TITLE, framed.title).replace(framed.body, framed.html)


def is_frame(location: str) -> bool:
    """Check whether a URL in the site is that of a frame."""
    return PurePosixPath(location.partition("#")[0]).stem.startswith(_FRAME_NAME)
