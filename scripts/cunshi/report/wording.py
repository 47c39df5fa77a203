"""The form of all reports: problems, and headed lists.

`lines` formats any result: each class of results registers a function.
"""

from collections.abc import Iterable, Iterator
from functools import singledispatch

from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.text import printable

MOST = 20


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield each problem: file and line, cause, remedy. Notes have another sign."""
    for problem in problems:
        line = _("第 {line} 行").format(line=problem.line) if problem.line else ""
        place = " ".join(filter(None, [printable(problem.where), line]))
        sign = "·" if problem.is_note else "✗"
        yield f"{sign} {place + '：' if place else ''}{printable(problem.cause)}"
        if problem.remedy:
            yield f"  → {printable(problem.remedy)}"


@singledispatch
def lines(done: Result) -> Iterator[str]:
    """Yield what a command did, and all problems."""
    return problem_lines(done.problems)


def section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a title with the number of lines, and the first of these; nothing if there are none."""
    found = list(lines)
    if found:
        yield ""
        yield f"{title}：{len(found)}"
        yield from (f"  {printable(line)}" for line in found[:MOST])
        if len(found) > MOST:
            yield _("  ……还有 {count} 件").format(count=len(found) - MOST)
