"""What leaves the site for a classroom: each lesson's teaching kit, and the pack for a USB stick.

The names of a kit's files are here, because the lesson page links to them. In the site they are
ASCII, so that any server and any disk can hold them; a browser saves them under Chinese names.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cunshi.core.text import lesson_label, safe_file_name
from cunshi.domain.course import Clip, Lesson
from cunshi.exports.classroom.pdf import can_print


@dataclass(frozen=True)
class Download:
    """A file of the site to be saved: its path in the site, the name to save it under."""

    path: str
    name: str


@dataclass(frozen=True)
class KitFiles:
    """The files of one lesson's kit; ``clips`` are those that may be heard, each of them once.

    Where nothing can be printed there are no PDFs; where there is no quiz, no worksheet.
    """

    plan: Download
    slides: Download
    clips: tuple[Download, ...]
    handout: Download | None = None
    worksheet: Download | None = None

    @property
    def paths(self) -> set[str]:
        """The paths of what is made for the kit; the clips are there without it."""
        made = (self.plan, self.slides, self.handout, self.worksheet)
        return {download.path for download in made if download}


def kit_files(lesson: Lesson, clips: Iterable[Clip]) -> KitFiles:
    """What a lesson's kit is called."""
    folder = f"kits/{lesson.number:02d}"
    title = safe_file_name(f"{lesson_label(lesson.number)} {lesson.title}")
    prints = can_print()
    heard = {clip.audio: clip for clip in clips if clip.audio and not clip.withheld}
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
            for n, clip in enumerate(heard.values(), 1)
        ),
    )
