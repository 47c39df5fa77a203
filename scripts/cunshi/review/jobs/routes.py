"""Run long jobs one at a time in a thread, with progress for all pages."""

import logging
import threading
import traceback
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from cunshi import report, workflow
from cunshi.archive.project import Project
from cunshi.core import clock
from cunshi.core.errors import CunshiError, DiskError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import SilentReporter
from cunshi.review.api import ApiError, ApiRequest, route
from cunshi.review.context import Desk
from cunshi.review.todo.problems import as_json, goes_elsewhere
from cunshi.workflow.results import BuiltSite, IngestedAndTranscribed, NotPublished, Published

_log = logging.getLogger(__name__)

TRANSCRIBE, SITE, PUBLISH = "transcribe", "site", "publish"
Done = IngestedAndTranscribed | BuiltSite | Published | NotPublished


@dataclass
class Progress:
    """The progress of a task: recordings and seconds of audio."""

    label: str
    count: int
    total: float
    done: int = 0
    seconds: float = 0.0

    def advance(self, seconds: float) -> None:
        self.seconds = round(self.seconds + seconds, 3)

    def finish_one(self, name: str) -> None:
        self.done += 1


@dataclass
class Work:
    """A running job; a ``Reporter`` for the workflow. Jobs are numbered from 1."""

    number: int
    what: str
    since: str
    tasks: list[Progress] = field(default_factory=list)

    @contextmanager
    def task(self, title: str, count: int, seconds: float) -> Iterator[Progress]:
        progress = Progress(title, count, seconds)
        self.tasks.append(progress)
        yield progress

    def as_json(self) -> dict[str, Any]:
        tasks = [dict(vars(task)) for task in self.tasks]
        head = {"number": self.number, "what": self.what, "since": self.since}
        return {**head, "tasks": tasks}


class Jobs:
    """The jobs of a desk. A job continues when pages are closed; its failure is kept."""

    def __init__(self, project: Project):
        self._project = project
        self._starting = threading.Lock()
        self._count = 0
        self._running: Work | None = None
        self._last: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the running job, and the result of the previous one."""
        running = self._running
        return {"running": running.as_json() if running else None, "last": self._last}

    def start(self, what: str) -> None:
        """Start a job; ApiError 409 if one is running, BusyError if another process is working."""
        with self._starting:
            if self._running:
                raise ApiError(409, _("正在忙着，一次只做一件事"), _("等它做完，再点一次"))
            with self._project.lock():
                pass  # raises BusyError here rather than in the thread
            self._count += 1
            work = Work(self._count, what, _now())
            self._running = work
        threading.Thread(target=self._run, args=[work], name=f"job {what}", daemon=True).start()

    def _run(self, work: Work) -> None:
        ended = _failed(_unforeseen())
        try:
            done = _do(self._project, work)
            ended = _told(done)
        except CunshiError as error:
            ended = _failed(Problem.from_error(error))
        except OSError as error:
            ended = _failed(Problem.from_error(DiskError(error)))
        except Exception:  # any error has to be shown to the waiting page
            traceback.print_exc()
            _log.exception("The job %s is ended by an error", work.what)
        finally:
            head = {"number": work.number, "what": work.what, "ended": _now()}
            self._last = {**head, **ended}
            self._running = None


def routes(desk: Desk) -> list[Route]:
    """Return the routes for starting and watching jobs."""
    jobs = Jobs(desk.project)

    def look(ask: ApiRequest) -> dict[str, Any]:
        return jobs.as_json()

    def start(ask: ApiRequest) -> JSONResponse:
        what = ask.field("what", str)
        if what not in {TRANSCRIBE, SITE, PUBLISH}:
            raise ApiError(400, _("不知道要做什么：{what}").format(what=what[:40]))
        jobs.start(what)
        return JSONResponse(jobs.as_json(), 202)

    taking_down = threading.Lock()

    def take_down(ask: ApiRequest) -> dict[str, Any]:
        """Take off the site what may no longer be seen; waits for no job."""
        with taking_down:
            done = workflow.take_down(desk.project, SilentReporter())
        ids = [accession.id for accession in desk.project.accessions()]
        return _as_json(done, report.lines(replace(done, problems=[])), ids)

    return [
        route("GET", "/api/jobs", look),
        route("POST", "/api/jobs", start),
        route("POST", "/api/takedown", take_down),
    ]


def _do(project: Project, work: Work) -> Done:
    if work.what == TRANSCRIBE:
        return workflow.ingest_and_transcribe(project, work)
    if work.what == PUBLISH and goes_elsewhere(project.read_archive([])):
        return workflow.publish(project, work, None, dry_run=False)
    return workflow.build_site(project, work)


def _told(done: Done) -> dict[str, Any]:
    return _as_json(done, _lines(done), [recording.id for recording in done.recordings])


def _as_json(done: Result, lines: Iterable[str], ids: Collection[str]) -> dict[str, Any]:
    problems = as_json(done.problems, ids)
    return {"exit_code": int(done.exit_code), "lines": list(lines), "problems": problems}


def _lines(done: Done) -> Iterator[str]:
    """Return what was done in words; problems are listed separately."""
    if not isinstance(done, IngestedAndTranscribed) and done.catalogue:
        count = len(done.catalogue.entries)
        yield _("网站做好了：公开 {count} 件录音。").format(count=count)
    if isinstance(done, NotPublished):
        yield _("没有发布出去：先把下面的问题处理好。")
    elif not isinstance(done, BuiltSite):
        yield from report.lines(replace(done, problems=[]))


def _failed(problem: Problem) -> dict[str, Any]:
    return {"exit_code": int(problem.code), "lines": [], "problems": as_json([problem], ())}


def _unforeseen() -> Problem:
    cause = _("出了没有料到的错，没有做完")
    remedy = _("再做一次；还不行，请把 build 里的 cunshi.log 发给懂电脑的人")
    return Problem(ExitCode.UNEXPECTED, "", cause, remedy)


def _now() -> str:
    return clock.now().isoformat(timespec="seconds")
