"""Writes each lesson's teaching kit into the site's source, beside the clips it takes."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cunshi.export import kit_files
from cunshi.export.docx import make_plan
from cunshi.export.kit import Kit
from cunshi.export.pptx import make_slides
from cunshi.files import write_atomic
from cunshi.model import Catalogue, Clip


def kit_paths(catalogue: Catalogue) -> set[str]:
    """The paths of all kit files of a catalogue, below build/docs."""
    files = [kit_files(lesson, clips) for lesson, clips in catalogue.lessons]
    return {made.path for kit in files for made in (kit.plan, kit.slides)}


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


def _sounding(docs: Path, clips: Iterable[Clip]) -> Iterable[Clip]:
    """The clips; one that is withheld or could not be cut has no sound."""
    for clip in clips:
        sounds = not clip.withheld and (docs / clip.audio).is_file()
        yield clip if sounds else replace(clip, audio="")
