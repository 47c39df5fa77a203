"""A term of the glossary."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term of the glossary; ``heard_as`` are known misspellings by machines."""

    term: str
    kind: str
    meaning: str
    village: str = ""
    pinyin: str = ""
    heard_as: tuple[str, ...] = ()
