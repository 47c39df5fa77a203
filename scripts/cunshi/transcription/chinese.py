"""Normalise machine text to Simplified Chinese with full-width punctuation.

Never used for what a person wrote, nor for names.
"""

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from cunshi.domain.transcript import Segment, Word

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


def simplified_words(segment: Segment) -> list[Word]:
    """Return a segment's words in Simplified Chinese, converted in context if the length is kept.

    A segment without words is divided evenly into its characters.
    """
    if not segment.words:
        text = to_simplified(segment.text)
        step = (segment.end - segment.start) / max(len(text), 1)
        return [
            Word(segment.start + n * step, segment.start + (n + 1) * step, character, 1.0)
            for n, character in enumerate(text)
        ]
    together = "".join(word.text for word in segment.words)
    converted = to_simplified(together)
    if len(converted) != len(together):
        return [Word(w.start, w.end, to_simplified(w.text), w.probability) for w in segment.words]
    words, at = [], 0
    for word in segment.words:
        text = converted[at : at + len(word.text)]
        words.append(Word(word.start, word.end, text, word.probability))
        at += len(word.text)
    return words
