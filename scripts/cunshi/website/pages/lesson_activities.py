"""The activities of a lesson page: plan, timeline, map, quiz and poster."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import segno
from markdown import markdown
from markupsafe import Markup

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.course.places import is_about, place_marks
from cunshi.catalogue.course.quiz import LETTERS
from cunshi.core.text import clean, lesson_label, url
from cunshi.domain.course import Catalogue, Clip, Lesson, PlanStep, Question
from cunshi.domain.transcript import TranscriptStatus

MAX_QUOTATION = 56
_MAX_QR = 300  # characters that a phone can still read from a poster
_SENTENCE = re.compile(r"[^。！？]+[。！？]?[”’」』]*")


@dataclass(frozen=True)
class QuizItem:
    """A question as shown: choices with letters, and the audio of the answer."""

    question: Question
    choices: tuple[tuple[str, str], ...]
    audio: str

    @property
    def letter(self) -> str:
        return LETTERS[self.question.answer]


def activities(catalogue: Catalogue, lesson: Lesson, clips: Iterable[Clip]) -> dict[str, Any]:
    """Return the variables of lesson.md.j2 for plan, timeline, map, quiz and poster."""
    return {
        "plan": [_plan_step(step) for step in lesson.plan],
        "marks": place_marks(catalogue.course.places),
        "about": [p.slug for p in catalogue.course.places if is_about(lesson, p)],
        "years": catalogue.course.timeline_of(lesson),
        "quiz": [_quiz_item(catalogue, question) for question in lesson.quiz],
        "notes": Markup(markdown(lesson.teacher, extensions=["sane_lists", "tables"])),  # noqa: S704
        "data": _poster(catalogue, lesson, clips),
    }


def split_body(body: str, *headings: str) -> list[str]:
    """Split a body before each heading into one part more than headings; missing ones are empty."""
    parts = []
    for heading in headings:
        before, found, after = _cut(body, heading)
        parts.append(before)
        body = found + after
    return [*parts, body]


def _cut(body: str, heading: str) -> tuple[str, str, str]:
    match = re.search(rf"^## +{re.escape(heading)}[ \t]*$", body, re.MULTILINE)
    if not match:
        return body, "", ""
    return body[: match.start()], match[0], body[match.end() :]


def _plan_step(step: PlanStep) -> tuple[int, str, str]:
    name, colon, detail = step.what.partition("：")
    return step.minutes, name, detail if colon else ""


def _quiz_item(catalogue: Catalogue, question: Question) -> QuizItem:
    clip = catalogue.quiz_clips.get(question.clip)
    audio = url(clip.audio, "../") if clip else ""
    return QuizItem(question, tuple(zip(LETTERS, question.choices, strict=False)), audio)


def _poster(catalogue: Catalogue, lesson: Lesson, clips: Iterable[Clip]) -> dict[str, Any]:
    course, label = clean(catalogue.course.title), lesson_label(lesson.number)
    address_of = catalogue.course.address_of
    title = clean(lesson.title)
    quotation, speaker = quote_for_poster(clips)
    with_quiz = [other for other, __ in catalogue.lessons if other.quiz]
    return {
        "course": course,
        "number": lesson.number,
        "label": label,
        "title": title,
        "villages": "、".join(map(clean, lesson.villages)),
        "quotation": quotation,
        "speaker": speaker,
        "online": bool(catalogue.course.address),
        "qr": qr_rows(address_of(f"lessons/{lesson.number:02d}.html") or f"{label} {title}"),
        "lessons": {other.number: clean(other.title) for other in with_quiz},
        "course_qr": qr_rows(address_of("index.html") or course),
    }


def quote_for_poster(clips: Iterable[Clip]) -> tuple[str, str]:
    """Return the last complete sentences of the lesson's last approved clip, and its speaker.

    Drafts are not used, because a poster attributes the words to a person.
    """
    approved = [c for c in clips if c.words and c.status is TranscriptStatus.APPROVED]
    if not approved:
        return "", ""
    last = approved[-1]
    quotation = ""
    for sentence in reversed(
        _SENTENCE.findall(clean(transcript_quality.replace_unheard(last.words)))
    ):
        if quotation and len(sentence + quotation) > MAX_QUOTATION:
            break
        quotation = sentence + quotation
    return quotation.strip(), clean(last.speaker)


def qr_rows(text: str) -> list[str]:
    """Return the modules of a QR code row by row; ``1`` is dark."""
    code = segno.make(text[:_MAX_QR] or "-", error="m", mode="byte", encoding="utf-8", micro=False)
    return ["".join(map(str, row)) for row in code.matrix]
