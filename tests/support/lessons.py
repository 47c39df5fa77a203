"""Texts of lessons, and how to parse them."""

import datetime as dt
from pathlib import Path
from typing import Any

from cunshi.catalogue.course.lessons import read_lesson
from cunshi.core.problem import Problem
from cunshi.domain.access import Days
from cunshi.domain.consent import Consent
from cunshi.domain.course import Lesson
from cunshi.domain.recording import Description, Kind, Recording, Technical

ID = "20260112-7a994552"


TODAY, DAY = dt.date(2026, 6, 1), dt.date(2026, 1, 12)
DAYS = Days(today=TODAY, clock=TODAY)


FRONT = """\
---
title: 村名的来历
villages: [金村村]
grade: 三年级
minutes: 40
summary: 一个名字
objectives: [听懂]
keywords: [慈乌]
sources: [村志]
---
"""


CLIP = f"\n/// clip | {ID} 0:02-0:06\n{{}}\n///\n"


WHERE = "courses/01-cunming/lesson.md"


def read(folder: Path, text: str, name: str = "01-cunming") -> tuple[Lesson | None, list[Problem]]:
    path, problems = folder / name / "lesson.md", list[Problem]()
    path.parent.mkdir()
    path.write_bytes(text.encode())
    return read_lesson(path, WHERE, problems), problems


GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))


def recording(**said: Any) -> Recording:
    values = {"consent": GIVEN, "narrator": "金老师", "village": "金村村", "date": DAY} | said
    technical = Technical("mov", "aac", 45.279, 44_100, 1)
    return Recording(ID, Kind.TALK, "a.m4a", "0" * 64, "a", technical, Description(**values))
