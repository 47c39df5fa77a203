"""Numbers and titles of the lessons, read again when they change."""

import functools

from cunshi.archive.project import Project
from cunshi.catalogue.course.lessons import read_course, read_lesson
from cunshi.domain.course import LESSON_COUNT, Lesson


def lesson_titles(project: Project) -> dict[int, str]:
    """Return number → title of every lesson, empty if it is not written."""
    titles = dict.fromkeys(range(1, LESSON_COUNT + 1), "")
    for lesson in written_lessons(project):
        titles[lesson.number] = lesson.title
    return dict(sorted(titles.items()))


def written_lessons(project: Project) -> tuple[Lesson, ...]:
    """Return the readable lessons in the order of the course."""
    return _lessons(project, _stamp(project))


def lesson_name(number: int, title: str) -> str:
    """Return a lesson's name for people: 第 3 课 金村庙会."""
    return f"第 {number} 课 {title}".strip()


def _stamp(project: Project) -> tuple[tuple[str, int], ...]:
    paths = (project.courses / "course.yml", *sorted(project.courses.glob("*/lesson.md")))
    return tuple((str(path), path.stat().st_mtime_ns) for path in paths if path.is_file())


@functools.lru_cache(maxsize=4)
def _lessons(project: Project, stamp: tuple[tuple[str, int], ...]) -> tuple[Lesson, ...]:
    """Read the lessons; their problems are shown on the page of problems."""
    course = read_course(project.courses / "course.yml", "", [])
    paths = (project.courses / name / "lesson.md" for name in course.lessons)
    inside = (path for path in paths if path.is_relative_to(project.courses) and path.is_file())
    found = (read_lesson(path, "", []) for path in inside)
    return tuple(lesson for lesson in found if lesson)
