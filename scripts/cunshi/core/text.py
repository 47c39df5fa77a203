"""Words for the pages: whatever people wrote, made harmless; numbers and dates, made readable."""

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
# Python-Markdown looks for tags before it reads a block's options, and Material's search plugin
# edits the finished page with a regular expression that ends at a straight quote.
_INERT_IN_CLIP = str.maketrans('<>"', "＜＞＂")


def clean(text: str) -> str:
    """One line of printable text: no control or direction characters, no blank lines.

    Blank lines would end a raw HTML block, and control characters are Python-Markdown's own
    placeholders. YAML leaves a space where it joined lines; Chinese punctuation needs none.
    """
    if text.isprintable() and " " not in text:
        return text  # almost all that is spoken
    kept = (c for c in text if c.isspace() or c == "\u200d" or unicodedata.category(c)[0] != "C")
    return _AFTER_PUNCTUATION.sub("", " ".join("".join(kept).split()))


def inert(text: str) -> str:
    """A title that means nothing to Markdown, YAML, HTML or Jinja: active marks become full-width.

    MkDocs' templates do not escape titles, and ``striptags`` even undoes escaping.
    """
    return clean(text).translate(_INERT) or "（没有题名）"


def clip_text(text: str) -> str:
    """The value of a clip block's option."""
    return clean(text).translate(_INERT_IN_CLIP)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, which blank lines divide."""
    return [part for part in map(clean, re.split(r"\n\s*\n", text)) if part]


def clauses(line: str) -> list[str]:
    """The parts of a sentence, each with the punctuation that ends it."""
    return re.findall(r"[^，。；：！？]*[，。；：！？]+[”’）》」』]*|[^，。；：！？]+$", line)


def numeral(number: int) -> str:
    """The Chinese numeral of a lesson, 1 to 10."""
    return _NUMERALS[number - 1]


def lesson_label(number: int) -> str:
    """``第一课``, for lessons 1 to 10."""
    return f"第{numeral(number)}课"


def ends_sentence(text: str) -> bool:
    """Whether a text ends with the end of a sentence, closing quotation marks included."""
    return _SENTENCE_END.search(text.rstrip()) is not None


def long_date(day: date | None) -> str:
    """``2026年1月12日``, or nothing."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def duration(seconds: float) -> str:
    """``2 分 04 秒``, or nothing when there is no sound."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} 分 {rest:02d} 秒" if minutes else f"{rest} 秒" if rest else ""


def seconds(time: float) -> str:
    """A time as attributes and links carry it: ``12.5``."""
    return f"{time:.2f}".rstrip("0").rstrip(".")


def url(path: str, root: str = "") -> str:
    """A path in the site as a relative URL; quoting leaves no scheme, and no slash may lead."""
    return root + quote(path.lstrip("/")) if path else ""


def file_name(text: str, longest: int = 60) -> str:
    """A text as part of a file name that Windows, macOS and Linux all take.

    https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    """
    name = _NOT_IN_NAMES.sub("", clean(text))[:longest].strip(" .") or "无题"
    return f"_{name}"[:longest] if is_reserved(name) else name


def is_reserved(name: str) -> bool:
    """Whether Windows takes a name for one of its devices, whatever its case and suffix."""
    return name.partition(".")[0].rstrip().casefold() in _RESERVED
