"""Consent, its uses, and access levels."""

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum


class Access(IntEnum):
    """Access levels; a larger value is more restrictive, and the largest applies."""

    OPEN = 0
    CLASSROOM = 1
    LISTED = 2
    SEALED = 3


# The uses on a consent form; values of ``Consent.uses``.
ARCHIVE, TRANSCRIPTION, LESSON, WEBSITE, SOCIAL = USES = (
    "archive",
    "transcription",
    "lesson",
    "website",
    "social",
)


NO_USE = "none"  # a form without any use ticked


@dataclass(frozen=True)
class Consent:
    """A consent to publication. It ends on ``until`` and when it is withdrawn.

    Nothing is published before ``embargo``. ``uses`` are the ticked ones of USES, or NO_USE alone;
    if empty, it covers everything, like a general form. ``shown_as`` replaces the narrator's name
    in everything published. ``guardian`` signed for a minor.
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
        """Check whether a use was ticked, or the consent covers everything."""
        return not self.uses or use in self.uses
