"""One passage of speech → what an engine makes of it, audited, and heard again where that helps.

Base skips up to half of a passage with full confidence, and no figure of its own tells so. What
tells is the speech without text. Such a passage is heard again in halves, cut at a pause.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cunshi.domain.glossary import Term
from cunshi.domain.transcript import Segment, Weighed, Word
from cunshi.transcription import quality_flags, vad
from cunshi.transcription.chinese import simplified_words
from cunshi.transcription.engines import Engine, HeardSegment
from cunshi.transcription.glossary_match import Candidate, find_candidates
from cunshi.transcription.vad import Passage

DOUBT = 0.8  # doubtful seconds that are worth another hearing
MOST_WEIGHED = 16  # candidates in a passage: more would cost more than the passage itself
# What the words of a transcript depend on, beside the engine: changes make transcripts anew.
OPTIONS = {"voice": vad.OPTIONS, "doubt": DOUBT, "gap": quality_flags.GAP, "weighed": MOST_WEIGHED}


@dataclass(frozen=True)
class Listened:
    """What was heard in a passage, in times of the recording; ``speech`` and ``lost`` in seconds.

    ``weighed`` is what the engine thinks of the words that the glossary has for it.
    """

    segments: tuple[HeardSegment, ...]
    weighed: tuple[Weighed, ...]
    speech: float
    lost: float


class Listener(Protocol):
    """Who hears passages: this computer, or others. Asked by several threads at once."""

    engine: Engine
    threads: int  # as many passages at most are heard, or waited for, at once

    def prepare(self) -> None:
        """Make sure that there is somebody who can listen. Raises EngineError."""

    def ahead(self) -> int:
        """How many passages are worth having at hand, those being heard included."""

    def listen(
        self, passage: Passage, language: str, terms: Sequence[Term], recording: str
    ) -> Listened:
        """Hear a passage of the recording of that hash; times are those of the recording.

        Raises EngineError, and EngineUnavailableError when nobody can listen any more.
        """

    def close(self) -> None:
        """Nothing more will be asked, nor is what was asked waited for."""


class Here:
    """This computer listens, with a thread for each of the engine's workers."""

    def __init__(self, engine: Engine):
        self.engine, self.threads = engine, engine.workers

    def prepare(self) -> None:
        self.engine.prepare()

    def ahead(self) -> int:
        return 2 * self.threads

    def listen(
        self, passage: Passage, language: str, terms: Sequence[Term], recording: str
    ) -> Listened:
        return listen(self.engine, passage, language, terms)

    def close(self) -> None:
        """There is nobody to tell."""


@dataclass(frozen=True)
class _Hearing:
    """A passage and its segments, flagged; times from the beginning of the passage."""

    passage: Passage
    heard: tuple[HeardSegment, ...]

    @property
    def segments(self) -> list[Segment]:
        return [entry.segment for entry in self.heard]

    @property
    def doubt(self) -> float:
        return quality_flags.doubtful_seconds(self.segments, self.passage.length)


def listen(engine: Engine, passage: Passage, language: str, terms: Sequence[Term]) -> Listened:
    """Hear a passage, again in halves where it stays doubtful. Raises EngineError."""
    hearings = _hear(engine, passage, language)
    segments = [
        _restored(entry, hearing.passage) for hearing in hearings for entry in _all(hearing)
    ]
    weighed = [entry for hearing in hearings for entry in _weigh(engine, hearing, terms)]
    padding = 2 * vad.PADDING
    return Listened(
        tuple(segments),
        tuple(weighed),
        speech=sum(max(0.0, span.length - padding) for span in passage.spans),
        lost=sum(
            quality_flags.lost(hearing.segments, hearing.passage.length) for hearing in hearings
        ),
    )


def _hear(engine: Engine, passage: Passage, language: str) -> list[_Hearing]:
    found = engine.transcribe(passage.samples, language)
    whole = _Hearing(passage, tuple(_audited(entry) for entry in found if entry.segment.text))
    doubt = whole.doubt
    halves = passage.halves() if doubt > DOUBT else None
    if halves is None:
        return [whole]
    parts = [hearing for half in halves for hearing in _hear(engine, half, language)]
    return parts if sum(part.doubt for part in parts) < doubt else [whole]


def _audited(entry: HeardSegment) -> HeardSegment:
    return replace(entry, segment=quality_flags.flagged(entry.segment, entry.confidence))


def _all(hearing: _Hearing) -> list[HeardSegment]:
    """What was heard and what was not, in the order of time."""
    missing = quality_flags.unheard(hearing.segments, hearing.passage.length)
    both = [*hearing.heard, *map(HeardSegment, missing)]
    return sorted(both, key=lambda entry: entry.segment.start)


def _restored(entry: HeardSegment, passage: Passage) -> HeardSegment:
    old = entry.segment
    words = tuple(
        Word(*passage.restore(word.start, word.end), word.text, word.probability)
        for word in old.words
    )
    start, end = passage.restore(old.start, old.end)
    if words:
        start, end = words[0].start, words[-1].end
    return replace(entry, segment=replace(old, start=start, end=end, words=words))


def _weigh(engine: Engine, hearing: _Hearing, terms: Iterable[Term]) -> list[Weighed]:
    """What the engine thinks of each word that the sound alone does not decide."""
    texts = ["".join(w.text for w in simplified_words(segment)) for segment in hearing.segments]
    doubtful = [
        (number, candidate)
        for number, text in enumerate(texts)
        for candidate in find_candidates(text, terms)
        if candidate.open
    ]
    doubtful = sorted(doubtful, key=lambda pair: pair[1].distance)[:MOST_WEIGHED]
    if not doubtful:
        return []
    variants = [(_with(texts, number, c), c.term) for number, c in doubtful]
    nats = engine.weigh(hearing.passage.samples, "".join(texts), variants)
    starts = [_restored(entry, hearing.passage).segment.start for entry in hearing.heard]
    return [
        Weighed(starts[number], c.at, c.heard, c.term, round(weight, 1))
        for (number, c), weight in zip(doubtful, nats, strict=False)
    ]


def _with(texts: list[str], number: int, candidate: Candidate) -> str:
    """The whole text with one candidate's term in place of what was heard."""
    text, end = texts[number], candidate.at + len(candidate.term)
    changed = text[: candidate.at] + candidate.term + text[end:]
    return "".join([*texts[:number], changed, *texts[number + 1 :]])
