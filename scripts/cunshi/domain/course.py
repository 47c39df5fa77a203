"""Types of the course and of what is published."""

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
    """A citation in a lesson: recording, time range, and the author's quotation.

    A ``golden`` one is shown on the wall of quotations; an ``inline`` one is part of a sentence.
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
    """A resolved citation with its words and audio.

    ``withheld`` says why it is not played; everything else is then empty. ``status`` is that of the
    words; an author's quotation counts as approved. ``mandarin`` translates words in dialect.
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
        """Whether it is shown on the wall of quotations."""
        return self.ref.golden


@dataclass(frozen=True)
class PlanStep:
    """A step of a lesson's time plan."""

    minutes: int
    what: str


@dataclass(frozen=True)
class Question:
    """A question of a quiz; ``answer`` is the index of the right choice.

    ``clip`` cites the recording with the answer, ``20260112-7a994552 0:05.22-0:18.36``, or is
    empty. After gathering, it is a key of ``Catalogue.quiz_clips``.
    """

    prompt: str
    choices: tuple[str, ...]
    answer: int
    explain: str = ""
    clip: str = ""


@dataclass(frozen=True)
class Lesson:
    """A lesson as its author wrote it; a ``draft`` is not finished.

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
    """An entry of the timeline; ``lesson`` is the number of the lesson about it, or 0."""

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
        """Return the URL of a page, empty without an address."""
        return f"{self.address.rstrip('/')}/{path}" if self.address else ""

    def timeline_of(self, lesson: Lesson) -> tuple[TimelineEntry, ...]:
        """Return the timeline's entries about a lesson."""
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
    """The edits from published drafts to approved transcripts, in total.

    ``untouched`` counts the recordings that were approved without edits.
    """

    recordings: int
    characters: int
    edits: int
    untouched: int = 0


@dataclass(frozen=True)
class Catalogue:
    """All that may be published. What is withheld is not in here; ``listed`` has no entry.

    ``quiz_clips`` are the clips of the quizzes' questions, by the citation of each question;
    ``golden`` the lines that people marked for the wall of quotations. ``site_settings`` replace
    those of mkdocs.yml.
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
    site_settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A file of the site's source: path in build/docs and text."""

    path: str
    text: str


def lessons_of(catalogue: Catalogue, recording: Recording) -> list[int]:
    """Return the numbers of the lessons that cite a recording, and of the one it was made for."""
    cited = {
        lesson.number
        for lesson, _ in catalogue.lessons
        if any(ref.recording_id == recording.id for ref in lesson.refs)
    }
    own = {recording.lesson} if recording.lesson is not None else set()
    return sorted(n for n in cited | own if 1 <= n <= LESSON_COUNT)
