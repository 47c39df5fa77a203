"""Convert the words of a recognised segment to Simplified Chinese, with their times."""

from cunshi.core.chinese import to_simplified
from cunshi.domain.transcript import Segment, Word


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
