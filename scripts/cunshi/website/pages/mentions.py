"""Find where terms are spoken, in published transcripts and in the clips of lessons."""

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

MAX_SHOWN = 20  # mentions listed on a page; a village's name has thousands
_CONTEXT = 14  # characters of context on each side
_NOT_SPEECH = frozenset({Flag.NO_SPEECH, Flag.BOILERPLATE, Flag.UNHEARD})
_SEPARATOR = "\0"  # separates passages; does not occur in cleaned text


@dataclass(frozen=True, slots=True)
class Mention:
    """A spoken term with its recording, time in seconds, and context."""

    recording: Recording
    start: float
    before: str
    word: str
    after: str


@dataclass(frozen=True)
class Mentions:
    """The first mentions of a term by recording and time, and the number of all."""

    shown: tuple[Mention, ...] = ()
    count: int = 0


class _SpokenText(NamedTuple):
    """All words of a recording with the positions of its lines.

    ``begins`` are character offsets of lines, ``starts`` their times in seconds.
    """

    text: str
    begins: list[int]
    starts: list[float]

    def start_at(self, position: int) -> float:
        return self.starts[bisect_right(self.begins, position) - 1]


# Start of the line in seconds, then the text before, the term, and the text after; beyond MAX_SHOWN
# only the start.
_Place = list[Any]


class MentionIndex:
    """Mentions of all terms that the pages of a catalogue list.

    ``asked`` are all of them, each with its other names. What is found in a recording is
    kept until its words change or what is asked for; what is told in it, also longer.
    """

    def __init__(self, catalogue: Catalogue, terms: Iterable[Iterable[str]]):
        self._terms = [*dict.fromkeys(map(_clean_words, terms))]
        self._basis = stamp_of(self._terms)
        quoted = _quoted(catalogue)
        shown: list[list[Mention]] = [[] for __ in self._terms]
        counts = [0] * len(self._terms)
        for entry in sorted(catalogue.entries, key=lambda entry: entry.recording.id):
            found, said = self._found(entry), quoted.get(entry.recording.id, ())
            for n, words in enumerate(self._terms):
                places = _with_quoted(found.get(str(n), ()), said, words)
                counts[n] += len(places)
                more = places[: MAX_SHOWN - len(shown[n])]
                shown[n] += [Mention(entry.recording, *place) for place in more]
        self._mentions = {
            words: Mentions(tuple(shown[n]), counts[n]) for n, words in enumerate(self._terms)
        }

    def _found(self, entry: Entry) -> dict[str, list[_Place]]:
        """By the number of what is asked, the places in a recording."""
        derived = entry.transcript.derived
        text = derived.text("mentions", lambda: self._find(entry), self._basis)
        return dict(json.loads(text))

    def _find(self, entry: Entry) -> str:
        spoken = _spoken_text(entry)
        found = ((n, _places(spoken, words)) for n, words in enumerate(self._terms))
        return json.dumps({n: places for n, places in found if places}, ensure_ascii=False)

    def mentions(self, words: Iterable[str]) -> Mentions:
        """Return the mentions of a term, given with its other names as in ``terms``.

        A clip whose author quoted the term counts if the transcript does not contain it within the
        clip, because the machine may have misrecognised it.
        """
        return self._mentions[_clean_words(words)]


def _quoted(catalogue: Catalogue) -> dict[str, list[tuple[Clip, _SpokenText]]]:
    """Return the clips with an author's quotation, by recording."""
    quoted: dict[str, list[tuple[Clip, _SpokenText]]] = {}
    for clip in (clip for __, clips in catalogue.lessons for clip in clips):
        if clip.ref.quote and not clip.withheld:
            said = _SpokenText(clean(clip.words), [0], [clip.ref.start])
            quoted.setdefault(clip.ref.recording_id, []).append((clip, said))
    return quoted


def _with_quoted(
    places: Sequence[_Place], quoted: Iterable[tuple[Clip, _SpokenText]], words: tuple[str, ...]
) -> Sequence[_Place]:
    by_start = {place[0]: place for place in places} if quoted else {}
    for clip, said in quoted:
        if not any(_inside(clip, start) for start in by_start):
            for place in _places(said, words)[:1]:
                by_start.setdefault(place[0], place)
    return sorted(by_start.values()) if quoted else places


def _clean_words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in dict.fromkeys(map(clean, words)) if word)


def _inside(clip: Clip, start: float) -> bool:
    margin = 8.0  # seconds: a line may begin before the clip and reach into it
    return clip.ref.start - margin <= start <= clip.ref.end


def _passages(entry: Entry) -> Iterator[tuple[Segment, ...]]:
    for paragraph in paragraphs_of(entry.transcript):
        yield paragraph.segments


def _spoken_text(entry: Entry) -> _SpokenText:
    def make() -> str:
        return json.dumps(_join_passages(entry), ensure_ascii=False)

    return _SpokenText(*json.loads(entry.transcript.derived.text("told", make)))


def _join_passages(entry: Entry) -> _SpokenText:
    parts: list[str] = []
    begins: list[int] = []
    starts: list[float] = []
    length = 0
    for passage in _passages(entry):
        for segment in passage:
            if _is_speech(segment):
                begins.append(length)
                starts.append(segment.start)
                parts.append(clean(segment.text))
                length += len(parts[-1])
        parts.append(_SEPARATOR)
        length += 1
    return _SpokenText("".join(parts), begins, starts)


def _is_speech(segment: Segment) -> bool:
    doubted = bool(segment.flags) and not _NOT_SPEECH.isdisjoint(segment.flags)
    return segment.text != UNHEARD and not segment.withheld and not doubted


def _places(spoken: _SpokenText, words: Iterable[str]) -> list[_Place]:
    """Return the places of any of the words; only the first counts for each line."""
    found: dict[float, tuple[int, str]] = {}
    for word in words:
        at = spoken.text.find(word)
        while at >= 0:
            found.setdefault(spoken.start_at(at), (at, word))
            at = spoken.text.find(word, at + len(word))
    return [
        [start, *_excerpt(spoken.text, *place)] if number < MAX_SHOWN else [start]
        for number, (start, place) in enumerate(sorted(found.items()))
    ]


def _excerpt(text: str, at: int, word: str) -> tuple[str, str, str]:
    """Return the context before the word, the word, and the context after it."""
    end = at + len(word)
    first = text.rfind(_SEPARATOR, 0, at) + 1
    last = text.find(_SEPARATOR, end)
    before, after = text[first:at], text[end : last if last >= 0 else len(text)]
    return (
        "…" + before[-_CONTEXT:] if len(before) > _CONTEXT else before,
        word,
        after[:_CONTEXT] + "…" if len(after) > _CONTEXT else after,
    )
