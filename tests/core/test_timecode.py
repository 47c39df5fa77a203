"""Formatting and parsing of time codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.core.timecode import format_clock, format_timecode, parse_timecode


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "00:00:00.000"),
        (0.0004, "00:00:00.000"),
        (724.5, "00:12:04.500"),
        (59.9996, "00:01:00.000"),
        (3599.9999, "01:00:00.000"),
        (3600, "01:00:00.000"),
        (360_000.25, "100:00:00.250"),
    ],
)
def test_seconds_are_written_as_webvtt_writes_them(seconds: float, written: str) -> None:
    assert format_timecode(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0:00"), (9.99, "0:09"), (61, "1:01"), (724.5, "12:04"), (3600, "1:00:00")],
)
def test_a_clock_is_written_as_a_player_shows_it(seconds: float, written: str) -> None:
    assert format_clock(seconds) == written


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0),
        ("12.5", 12.5),
        ("90", 90),
        ("2:04", 124),
        ("02:04.25", 124.25),
        (" 1:02:04 ", 3724),
        ("00:12:04.500", 724.5),
        ("100:00:00.250", 360_000.25),
    ],
)
def test_short_and_long_time_codes_are_read(written: str, seconds: float) -> None:
    assert parse_timecode(written) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "村",
        "-1",
        "+1",
        "1:60",
        "1:75.5",
        "60:00",
        "1:60:00",
        "1:2:3:4",
        "1.2.3",
        "1:",
        ":30",
        "1.",
        ".5",
        "12,5",
        "1：30",
        "1e3",
        "nan",
        "inf",
        "1 :30",
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not a time code"):
        parse_timecode(written)


@given(st.floats(0, 360_000))
def test_what_is_written_is_read_to_the_millisecond(seconds: float) -> None:
    assert parse_timecode(format_timecode(seconds)) == pytest.approx(seconds, abs=0.000_501)


@given(st.text(alphabet="0123456789:.-: ：村e", max_size=14))
def test_a_text_is_a_time_or_refused(written: str) -> None:
    try:
        seconds = parse_timecode(written)
    except ValueError:
        return
    assert seconds >= 0
    assert parse_timecode(format_timecode(seconds)) == pytest.approx(seconds, abs=0.000_501)
