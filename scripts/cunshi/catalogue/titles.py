"""What to call lessons and recordings, and how to cite a recording."""

from cunshi.core.text import clean
from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.settings import Archive


def lesson_title(catalogue: Catalogue, number: int) -> str:
    """Return the title of a lesson, or a placeholder."""
    lessons = (lesson for lesson, clips in catalogue.lessons if lesson.number == number)
    return next((lesson.title for lesson in lessons), "还在准备中")


def recording_title(recording: Recording) -> str:
    """What to call a recording: its title, else whose it is, else its id."""
    said = recording.description
    if said.title or not said.narrator:
        return said.title or recording.id
    return f"{said.narrator}的{'家训' if recording.kind is Kind.MOTTO else '讲述'}"


def cite(recording: Recording, archive: Archive) -> str:
    """How to cite a recording: creator (year), title [kind], publisher, identifier.

    The order is DataCite's
    (https://datacite-metadata-schema.readthedocs.io/en/4.6/introduction/recommended-citation/).
    """
    said = recording.description
    creator = clean(said.narrator) or "佚名"
    year = said.date.year if said.date else "年份不详"
    kind = "家训" if recording.kind is Kind.MOTTO else "口述录音"
    title = f"{clean(recording_title(recording))}［{kind}］"
    holder = clean(said.holder or archive.institution)
    parts = (f"{creator}（{year}）", title, holder, recording.id)
    return "．".join(filter(None, parts))
