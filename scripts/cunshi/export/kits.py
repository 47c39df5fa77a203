"""Writes each lesson's teaching kit into the site's source, beside the clips it takes."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cunshi.course_model import Catalogue, Clip
from cunshi.export import KitFiles, kit_files
from cunshi.export.kit import Kit
from cunshi.export.printing import print_pdf
from cunshi.export.sheets import make_handout, make_worksheet
from cunshi.files import write_atomic
from cunshi.settled import Settled, stamp_of
from cunshi.store import Project


def kit_paths(catalogue: Catalogue) -> set[str]:
    """The paths of all kit files of a catalogue, below build/docs."""
    return set().union(*(kit_files(lesson, clips).paths for lesson, clips in catalogue.lessons))


def make_kits(project: Project, catalogue: Catalogue) -> None:
    """Write the kits that say something new; the clips have been cut."""
    docs, settled = project.docs, Settled(project, "kits")
    answers = _sounding(docs, catalogue.quiz_clips.values())
    quiz_clips = dict(zip(catalogue.quiz_clips, answers, strict=True))
    for lesson, clips in catalogue.lessons:
        sounding = tuple(_sounding(docs, clips))
        kit = replace(Kit.of(catalogue, lesson, sounding), quiz_clips=quiz_clips)
        files = kit_files(lesson, clips)
        made, heard = sorted(files.paths), [docs / clip.audio for clip in sounding if clip.audio]
        if not settled.holds(files.plan.path, _stamp(docs, kit, made, heard)):
            _make_kit(docs, kit, files)
            settled.settle(files.plan.path, _stamp(docs, kit, made, heard))
    settled.keep()


def _stamp(docs: Path, kit: Kit, made: list[str], heard: list[Path]) -> str:
    """What a kit depends on, and its files as they are."""
    cited = {clip.ref.recording_id for clip in (*kit.clips, *kit.quiz_clips.values())}
    guesses = sorted(kit.guesses & cited)  # a set has another order in every run
    kit = replace(kit, guesses=frozenset())
    return stamp_of(kit, guesses, made, files=[*heard, *(docs / path for path in made)])


def _make_kit(docs: Path, kit: Kit, files: KitFiles) -> None:
    from cunshi.export.docx import make_plan  # libraries which nothing new does without
    from cunshi.export.pptx import make_slides

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
