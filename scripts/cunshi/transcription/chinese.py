"""What a machine wrote, in the Chinese that people read: Simplified, full-width.

For machine text only: never for what a person wrote, nor for a recorded name.
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
    from opencc import OpenCC  # dictionaries that most commands do without

    # tw2s and not t2s: t2s leaves the 著 of 看著, which Whisper writes often.
    return OpenCC("tw2s")


def to_simplified(text: str) -> str:
    """Traditional characters to Simplified ones.

    >>> to_simplified("看著老街")
    '看着老街'
    """
    # A 么 is Simplified already, and taken for a Traditional one it would become 幺.
    return "么".join(str(_converter().convert(part)) for part in text.split("么"))


def letters(text: str) -> str:
    """Letters and numbers only, full-width ones as the ordinary ones."""
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def punctuate(text: str) -> str:
    """Full-width punctuation beside Chinese characters; numbers such as 1,000 or 3.5 stay.

    >>> punctuate("好的, 再见.")
    '好的，再见。'
    """
    text = _BESIDE_HAN.sub(lambda m: (m[1] or m[2]).translate(_FULL_WIDTH), text)
    text = _STOP_BESIDE_HAN.sub("。", text)
    return _SPACE_BETWEEN_HAN.sub("", text).strip()


def simplified_words(segment: Segment) -> list[Word]:
    """A segment's words in Simplified, in context where that keeps the number of characters.

    A segment without words is spread evenly over its characters.
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
