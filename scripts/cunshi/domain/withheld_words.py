"""Find quotations of withheld lines in other texts, for example in a lesson.

Texts are compared in a normal form, so that script, width, punctuation, spaces, fillers, markup and
entities do not count. A text quotes a withheld line if it contains

- a line of at least ``_SHORTEST`` characters,
- ``_SHARE`` of a line, of long ones ``_LONGEST`` characters, which may go on into the next line, or
- any part in quotation marks of at least ``_SHORTEST`` characters, also with omissions (…),

unless the words are said everywhere ("我不知道").

Words that a published line contains as well are no secret.
"""

import html
import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple
from urllib.parse import unquote

from cunshi.domain.transcript import Segment

_SHORTEST = 4  # characters; shorter lines ("对的") are said everywhere
_LONGEST = 8  # characters in a row that two texts hardly share by chance
_SHARE = 0.75  # of a shorter line that is recognised as a quotation of it
_LATIN = 3  # letters that tell as much as one Chinese character
_LEAST_WORDS = 2  # characters of a line that are not said everywhere; in a part one more
_FILLERS = str.maketrans("", "", "嗯呃哦噢喔唉诶欸啊呀嘛呢吧啦")
# Characters that tell nothing by themselves, and numbers in a date.
_EVERYWHERE = frozenset(
    "的了是我你他她它们这那就也都不没有在和说来去个么吗对好知道样很还要会能到过着给跟把被让从为"
    "以什怎谁哪几多少叫又再才只可因所但如果然而且或者时候年月日号得地一"
)
_DATE = re.compile("[零一二三四五六七八九十百千]{1,5}[年月日号点岁]")
_NUMBER = re.compile(r"(?<!\d)\d{2,4}(?:[ -]\d{3,4}){1,3}(?!\d|年)")  # in groups, of a telephone
_OMISSION = re.compile(r"…+|\.{3,}|⋯+")
_MARKS = ("“”", "‘’", "「」", "『』", "《》", "〝〞", '""')
_QUOTED = [re.compile(f"{pair[0]}([^{pair}]*){pair[1]}") for pair in _MARKS]
# What stands in the source of a page between two words that a reader sees side by side.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:rt|rp|sup|sub)\b[^<>]*>[^<>]*|<[^<>]*>"  # HTML
    r"|(?<=\])\([^()\n]*\)|(?<=\])\[[^\[\]\n]*\]|\[\^[^\[\]\n]*\]|\{[^{}\n]*\}",  # Markdown
    re.DOTALL | re.IGNORECASE,
)
_LETTERS = re.compile("[a-zÀ-ɏ]+", re.IGNORECASE)


class Place(NamedTuple):
    """The recording and the time in seconds at which a withheld line begins."""

    recording_id: str
    start: float


class Passage(NamedTuple):
    """Adjacent lines of a recording, each with its start in seconds."""

    recording_id: str
    lines: tuple[tuple[float, str], ...]


class _Normal(NamedTuple):
    """A passage in normal form, with the position of each line in ``text``."""

    text: str
    begins: tuple[int, ...]
    places: tuple[Place, ...]

    def place_of(self, position: int) -> Place:
        return self.places[max(0, bisect_right(self.begins, position) - 1)]


def passages_of(
    recording_id: str, segments: Iterable[Segment], *, withheld: bool | None = None
) -> Iterator[Passage]:
    """Yield the passages of a transcript, as spoken and in Mandarin: those that are withheld, or
    are not, or the whole.
    """
    for is_withheld, run in groupby(
        segments, lambda s: s.withheld if withheld is not None else None
    ):
        lines = list(run)
        if is_withheld is withheld:
            yield Passage(recording_id, tuple((s.start, s.text) for s in lines))
            if any(s.mandarin for s in lines):
                yield Passage(recording_id, tuple((s.start, s.mandarin or s.text) for s in lines))


