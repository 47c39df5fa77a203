"""Consent to publication, its uses, and the access levels of a recording."""

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum


class Access(IntEnum):
    """Who may hear a recording; a larger value is more restrictive, and the largest wins."""

    OPEN = 0
    CLASSROOM = 1
    LISTED = 2
    SEALED = 3


# What a consent form asks for one by one; the keys of ``Consent.uses``.
ARCHIVE, TRANSCRIPTION, LESSON, WEBSITE, SOCIAL = USES = (
    "archive",
    "transcription",
    "lesson",
    "website",
    "social",
)


NO_USE = "none"  # a form on which nothing was ticked


@dataclass(frozen=True)
class Consent:
    """Who agreed to publication and when; ``until`` and ``withdrawn_on`` end it.

    Nothing is published before the day of ``embargo``.

    ``uses`` are those of USES that were ticked, or NO_USE alone; when empty it is a consent to
    everything, as a signature on a general form gives it. ``shown_as`` stands for the narrator's
    name in all that is published. ``guardian`` is who signed for a minor.
    """

    by: str = ""
    signed_on: dt.date | None = None
    form: str = ""
    until: dt.date | None = None
    withdrawn_on: dt.date | None = None
    uses: tuple[str, ...] = ()
    guardian: str = ""
    shown_as: str = ""
    embargo: dt.date | None = None

    def allows(self, use: str) -> bool:
        """Whether a use was ticked, or the consent asks for none in particular."""
        return not self.uses or use in self.uses
