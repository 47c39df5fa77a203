"""Recognise a passage of speech, flag its segments, and retry in halves where that helps.

The base model may skip half of a passage with full confidence, which only shows as speech without
text. Such a passage is recognised again in two halves, cut at a pause.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cunshi.domain.glossary import Term
from cunshi.domain.transcript import Segment, Weighed, Word
from cunshi.transcription import quality_flags, vad
from cunshi.transcription.engines import Engine, HeardSegment
from cunshi.transcription.glossary_match import Candidate, find_candidates
from cunshi.transcription.simplified_words import simplified_words
from cunshi.transcription.vad import Passage

RETRY_DOUBT = 0.8  # seconds: more doubtful passages are recognised again in halves
MAX_WEIGHED = 16  # candidates per passage; weighing more would take longer than recognition
# What transcripts depend on besides the engine; a change makes them outdated.
OPTIONS = {
    "voice": vad.OPTIONS,
    "doubt": RETRY_DOUBT,
    "gap": quality_flags.GAP,
    "weighed": MAX_WEIGHED,
}


@dataclass(frozen=True)
class RecognisedPassage:
    """The result of a passage, in times of the recording; ``speech`` and ``lost`` are in seconds.

    ``weighed`` has the engine's scores for terms of the glossary.
    """

    segments: tuple[HeardSegment, ...]
    weighed: tuple[Weighed, ...]
    speech: float
    lost: float


class Backend(Protocol):
    """Where passages are recognised: on this computer or on others. Called by several threads."""

    engine: Engine
    threads: int  # maximum number of passages recognised at once

    def prepare(self) -> None:
        """Check that recognition is possible; EngineError if not."""

    def queue_size(self) -> int:
        """Return how many passages should be queued, including those in progress."""

    def recognise(
        self, passage: Passage, language: str, terms: Sequence[Term], recording: str
    ) -> RecognisedPassage:
        """Recognise a passage of the recording with that hash; times are those of the recording.

        Raises EngineError, or EngineUnavailableError if no passage can be recognised any more.
        """

    def close(self) -> None:
        """Cancel what is not finished and accept nothing more."""


class LocalBackend:
    """Recognition on this computer, with one thread per worker of the engine."""

    def __init__(self, engine: Engine):
        self.engine, self.threads = engine, engine.workers

    def prepare(self) -> None:
        self.engine.prepare()

    def queue_size(self) -> int:
        return 2 * self.threads

    def recognise(
        self, passage: Passage, language: str, terms: Sequence[Term], recording: str
    ) -> RecognisedPassage:
        return recognise_passage(self.engine, passage, language, terms)

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class _Recognition:
    """A passage with its flagged segments, in times of the passage."""

    passage: Passage
    recognised: tuple[HeardSegment, ...]

    @property
    def segments(self) -> list[Segment]:
        return [entry.segment for entry in self.recognised]

    @property
    def doubt(self) -> float:
        return quality_flags.doubtful_seconds(self.segments, self.passage.length)


def recognise_passage(
    engine: Engine, passage: Passage, language: str, terms: Sequence[Term]
) -> RecognisedPassage:
    """Recognise a passage, and doubtful parts again in halves. Raises EngineError."""
    recognitions = _recognise(engine, passage, language)
    segments = [
        _to_recording_time(entry, recognition.passage)
        for recognition in recognitions
        for entry in _with_gaps(recognition)
    ]
    weighed = [
        entry for recognition in recognitions for entry in _weigh(engine, recognition, terms)
    ]
    padding = 2 * vad.PADDING
    return RecognisedPassage(
        tuple(segments),
        tuple(weighed),
        speech=sum(max(0.0, span.length - padding) for span in passage.spans),
        lost=sum(
            quality_flags.lost_seconds(recognition.segments, recognition.passage.length)
            for recognition in recognitions
        ),
    )


def _recognise(engine: Engine, passage: Passage, language: str) -> list[_Recognition]:
    found = engine.transcribe(passage.samples, language)
    whole = _Recognition(
        passage, tuple(_with_flags(entry) for entry in found if entry.segment.text)
    )
    doubt = whole.doubt
    halves = passage.split_in_half() if doubt > RETRY_DOUBT else None
    if halves is None:
        return [whole]
    parts = [recognition for half in halves for recognition in _recognise(engine, half, language)]
    return parts if sum(part.doubt for part in parts) < doubt else [whole]


def _with_flags(entry: HeardSegment) -> HeardSegment:
    return replace(entry, segment=quality_flags.add_flags(entry.segment, entry.confidence))


def _with_gaps(recognition: _Recognition) -> list[HeardSegment]:
    """Return the segments and the gaps between them in order of time."""
    missing = quality_flags.gap_segments(recognition.segments, recognition.passage.length)
    both = [*recognition.recognised, *map(HeardSegment, missing)]
    return sorted(both, key=lambda entry: entry.segment.start)


def _to_recording_time(entry: HeardSegment, passage: Passage) -> HeardSegment:
    old = entry.segment
    words = tuple(
        Word(*passage.to_recording_time(word.start, word.end), word.text, word.probability)
        for word in old.words
    )
    start, end = passage.to_recording_time(old.start, old.end)
    if words:
        start, end = words[0].start, words[-1].end
    return replace(entry, segment=replace(old, start=start, end=end, words=words))


def _weigh(engine: Engine, recognition: _Recognition, terms: Iterable[Term]) -> list[Weighed]:
    """Return the engine's scores of the candidates that the sound alone does not decide."""
    texts = ["".join(w.text for w in simplified_words(segment)) for segment in recognition.segments]
    doubtful = [
        (number, candidate)
        for number, text in enumerate(texts)
        for candidate in find_candidates(text, terms)
        if candidate.needs_model
    ]
    doubtful = sorted(doubtful, key=lambda pair: pair[1].distance)[:MAX_WEIGHED]
    if not doubtful:
        return []
    variants = [(_substitute(texts, number, c), c.term) for number, c in doubtful]
    nats = engine.weigh(recognition.passage.samples, "".join(texts), variants)
    starts = [
        _to_recording_time(entry, recognition.passage).segment.start
        for entry in recognition.recognised
    ]
    return [
        Weighed(starts[number], c.at, c.written, c.term, round(weight, 1))
        for (number, c), weight in zip(doubtful, nats, strict=False)
    ]


def _substitute(texts: list[str], number: int, candidate: Candidate) -> str:
    """Return the whole text with one candidate replaced by its term."""
    text, end = texts[number], candidate.at + len(candidate.term)
    changed = text[: candidate.at] + candidate.term + text[end:]
    return "".join([*texts[:number], changed, *texts[number + 1 :]])
