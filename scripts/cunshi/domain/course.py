"""The types of the course and of what is published of the archive. Frozen, without I/O."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from cunshi.domain.consent import Access
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Transcript, TranscriptStatus
from cunshi.domain.village import CalendarEvent, Place

LESSON_COUNT = 10


@dataclass(frozen=True)
class ClipRef:
    """A citation in a lesson: a recording, a time range, and the words its author quotes.

    A ``golden`` one belongs on the wall of quotations; an ``inline`` one supports a sentence.
    """

    recording_id: str
    start: float
    end: float
    quote: str
    where: str
    line: int
    golden: bool = False
    inline: bool = False


@dataclass(frozen=True)
class Clip:
    """A citation that was found: the words to print and the audio to hear.

    ``withheld`` says why nothing may be heard; then all else is empty. ``status`` tells whose
    words they are: those of the lesson's author count as approved. ``mandarin`` is what words
    in dialect mean.
    """

    ref: ClipRef
    words: str = ""
    status: TranscriptStatus = TranscriptStatus.MISSING
    speaker: str = ""
    village: str = ""
    date: dt.date | None = None
    audio: str = ""
    withheld: str = ""
    mandarin: str = ""

    @property
    def golden(self) -> bool:
        """Whether its author wants it on the wall of quotations."""
        return self.ref.golden


@dataclass(frozen=True)
class PlanStep:
    """One step of a lesson's time plan."""

    minutes: int
    what: str


@dataclass(frozen=True)
class Question:
    """A question of a lesson's quiz; ``answer`` is the index of the right choice.

    ``clip`` names where the answer can be heard, ``20260112-7a994552 0:05.22-0:18.36``, or is
    empty. Once gathered, it is a key of ``Catalogue.quiz_clips``.
    """

    prompt: str
    choices: tuple[str, ...]
    answer: int
    explain: str = ""
    clip: str = ""


@dataclass(frozen=True)
class Lesson:
    """One of the ten lessons, as its author wrote it; a ``draft`` is not finished.

    ``teacher`` is Markdown for the teacher.
    """

    number: int
    title: str
    villages: tuple[str, ...]
    grade: str
    minutes: int
    summary: str
    objectives: tuple[str, ...]
    keywords: tuple[str, ...]
    sources: tuple[str, ...]
    body: str
    refs: tuple[ClipRef, ...]
    where: str
    plan: tuple[PlanStep, ...] = ()
    quiz: tuple[Question, ...] = ()
    teacher: str = ""
    draft: bool = False


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline of the villages; ``lesson`` tells of it, 0 when none does."""

    when: str
    what: str
    source: str = ""
    lesson: int = 0


@dataclass(frozen=True)
class Course:
    """courses/course.yml: what the lessons belong to; ``address`` is where the site is online."""

    title: str
    subtitle: str
    about: str
    contact: str
    lessons: tuple[str, ...]
    timeline: tuple[TimelineEntry, ...] = ()
    address: str = ""
    places: tuple[Place, ...] = ()
    events: tuple[CalendarEvent, ...] = ()

    def address_of(self, path: str) -> str:
        """Where a page of the site is online, or nothing."""
        return f"{self.address.rstrip('/')}/{path}" if self.address else ""

    def timeline_of(self, lesson: Lesson) -> tuple[TimelineEntry, ...]:
        """The lines of the timeline that a lesson tells of."""
        return tuple(entry for entry in self.timeline if entry.lesson == lesson.number)


@dataclass(frozen=True)
class Entry:
    """A recording as the site shows it; ``audio`` and ``photo`` are paths in the site.

    ``access`` is what was decided for it, which may be stricter than what its record asks for.
    """

    recording: Recording
    transcript: Transcript
    audio: str = ""
    photo: str = ""
    access: Access = Access.OPEN


@dataclass(frozen=True)
class Measured:
    """How far drafts of published recordings are from what people approved, all together.

    ``untouched`` of the recordings were approved as the machine left them.
    """

    recordings: int
    characters: int
    edits: int
    untouched: int = 0


@dataclass(frozen=True)
class Catalogue:
    """All that may be published. What is withheld is not in here; ``listed`` has no entry.

    ``quiz_clips`` are the clips of the quizzes' questions, by the citation of each question;
    ``golden`` the lines that people marked for the wall of quotations.
    """

    archive: Archive
    course: Course
    lessons: tuple[tuple[Lesson, tuple[Clip, ...]], ...]
    entries: tuple[Entry, ...]
    listed: tuple[Recording, ...]
    terms: tuple[Term, ...]
    quiz_clips: Mapping[str, Clip] = field(default_factory=dict)
    golden: tuple[Clip, ...] = ()
    today: dt.date = dt.date.min
    measured: Measured | None = None


@dataclass(frozen=True)
class Page:
    """A file of the site's source: a path below build/docs and its text."""

    path: str
    text: str


def lessons_of(catalogue: Catalogue, recording: Recording) -> list[int]:
    """The numbers of the lessons that cite a recording, and of the one it was made for."""
    cited = {
        lesson.number
        for lesson, _ in catalogue.lessons
        if any(ref.recording_id == recording.id for ref in lesson.refs)
    }
    own = {recording.lesson} if recording.lesson is not None else set()
    return sorted(n for n in cited | own if 1 <= n <= LESSON_COUNT)
