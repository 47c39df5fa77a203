"""Split Markdown into blocks that can be left out one by one: paragraphs, list items, tables."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TABLE_ROW = re.compile(r"[ \t]*\|")
# What a block keeps when its words are left out: indentation, and the marks of quotes, list items,
# headings, footnotes, definitions, and pymdownx blocks with a title.
_MARK = re.compile(
    r"[ \t]*(?:(?:>|[-*+](?=\s)|\d+[.)](?=\s)|#{1,6}(?=\s)|\[\^[^\[\]\n]+\]:|:(?=\s)"
    r"|/{3,} *\w+ *\|)[ \t]*)*"
)
_ALONE = re.compile(r"[ \t]*(?:/{3,}|#{1,6}\s)")  # a line that is a block by itself


def split_blocks(text: str) -> list[str]:
    """Split a Markdown text into blocks; together they are the text."""
    lines = text.splitlines(keepends=True)
    blocks: list[str] = []
    for line, begins in zip(lines, _beginnings(lines), strict=True):
        if begins or not blocks:
            blocks.append(line)
        else:
            blocks[-1] += line
    return blocks


def _beginnings(lines: list[str]) -> Iterator[bool]:
    """Yield for each line whether a block begins with it."""
    before, fence = "", ""
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            yield False
            fence = "" if found and found[1].startswith(fence) else fence
            before = "" if not fence else line
            continue
        fence = found[1] if found else ""
        yield bool(found) or _is_divided(before, line)
        before = line


def _is_divided(before: str, line: str) -> bool:
    if _TABLE_ROW.match(before) and _TABLE_ROW.match(line):
        return False
    mark = _MARK.match(line)
    begins = mark is not None and bool(mark[0].strip()) and not line.lstrip().startswith(">")
    return (
        begins
        or not (before.strip() and line.strip())
        or bool(_ALONE.match(before) or _ALONE.match(line))
    )


def in_place_of(block: str, words: str) -> str:
    """Return a block of the same lines with other words."""
    body = block.rstrip("\r\n")
    mark = _MARK.match(body)
    return f"{mark[0] if mark else ''}{words}" + "\n" * block.count("\n")
