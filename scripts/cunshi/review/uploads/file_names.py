"""Names of files as people send them → names that every system takes and that say what is known."""

import unicodedata
from collections.abc import Iterator
from pathlib import PurePath

from cunshi.core.text import is_reserved
from cunshi.domain.file_names import describe_name
from cunshi.domain.recording import Description

MOST_CHARACTERS, MOST_BYTES = 120, 200  # most systems take 255 bytes; a sidecar adds four
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "-"))


def clean_name(name: str, instead: str = "录音") -> str:
    """A name that Windows, macOS and Linux take alike, on one line, shorter than the limits."""
    kept = "".join(c for c in unicodedata.normalize("NFC", name) if _is_visible(c))
    kept = " ".join(kept.translate(_FORBIDDEN).split())
    stem, suffix = _split(kept.rstrip(". "))
    # What begins so is hidden, or counts as left behind by an office program.
    stem = stem.lstrip(".~$ ").rstrip(". ") or instead
    if is_reserved(stem):
        stem = f"{instead}-{stem}"
    return _shortened(stem, suffix) + suffix


def _is_visible(character: str) -> bool:
    """Neither a control character nor one that turns the direction of writing, nor a stray half."""
    space = character.isspace()
    return space or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _split(name: str) -> tuple[str, str]:
    """Stem and suffix; of a suffix that is none (``王阿婆 2026.1.12``) a part of the stem."""
    suffix = PurePath(name).suffix if not name.startswith(".") else ""
    if 1 < len(suffix) <= 8 and suffix[1:].isascii() and suffix[1:].isalnum():
        return name[: -len(suffix)], suffix
    return name, ""


def _shortened(stem: str, suffix: str) -> str:
    stem = stem[: MOST_CHARACTERS - len(suffix)]
    most = MOST_BYTES - len(suffix)
    return stem.encode()[:most].decode("utf-8", "ignore").rstrip(". ")


def named_after(said: Description, name: str, villages: tuple[str, ...]) -> str:
    """A name that tells village, narrator and date, where one can be read back as them.

    Else the file keeps its own name, unless that says what nobody means.
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
    """The name, and others like it for when it is taken: 金村村_金老师_2026-01-12_2.m4a."""
    stem, suffix = _split(name)
    yield name
    for number in range(2, 10_000):
        end = f"_{number}"
        yield _shortened(stem, end + suffix) + end + suffix


def stem_of(name: str) -> str:
    """What a recording and its companions have in common."""
    return PurePath(name).stem
