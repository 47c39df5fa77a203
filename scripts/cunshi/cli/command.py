"""What all commands share: the project, the log, progress, and how they end."""

import logging
import sys
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

import click

from cunshi import __version__, report
from cunshi.archive.project import Project
from cunshi.core.logs import log_command, log_to
from cunshi.core.problem import Result
from cunshi.core.progress import BarReporter, LineReporter, Reporter

_READING = {"status", "check", "evaluate"}
_log = logging.getLogger(__name__)


def say(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        click.echo(line)


def new_reporter() -> Reporter:
    """Return a reporter that suits the terminal."""
    return BarReporter() if sys.stderr.isatty() else LineReporter()


def finish(done: Result) -> NoReturn:
    """Print a result and exit with its code."""
    say(report.lines(done))
    for code, count in sorted(Counter(problem.code for problem in done.problems).items()):
        _log.info("%d problems of code %d", count, code)
    sys.exit(int(done.exit_code))


def open_project(context: click.Context) -> Project:
    """Return the project of a command, and log the command in it."""
    root, name = context.find_root(), context.info_name or ""
    project = Project.at(root.obj)
    # Commands that only read write no log, unless they fail.
    root.with_resource(log_to(project.log, logging.WARNING if name in _READING else logging.INFO))
    root.with_resource(log_command(name, __version__))
    return project
