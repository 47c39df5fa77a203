"""A word of the glossary."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the glossary."""

    term: str
    kind: str
    meaning: str
    village: str = ""
    pinyin: str = ""
    heard_as: tuple[str, ...] = ()
