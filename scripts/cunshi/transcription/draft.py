"""What a machine heard → the draft that people correct: local names put right, lines, marks.

The machine's own words stay in machine.json. A wrong replacement is worse than none, so a word is
only replaced where the sound leaves no doubt, or where the model itself, reminded of the local
word, prefers it. Everything else is a suggestion.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from cunshi.archive.machine_json import MachineTranscript
from cunshi.archive.transcript_file import UNHEARD
from cunshi.domain.glossary import Term
from cunshi.domain.transcript import Flag, Replacement, Segment, Weighed, Word
from cunshi.transcription import chinese
from cunshi.transcription.glossary_match import HALF, Candidate, find_candidates

Pair = tuple[str, str]

DRAFTING = 1  # changes whenever the same machine.json would be drafted otherwise

# Differences of log probability (nats) at which the model counts as preferring the local word. They
# keep a word that happens to sound like it out; docs/decisions.md has the measurement.
PREFERRED = -2.0
PREFERRED_FAR = 0.0  # for a word of two syllables, one of them only half the same
PREFERRED_ACROSS = 2.0  # for a place that begins or ends inside another word
HOPELESS = -12.0  # the sound is too far from it even to be suggested

LINE_PAUSE = 0.35  # seconds: a comma with this much silence after it may end a line
LONG_PAUSE = 1.2  # seconds: ends a line whatever stands there
SHORT_LINE = 9  # characters: fewer than these are not worth a line, whatever the pause
LONG_LINE = 22  # characters: a comma after this many ends a line without any pause
LONGEST_LINE = 40  # characters: without any punctuation, a line ends at the end of a segment
_SENTENCE_END = "。？！…"
_PAUSE_MARK = "，；：、"


@dataclass(frozen=True)
class _Sounding:
    """A segment, its words in Simplified, and where they sound like the glossary."""

    segment: Segment
    words: list[Word]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class _Mark:
    """A word of a draft, with what is to be said about it."""

    word: Word
    flags: tuple[Flag, ...]
    replaced: tuple[Replacement, ...] = ()
    suggested: tuple[Replacement, ...] = ()
    ends_segment: bool = False


def draft(heard: MachineTranscript, terms: Sequence[Term]) -> tuple[Segment, ...]:
    """The lines of a draft. A line ends with a sentence or at a pause, not with a window."""
    weighed: dict[float, list[Weighed]] = {}
    for entry in heard.weighed:
        weighed.setdefault(entry.start, []).append(entry)
    sounding = [_sounding(segment, terms) for segment in heard.segments]
    known = [(s.candidates, weighed.get(s.segment.start, [])) for s in sounding]
    confirmed = {(c.heard, c.term) for pair in known for c in choose(*pair)[0]}
    marks = [
        mark
        for s, pair in zip(sounding, known, strict=True)
        for mark in _marks(s, *choose(*pair, confirmed))
    ]
    return tuple(line for line in map(_line, _lines(marks)) if line.text)


def _sounding(segment: Segment, terms: Sequence[Term]) -> _Sounding:
    words = chinese.simplified_words(segment)
    text = "".join(word.text for word in words)
    return _Sounding(segment, words, find_candidates(text, terms))


def _marks(
    sounding: _Sounding, replaced: list[Candidate], suggested: list[Candidate]
) -> Iterator[_Mark]:
    segment, words = sounding.segment, sounding.words
    if not segment.text.strip():
        if Flag.UNHEARD in segment.flags:
            yield _Mark(Word(segment.start, segment.end, UNHEARD, 0.0), segment.flags)
        return
    length, at = sum(len(word.text) for word in words), 0
    for word in words:
        end = at + len(word.text)
        yield _Mark(
            replace(word, text=_put_right(word.text, at, replaced)),
            segment.flags,
            tuple(Replacement(c.heard, c.term) for c in replaced if at <= c.at < end),
            tuple(Replacement(c.heard, c.term) for c in suggested if at <= c.at < end),
            end == length,
        )
        at = end


def choose(
    candidates: Iterable[Candidate], weighed: Iterable[Weighed], confirmed: Container[Pair] = ()
) -> tuple[list[Candidate], list[Candidate]]:
    """Which candidates to put into the text, and which only to suggest; none overlap.

    ``confirmed`` are pairs of what was heard and the term that hold elsewhere in the recording.
    """
    weights = {(entry.at, entry.heard, entry.term): entry.nats for entry in weighed}
    known = [(c, weights.get((c.at, c.heard, c.term))) for c in candidates]
    sure = (c for c, nats in known if c.certain or is_preferred(c, nats) or _again(c, confirmed))
    replaced = _apart(sure, [])
    suggested = _apart((c for c, nats in known if _is_worth_a_look(c, nats)), replaced)
    return replaced, suggested


def is_preferred(candidate: Candidate, nats: float | None) -> bool:
    """Whether the model would rather have written the term than what it wrote.

    Reminded of a term, it prefers that to many an ordinary word of the same sound; so a word with
    a meaning of its own stays, unless people have seen the term written so.
    """
    if nats is None or not candidate.open:
        return False
    if candidate.ordinary:
        return candidate.whole and nats >= PREFERRED_FAR
    if not candidate.whole:
        return nats >= PREFERRED_ACROSS
    far = candidate.distance >= HALF and len(candidate.term) == 2
    return nats >= (PREFERRED_FAR if far else PREFERRED)


def _again(candidate: Candidate, confirmed: Container[Pair]) -> bool:
    """The same narrator's same word, heard in the same way: what held once holds again."""
    plain = candidate.whole and not candidate.ordinary
    return plain and (candidate.heard, candidate.term) in confirmed


def _is_worth_a_look(candidate: Candidate, nats: float | None) -> bool:
    near = candidate.distance < HALF if candidate.ordinary else candidate.distance <= HALF
    return candidate.whole and near and (nats is None or nats > HOPELESS)


def _apart(candidates: Iterable[Candidate], taken: list[Candidate]) -> list[Candidate]:
    """Those that overlap neither one before them nor one that is taken."""
    found: list[Candidate] = []
    for one in candidates:
        if not any(
            one.at < c.at + len(c.term) and c.at < one.at + len(one.term) for c in [*taken, *found]
        ):
            found.append(one)
    return found


def _put_right(text: str, at: int, replaced: list[Candidate]) -> str:
    """The characters of a word that begins at ``at``, with what the glossary puts there."""
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
    if last.ends_segment and (pause >= LINE_PAUSE or len(text) >= LONGEST_LINE):
        return len(text) >= SHORT_LINE
    enough = LONG_LINE if pause < LINE_PAUSE else SHORT_LINE
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
