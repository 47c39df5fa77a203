"""Make valid and descriptive file names for uploads."""

import unicodedata
from collections.abc import Iterator
from pathlib import PurePath

from cunshi.core.text import is_reserved
from cunshi.domain.file_names import describe_name
from cunshi.domain.recording import Description

MOST_CHARACTERS, MOST_BYTES = 120, 200  # most systems allow 255 bytes; a sidecar's suffix adds four
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "-"))


def clean_name(name: str, instead: str = "录音") -> str:
    """Return a name that is valid on Windows, macOS and Linux, on one line, and not too long."""
    kept = "".join(c for c in unicodedata.normalize("NFC", name) if _is_visible(c))
    kept = " ".join(kept.translate(_FORBIDDEN).split())
    stem, suffix = _split(kept.rstrip(". "))
    # Such names are hidden, or temporary files of office programs.
    stem = stem.lstrip(".~$ ").rstrip(". ") or instead
    if is_reserved(stem):
        stem = f"{instead}-{stem}"
    return _shortened(stem, suffix) + suffix


def _is_visible(character: str) -> bool:
    """Check for control characters, direction marks and lone surrogates."""
    space = character.isspace()
    return space or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _split(name: str) -> tuple[str, str]:
    """Split a name into stem and suffix; an invalid suffix (``王阿婆 2026.1.12``) belongs to the
    stem.
    """
    suffix = PurePath(name).suffix if not name.startswith(".") else ""
    if 1 < len(suffix) <= 8 and suffix[1:].isascii() and suffix[1:].isalnum():
        return name[: -len(suffix)], suffix
    return name, ""


def _shortened(stem: str, suffix: str) -> str:
    stem = stem[: MOST_CHARACTERS - len(suffix)]
    most = MOST_BYTES - len(suffix)
    return stem.encode()[:most].decode("utf-8", "ignore").rstrip(". ")


def named_after(said: Description, name: str, villages: tuple[str, ...]) -> str:
    """Return a name with village, narrator and date, if it can be parsed back.

    Otherwise the file keeps its name, unless that would be parsed as something else.
    """
    day = said.date.isoformat() if said.date else ""
    told = "_".join(filter(None, (said.village, said.narrator, day)))
    own = describe_name(_split(name)[0], villages)
    if not told or own == said:
        return name
    new = clean_name(told + _split(name)[1])
    pairs = ((own.village, said.village), (own.narrator, said.narrator), (own.date, said.date))
    wrong = any(of_name and of_name != meant for of_name, meant in pairs)
    return new if wrong or describe_name(_split(new)[0], villages) == said else name


def numbered(name: str) -> Iterator[str]:
    """Yield the name, then numbered variants: 金村村_金老师_2026-01-12_2.m4a."""
    stem, suffix = _split(name)
    yield name
    for number in range(2, 10_000):
        end = f"_{number}"
        yield _shortened(stem, end + suffix) + end + suffix


def stem_of(name: str) -> str:
    """Return the stem shared by a recording and its companions."""
    return PurePath(name).stem
