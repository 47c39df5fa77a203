"""Escape what people wrote for use on pages, and format numbers and dates."""

import re
import unicodedata
from datetime import date
from urllib.parse import quote

_AFTER_PUNCTUATION = re.compile(r"(?<=[，。、；：！？”’）》]) ")
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"
}
_SENTENCE_END = re.compile(r"[。！？!?…][”』」’）)]*$")
_NUMERALS = "一二三四五六七八九十"
_ACTIVE = "<>&`[](){}\\\"'*_#|~^=!$@%"
_FULL_WIDTH = "＜＞＆｀［］（）｛｝＼＂’＊＿＃｜～＾＝！＄＠％"
_INERT = str.maketrans(_ACTIVE, _FULL_WIDTH)
# Python-Markdown parses tags before the options of a block, and Material's search plugin edits the
# finished page with a regular expression that ends at a straight quote.
_INERT_IN_CLIP = str.maketrans('<>"', "＜＞＂")


def clean(text: str) -> str:
    """Return one line of printable text, without control or direction characters.

    Blank lines would end a raw HTML block, and Python-Markdown uses control characters as
    placeholders. YAML leaves a space where it joins lines; after Chinese punctuation it is removed.
    """
    if text.isprintable() and " " not in text:
        return text  # the usual case in transcripts
    kept = (c for c in text if c.isspace() or c == "\u200d" or unicodedata.category(c)[0] != "C")
    return _AFTER_PUNCTUATION.sub("", " ".join("".join(kept).split()))


def escape_title(text: str) -> str:
    """Return a title without active characters of Markdown, YAML, HTML and Jinja.

    They are replaced by full-width ones, because MkDocs' templates do not escape titles and
    ``striptags`` even undoes escaping.
    """
    return clean(text).translate(_INERT) or "（没有题名）"


def escape_clip_option(text: str) -> str:
    """Return a text that is safe as the value of an option in a clip block."""
    return clean(text).translate(_INERT_IN_CLIP)


def paragraphs(text: str) -> list[str]:
    """Split a text into paragraphs at blank lines."""
    return [part for part in map(clean, re.split(r"\n\s*\n", text)) if part]


def clauses(line: str) -> list[str]:
    """Split a sentence into clauses, each with the punctuation that ends it."""
    return re.findall(r"[^，。；：！？]*[，。；：！？]+[”’）》」』]*|[^，。；：！？]+$", line)


def numeral(number: int) -> str:
    """Return the Chinese numeral of a lesson number from 1 to 10."""
    return _NUMERALS[number - 1]


def lesson_label(number: int) -> str:
    """Return ``第一课``, for lesson numbers from 1 to 10."""
    return f"第{numeral(number)}课"


def ends_sentence(text: str) -> bool:
    """Check whether a text ends a sentence; closing quotation marks may follow."""
    return _SENTENCE_END.search(text.rstrip()) is not None


def long_date(day: date | None) -> str:
    """Format a date as ``2026年1月12日``; empty for None."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def duration(seconds: float) -> str:
    """Format seconds as ``2 分 04 秒``; empty for 0."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} 分 {rest:02d} 秒" if minutes else f"{rest} 秒" if rest else ""


def seconds(time: float) -> str:
    """Format a time for attributes and links: ``12.5``."""
    return f"{time:.2f}".rstrip("0").rstrip(".")


def url(path: str, root: str = "") -> str:
    """Return a path in the site as a relative URL, quoted so that it can have no scheme or host."""
    return root + quote(path.lstrip("/")) if path else ""


def safe_file_name(text: str, max_length: int = 60) -> str:
    """Return a text as part of a file name that is valid on Windows, macOS and Linux.

    https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    """
    name = _NOT_IN_NAMES.sub("", clean(text))[:max_length].strip(" .") or "无题"
    return f"_{name}"[:max_length] if is_reserved(name) else name


def is_reserved(name: str) -> bool:
    """Check whether Windows reserves a name for a device, whatever its case and suffix."""
    return name.partition(".")[0].rstrip().casefold() in _RESERVED


def printable(text: str) -> str:
    """No control characters: a file name must not move the cursor or colour the screen."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
