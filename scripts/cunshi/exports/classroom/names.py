"""Names of the files in a lesson's teaching kit.

They are also needed by the lesson's page, which links to them. In the site they are ASCII, so that
any server and disk can store them; browsers save them under Chinese names.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cunshi.core.text import lesson_label, safe_file_name
from cunshi.domain.course import Clip, Lesson
from cunshi.exports.classroom.pdf import can_print


@dataclass(frozen=True)
class Download:
    """A file of the site with the name under which a browser saves it."""

    path: str
    name: str


@dataclass(frozen=True)
class KitFiles:
    """The files of a lesson's kit; ``clips`` are those with audio, without duplicates.

    There are no PDFs without WeasyPrint, and no worksheet without a quiz.
    """

    plan: Download
    slides: Download
    clips: tuple[Download, ...]
    handout: Download | None = None
    worksheet: Download | None = None

    @property
    def paths(self) -> set[str]:
        """The paths of the files made for the kit; clips exist without it."""
        made = (self.plan, self.slides, self.handout, self.worksheet)
        return {download.path for download in made if download}


def kit_files(lesson: Lesson, clips: Iterable[Clip]) -> KitFiles:
    """Return the files of a lesson's kit."""
    folder = f"kits/{lesson.number:02d}"
    title = safe_file_name(f"{lesson_label(lesson.number)} {lesson.title}")
    prints = can_print()
    audible = {clip.audio: clip for clip in clips if clip.audio and not clip.withheld}
    return KitFiles(
        plan=Download(f"{folder}/plan.docx", f"{title} 教案.docx"),
        slides=Download(f"{folder}/slides.pptx", f"{title} 课件.pptx"),
        handout=Download(f"{folder}/handout.pdf", f"{title} 讲义.pdf") if prints else None,
        worksheet=(
            Download(f"{folder}/worksheet.pdf", f"{title} 学习单.pdf")
            if prints and lesson.quiz
            else None
        ),
        clips=tuple(
            Download(clip.audio, safe_file_name(f"{title} 录音{n} {clip.speaker}") + ".m4a")
            for n, clip in enumerate(audible.values(), 1)
        ),
    )
