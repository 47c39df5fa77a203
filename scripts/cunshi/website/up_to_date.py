"""Skip the build if its inputs and its results are unchanged.

Records, the words of all transcripts, and lessons are read for the stamp, which also contains the
date, because access may depend on it.
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
    """A site and a stamp of its current inputs."""

    def __init__(self, project: Project, recordings: Iterable[Recording], *asked: Any):
        self._project = project
        self._stamps = StageStamps(project, _NAME)
        self._stamp = _stamp(project, list(recordings), asked)
        self._note: Mapping[str, Any] = {}
        if self._stamps.is_current(_NAME, self._stamp):
            self._note = self._stamps.note_of(_NAME)

    @property
    def is_current(self) -> bool:
        """Whether the site is up to date."""
        return bool(self._note) and self._note["made"] == _made(self._project)

    @property
    def problems(self) -> list[Problem]:
        """The problems of the last build, which remain."""
        return [Problem(ExitCode(code), *rest) for code, *rest in self._note["problems"]]

    @property
    def transcripts(self) -> dict[str, Transcript]:
        """The status of each transcript, without its words."""
        statuses = self._note["statuses"].items()
        return {id_: Transcript(status=TranscriptStatus(status)) for id_, status in statuses}

    def clear(self) -> None:
        """Mark the site as incomplete."""
        self._stamps.clear()

    def record(self, problems: Iterable[Problem], transcripts: Mapping[str, Transcript]) -> None:
        """Record the finished build with its problems.

        Nothing is recorded if a file was temporarily unreadable, so that it is read again.
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
    """Return the files of the site and its source, and the log of publications."""
    folders = (project.docs, project.site)
    named = [(folder, sorted(walk_file_names(folder))) for folder in folders]
    files = (folder / name for folder, names in named for name in names)
    return stamp_of([names for __, names in named], files=[*files, project.publications])
