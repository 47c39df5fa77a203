"""Normalise machine text to Simplified Chinese with full-width punctuation.

Never used for what a person wrote, nor for names.
"""

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_FULL_WIDTH = str.maketrans(",?!:;()", "，？！：；（）")
_HAN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
_BESIDE_HAN = re.compile(rf"(?<={_HAN})\s*([,?!:;()])\s*|\s*([,?!:;()])\s*(?={_HAN})")
_STOP_BESIDE_HAN = re.compile(rf"(?<={_HAN})\s*\.+")
_SPACE_BETWEEN_HAN = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")


@functools.cache
def _converter() -> "OpenCC":
    from opencc import OpenCC  # loads dictionaries that most commands do not need

    # tw2s instead of t2s, which does not convert the 著 of 看著.
    return OpenCC("tw2s")


def to_simplified(text: str) -> str:
    """Convert Traditional to Simplified characters.

    >>> to_simplified("看著老街")
    '看着老街'
    """
    # 么 is already Simplified, but OpenCC would take it for Traditional and return 幺.
    return "么".join(str(_converter().convert(part)) for part in text.split("么"))


def letters(text: str) -> str:
    """Return only the letters and numbers, normalised with NFKC."""
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def punctuate(text: str) -> str:
    """Use full-width punctuation next to Chinese characters; numbers such as 1,000 or 3.5 are kept.

    >>> punctuate("好的, 再见.")
    '好的，再见。'
    """
    text = _BESIDE_HAN.sub(lambda m: (m[1] or m[2]).translate(_FULL_WIDTH), text)
    text = _STOP_BESIDE_HAN.sub("。", text)
    return _SPACE_BETWEEN_HAN.sub("", text).strip()
