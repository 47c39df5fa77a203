"""What pupils do with a lesson, for its page: its quiz, its years, what is drawn on the poster."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import segno
from markdown import markdown
from markupsafe import Markup

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.course.places import marks_of, tells_of
from cunshi.catalogue.course.quiz import LETTERS
from cunshi.core.text import clean, lesson_label, url
from cunshi.domain.course import Catalogue, Clip, Lesson, PlanStep, Question
from cunshi.domain.transcript import TranscriptStatus

LONGEST_QUOTATION = 56
_LONGEST_QR = 300  # Characters; a phone still reads that from a poster.
_SENTENCE = re.compile(r"[^。！？]+[。！？]?[”’」』]*")


@dataclass(frozen=True)
class Asked:
    """A question as the page asks it: choices with their letters, and where to hear the answer."""

    question: Question
    choices: tuple[tuple[str, str], ...]
    audio: str

    @property
    def letter(self) -> str:
        return LETTERS[self.question.answer]


def study(catalogue: Catalogue, lesson: Lesson, clips: Iterable[Clip]) -> dict[str, Any]:
    """What lesson.md.j2 needs for plan, timeline, sketch, quiz and poster."""
    return {
        "plan": [_plan_step(step) for step in lesson.plan],
        "marks": marks_of(catalogue.course.places),
        "told": [p.slug for p in catalogue.course.places if tells_of(lesson, p)],
        "years": catalogue.course.timeline_of(lesson),
        "quiz": [_asked(catalogue, question) for question in lesson.quiz],
        "notes": Markup(markdown(lesson.teacher, extensions=["sane_lists", "tables"])),  # noqa: S704
        "data": _poster(catalogue, lesson, clips),
    }


def divide(body: str, *headings: str) -> list[str]:
    """The body cut before each heading, one part more than headings; what is missing is empty."""
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


def _asked(catalogue: Catalogue, question: Question) -> Asked:
    clip = catalogue.quiz_clips.get(question.clip)
    audio = url(clip.audio, "../") if clip else ""
    return Asked(question, tuple(zip(LETTERS, question.choices, strict=False)), audio)


def _poster(catalogue: Catalogue, lesson: Lesson, clips: Iterable[Clip]) -> dict[str, Any]:
    course, label = clean(catalogue.course.title), lesson_label(lesson.number)
    address_of = catalogue.course.address_of
    title = clean(lesson.title)
    quotation, speaker = quote_for_poster(clips)
    asked = [other for other, __ in catalogue.lessons if other.quiz]
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
        "lessons": {other.number: clean(other.title) for other in asked},
        "course_qr": qr_rows(address_of("index.html") or course),
    }


def quote_for_poster(clips: Iterable[Clip]) -> tuple[str, str]:
    """The last whole sentences of the lesson's last clip, and who says them.

    A machine's guess does not go on a poster under somebody's name: only approved words do.
    """
    approved = [c for c in clips if c.words and c.status is TranscriptStatus.APPROVED]
    if not approved:
        return "", ""
    last = approved[-1]
    quotation = ""
    for sentence in reversed(_SENTENCE.findall(clean(transcript_quality.readable(last.words)))):
        if quotation and len(sentence + quotation) > LONGEST_QUOTATION:
            break
        quotation = sentence + quotation
    return quotation.strip(), clean(last.speaker)


def qr_rows(text: str) -> list[str]:
    """The modules of a QR code, row by row: ``1`` is dark."""
    code = segno.make(
        text[:_LONGEST_QR] or "-", error="m", mode="byte", encoding="utf-8", micro=False
    )
    return ["".join(map(str, row)) for row in code.matrix]
