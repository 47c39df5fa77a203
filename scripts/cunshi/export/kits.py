"""Writes each lesson's teaching kit into the site's source, beside the clips it takes."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cunshi.course_model import Catalogue, Clip
from cunshi.export import kit_files
from cunshi.export.docx import make_plan
from cunshi.export.kit import Kit
from cunshi.export.pptx import make_slides
from cunshi.export.printing import print_pdf
from cunshi.export.sheets import make_handout, make_worksheet
from cunshi.files import write_atomic


def kit_paths(catalogue: Catalogue) -> set[str]:
    """The paths of all kit files of a catalogue, below build/docs."""
    return set().union(*(kit_files(lesson, clips).paths for lesson, clips in catalogue.lessons))


def make_kits(docs: Path, catalogue: Catalogue) -> None:
    """Write the kits; the clips have been cut. A file that says the same keeps its time."""
    answers = _sounding(docs, catalogue.quiz_clips.values())
    quiz_clips = dict(zip(catalogue.quiz_clips, answers, strict=True))
    for lesson, clips in catalogue.lessons:
        sounding = tuple(_sounding(docs, clips))
        kit = replace(Kit.of(catalogue, lesson, sounding), quiz_clips=quiz_clips)
        files = kit_files(lesson, clips)
        write_atomic(docs / files.plan.path, make_plan(kit))
        write_atomic(docs / files.slides.path, make_slides(kit, docs.joinpath))
        if files.handout:
            print_pdf(docs / files.handout.path, make_handout(kit))
        if files.worksheet:
            print_pdf(docs / files.worksheet.path, make_worksheet(kit))


def _sounding(docs: Path, clips: Iterable[Clip]) -> Iterable[Clip]:
    """The clips; one that is withheld or could not be cut has no sound."""
    for clip in clips:
        sounds = not clip.withheld and (docs / clip.audio).is_file()
        yield clip if sounds else replace(clip, audio="")
