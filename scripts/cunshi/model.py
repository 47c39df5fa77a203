"""The types that flow from stage to stage. Frozen, without I/O; no type knows a later one.

Times are float seconds from the beginning of the recording.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from pathlib import PurePosixPath

from cunshi.errors import CunshiError, DiskError, ExitCode
from cunshi.settings import Archive, Names


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, why, and what to do about it.

    With the code OK it is a note: people should know of it, and nothing has to be mended.
    """

    code: ExitCode
    where: str
    cause: str
    remedy: str = ""
    line: int = 0

    @property
    def is_note(self) -> bool:
        return self.code is ExitCode.OK

    @classmethod
    def of(cls, error: CunshiError) -> "Problem":
        """The report of an error."""
        return cls(error.code, error.where, error.cause, error.remedy, error.line)

    @classmethod
    def of_one(cls, error: CunshiError | OSError, where: str) -> "Problem":
        """The report of an error that stopped one item only; one that would stop all is raised."""
        told = DiskError(error) if isinstance(error, OSError) else error
        if isinstance(told, DiskError) and told.meets_all:
            raise told from error
        found = replace(cls.of(told), where=where or told.where)
        elsewhere = told.where and not told.where.endswith(where)
        return replace(found, cause=f"{told.cause}：{told.where}") if elsewhere else found


class Access(IntEnum):
    """Who may hear a recording; a larger value is more restrictive, and the largest wins."""

    OPEN = 0
    CLASSROOM = 1
    LISTED = 2
    SEALED = 3


# What a consent form asks for one by one; the keys of ``Consent.uses``.
ARCHIVE, TRANSCRIPTION, LESSON, WEBSITE, SOCIAL = USES = (
    "archive",
    "transcription",
    "lesson",
    "website",
    "social",
)
NO_USE = "none"  # a form on which nothing was ticked


class Kind(StrEnum):
    """What was recorded: a culture expert's talk or a family motto."""

    TALK = "talk"
    MOTTO = "motto"


@dataclass(frozen=True)
class Consent:
    """Who agreed to publication and when; ``until`` and ``withdrawn_on`` end it.

    Nothing is published before the day of ``embargo``.

    ``uses`` are those of USES that were ticked, or NO_USE alone; when empty it is a consent to
    everything, as a signature on a general form gives it. ``shown_as`` stands for the narrator's
    name in all that is published. ``guardian`` is who signed for a minor.
    """

    by: str = ""
    signed_on: dt.date | None = None
    form: str = ""
    until: dt.date | None = None
    withdrawn_on: dt.date | None = None
    uses: tuple[str, ...] = ()
    guardian: str = ""
    shown_as: str = ""
    embargo: dt.date | None = None

    def holds(self, today: dt.date) -> bool:
        """Whether somebody agreed, and the agreement is neither expired nor withdrawn."""
        given = bool(self.by and self.signed_on)
        return given and not self.has_expired(today) and self.withdrawn_on is None

    def has_expired(self, today: dt.date) -> bool:
        """Whether the last day on which it holds is over."""
        return self.until is not None and today > self.until

    def waits(self, today: dt.date) -> bool:
        """Whether the day before which nothing may be published is still to come."""
        return self.embargo is not None and today < self.embargo

    def allows(self, use: str) -> bool:
        """Whether a use was ticked, or the consent asks for none in particular."""
        return not self.uses or use in self.uses

    def limit(self, access: Access) -> Access:
        """How far the uses let an access level go: the site needs one tick, classrooms another."""
        if not self.allows(ARCHIVE):
            return Access.SEALED
        classroom = Access.CLASSROOM if self.allows(LESSON) else Access.SEALED
        if access is Access.CLASSROOM:
            return classroom
        if self.allows(WEBSITE):
            return access
        # Also what is only listed has its title on the site.
        return classroom if access is Access.OPEN else Access.SEALED


@dataclass(frozen=True)
class Description:
    """What people say about a recording; whatever nobody has said is empty, never guessed.

    ``holder`` is the archive that it came from, if that is not the one it is in.
    """

    lesson: int | None = None
    title: str = ""
    village: str = ""
    narrator: str = ""
    date: dt.date | None = None
    language: str = ""
    access: Access | None = None
    minor: bool = False
    consent: Consent = field(default_factory=Consent)
    rights: str = ""
    holder: str = ""
    note: str = ""
    motto: str = ""
    meaning: str = ""
    approved_by: str = ""
    approved_on: dt.date | None = None


