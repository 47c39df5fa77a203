"""Recordings and their descriptions.

Times are float seconds from the start of the recording.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath

from cunshi.domain.consent import Access, Consent
from cunshi.domain.settings import Archive


class Kind(StrEnum):
    """The kind of a recording: a talk or a family motto."""

    TALK = "talk"
    MOTTO = "motto"


@dataclass(frozen=True)
class Description:
    """The description of a recording by people; unknown values are empty and never guessed.

    ``holder`` is the archive of origin, if it is another one.
    """

    lesson: int | None = None
    title: str = ""
    village: str = ""
    narrator: str = ""
    date: dt.date | None = None
    language: str = ""
    access: Access | None = None
    minor: bool = False
    consent: Consent = field(default_factory=Consent)
    rights: str = ""
    holder: str = ""
    note: str = ""
    motto: str = ""
    meaning: str = ""
    approved_by: str = ""
    approved_on: dt.date | None = None


@dataclass(frozen=True)
class Technical:
    """Technical data from decoding; ``duration`` is in seconds, 0 for a text without audio."""

    container: str
    codec: str
    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0

    @property
    def has_sound(self) -> bool:
        return self.duration > 0


@dataclass(frozen=True)
class Recording:
    """An accession: identity, master and catalogue record.

    ``master`` and ``companions`` are file names in the accession's master/ folder; companions are a
    photo and written words that came with the recording.
    """

    id: str
    kind: Kind
    master: str
    sha256: str
    original_name: str
    technical: Technical
    description: Description
    companions: tuple[str, ...] = ()

    @property
    def lesson(self) -> int | None:
        """The number of the lesson that it was recorded for."""
        return self.description.lesson

    def language(self, archive: Archive) -> str:
        """Return the spoken language: that of the record, or else of the archive."""
        return self.description.language or archive.language

    @property
    def as_shown(self) -> "Recording":
        """The recording with the name that its narrator wants to be published."""
        said = self.description
        shown = said.consent.shown_as
        if not shown:
            return self
        # The signature and the file name often contain the name too.
        consent = replace(said.consent, by=said.consent.by and shown, guardian="", form="")
        described = replace(said, narrator=shown, consent=consent)
        return replace(self, original_name="", description=described)

    @property
    def photo(self) -> str:
        """The file name of the photo in master/, or empty."""
        return next((name for name in self.companions if is_photo(name)), "")


PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
TEXT_SUFFIXES = frozenset({".txt", ".md"})


def is_photo(name: str) -> bool:
    """Check whether a file name is that of a photo."""
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


def is_text(name: str) -> bool:
    """Check whether a file name is that of a text."""
    return PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES
