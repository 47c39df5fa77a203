"""Events in course.yml, and the calendar, checked with a strict parser."""

import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.catalogue.course.events_calendar import event_id, format_calendar, read_events
from cunshi.catalogue.course.lessons import read_course
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.village import CalendarEvent
from support.village import ROOT

STAMP = dt.date(2027, 1, 15)
TALK = CalendarEvent(
    dt.date(2027, 1, 21),
    "村史进校园：村名的来历",
    "村史进校园",
    dt.time(9),
    dt.time(9, 40),
    "学校，二楼; 东头",
    "带上音箱\\\n和一张照片",
    sample=True,
)
MOTTOES = CalendarEvent(dt.date(2027, 2, 6), "写家训")


def unfold(calendar: str) -> list[str]:
    """Return the content lines of a calendar, and check every rule of RFC 5545, 3.1."""
    assert calendar.endswith("\r\n")
    lines = calendar[:-2].split("\r\n")
    assert not any(character in line for line in lines for character in "\r\n\0")
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded: list[str] = []
    for line in lines:
        assert line, "an empty line"
        if line.startswith(" "):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    return unfolded


def text_of(value: str) -> str:
    """Unescape a TEXT value; fail on anything that should be escaped."""
    assert re.fullmatch(r"(?:[^\\;,\x00-\x1f\x7f]|\\[\\;,nN])*", value), value
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)


def parse(calendar: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the properties of a calendar and its events by name and parameters."""
    lines = unfold(calendar)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    head: dict[str, str] = {}
    events: list[dict[str, str]] = []
    now = head
    for line in lines[1:-1]:
        name, colon, value = line.partition(":")
        assert colon and re.fullmatch(r"[A-Z-]+(?:;[A-Z-]+=[A-Z-]+)?", name), line
        if line == "BEGIN:VEVENT":
            assert now is head
            events.append(now := {})
        elif line == "END:VEVENT":
            assert now is not head
            now = head
        else:
            assert name not in now, f"{name} twice"
            now[name] = value
    assert now is head
    return head, events


def test_a_calendar_says_what_the_events_say() -> None:
    head, (talk, mottoes) = parse(format_calendar([TALK, MOTTOES], "村史, 课堂", STAMP))
    assert (head["VERSION"], text_of(head["X-WR-CALNAME"])) == ("2.0", "村史, 课堂")
    assert head["PRODID"]
    assert talk["DTSTAMP"] == "20270115T000000Z"
    assert (talk["DTSTART"], talk["DTEND"]) == ("20270121T090000", "20270121T094000")
    assert text_of(talk["SUMMARY"]) == "【示例】村史进校园：村名的来历"
    assert text_of(talk["LOCATION"]) == "学校，二楼; 东头"
    assert text_of(talk["DESCRIPTION"]) == "带上音箱\\\n和一张照片"
    assert mottoes["DTSTART;VALUE=DATE"] == "20270206"
    assert not {"DTEND", "LOCATION", "DESCRIPTION", "CATEGORIES"} & mottoes.keys()
    assert talk["UID"] != mottoes["UID"]


def test_an_event_keeps_its_name_and_a_calendar_its_bytes() -> None:
    assert event_id(TALK) == "event-" + event_id(TALK).removeprefix("event-")
    later = parse(format_calendar([TALK], "x", dt.date(2027, 9, 9)))[1][0]
    assert later["UID"] == parse(format_calendar([TALK], "y", STAMP))[1][0]["UID"]
    assert format_calendar([TALK], "x", STAMP) == format_calendar([TALK], "x", STAMP)


@given(st.text(), st.text(max_size=300), st.text("村，,;\\\n\r😀:\"'\x00\u2028", max_size=200))
def test_nothing_written_breaks_a_calendar(title: str, place: str, note: str) -> None:
    event = CalendarEvent(STAMP, title, place, None, None, place, note)
    [found] = parse(format_calendar([event], title, STAMP))[1]
    lines = ("".join(c for c in line if c.isprintable()) for line in note.splitlines())
    assert text_of(found.get("DESCRIPTION", "")) == "\n".join(lines)


def read(text: str) -> tuple[tuple[CalendarEvent, ...], list[Problem]]:
    problems: list[Problem] = []
    return read_events(parse_fields(text, "course.yml", problems)), problems


def test_events_are_read_in_their_order() -> None:
    text = (
        "events:\n"
        "  - {date: 2027-02-01, title: 乙, time: '14:00-15:30', sample: 是}\n"
        "  - {date: 2027-01-01, title: 甲, time: '9:05'}\n"
    )
    (first, second), problems = read(text)
    assert problems == []
    assert (first.title, first.start, first.end) == ("甲", dt.time(9, 5), None)
    assert (second.start, second.end, second.sample) == (dt.time(14), dt.time(15, 30), True)


@pytest.mark.parametrize(
    ("written", "events"),
    [
        ("date: 2027-02-01", 0),
        ("title: 没有日期", 0),
        ("date: 二月, title: 日期看不懂", 0),
        ("date: 2027-02-01, title: 甲, time: 下午", 1),
        ("date: 2027-02-01, title: 甲, time: '15:00-14:00'", 1),
        ("date: 2027-02-01, title: 甲, time: '9:00-10:00-11:00'", 1),
        ("date: 2027-02-01, title: 甲, wo: 哪里", 1),
    ],
)
def test_a_mistake_is_reported_with_its_line(written: str, events: int) -> None:
    found, problems = read(f"\nevents:\n  - {{{written}}}\n")
    assert len(found) == events
    assert problems
    assert {problem.line for problem in problems} == {3}
    assert all(event.start is None for event in found)


def test_the_sample_s_events_are_marked() -> None:
    problems: list[Problem] = []
    path = Path(ROOT, "courses", "course.yml")
    course = read_course(path, "course.yml", problems)
    assert problems == []
    assert len(course.events) == 3
    assert all(event.sample for event in course.events)
