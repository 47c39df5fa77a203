"""Passages of a recording that a lesson could cite: whole sentences, well understood; pure.

They are suggestions to an author, who listens to them before anybody else does.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cunshi.archive.transcript_file import UNHEARD
from cunshi.core.text import ends_sentence
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus, Word
from cunshi.domain.withholding import overlapping

SHORTEST, LONGEST = 8.0, 25.0  # seconds of a passage that a class can listen to
_IDEAL = 16.0
_PAUSE = 0.3  # seconds: where a machine wrote no full stop, people at least breathe
_UNSURE = 0.5  # a word of less probability is unsure
_MOST_UNSURE = 0.25  # of the words of a passage


@dataclass(frozen=True)
class Excerpt:
    """A passage with its words, and the words of the glossary among them."""

    start: float
    end: float
    text: str
    terms: tuple[str, ...]


def choose(
    transcript: Transcript, words: Sequence[Word], terms: Iterable[str], most: int
) -> list[Excerpt]:
    """At most ``most`` passages, spread over the recording, in its order; none overlap.

    ``words`` are the machine's with their probabilities; of an approved transcript they say
    nothing. Without full stops passages end in pauses; speech too short for one is taken whole.
    """
    known = list(terms)
    sure = [] if transcript.status is TranscriptStatus.APPROVED else list(words)
    for runs in (_sentences(transcript), _breaths(transcript), _whole(transcript)):
        heard = (run for run in runs if not _is_withheld(run, transcript))
        scored = [found for run in heard if (found := _score(run, sure, known))]
        if scored:
            return _spread(scored, transcript.segments, most)
    return []


def spoken_terms(text: str, terms: Iterable[str]) -> tuple[str, ...]:
    """The words of the glossary in a text, in its order; of two at one place the longer."""
    longest_first = sorted(filter(None, terms), key=len, reverse=True)
    found = re.findall("|".join(map(re.escape, longest_first)), text) if longest_first else []
    return tuple(dict.fromkeys(found))


def _sentences(transcript: Transcript) -> Iterator[tuple[Segment, ...]]:
    return _runs(transcript.segments, lambda s, __: ends_sentence(s.text))


def _breaths(transcript: Transcript) -> Iterator[tuple[Segment, ...]]:
    return _runs(transcript.segments, lambda s, after: after.start - s.end >= _PAUSE)


def _whole(transcript: Transcript) -> Iterator[tuple[Segment, ...]]:
    segments = tuple(transcript.segments)
    if segments and segments[-1].end - segments[0].start < SHORTEST:
        yield segments


def _runs(
    segments: Sequence[Segment], ends: Callable[[Segment, Segment], bool]
) -> Iterator[tuple[Segment, ...]]:
    """Every run of segments of a good length that begins and ends where a sentence does."""
    pairs = itertools.pairwise(segments)
    cuts = [0, *(n for n, pair in enumerate(pairs, 1) if ends(*pair)), len(segments)]
    for first, last in itertools.combinations(cuts, 2):
        run = tuple(segments[first:last])
        if run and SHORTEST <= run[-1].end - run[0].start <= LONGEST:
            yield run


def _is_withheld(run: Sequence[Segment], transcript: Transcript) -> bool:
    """Whether any of it may not be heard, also under a line that is written over another."""
    return bool(overlapping(transcript.silenced, run[0].start, run[-1].end))


def _score(
    run: Sequence[Segment], words: Sequence[Word], terms: Sequence[str]
) -> tuple[float, Excerpt] | None:
    """How well a passage suits, more being better; None when it is not understood."""
    start, end, text = run[0].start, run[-1].end, "".join(s.text for s in run)
    within = [word for word in words if start <= (word.start + word.end) / 2 <= end]
    unsure = sum(word.probability < _UNSURE for word in within) / max(1, len(within))
    if any(s.flags for s in run) or UNHEARD in text or unsure > _MOST_UNSURE or not text.strip():
        return None
    spoken = spoken_terms(text, terms)
    covered = sum(s.end - s.start for s in run) / (end - start)
    guesses = sum(len(s.suggested) for s in run)
    score = 2 * min(len(spoken), 2) - 8 * unsure + 4 * covered - guesses
    return score - abs(end - start - _IDEAL) / _IDEAL, Excerpt(start, end, text, spoken)


def _spread(
    scored: list[tuple[float, Excerpt]], segments: Sequence[Segment], most: int
) -> list[Excerpt]:
    """The best passage of each of as many equal parts of the recording."""
    begin, length = segments[0].start, segments[-1].end - segments[0].start
    chosen: list[Excerpt] = []
    for __, excerpt in sorted(scored, key=lambda found: (-found[0], found[1].start)):
        part = _part(excerpt, begin, length, most)
        clear = all(part != _part(other, begin, length, most) for other in chosen)
        if clear and all(_apart(excerpt, other) for other in chosen):
            chosen.append(excerpt)
    return sorted(chosen, key=lambda excerpt: excerpt.start)


def _part(excerpt: Excerpt, begin: float, length: float, most: int) -> int:
    middle = (excerpt.start + excerpt.end) / 2 - begin
    return min(most - 1, int(most * middle / max(length, 0.1)))


def _apart(one: Excerpt, other: Excerpt) -> bool:
    return one.end <= other.start or other.end <= one.start
