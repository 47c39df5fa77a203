"""Whether the site stands as it should: made from what is there now, and untouched since.

Then nothing of it is made again. Records are read before, and the words of all transcripts for the
stamp; so are the lessons. What a day ends or opens is found because the day is in the stamp.
"""

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import Any

from cunshi.archive.cache.inputs import inputs_of, site_inputs, together
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.core.files import walk_file_names
from cunshi.core.problem import Problem
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Transcript, TranscriptStatus

_NAME = "site"


class SiteStamp:
    """A site and what it was made from, at the moment when this is made."""

    def __init__(self, project: Project, recordings: Iterable[Recording], *asked: Any):
        self._project = project
        self._stamps = StageStamps(project, _NAME)
        self._stamp = _stamp(project, list(recordings), asked)
        self._note: Mapping[str, Any] = {}
        if self._stamps.is_current(_NAME, self._stamp):
            self._note = self._stamps.note_of(_NAME)

    @property
    def holds(self) -> bool:
        """Whether there is nothing to make."""
        return bool(self._note) and self._note["made"] == _made(self._project)

    @property
    def problems(self) -> list[Problem]:
        """What was wrong when the site was made, and still is."""
        return [Problem(ExitCode(code), *rest) for code, *rest in self._note["problems"]]

    @property
    def transcripts(self) -> dict[str, Transcript]:
        """How far people have come with each transcript, without its words."""
        statuses = self._note["statuses"].items()
        return {id_: Transcript(status=TranscriptStatus(status)) for id_, status in statuses}

    def begin(self) -> None:
        """From now on the site may be half made."""
        self._stamps.clear()

    def note(self, problems: Iterable[Problem], transcripts: Mapping[str, Transcript]) -> None:
        """The site has been made, with these problems.

        What could only not be read for a moment is looked at again: nothing is recorded then.
        """
        problems = list(problems)
        if any(problem.code is ExitCode.DISK for problem in problems):
            return
        statuses = {id_: transcript.status.value for id_, transcript in transcripts.items()}
        note = {
            "made": _made(self._project),
            "problems": [astuple(problem) for problem in problems],
            "statuses": statuses,
        }
        self._stamps.record(_NAME, self._stamp, note)
        self._stamps.save()


def _stamp(project: Project, recordings: list[Recording], asked: tuple[Any, ...]) -> str:
    each = (inputs_of(project, recording) for recording in recordings)
    return together([site_inputs(project), *each]).stamp(asked)


def _made(project: Project) -> str:
    """The files of the site, of its source, and the register of what was published."""
    folders = (project.docs, project.site)
    named = [(folder, sorted(walk_file_names(folder))) for folder in folders]
    files = (folder / name for folder, names in named for name in names)
    return stamp_of([names for __, names in named], files=[*files, project.publications])
