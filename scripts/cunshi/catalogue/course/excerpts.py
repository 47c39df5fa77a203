"""Choose passages of a recording that a lesson could cite: whole, well recognised sentences.

They are suggestions; the author listens to them first.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cunshi.archive.transcript_file import UNHEARD
from cunshi.core.text import ends_sentence
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus, Word
from cunshi.domain.withholding import overlapping

MIN_SECONDS, MAX_SECONDS = 8.0, 25.0  # length of a passage for a class
_IDEAL_SECONDS = 16.0
_PAUSE = 0.3  # seconds: ends a passage where the draft has no full stops
_UNSURE = 0.5  # words of lower probability are unsure
_MAX_UNSURE = 0.25  # fraction of unsure words in a passage


@dataclass(frozen=True)
class Excerpt:
    """A passage with its words, and the glossary terms in it."""

    start: float
    end: float
    text: str
    terms: tuple[str, ...]


def choose_excerpts(
    transcript: Transcript, words: Sequence[Word], terms: Iterable[str], limit: int
) -> list[Excerpt]:
    """Return at most ``limit`` passages in order, spread over the recording and disjoint.

    ``words`` have the machine's probabilities, which are ignored for an approved transcript.
    Without full stops, passages end at pauses; a recording too short for a passage is one passage.
    """
    known = list(terms)
    sure = [] if transcript.status is TranscriptStatus.APPROVED else list(words)
    for runs in (_sentences(transcript), _between_pauses(transcript), _whole_if_short(transcript)):
        audible = (run for run in runs if not _is_withheld(run, transcript))
        scored = [found for run in audible if (found := _score(run, sure, known))]
        if scored:
            return _spread(scored, transcript.segments, limit)
    return []


def spoken_terms(text: str, terms: Iterable[str]) -> tuple[str, ...]:
    """Return the glossary terms in a text in order of occurrence; longer terms take precedence."""
    longest_first = sorted(filter(None, terms), key=len, reverse=True)
    found = re.findall("|".join(map(re.escape, longest_first)), text) if longest_first else []
    return tuple(dict.fromkeys(found))


def _sentences(transcript: Transcript) -> Iterator[tuple[Segment, ...]]:
    return _runs(transcript.segments, lambda s, __: ends_sentence(s.text))


def _between_pauses(transcript: Transcript) -> Iterator[tuple[Segment, ...]]:
    return _runs(transcript.segments, lambda s, after: after.start - s.end >= _PAUSE)


def _whole_if_short(transcript: Transcript) -> Iterator[tuple[Segment, ...]]:
    segments = tuple(transcript.segments)
    if segments and segments[-1].end - segments[0].start < MIN_SECONDS:
        yield segments


def _runs(
    segments: Sequence[Segment], ends: Callable[[Segment, Segment], bool]
) -> Iterator[tuple[Segment, ...]]:
    """Yield every run of segments of suitable length that begins and ends with a sentence."""
    pairs = itertools.pairwise(segments)
    cuts = [0, *(n for n, pair in enumerate(pairs, 1) if ends(*pair)), len(segments)]
    for first, last in itertools.combinations(cuts, 2):
        run = tuple(segments[first:last])
        if run and MIN_SECONDS <= run[-1].end - run[0].start <= MAX_SECONDS:
            yield run


def _is_withheld(run: Sequence[Segment], transcript: Transcript) -> bool:
    """Check whether any part of a passage is silenced, also by an overlapping line."""
    return bool(overlapping(transcript.silenced, run[0].start, run[-1].end))


def _score(
    run: Sequence[Segment], words: Sequence[Word], terms: Sequence[str]
) -> tuple[float, Excerpt] | None:
    """Return a score (higher is better) and the excerpt; None if it was poorly recognised."""
    start, end, text = run[0].start, run[-1].end, "".join(s.text for s in run)
    within = [word for word in words if start <= (word.start + word.end) / 2 <= end]
    unsure = sum(word.probability < _UNSURE for word in within) / max(1, len(within))
    if any(s.flags for s in run) or UNHEARD in text or unsure > _MAX_UNSURE or not text.strip():
        return None
    spoken = spoken_terms(text, terms)
    covered = sum(s.end - s.start for s in run) / (end - start)
    guesses = sum(len(s.suggested) for s in run)
    score = 2 * min(len(spoken), 2) - 8 * unsure + 4 * covered - guesses
    return score - abs(end - start - _IDEAL_SECONDS) / _IDEAL_SECONDS, Excerpt(
        start, end, text, spoken
    )


def _spread(
    scored: list[tuple[float, Excerpt]], segments: Sequence[Segment], limit: int
) -> list[Excerpt]:
    """Return the best passage of each of ``limit`` equal parts of the recording."""
    begin, length = segments[0].start, segments[-1].end - segments[0].start
    chosen: list[Excerpt] = []
    for __, excerpt in sorted(scored, key=lambda found: (-found[0], found[1].start)):
        part = _part(excerpt, begin, length, limit)
        is_free = all(part != _part(other, begin, length, limit) for other in chosen)
        if is_free and all(_disjoint(excerpt, other) for other in chosen):
            chosen.append(excerpt)
    return sorted(chosen, key=lambda excerpt: excerpt.start)


def _part(excerpt: Excerpt, begin: float, length: float, limit: int) -> int:
    middle = (excerpt.start + excerpt.end) / 2 - begin
    return min(limit - 1, int(limit * middle / max(length, 0.1)))


def _disjoint(one: Excerpt, other: Excerpt) -> bool:
    return one.end <= other.start or other.end <= one.start
