"""The problems page: each problem with the recording on whose page it can be corrected."""

import datetime as dt
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from starlette.routing import Route

from cunshi import workflow
from cunshi.catalogue import checks
from cunshi.catalogue.titles import recording_title
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import TranscriptStatus
from cunshi.review.api import ApiRequest, route
from cunshi.review.context import Desk
from cunshi.workflow.results import Surveyed


def routes(desk: Desk) -> list[Route]:
    """Return the route of the project's problems, as publishing would report them."""

    def problems(ask: ApiRequest) -> dict[str, Any]:
        return survey(desk)

    return [route("GET", "/api/problems", problems)]


def survey(desk: Desk) -> dict[str, Any]:
    """Every problem, and what nobody has to mend but everybody should know before publishing."""
    found = workflow.survey(desk.project)
    ids = [recording.id for recording in found.recordings]
    return {
        "problems": as_json(found.problems, ids),
        "blocking": any(p.blocks_publication for p in found.problems)
        and goes_elsewhere(found.archive),
        "elsewhere": goes_elsewhere(found.archive),
        "made": _made(desk.project.site / "index.html"),
        "notes": [
            {"what": what, "recordings": [_named(recording) for recording in recordings]}
            for what, recordings in _notes(found).items()
            if recordings
        ],
    }


def _made(index: Path) -> str | None:
    """Return when the local site was built, None if never."""
    if not index.is_file():
        return None
    moment = dt.datetime.fromtimestamp(index.stat().st_mtime, dt.UTC)
    return moment.isoformat(timespec="seconds")


def as_json(problems: Iterable[Problem], ids: Collection[str]) -> list[dict[str, Any]]:
    """Return problems as JSON, with the id of their recording or None."""
    return [
        {
            "cause": problem.cause,
            "remedy": problem.remedy,
            "where": problem.where,
            "line": problem.line,
            "recording": _recording(problem, ids),
        }
        for problem in problems
    ]


def _recording(problem: Problem, ids: Collection[str]) -> str | None:
    """Return the recording of a problem; that of a lesson is named in its cause."""
    folder = problem.where.removeprefix("archive/").split("/")[0].split(" ")[0]
    if problem.where.startswith("archive/") and folder in ids:
        return folder
    return next((i for i in ids if i in problem.cause), None)


def goes_elsewhere(archive: Archive) -> bool:
    """Whether publishing brings the site to another place than this computer."""
    return bool(archive.publish.kind)


def _notes(found: Surveyed) -> dict[str, list[Recording]]:
    """What is no mistake: the site can be made, and leaves some things out."""
    recordings = found.recordings

    def having(status: TranscriptStatus) -> list[Recording]:
        return [r for r in recordings if found.transcripts[r.id].status is status]

    return {
        _("还没有同意书，不会公开"): checks.awaiting_consent(recordings, found.days),
        _("还没有听写"): having(TranscriptStatus.MISSING),
        _("机器初稿，还没有人听过"): having(TranscriptStatus.DRAFT),
        _("校对中，还没有定稿"): having(TranscriptStatus.EDITED),
        _("资料不全（村、讲述人、日期或课）"): [r for r in recordings if checks.missing_facts(r)],
        _("村名不在 archive.yml 里"): checks.unknown_villages(recordings, found.archive),
    }


def _named(recording: Recording) -> dict[str, str]:
    return {"id": recording.id, "title": recording_title(recording)}
