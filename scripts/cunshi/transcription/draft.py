"""Make the draft that people correct: replace local names, split into lines, add marks.

The machine's words remain in machine.json. A wrong replacement is worse than none, so a term is
only inserted if it sounds exactly the same, or if the model prefers it when prompted with it.
Everything else is only suggested.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from cunshi.archive.machine_json import MachineTranscript
from cunshi.archive.transcript_file import UNHEARD
from cunshi.core import chinese
from cunshi.domain.glossary import Term
from cunshi.domain.transcript import Flag, Replacement, Segment, Weighed, Word
from cunshi.transcription.glossary_match import HALF, Candidate, find_candidates
from cunshi.transcription.simplified_words import simplified_words

Pair = tuple[str, str]

DRAFT_VERSION = 1  # increase when the same machine.json gives another draft

# Minimum differences of log probability (nats) at which the model prefers a term. They exclude
# ordinary words of similar sound; docs/decisions.md has the measurement.
PREFERRED = -2.0
PREFERRED_FAR = 0.0  # for two syllables, of which one only half agrees
PREFERRED_ACROSS = 2.0  # for a match that begins or ends inside another word
MIN_SUGGESTED = -12.0  # matches below this are not even suggested

LINE_PAUSE = 0.35  # seconds: a comma followed by such a pause may end a line
LONG_PAUSE = 1.2  # seconds: a longer pause always ends a line
MIN_LINE = 9  # characters: shorter lines are not ended at a pause
LONG_LINE = 22  # characters: after these, a comma ends a line without a pause
MAX_LINE = 40  # characters: after these, the end of a segment ends a line
_SENTENCE_END = "。？！…"
_PAUSE_MARK = "，；：、"


@dataclass(frozen=True)
class _MatchedSegment:
    """A segment with its words in Simplified Chinese and its matches in the glossary."""

    segment: Segment
    words: list[Word]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class _Mark:
    """A word of a draft with its flags, replacements and suggestions."""

    word: Word
    flags: tuple[Flag, ...]
    replaced: tuple[Replacement, ...] = ()
    suggested: tuple[Replacement, ...] = ()
    ends_segment: bool = False


def draft(machine: MachineTranscript, terms: Sequence[Term]) -> tuple[Segment, ...]:
    """Return the lines of a draft. Lines end at sentences and pauses, not at Whisper's windows."""
    weighed: dict[float, list[Weighed]] = {}
    for entry in machine.weighed:
        weighed.setdefault(entry.start, []).append(entry)
    matched = [_match_glossary(segment, terms) for segment in machine.segments]
    known = [(s.candidates, weighed.get(s.segment.start, [])) for s in matched]
    confirmed = {(c.written, c.term) for pair in known for c in choose_replacements(*pair)[0]}
    marks = [
        mark
        for s, pair in zip(matched, known, strict=True)
        for mark in _marks(s, *choose_replacements(*pair, confirmed))
    ]
    return tuple(line for line in map(_line, _lines(marks)) if line.text)


def _match_glossary(segment: Segment, terms: Sequence[Term]) -> _MatchedSegment:
    words = simplified_words(segment)
    text = "".join(word.text for word in words)
    return _MatchedSegment(segment, words, find_candidates(text, terms))


def _marks(
    matched: _MatchedSegment, replaced: list[Candidate], suggested: list[Candidate]
) -> Iterator[_Mark]:
    segment, words = matched.segment, matched.words
    if not segment.text.strip():
        if Flag.UNHEARD in segment.flags:
            yield _Mark(Word(segment.start, segment.end, UNHEARD, 0.0), segment.flags)
        return
    length, at = sum(len(word.text) for word in words), 0
    for word in words:
        end = at + len(word.text)
        yield _Mark(
            replace(word, text=_apply_replacements(word.text, at, replaced)),
            segment.flags,
            tuple(Replacement(c.written, c.term) for c in replaced if at <= c.at < end),
            tuple(Replacement(c.written, c.term) for c in suggested if at <= c.at < end),
            end == length,
        )
        at = end


