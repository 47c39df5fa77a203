"""Words of the glossary that a machine wrote as others of the same or nearly the same sound.

A candidate is only a place where the sound would fit. Whether the text may be changed there is
decided elsewhere: by :attr:`Candidate.certain`, or by asking the model (``Engine.weigh``).
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cunshi.domain.glossary import Term

_INITIALS = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.*?)([1-5]?)$")
# What southerners, and so the model that hears them, do not keep apart: zh/z, ch/c, sh/s, n/l
# at the beginning of a syllable, n/ng at its end.
_SAME_INITIAL = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_HAN = re.compile(r"[\u3400-\u9fff]+")

PLACE = "地名"  # the kind of place names in the glossary

OTHER_TONE = 0.1
NEAR = 0.3
HALF = 1.0  # only the beginning or only the end of a syllable is the same
FARTHEST = 1.3  # of all syllables together: one that is half the same, and one that is near


@dataclass(frozen=True)
class Syllable:
    """A syllable of Mandarin: beginning, end, and tone from 1 to 5 (5 is none)."""

    initial: str
    final: str
    tone: str

    def distance(self, other: "Syllable") -> float:
        """0 for the same sound, more for what is less alike."""
        if (self.initial, self.final) == (other.initial, other.final):
            tones = {self.tone, other.tone}
            return 0.0 if len(tones) == 1 or "5" in tones else OTHER_TONE
        begins, ends = map(str.__eq__, self.folded, other.folded)
        if begins and ends:
            return NEAR
        return HALF if begins or ends else 2 * FARTHEST

    @functools.cached_property
    def folded(self) -> tuple[str, str]:
        """Beginning and end without what southerners do not keep apart."""
        return _SAME_INITIAL.get(self.initial, self.initial), self.final.removesuffix("g")


@dataclass(frozen=True)
class Candidate:
    """A place in a text, by its first character, where a word of the glossary may have been said.

    ``whole`` tells that the place does not begin or end inside another word, ``ordinary`` that
    what stands there has a meaning of its own, ``listed`` that people have seen the term written
    so.
    """

    at: int
    heard: str
    term: str
    distance: float
    whole: bool
    ordinary: bool
    listed: bool = False

    @property
    def certain(self) -> bool:
        """The very sound of a local name, or a known wrong form, where else no word stands."""
        return (self.distance == 0 or self.listed) and self.whole and not self.ordinary

    @property
    def open(self) -> bool:
        """Whether the model's opinion may decide: not of the sound of other, ordinary words."""
        if self.certain or (self.ordinary and not self.listed):
            return False
        return self.whole or self.distance < NEAR


@functools.cache
def _syllable(written: str) -> Syllable:
    match = _INITIALS.match(written)
    return Syllable(*match.groups("5")) if match else Syllable("", written, "5")


def read_aloud(text: str) -> tuple[Syllable, ...]:
    """A syllable for each character; of a character with several readings the one in context."""
    from pypinyin import Style, lazy_pinyin  # dictionaries that most commands do without

    written = lazy_pinyin(
        text,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        errors=lambda other: ["?"] * len(other),  # type: ignore[arg-type, return-value]
    )
    return tuple(_syllable(syllable) for syllable in written)


def pinyin_of(text: str) -> str:
    """How a word is read, as a glossary writes it: ``táng qiáo``."""
    from pypinyin import Style, lazy_pinyin

    return " ".join(lazy_pinyin(text, style=Style.TONE))


@functools.cache
def _said(term: str, pinyin: str) -> tuple[Syllable, ...]:
    """How a term is said: as the glossary writes it, else as its characters are read."""
    from pypinyin.contrib.tone_convert import to_tone3

    given = [to_tone3(part, neutral_tone_with_five=True) for part in pinyin.split()]
    return tuple(map(_syllable, given)) if len(given) == len(term) else read_aloud(term)


def find_candidates(text: str, terms: Iterable[Term]) -> tuple[Candidate, ...]:
    """All places in a Simplified text that sound like a term and are written otherwise.

    The nearest first; of two of the same distance the longer, then the earlier. A term has at
    least two characters, and a candidate as many as its term.
    """
    sounds, words = read_aloud(text), _words(text)
    if len(sounds) != len(text):
        return ()
    alike = _alike(sounds)
    found = [
        candidate
        for term in terms
        if len(term.term) > 1
        for candidate in _places(text, sounds, alike, words, term)
    ]
    return tuple(sorted(found, key=lambda c: (c.distance, -len(c.term), c.at)))


def _places(
    text: str,
    sounds: tuple[Syllable, ...],
    alike: Callable[[Syllable], frozenset[int]],
    words: list[tuple[int, str]],
    term: Term,
) -> Iterator[Candidate]:
    said, length = _said(term.term, term.pinyin), len(term.term)
    written = {at for form in term.heard_as for at in _occurrences(text, form)}
    sounding = alike(said[0])
    for offset, syllable in enumerate(said[1:], 1):
        there = alike(syllable)
        sounding = frozenset(at for at in sounding if at + offset in there)
    for at in sorted(written | sounding):
        heard = text[at : at + length]
        if len(heard) < length:
            continue
        distance = _distance(sounds, at, said)
        listed = heard in term.heard_as
        if (distance <= FARTHEST or listed) and heard != term.term and _HAN.fullmatch(heard):
            whole, ordinary = _standing(words, at, term.term)
            ordinary = ordinary and not _is_misspelt(heard, term, distance)
            yield Candidate(at, heard, term.term, round(distance, 1), whole, ordinary, listed)


def _alike(sounds: tuple[Syllable, ...]) -> Callable[[Syllable], frozenset[int]]:
    """Finds where syllables begin or end as another one: elsewhere they are too far from it."""
    begins: dict[str, set[int]] = {}
    ends: dict[str, set[int]] = {}
    for at, sound in enumerate(sounds):
        begin, end = sound.folded
        begins.setdefault(begin, set()).add(at)
        ends.setdefault(end, set()).add(at)

    @functools.cache
    def find(syllable: Syllable) -> frozenset[int]:
        begin, end = syllable.folded
        return frozenset(begins.get(begin, ())).union(ends.get(end, ()))

    return find


def _occurrences(text: str, form: str) -> Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + 1)


def _is_misspelt(heard: str, term: Term, distance: float) -> bool:
    """Whether a word of the dictionary is a place of the same kind and sound: 沙州县 for 沙洲县."""
    same_kind = len(heard) > 2 and heard[-1] == term.term[-1]
    return term.kind == PLACE and same_kind and distance == 0


def _distance(sounds: tuple[Syllable, ...], at: int, said: tuple[Syllable, ...]) -> float:
    total = 0.0
    for offset, syllable in enumerate(said):
        total += sounds[at + offset].distance(syllable)
        if total > FARTHEST:
            break
    return total


def _words(text: str) -> list[tuple[int, str]]:
    """The words of a text with their places. A character that belongs to no word is one alone."""
    import rjieba

    words, at = [], 0
    for word in rjieba.cut(text, False):
        words.append((at, word))
        at += len(word)
    return words


def _standing(words: list[tuple[int, str]], at: int, term: str) -> tuple[bool, bool]:
    """Whether a place begins and ends with words, and holds a word that the term does not."""
    end = at + len(term)
    edges = {start for start, __ in words} | {words[-1][0] + len(words[-1][1])}
    ordinary = any(
        len(word) > 1
        and start >= at
        and start + len(word) <= end
        and term[start - at : start - at + len(word)] != word
        for start, word in words
    )
    return at in edges and end in edges, ordinary