@dataclass(frozen=True)
class Technical:
    """What the audio is, measured by decoding it; ``duration`` in seconds, 0 for a text alone."""

    container: str
    codec: str
    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0

    @property
    def has_sound(self) -> bool:
        return self.duration > 0


@dataclass(frozen=True)
class Recording:
    """One accession: its identity, its master and its catalogue record.

    ``master`` and ``companions`` are names in the accession's master/ folder; companions are the
    photo and the written words that came with the recording.
    """

    id: str
    kind: Kind
    master: str
    sha256: str
    original_name: str
    technical: Technical
    description: Description
    companions: tuple[str, ...] = ()

    @property
    def lesson(self) -> int | None:
        """The number of the lesson it was recorded for."""
        return self.description.lesson

    def language(self, archive: Archive) -> str:
        """What is spoken in it: as its record says, else as the archive does."""
        return self.description.language or archive.language

    def access(self, today: dt.date) -> Access:
        """The effective access: no consent means sealed, and a minor's recording starts sealed.

        A minor's uses are nobody's to tick but a guardian's.
        """
        said, consent = self.description, self.description.consent
        unsigned = said.minor and bool(consent.uses) and not consent.guardian
        if not consent.holds(today) or consent.waits(today) or unsigned:
            return Access.SEALED
        starts = Access.SEALED if said.minor else Access.OPEN
        return consent.limit(starts if said.access is None else said.access)

    def is_published(self, today: dt.date, ceiling: Access = Access.OPEN) -> bool:
        """Whether voice and words may stand on the public site, or where ``ceiling`` may be.

        What is made for classrooms has only what may be used in lessons.
        """
        usable = ceiling is Access.OPEN or self.description.consent.allows(LESSON)
        return usable and self.access(today) <= ceiling

    @property
    def as_shown(self) -> "Recording":
        """The recording under the name that its narrator wants to be shown, and no other."""
        said = self.description
        shown = said.consent.shown_as
        if not shown:
            return self
        # Who signed, and what the file was called, often say the name as well.
        consent = replace(said.consent, by=shown, guardian="", form="")
        described = replace(said, narrator=shown, consent=consent)
        return replace(self, original_name="", description=described)

    @property
    def photo(self) -> str:
        """The name of the photo in master/, or empty."""
        return next((name for name in self.companions if is_photo(name)), "")


PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
TEXT_SUFFIXES = frozenset({".txt", ".md"})


def is_photo(name: str) -> bool:
    """Whether a file name is that of a photo."""
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


def is_text(name: str) -> bool:
    """Whether a file name is that of a written text."""
    return PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the engine heard it; in Chinese often one character."""

    start: float
    end: float
    text: str
    probability: float


class Flag(StrEnum):
    """Why a passage of a machine's draft is doubtful."""

    NO_SPEECH = "no-speech"  # text where nobody speaks
    BOILERPLATE = "boilerplate"  # what subtitles say, and what a model hears in noise
    LOOP = "loop"  # the same words again and again
    UNSURE = "unsure"  # the engine itself gives it little probability
    RATE = "rate"  # more or fewer characters a second than people speak
    UNHEARD = "unheard"  # speech without any text


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a machine heard, and the word of the glossary that sounds like it."""

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
    """What an engine thinks of a word of the glossary in place of what it wrote.

    ``start`` (seconds) names the segment, ``at`` the character in its Simplified text; ``nats``
    is the log probability of the text with the term less that of the text as it was heard.
    """

    start: float
    at: int
    heard: str
    term: str
    nats: float


class TranscriptStatus(StrEnum):
    """How far people have come with a transcript."""

    MISSING = "missing"
    DRAFT = "draft"
    EDITED = "edited"
    APPROVED = "approved"


@dataclass(frozen=True)
class Coverage:
    """Seconds in which somebody speaks, and how many of them the machine has text for."""

    speech: float
    covered: float


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


@dataclass(frozen=True)
class Term:
    """A word of the glossary."""

    term: str
    kind: str
    meaning: str
    village: str = ""
    pinyin: str = ""
    heard_as: tuple[str, ...] = ()
