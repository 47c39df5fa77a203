"""What a lesson's teaching kit says, whatever form it takes."""

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
    """One lesson with all that its documents need. Nothing withheld is in here.

    ``guesses`` are the ids of recordings whose words are a machine's guess at a dialect.
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
        """The kit of one of the catalogue's lessons."""
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
        """The lesson's body."""
        return read_body(self.lesson.body, self.clips)

    @cached_property
    def teacher(self) -> tuple[Paragraph, ...]:
        """The notes for the teacher."""
        return read_markdown(self.lesson.teacher)

    @property
    def heading(self) -> str:
        return lesson_label(self.lesson.number)

    @property
    def title(self) -> str:
        return clean(self.lesson.title)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Pairs of a label and a value; what nobody said is left out."""
        lesson = self.lesson
        facts = [
            ("课程", self.course.title),
            ("年级", lesson.grade),
            ("课时", f"{lesson.minutes} 分钟" if lesson.minutes else ""),
            ("讲到的村", "、".join(lesson.villages)),
            ("听录音", f"{len(self.heard)} 段" if self.heard else ""),
        ]
        return [(label, clean(value)) for label, value in facts if clean(value)]

    @property
    def heard(self) -> list[Clip]:
        """The clips that may be heard."""
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
        """What the timeline says of this lesson."""
        return self.course.timeline_of(self.lesson)

    def status(self, clip: Clip) -> str:
        """How far the words of a clip can be trusted; empty when a person answers for them."""
        if clip.status is not TranscriptStatus.DRAFT:
            return ""
        guess = clip.ref.recording_id in self.guessed_ids
        return "机器初稿，方言未校对" if guess else "机器初稿，未校对"

    def answer_clip(self, question: Question) -> Clip | None:
        """Where the answer can be heard, if it may be."""
        clip = self.quiz_clips.get(question.clip)
        return clip if clip and clip.audio else None


def words_of(clip: Clip) -> str:
    """What is said in a clip."""
    return clean(transcript_quality.replace_unheard(clip.words))


def who(clip: Clip) -> str:
    """Who says it, where and when it was recorded."""
    return " · ".join(filter(None, map(clean, (clip.speaker, clip.village, long_date(clip.date)))))


def place(clip: Clip) -> str:
    """Where in which recording a clip is."""
    start, end = format_clock(clip.ref.start), format_clock(clip.ref.end)
    return f"录音 {clean(clip.ref.recording_id)}，{start}–{end}"


def choices(question: Question) -> list[str]:
    """The choices with their letters."""
    return [
        f"{letter}. {clean(choice)}"
        for letter, choice in zip(LETTERS, question.choices, strict=False)
    ]


def answer(question: Question) -> str:
    """The right choice with its letter."""
    found = choices(question)
    return found[question.answer] if 0 <= question.answer < len(found) else ""
