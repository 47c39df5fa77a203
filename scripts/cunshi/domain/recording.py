"""The types that flow from stage to stage. Frozen, without I/O; no type knows a later one.

Times are float seconds from the beginning of the recording.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath

from cunshi.domain.consent import Access, Consent
from cunshi.domain.settings import Archive


class Kind(StrEnum):
    """What was recorded: a culture expert's talk or a family motto."""

    TALK = "talk"
    MOTTO = "motto"


@dataclass(frozen=True)
class Description:
    """What people say about a recording; whatever nobody has said is empty, never guessed.

    ``holder`` is the archive that it came from, if that is not the one it is in.
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
    """What the audio is, measured by decoding it; ``duration`` in seconds, 0 for a text alone."""

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
    """One accession: its identity, its master and its catalogue record.

    ``master`` and ``companions`` are names in the accession's master/ folder; companions are the
    photo and the written words that came with the recording.
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
        """The number of the lesson it was recorded for."""
        return self.description.lesson

    def language(self, archive: Archive) -> str:
        """What is spoken in it: as its record says, else as the archive does."""
        return self.description.language or archive.language

    @property
    def as_shown(self) -> "Recording":
        """The recording under the name that its narrator wants to be shown, and no other."""
        said = self.description
        shown = said.consent.shown_as
        if not shown:
            return self
        # Who signed, and what the file was called, often say the name as well.
        consent = replace(said.consent, by=said.consent.by and shown, guardian="", form="")
        described = replace(said, narrator=shown, consent=consent)
        return replace(self, original_name="", description=described)

    @property
    def photo(self) -> str:
        """The name of the photo in master/, or empty."""
        return next((name for name in self.companions if is_photo(name)), "")


PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
TEXT_SUFFIXES = frozenset({".txt", ".md"})


def is_photo(name: str) -> bool:
    """Whether a file name is that of a photo."""
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


def is_text(name: str) -> bool:
    """Whether a file name is that of a written text."""
    return PurePosixPath(name).suffix.lower() in TEXT_SUFFIXES
