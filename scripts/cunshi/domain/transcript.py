"""Words, segments and transcripts.

Times are float seconds from the start of the recording.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cunshi.domain.settings import Names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word; in Chinese often a single character."""

    start: float
    end: float
    text: str
    probability: float


class Flag(StrEnum):
    """The reason why a segment of a draft is doubtful."""

    NO_SPEECH = "no-speech"  # text without speech
    BOILERPLATE = "boilerplate"  # phrases from subtitles that models produce in noise
    LOOP = "loop"  # repeated words
    UNSURE = "unsure"  # low probability
    RATE = "rate"  # implausible speech rate
    UNHEARD = "unheard"  # speech without text


@dataclass(frozen=True, slots=True)
class Replacement:
    """The machine's words, and the glossary term that sounds like them."""

    heard: str
    term: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech; ``words`` are empty once people have edited the text.

    ``mandarin`` is what ``text`` means where that is dialect. ``flags`` say why a machine's text
    is doubtful, ``replaced`` what of it the glossary has put right, ``suggested`` what a person
    should look at. ``drafted`` lines are still the machine's in a transcript that people edit.
    People mark a line ``withheld``, so that neither its words nor its sound are published, or
    ``golden``, for the wall of quotations.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    speaker: str = ""
    mandarin: str = ""
    flags: tuple[Flag, ...] = ()
    replaced: tuple[Replacement, ...] = ()
    suggested: tuple[Replacement, ...] = ()
    drafted: bool = False
    withheld: bool = False
    golden: bool = False


@dataclass(frozen=True)
class Weighed:
    """An engine's score of a glossary term in place of what it wrote.

    ``start`` (seconds) identifies the segment, ``at`` is an offset in its Simplified text; ``nats``
    is the log probability of the text with the term minus that of the original text.
    """

    start: float
    at: int
    heard: str
    term: str
    nats: float


class TranscriptStatus(StrEnum):
    """How far a transcript has been corrected."""

    MISSING = "missing"
    DRAFT = "draft"
    EDITED = "edited"
    APPROVED = "approved"


@dataclass(frozen=True)
class Coverage:
    """Seconds of speech, and seconds of it with text."""

    speech: float
    covered: float


class Derived:
    """What is worked out from the segments of a transcript. This one works it out each time.

    ``archive.cache`` has segments that keep it until they change, and that are read only when
    somebody asks for them. What they keep between runs is as JSON has it.
    """

    def value(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` works out, under a name; kept between runs."""
        return make()

    def text(self, name: str, make: Callable[[], str], basis: str = "") -> str:
        """A text as long as the segments, kept between runs; ``basis``: what else it is made of."""
        return make()

    def in_memory(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` works out; kept as long as the segments are in memory."""
        return make()

    def is_current(self, name: str, stamp: str) -> bool:
        """Whether ``record`` was called with this stamp since the segments changed."""
        return False

    def record(self, name: str, stamp: str) -> None:
        """What a name stands for has been made from these segments, and from what is stamped."""

    def other_segments(self, make: Callable[[], tuple[Segment, ...]]) -> Sequence[Segment]:
        """The segments that ``make`` makes of these."""
        return make()

    def release(self) -> None:
        """Hold nothing of it in memory any longer."""


_EACH_TIME = Derived()


@dataclass(frozen=True)
class Transcript:
    """What is said in a recording, and whether a machine or a person says so.

    ``knows_dialect`` tells whether the engine's model was made for the recording's language,
    ``written`` that these are not spoken words but those that a family wrote. ``silenced`` are the
    stretches, in seconds, of which nobody may hear the sound, ``unnamed`` those in which one of
    ``names`` is spoken: names that are not to be shown, each with the one in its place.
    """

    segments: Sequence[Segment] = ()
    status: TranscriptStatus = TranscriptStatus.MISSING
    engine: str = ""
    coverage: Coverage | None = None
    knows_dialect: bool = True
    written: bool = False
    silenced: tuple[tuple[float, float], ...] = ()
    unnamed: tuple[tuple[float, float], ...] = ()
    names: Names = ()

    @property
    def derived(self) -> Derived:
        """What is worked out from the segments; kept if these are segments that can keep it."""
        return self.segments if isinstance(self.segments, Derived) else _EACH_TIME

    def words_between(self, start: float, end: float) -> str:
        """The text of the segments that lie, by their middle, in the time range."""
        return "".join(s.text for s in self._between(start, end))

    def mandarin_between(self, start: float, end: float) -> str:
        """What the same segments mean, if somebody has written that in Mandarin for any."""
        within = self._between(start, end)
        meant = any(s.mandarin for s in within)
        return "".join(s.mandarin or s.text for s in within) if meant else ""

    def _between(self, start: float, end: float) -> list[Segment]:
        within = (s for s in self.segments if start <= (s.start + s.end) / 2 <= end)
        return [s for s in within if not s.withheld]
