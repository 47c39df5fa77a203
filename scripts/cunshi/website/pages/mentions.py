"""Where a word is spoken: in the transcripts of published recordings, and in the lessons' clips."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cunshi.archive.cache.stage_stamps import stamp_of
from cunshi.archive.transcript_file import UNHEARD
from cunshi.core.text import clean
from cunshi.domain.course import Catalogue, Clip, Entry
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Flag, Segment
from cunshi.website.pages.recording import paragraphs_of

MOST = 20  # mentions that a page lists: of a village's name there are thousands
_AROUND = 14  # characters of an excerpt on each side of the word
_NOT_SAID = frozenset({Flag.NO_SPEECH, Flag.BOILERPLATE, Flag.UNHEARD})
_APART = "\0"  # between two passages; cleaned text has none


@dataclass(frozen=True, slots=True)
class Mention:
    """A word as it was spoken: in which recording, when (seconds), and the words around it."""

    recording: Recording
    start: float
    before: str
    word: str
    after: str


@dataclass(frozen=True)
class Mentions:
    """The first places where a word is spoken, by recording and time, and how many there are."""

    shown: tuple[Mention, ...] = ()
    count: int = 0


class _Told(NamedTuple):
    """All that is told in a recording: passages, and where in them which line begins.

    ``begins`` are the characters at which the lines begin, ``starts`` their seconds.
    """

    text: str
    begins: list[int]
    starts: list[float]

    def start_at(self, position: int) -> float:
        return self.starts[bisect_right(self.begins, position) - 1]


# The second of a line, and the words before, in and after it; beyond MOST only the second.
_Place = list[Any]


class Spoken:
    """Where the words that a catalogue's pages ask for are spoken.

    ``asked`` are all of them, each with its other names. What is found in a recording is
    kept until its words change or what is asked for; what is told in it, also longer.
    """

    def __init__(self, catalogue: Catalogue, asked: Iterable[Iterable[str]]):
        self._asked = [*dict.fromkeys(map(_wanted, asked))]
        self._basis = stamp_of(self._asked)
        quoted = _quoted(catalogue)
        shown: list[list[Mention]] = [[] for __ in self._asked]
        counts = [0] * len(self._asked)
        for entry in sorted(catalogue.entries, key=lambda entry: entry.recording.id):
            found, said = self._found(entry), quoted.get(entry.recording.id, ())
            for n, words in enumerate(self._asked):
                places = _with_quoted(found.get(str(n), ()), said, words)
                counts[n] += len(places)
                more = places[: MOST - len(shown[n])]
                shown[n] += [Mention(entry.recording, *place) for place in more]
        self._mentions = {
            words: Mentions(tuple(shown[n]), counts[n]) for n, words in enumerate(self._asked)
        }

    def _found(self, entry: Entry) -> dict[str, list[_Place]]:
        """By the number of what is asked, the places in a recording."""
        derived = entry.transcript.derived
        text = derived.text("mentions", lambda: self._find(entry), self._basis)
        return dict(json.loads(text))

    def _find(self, entry: Entry) -> str:
        told = _told(entry)
        found = ((n, _places(told, words)) for n, words in enumerate(self._asked))
        return json.dumps({n: places for n, places in found if places}, ensure_ascii=False)

    def mentions(self, words: Iterable[str]) -> Mentions:
        """Where one of the words is spoken, which are among what was asked for.

        A clip whose author wrote the word down counts where the transcript has it nowhere in the
        clip's time: a machine may have heard something else.
        """
        return self._mentions[_wanted(words)]


def _quoted(catalogue: Catalogue) -> dict[str, list[tuple[Clip, _Told]]]:
    """The clips whose authors wrote down what is said, by recording."""
    quoted: dict[str, list[tuple[Clip, _Told]]] = {}
    for clip in (clip for __, clips in catalogue.lessons for clip in clips):
        if clip.ref.quote and not clip.withheld:
            said = _Told(clean(clip.words), [0], [clip.ref.start])
            quoted.setdefault(clip.ref.recording_id, []).append((clip, said))
    return quoted


def _with_quoted(
    places: Sequence[_Place], quoted: Iterable[tuple[Clip, _Told]], words: tuple[str, ...]
) -> Sequence[_Place]:
    by_start = {place[0]: place for place in places} if quoted else {}
    for clip, said in quoted:
        if not any(_inside(clip, start) for start in by_start):
            for place in _places(said, words)[:1]:
                by_start.setdefault(place[0], place)
    return sorted(by_start.values()) if quoted else places


def _wanted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in dict.fromkeys(map(clean, words)) if word)


def _inside(clip: Clip, start: float) -> bool:
    margin = 8.0  # a line that begins before the clip may reach into it
    return clip.ref.start - margin <= start <= clip.ref.end


def _passages(entry: Entry) -> Iterator[tuple[Segment, ...]]:
    for paragraph in paragraphs_of(entry.transcript):
        yield paragraph.segments


def _told(entry: Entry) -> _Told:
    def make() -> str:
        return json.dumps(_tell(entry), ensure_ascii=False)

    return _Told(*json.loads(entry.transcript.derived.text("told", make)))


def _tell(entry: Entry) -> _Told:
    parts: list[str] = []
    begins: list[int] = []
    starts: list[float] = []
    length = 0
    for passage in _passages(entry):
        for segment in passage:
            if _is_said(segment):
                begins.append(length)
                starts.append(segment.start)
                parts.append(clean(segment.text))
                length += len(parts[-1])
        parts.append(_APART)
        length += 1
    return _Told("".join(parts), begins, starts)


def _is_said(segment: Segment) -> bool:
    doubted = bool(segment.flags) and not _NOT_SAID.isdisjoint(segment.flags)
    return segment.text != UNHEARD and not segment.withheld and not doubted


def _places(told: _Told, words: Iterable[str]) -> list[_Place]:
    """Where one of some words is told; in a line with several, the first of the words counts."""
    found: dict[float, tuple[int, str]] = {}
    for word in words:
        at = told.text.find(word)
        while at >= 0:
            found.setdefault(told.start_at(at), (at, word))
            at = told.text.find(word, at + len(word))
    return [
        [start, *_excerpt(told.text, *place)] if number < MOST else [start]
        for number, (start, place) in enumerate(sorted(found.items()))
    ]


def _excerpt(text: str, at: int, word: str) -> tuple[str, str, str]:
    """The words before it in its passage, itself, and the words after it."""
    end = at + len(word)
    first = text.rfind(_APART, 0, at) + 1
    last = text.find(_APART, end)
    before, after = text[first:at], text[end : last if last >= 0 else len(text)]
    return (
        "…" + before[-_AROUND:] if len(before) > _AROUND else before,
        word,
        after[:_AROUND] + "…" if len(after) > _AROUND else after,
    )
