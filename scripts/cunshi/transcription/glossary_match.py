"""Find terms of the glossary that were written as other words of the same or similar sound.

A candidate is only a possible match. Whether the text is changed is decided elsewhere: by
:attr:`Candidate.certain`, or by the model (``Engine.weigh``).
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cunshi.domain.glossary import Term

_INITIALS = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.*?)([1-5]?)$")
# Sounds that southern speakers, and so the model, do not distinguish: zh/z, ch/c, sh/s and n/l as
# initials, n/ng as finals.
_SAME_INITIAL = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_HAN = re.compile(r"[\u3400-\u9fff]+")

PLACE = "地名"  # the glossary's kind for place names

OTHER_TONE = 0.1
NEAR = 0.3
HALF = 1.0  # only the initial or only the final agrees
MAX_DISTANCE = 1.3  # sum over all syllables: one HALF and one NEAR


@dataclass(frozen=True)
class Syllable:
    """A Mandarin syllable: initial, final, and tone from 1 to 5 (neutral)."""

    initial: str
    final: str
    tone: str

    def distance(self, other: "Syllable") -> float:
        """Return the phonetic distance, 0 for the same sound."""
        if (self.initial, self.final) == (other.initial, other.final):
            tones = {self.tone, other.tone}
            return 0.0 if len(tones) == 1 or "5" in tones else OTHER_TONE
        begins, ends = map(str.__eq__, self.folded, other.folded)
        if begins and ends:
            return NEAR
        return HALF if begins or ends else 2 * MAX_DISTANCE

    @functools.cached_property
    def folded(self) -> tuple[str, str]:
        """The initial and final without distinctions that southern speakers do not make."""
        return _SAME_INITIAL.get(self.initial, self.initial), self.final.removesuffix("g")


@dataclass(frozen=True)
class Candidate:
    """A possible match of a term, at the offset ``at`` in a text.

    ``whole`` is true if it does not begin or end inside another word, ``ordinary`` if ``written``
    contains a word with a meaning of its own, ``listed`` if the glossary lists ``written`` as a
    known misspelling.
    """

    at: int
    written: str
    term: str
    distance: float
    whole: bool
    ordinary: bool
    listed: bool = False

    @property
    def certain(self) -> bool:
        """Whether it can be replaced without asking the model."""
        return (self.distance == 0 or self.listed) and self.whole and not self.ordinary

    @property
    def needs_model(self) -> bool:
        """Whether the model's score decides."""
        if self.certain or (self.ordinary and not self.listed):
            return False
        return self.whole or self.distance < NEAR


@functools.cache
def _syllable(written: str) -> Syllable:
    match = _INITIALS.match(written)
    return Syllable(*match.groups("5")) if match else Syllable("", written, "5")


def syllables_of(text: str) -> tuple[Syllable, ...]:
    """Return a syllable for each character; characters with several readings are read in
    context.
    """
    from pypinyin import Style, lazy_pinyin  # loads dictionaries that most commands do not need

    written = lazy_pinyin(
        text,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        errors=lambda other: ["?"] * len(other),  # type: ignore[arg-type, return-value]
    )
    return tuple(_syllable(syllable) for syllable in written)


def pinyin_of(text: str) -> str:
    """Return the pinyin of a word in the form of the glossary: ``táng qiáo``."""
    from pypinyin import Style, lazy_pinyin

    return " ".join(lazy_pinyin(text, style=Style.TONE))


@functools.cache
def _term_syllables(term: str, pinyin: str) -> tuple[Syllable, ...]:
    """Return the syllables of a term, from the glossary's pinyin or else from its characters."""
    from pypinyin.contrib.tone_convert import to_tone3

    given = [to_tone3(part, neutral_tone_with_five=True) for part in pinyin.split()]
    return tuple(map(_syllable, given)) if len(given) == len(term) else syllables_of(term)


def find_candidates(text: str, terms: Iterable[Term]) -> tuple[Candidate, ...]:
    """Return all places in a Simplified text that sound like a term but are written differently.

    Sorted by distance, then by length (longest first), then by position. A term has at least two
    characters, and a candidate as many as its term.
    """
    sounds, words = syllables_of(text), _words(text)
    if len(sounds) != len(text):
        return ()
    positions_like = _syllable_index(sounds)
    found = [
        candidate
        for term in terms
        if len(term.term) > 1
        for candidate in _places(text, sounds, positions_like, words, term)
    ]
    return tuple(sorted(found, key=lambda c: (c.distance, -len(c.term), c.at)))


def _places(
    text: str,
    sounds: tuple[Syllable, ...],
    positions_like: Callable[[Syllable], frozenset[int]],
    words: list[tuple[int, str]],
    term: Term,
) -> Iterator[Candidate]:
    spoken, length = _term_syllables(term.term, term.pinyin), len(term.term)
    listed_at = {at for form in term.heard_as for at in _occurrences(text, form)}
    matching = positions_like(spoken[0])
    for offset, syllable in enumerate(spoken[1:], 1):
        there = positions_like(syllable)
        matching = frozenset(at for at in matching if at + offset in there)
    for at in sorted(listed_at | matching):
        written = text[at : at + length]
        if len(written) < length:
            continue
        distance = _distance(sounds, at, spoken)
        listed = written in term.heard_as
        if (
            (distance <= MAX_DISTANCE or listed)
            and written != term.term
            and _HAN.fullmatch(written)
        ):
            whole, ordinary = _word_context(words, at, term.term)
            ordinary = ordinary and not _is_misspelt(written, term, distance)
            yield Candidate(at, written, term.term, round(distance, 1), whole, ordinary, listed)


def _syllable_index(sounds: tuple[Syllable, ...]) -> Callable[[Syllable], frozenset[int]]:
    """Return a function that finds the positions where the initial or the final agrees."""
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


def _is_misspelt(written: str, term: Term, distance: float) -> bool:
    """Check for a place name of the same kind and sound, such as 沙州县 for 沙洲县."""
    same_kind = len(written) > 2 and written[-1] == term.term[-1]
    return term.kind == PLACE and same_kind and distance == 0


def _distance(sounds: tuple[Syllable, ...], at: int, spoken: tuple[Syllable, ...]) -> float:
    total = 0.0
    for offset, syllable in enumerate(spoken):
        total += sounds[at + offset].distance(syllable)
        if total > MAX_DISTANCE:
            break
    return total


def _words(text: str) -> list[tuple[int, str]]:
    """Segment a text into words with their positions."""
    import rjieba

    words, at = [], 0
    for word in rjieba.cut(text, False):
        words.append((at, word))
        at += len(word)
    return words


def _word_context(words: list[tuple[int, str]], at: int, term: str) -> tuple[bool, bool]:
    """Return whether a place begins and ends at word boundaries, and contains another word."""
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
