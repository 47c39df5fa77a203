"""Parse the names of files and folders in recordings/."""

import re
from datetime import date

from cunshi.core.files import to_nfc
from cunshi.domain.recording import Description

_DAY = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})\.(\d{1,2})\.(\d{1,2})"
    r"|(\d{4})年(\d{1,2})月(\d{1,2})日|((?:19|20)\d{2})(\d{2})(\d{2})"
)


_NAME = re.compile(r"(?P<village>[^_]+)_(?P<narrator>[^_]+)_(?P<day>[\d.年月日-]+)(?:[_ (].*)?")


_FOLDER = re.compile(r"(?P<number>\d{1,2})(?![\d年])[-_.、 ]*(?P<title>.*)")


def parse_day(text: str) -> date | None:
    """Parse ``2026-01-12``, ``20260112`` or ``2026年1月12日``; None if it is not a date."""
    match = _DAY.fullmatch(text.strip())
    if not match:
        return None
    try:
        return date(*(int(part) for part in match.groups() if part))
    except ValueError:
        return None


def describe_name(stem: str, villages: tuple[str, ...]) -> Description:
    """Parse a file name ``village_narrator_date``, or one that starts with a known village.

    Names of other forms (``录音_20260112_153012``) give an empty description.
    """
    stem = to_nfc(stem).replace("＿", "_").strip()
    match = _NAME.fullmatch(stem)
    if match and (day := parse_day(match["day"])) and not match["narrator"].isdecimal():
        return Description(village=match["village"], narrator=match["narrator"], date=day)
    village, __, narrator = stem.partition("_")
    if village.strip() in villages:
        named = "" if "_" in narrator or parse_day(narrator) else narrator.strip()
        return Description(village=village.strip(), narrator=named)
    return Description()


def describe_folder(name: str) -> tuple[int | None, str]:
    """Parse lesson number and title from a folder name such as ``01-村名的来历``."""
    match = _FOLDER.fullmatch(to_nfc(name))
    return (int(match["number"]), match["title"].strip()) if match else (None, "")
