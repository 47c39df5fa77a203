"""Format and parse time codes such as ``00:12:04.500``."""

import re
from functools import lru_cache

_TIMECODE = re.compile(r"(?:(?:(\d{1,4}):)?([0-5]?\d):)?(\d{1,7}(?:\.\d{1,6})?)")

_CANONICAL = re.compile(r"\d\d:[0-5]\d:[0-5]\d\.\d{3}", re.ASCII)  # format_timecode


def format_timecode(seconds: float) -> str:
    """Format seconds as ``HH:MM:SS.mmm``, as in WebVTT (https://www.w3.org/TR/webvtt1/).

    >>> format_timecode(724.5)
    '00:12:04.500'
    """
    second, millis = divmod(round(seconds * 1000), 1000)
    return f"{_format_whole_seconds(second)}.{millis:03d}"


@lru_cache(maxsize=1 << 15)  # the captions of a thousand recordings have half a million
def _format_whole_seconds(second: int) -> str:
    minutes, second = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{second:02d}"


def format_clock(seconds: float) -> str:
    """Format seconds as on a player: ``2:04``, ``1:02:04``.

    >>> format_clock(724.5)
    '12:04'
    """
    minutes, second = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{second:02d}" if hours else f"{minutes}:{second:02d}"


def parse_timecode(text: str) -> float:
    """Parse ``12.5``, ``2:04`` or ``00:12:04.500`` as seconds; ValueError for anything else.

    >>> parse_timecode("00:12:04.500")
    724.5
    """
    if _CANONICAL.fullmatch(text):
        minutes = int(text[:2]) * 60 + int(text[3:5])
        return (minutes * 60_000 + int(text[6:8] + text[9:])) / 1000
    match = _TIMECODE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"not a time code: {text!r}")
    hours, minute, seconds = match.groups()
    if minute is not None and float(seconds) >= 60:
        raise ValueError(f"not a time code: {text!r}")
    whole = int(hours or 0) * 3600 + int(minute or 0) * 60
    return round(whole + float(seconds), 6)  # removes the rounding error of the sum