def choose_replacements(
    candidates: Iterable[Candidate], weighed: Iterable[Weighed], confirmed: Container[Pair] = ()
) -> tuple[list[Candidate], list[Candidate]]:
    """Choose the candidates to insert and those to suggest, without overlaps.

    ``confirmed`` are (written, term) pairs that were inserted elsewhere in the recording.
    """
    weights = {(entry.at, entry.heard, entry.term): entry.nats for entry in weighed}
    scored = [(c, weights.get((c.at, c.written, c.term))) for c in candidates]
    sure = (
        c for c, nats in scored if c.certain or is_preferred(c, nats) or _is_confirmed(c, confirmed)
    )
    replaced = _without_overlaps(sure, [])
    suggested = _without_overlaps((c for c, nats in scored if _is_suggestion(c, nats)), replaced)
    return replaced, suggested


def is_preferred(candidate: Candidate, nats: float | None) -> bool:
    """Check whether the model prefers the term to what it wrote.

    When prompted with a term, the model prefers it to many ordinary words of the same sound.
    Therefore an ordinary word is kept, unless the glossary lists it as a known misspelling of the
    term.
    """
    if nats is None or not candidate.needs_model:
        return False
    if candidate.ordinary:
        return candidate.whole and nats >= PREFERRED_FAR
    if not candidate.whole:
        return nats >= PREFERRED_ACROSS
    far = candidate.distance >= HALF and len(candidate.term) == 2
    return nats >= (PREFERRED_FAR if far else PREFERRED)


def _is_confirmed(candidate: Candidate, confirmed: Container[Pair]) -> bool:
    """Check whether the same pair was already confirmed in this recording, so by the same
    narrator.
    """
    plain = candidate.whole and not candidate.ordinary
    return plain and (candidate.written, candidate.term) in confirmed


def _is_suggestion(candidate: Candidate, nats: float | None) -> bool:
    near = candidate.distance < HALF if candidate.ordinary else candidate.distance <= HALF
    return candidate.whole and near and (nats is None or nats > MIN_SUGGESTED)


def _without_overlaps(
    candidates: Iterable[Candidate], occupied: list[Candidate]
) -> list[Candidate]:
    """Return the candidates that overlap neither an earlier one nor an occupied place."""
    found: list[Candidate] = []
    for candidate in candidates:
        if not any(
            candidate.at < c.at + len(c.term) and c.at < candidate.at + len(candidate.term)
            for c in [*occupied, *found]
        ):
            found.append(candidate)
    return found


def _apply_replacements(text: str, at: int, replaced: list[Candidate]) -> str:
    """Return the characters of the word at ``at`` after the replacements."""
    characters = list(text)
    for candidate in replaced:
        for offset, character in enumerate(candidate.term, candidate.at - at):
            if 0 <= offset < len(characters):
                characters[offset] = character
    return "".join(characters)


def _lines(marks: Sequence[_Mark]) -> Iterator[list[_Mark]]:
    line: list[_Mark] = []
    for mark, following in zip_longest(marks, marks[1:]):
        line.append(mark)
        if following is None or _ends_line(line, following):
            yield line
            line = []


def _ends_line(line: list[_Mark], following: _Mark) -> bool:
    last = line[-1]
    text = chinese.punctuate("".join(mark.word.text for mark in line) + "一")[:-1].rstrip()
    pause = following.word.start - last.word.end
    if text.endswith(tuple(_SENTENCE_END)) or pause > LONG_PAUSE or last.flags != following.flags:
        return True
    if last.ends_segment and (pause >= LINE_PAUSE or len(text) >= MAX_LINE):
        return len(text) >= MIN_LINE
    enough = LONG_LINE if pause < LINE_PAUSE else MIN_LINE
    return text.endswith(tuple(_PAUSE_MARK)) and len(text) >= enough


def _line(marks: list[_Mark]) -> Segment:
    words = tuple(mark.word for mark in marks)
    return Segment(
        words[0].start,
        words[-1].end,
        chinese.punctuate("".join(word.text for word in words)),
        words,
        flags=marks[0].flags,
        replaced=tuple(dict.fromkeys(r for mark in marks for r in mark.replaced)),
        suggested=tuple(dict.fromkeys(s for mark in marks for s in mark.suggested)),
    )
