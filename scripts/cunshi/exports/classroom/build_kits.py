"""Write the teaching kits of lessons into the site's source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from cunshi.archive.cache.inputs import Inputs, inputs_of, shared_inputs, together
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.project import Project
from cunshi.core.files import write_atomic
from cunshi.core.processes import CORES, run_in_processes, serve_worker
from cunshi.domain.course import Catalogue, Clip
from cunshi.exports.classroom.handouts import make_handout, make_worksheet
from cunshi.exports.classroom.kit import Kit
from cunshi.exports.classroom.names import KitFiles, kit_files
from cunshi.exports.classroom.pdf import is_current_pdf, print_pdf


@dataclass(frozen=True)
class _PendingKit:
    """A kit that is to be made; once its documents are there, ``sheets``: those that are to be set
    anew, HTML by path.

    ``cited`` is the stamp of the recordings that it cites.
    """

    kit: Kit
    files: KitFiles
    cited: str
    sheets: Mapping[str, str] = field(default_factory=dict)


# Files of a kit by path, and the HTML of PDFs still to be made.
_Files = tuple[Mapping[str, bytes], Mapping[str, str]]


def kit_paths(catalogue: Catalogue) -> set[str]:
    """Return the paths of all kit files of a catalogue, below build/docs."""
    return set().union(*(kit_files(lesson, clips).paths for lesson, clips in catalogue.lessons))


class Kits:
    """The kits that have changed, made by other processes; what these leave undone is made here.

    To be created after the clips have been cut.
    """

    def __init__(self, project: Project, catalogue: Catalogue):
        self._docs, self._stamps = project.docs, StageStamps(project, "kits")
        answers = _with_available_audio(self._docs, catalogue.quiz_clips.values())
        quiz_clips = dict(zip(catalogue.quiz_clips, answers, strict=True))
        self._pending: dict[str, _PendingKit] = {}
        self._cancelled = False
        for lesson, clips in catalogue.lessons:
            sounding = tuple(_with_available_audio(self._docs, clips))
            kit = replace(Kit.of(catalogue, lesson, sounding), quiz_clips=quiz_clips)
            files, cited = kit_files(lesson, clips), _cited(project, catalogue, kit).stamp()
            due = _PendingKit(kit, files, cited)
            if not self._stamps.is_current(files.plan.path, _stamp(self._docs, due)):
                self._pending[files.plan.path] = due

    def make_in_processes(self) -> None:
        """Make documents on all cores, then PDFs in one process, which takes 200 MB."""
        for processes in (CORES, 1):
            pending = takewhile(lambda _: not self._cancelled, list(self._pending.values()))
            run_in_processes(__name__, self._docs, pending, self._write, processes)

    def cancel(self) -> None:
        """Start no more kits."""
        self._cancelled = True

    def finish(self) -> None:
        """Make the remaining kits."""
        while self._pending:
            for pending in list(self._pending.values()):
                self._write(pending, _make(self._docs, pending))
        self._stamps.save()

    def _write(self, pending: _PendingKit, made: _Files) -> None:
        written, sheets = made
        for path, data in written.items():
            write_atomic(self._docs / path, data)
        name = pending.files.plan.path
        if sheets:
            self._pending[name] = replace(pending, sheets=sheets)
        else:
            self._stamps.record(name, _stamp(self._docs, pending))
            del self._pending[name]


def _stamp(docs: Path, due: _PendingKit) -> str:
    """What a kit depends on, and its files as they are; empty if a recording has no stamp."""
    kit, made = due.kit, sorted(due.files.paths)
    sounds = [docs / clip.audio for clip in kit.clips if clip.audio]
    cited = {clip.ref.recording_id for clip in (*kit.clips, *kit.quiz_clips.values())}
    guesses = sorted(kit.guessed_ids & cited)  # a set has another order in every run
    kit, files = replace(kit, guessed_ids=frozenset()), [*sounds, *(docs / path for path in made)]
    return stamp_of(due.cited, kit, guesses, made, files=files) if due.cited else ""


def _cited(project: Project, catalogue: Catalogue, kit: Kit) -> Inputs:
    """What the recordings depend on that a kit cites, in its lesson or its quiz."""
    asked = (kit.quiz_clips.get(question.clip) for question in kit.lesson.quiz)
    ids = {clip.ref.recording_id for clip in (*kit.clips, *asked) if clip}
    recordings = (entry.recording for entry in catalogue.entries)
    cited = (inputs_of(project, recording) for recording in recordings if recording.id in ids)
    return together([shared_inputs(project), *cited])


def _make(docs: Path, pending: _PendingKit) -> _Files:
    """Return the documents of a kit or, if they exist, its PDFs."""
    if pending.sheets:
        return {path: print_pdf(html) for path, html in pending.sheets.items()}, {}
    from cunshi.exports.classroom.lesson_plan import (
        make_plan,  # imported here, because up-to-date kits do not need these libraries
    )
    from cunshi.exports.classroom.slides import make_slides

    kit, files = pending.kit, pending.files
    made = {files.plan.path: make_plan(kit), files.slides.path: make_slides(kit, docs.joinpath)}
    sheets = ((files.handout, make_handout), (files.worksheet, make_worksheet))
    html = {sheet.path: make(kit) for sheet, make in sheets if sheet}
    return made, {path: html[path] for path in html if not is_current_pdf(docs / path, html[path])}


def _with_available_audio(docs: Path, clips: Iterable[Clip]) -> Iterable[Clip]:
    """Yield the clips; those withheld or not cut have no audio."""
    for clip in clips:
        sounds = not clip.withheld and (docs / clip.audio).is_file()
        yield clip if sounds else replace(clip, audio="")


if __name__ == "__main__":
    serve_worker(_make)
