"""What the names of files and folders say of a recording."""

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
    """Read ``2026-01-12``, ``20260112`` or ``2026年1月12日``; None when it is no date."""
    match = _DAY.fullmatch(text.strip())
    if not match:
        return None
    try:
        return date(*(int(part) for part in match.groups() if part))
    except ValueError:
        return None


def describe_name(stem: str, villages: tuple[str, ...]) -> Description:
    """What a file name says: ``village_narrator_date``, or its beginning with a known village.

    A name of another form (``录音_20260112_153012``) says nothing: nothing is guessed.
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
    """The lesson number and title in a folder name such as ``01-村名的来历``."""
    match = _FOLDER.fullmatch(to_nfc(name))
    return (int(match["number"]), match["title"].strip()) if match else (None, "")
