"""What a machine wrote, in the Chinese that people read: Simplified, full-width, line by line.

For machine text only: never for what a person wrote, nor for a recorded name.
"""

import functools
import re
from collections.abc import Iterable, Iterator

from opencc import OpenCC

from cunshi.model import Segment, Word

_FULL_WIDTH = str.maketrans(",?!:;()", "，？！：；（）")
_HAN = r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
_BESIDE_HAN = re.compile(rf"(?<={_HAN})\s*([,?!:;()])\s*|\s*([,?!:;()])\s*(?={_HAN})")
_STOP_BESIDE_HAN = re.compile(rf"(?<={_HAN})\s*\.+")
_SPACE_BETWEEN_HAN = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")
_SENTENCE_END = "。？！…"
_PAUSE_MARK = "，；：、"

LINE_PAUSE = 0.35  # seconds: a comma with this much silence after it may end a line
SHORT_LINE = 9  # characters: fewer than these are not worth a line, whatever the pause
LONG_LINE = 22  # characters: a comma after this many ends a line without any pause


@functools.cache
def _converter() -> OpenCC:
    # tw2s and not t2s: t2s leaves the 著 of 看著, which Whisper writes often.
    return OpenCC("tw2s")


def to_simplified(text: str) -> str:
    """Traditional characters to Simplified ones.

    >>> to_simplified("看著老街")
    '看着老街'
    """
    # A 么 is Simplified already, and taken for a Traditional one it would become 幺.
    return "么".join(str(_converter().convert(part)) for part in text.split("么"))


def punctuate(text: str) -> str:
    """Full-width punctuation beside Chinese characters; numbers such as 1,000 or 3.5 stay.

    >>> punctuate("好的, 再见.")
    '好的，再见。'
    """
    text = _BESIDE_HAN.sub(lambda m: (m[1] or m[2]).translate(_FULL_WIDTH), text)
    text = _STOP_BESIDE_HAN.sub("。", text)
    return _SPACE_BETWEEN_HAN.sub("", text).strip()


def draft_lines(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """What Whisper heard as lines for people: a line ends at a sentence's end or at a pause."""
    lines: list[Segment] = []
    for segment in segments:
        lines += _segment_lines(segment)
    return tuple(line for line in lines if line.text)


def _segment_lines(segment: Segment) -> Iterator[Segment]:
    words = _simplified_words(segment)
    if not words:
        yield Segment(segment.start, segment.end, punctuate(to_simplified(segment.text)))
        return
    line: list[Word] = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        line.append(word)
        if following is None or _ends_line(line, following):
            yield _line(line)
            line = []


def _simplified_words(segment: Segment) -> list[Word]:
    """The words in Simplified; converted in context where that keeps the number of characters."""
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


def _ends_line(line: list[Word], following: Word) -> bool:
    text = punctuate("".join(word.text for word in line) + "一")[:-1].rstrip()
    if text.endswith(tuple(_SENTENCE_END)):
        return True
    pause = following.start - line[-1].end
    enough = LONG_LINE if pause < LINE_PAUSE else SHORT_LINE
    return text.endswith(tuple(_PAUSE_MARK)) and len(text) >= enough


def _line(words: list[Word]) -> Segment:
    text = punctuate("".join(word.text for word in words))
    return Segment(words[0].start, words[-1].end, text, tuple(words))