class WithheldWords:
    """The words of ``withheld`` passages, except those that are in the ``published`` ones too.

    The published ones are read only if a text contains words that may be secret.
    """

    def __init__(
        self,
        withheld: Iterable[Passage] = (),
        published: Callable[[], Iterable[Passage]] = tuple,
        normalise: Callable[[str], str] = str,
    ):
        self._normalise, self._published = normalise, published
        self._passages = [*dict.fromkeys(n for p in withheld for n in self._normal_forms(p))]
        self._parts: dict[str, Place] = {}
        for passage in self._passages:
            for part, place in _parts(passage):
                self._parts.setdefault(part, place)
        self._lengths = sorted({len(part) for part in self._parts})
        self._known: list[str] | None = None
        self._is_public: dict[tuple[str, ...], bool] = {}

    def __bool__(self) -> bool:
        return bool(self._passages)

    def find(self, texts: Sequence[str]) -> dict[int, Place]:
        """Return the numbers of those texts that are part of a quotation, with the line's place.

        The texts stand one after the other: a quotation may be spread over several.
        """
        if not self._passages:
            return {}
        found: dict[int, Place] = {}
        forms = [self._forms(text) for text in texts]
        for normals in dict.fromkeys(zip(*forms, strict=True)):
            self._find_parts(normals, found)
        for number, text in enumerate(texts):
            if number not in found and (place := self._find_marked(html.unescape(text))):
                found[number] = place
        return found

    def found_in(self, text: str) -> bool:
        """Check whether a text quotes a withheld line."""
        return bool(self.find([text]))

    def place_of_quotation(self, quotation: str) -> Place | None:
        """Return the place of the withheld line that a quotation is taken from."""
        return self.find([f"“{quotation}”"]).get(0)

    def _find_parts(self, normals: Sequence[str], found: dict[int, Place]) -> None:
        text, ends = "".join(normals), list(accumulate(map(len, normals)))
        for at in range(len(text)):
            for size in self._lengths:
                part = text[at : at + size]
                if part in self._parts and not self._is_known([part]):
                    last = min(at + size, len(text)) - 1
                    for position in range(at, last + 1):
                        found.setdefault(bisect_right(ends, position), self._parts[part])

    def _find_marked(self, text: str) -> Place | None:
        """Return the place of the first quotation in quotation marks."""
        for match in (match for marks in _QUOTED for match in marks.finditer(text)):
            pieces = map(self._forms, _OMISSION.split(match[1]))
            for form in dict.fromkeys(zip(*pieces, strict=True)):
                if place := self._source([*filter(None, form)]):
                    return place
        return None

    def _source(self, pieces: list[str]) -> Place | None:
        """Return the place of a secret passage that contains all pieces in order."""
        if not _tells("".join(pieces), _LEAST_WORDS):
            return None
        for passage in self._passages:
            if in_order(pieces, passage.text) and not self._is_known(pieces):
                return passage.place_of(passage.text.find(pieces[0]))
        return None

    def _is_known(self, pieces: list[str]) -> bool:
        """Check whether a published passage contains all of these in order."""
        key = tuple(pieces)
        if self._known is None:
            passages = (n for p in self._published() for n in self._normal_forms(p))
            self._known = [*dict.fromkeys(passage.text for passage in passages)]
        if key not in self._is_public:
            self._is_public[key] = any(in_order(pieces, text) for text in self._known)
        return self._is_public[key]

    def _normal_forms(self, passage: Passage) -> Iterator[_Normal]:
        places = tuple(Place(passage.recording_id, start) for start, __ in passage.lines)
        for lines in dict.fromkeys(
            zip(*(self._forms(text) for __, text in passage.lines), strict=True)
        ):
            begins = tuple(accumulate(map(len, lines[:-1]), initial=0))
            yield _Normal("".join(lines), begins, places)

    def _forms(self, text: str) -> tuple[str, str]:
        """Return a text in normal form: everything in its source, and only what readers see of it,
        without letters, which may be a reading aid.
        """
        text = unicodedata.normalize("NFKC", html.unescape(text))
        text = _NUMBER.sub(lambda found: re.sub(r"\D", "", found[0]), text)
        everything = self._normalise(unquote(text)).translate(_FILLERS).casefold()
        seen = self._normalise(_MARKUP.sub("", text)).translate(_FILLERS).casefold()
        return everything, seen if seen.isascii() else _LETTERS.sub("", seen)


def in_order(pieces: Iterable[str], text: str) -> bool:
    """Check whether a text contains pieces one after the other."""
    for piece in pieces:
        __, found, text = text.partition(piece)
        if not found:
            return False
    return True


def _parts(passage: _Normal) -> Iterator[tuple[str, Place]]:
    """Yield the parts of a passage by which a quotation of it is recognised."""
    text = passage.text
    if len(text) < _LONGEST * _scale(text) and _tells(text, _LEAST_WORDS + 1):
        yield text, passage.place_of(0)
    for start, end in pairwise((*passage.begins, len(text))):
        line, place = text[start:end], passage.place_of(start)
        parts = set(_windows(line, _window(line), len(line)))
        parts |= {*_windows(text[start:], _LONGEST * _scale(line), len(line))}
        if (not parts or len(line) < _LONGEST) and _tells(line, _LEAST_WORDS):
            parts.add(line)
        for part in sorted(parts):
            yield part, place


def _windows(text: str, size: int, count: int) -> Iterator[str]:
    """Yield the parts of a text that begin in its first ``count`` characters and tell something."""
    for at in range(min(count, len(text) - size + 1)):
        if _tells(part := text[at : at + size], _LEAST_WORDS + 1):
            yield part


def _window(line: str) -> int:
    """Return how many characters of a line in a row make a quotation of it."""
    scale = _scale(line)
    return min(_LONGEST * scale, max(_SHORTEST * scale, math.ceil(len(line) * _SHARE)))


def _scale(text: str) -> int:
    return _LATIN if text.isascii() else 1


def _tells(text: str, least: int) -> bool:
    """Check whether a text is long enough, and has words that are not said everywhere."""
    scale = _scale(text)
    words = set(_DATE.sub("", text)) - _EVERYWHERE
    return len(text) >= _SHORTEST * scale and len(words) >= least * scale
