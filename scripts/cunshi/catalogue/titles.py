"""What to call lessons and recordings."""

from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Kind, Recording


def lesson_title(catalogue: Catalogue, number: int) -> str:
    """A lesson's title, or what stands in its place."""
    lessons = (lesson for lesson, clips in catalogue.lessons if lesson.number == number)
    return next((lesson.title for lesson in lessons), "还在准备中")


def recording_title(recording: Recording) -> str:
    """What to call a recording: its title, else whose it is, else its id."""
    said = recording.description
    if said.title or not said.narrator:
        return said.title or recording.id
    return f"{said.narrator}的{'家训' if recording.kind is Kind.MOTTO else '讲述'}"
