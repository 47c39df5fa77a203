"""The content of a lesson's teaching kit, independent of its format."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.course.quiz import LETTERS
from cunshi.core.text import clean, lesson_label, long_date
from cunshi.core.timecode import format_clock
from cunshi.domain.course import Catalogue, Clip, Course, Lesson, Question, TimelineEntry
from cunshi.domain.glossary import Term
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import TranscriptStatus
from cunshi.exports.classroom.outline import Paragraph, Section, read_body, read_markdown


@dataclass(frozen=True)
class Kit:
    """A lesson with everything that its documents need, without anything withheld.

    ``guessed_ids`` are the recordings whose draft does not know the dialect.
    """

    lesson: Lesson
    clips: tuple[Clip, ...]
    quiz_clips: Mapping[str, Clip]
    terms: Mapping[str, Term]
    course: Course
    archive: Archive
    guessed_ids: frozenset[str]

    @classmethod
    def of(cls, catalogue: Catalogue, lesson: Lesson, clips: tuple[Clip, ...]) -> "Kit":
        """Return the kit of a lesson in the catalogue."""
        return cls(
            lesson=lesson,
            clips=clips,
            quiz_clips=catalogue.quiz_clips,
            terms={term.term: term for term in reversed(catalogue.terms)},
            course=catalogue.course,
            archive=catalogue.archive,
            guessed_ids=transcript_quality.guessed_ids(catalogue),
        )

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections of the lesson's body."""
        return read_body(self.lesson.body, self.clips)

    @cached_property
    def teacher(self) -> tuple[Paragraph, ...]:
        """The teacher's notes."""
        return read_markdown(self.lesson.teacher)

    @property
    def heading(self) -> str:
        return lesson_label(self.lesson.number)

    @property
    def title(self) -> str:
        return clean(self.lesson.title)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Pairs of label and value, without empty ones."""
        lesson = self.lesson
        facts = [
            ("课程", self.course.title),
            ("年级", lesson.grade),
            ("课时", f"{lesson.minutes} 分钟" if lesson.minutes else ""),
            ("讲到的村", "、".join(lesson.villages)),
            ("听录音", f"{len(self.audible_clips)} 段" if self.audible_clips else ""),
        ]
        return [(label, clean(value)) for label, value in facts if clean(value)]

    @property
    def audible_clips(self) -> list[Clip]:
        """The clips with audio."""
        return [clip for clip in self.clips if clip.audio]

    @property
    def words(self) -> list[tuple[str, str, str]]:
        """The key words: word, pinyin, meaning."""
        found = [(word, self.terms.get(word)) for word in self.lesson.keywords]
        return [
            (clean(word), clean(term.pinyin) if term else "", clean(term.meaning) if term else "")
            for word, term in found
        ]

    @property
    def timeline(self) -> tuple[TimelineEntry, ...]:
        """The entries of the timeline about this lesson."""
        return self.course.timeline_of(self.lesson)

    def status(self, clip: Clip) -> str:
        """Return a warning if the words of a clip are a draft, otherwise empty."""
        if clip.status is not TranscriptStatus.DRAFT:
            return ""
        guess = clip.ref.recording_id in self.guessed_ids
        return "机器初稿，方言未校对" if guess else "机器初稿，未校对"

    def answer_clip(self, question: Question) -> Clip | None:
        """Return the clip with the answer, if it has audio."""
        clip = self.quiz_clips.get(question.clip)
        return clip if clip and clip.audio else None


def clip_words(clip: Clip) -> str:
    """Return the words of a clip."""
    return clean(transcript_quality.replace_unheard(clip.words))


def clip_credit(clip: Clip) -> str:
    """Return speaker, village and date of a clip."""
    return " · ".join(filter(None, map(clean, (clip.speaker, clip.village, long_date(clip.date)))))


def clip_location(clip: Clip) -> str:
    """Return the recording and the times of a clip."""
    start, end = format_clock(clip.ref.start), format_clock(clip.ref.end)
    return f"录音 {clean(clip.ref.recording_id)}，{start}–{end}"


def choices(question: Question) -> list[str]:
    """Return the choices with their letters."""
    return [
        f"{letter}. {clean(choice)}"
        for letter, choice in zip(LETTERS, question.choices, strict=False)
    ]


def answer(question: Question) -> str:
    """Return the right choice with its letter."""
    found = choices(question)
    return found[question.answer] if 0 <= question.answer < len(found) else ""
