"""Decide who may hear a recording, and say what the decision follows from."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cunshi.domain.consent import ARCHIVE, LESSON, WEBSITE, Access, Consent
from cunshi.domain.recording import Description, Recording


@dataclass(frozen=True, kw_only=True)
class Days:
    """The two days by which access is decided, so that no wrong clock opens anything.

    ``clock`` is the computer's own day. ``today`` is never before the last publication: a clock
    that was set back must not make ended consents hold again.
    """

    today: dt.date
    clock: dt.date


class AccessReason(StrEnum):
    """The first thing that would have to change before more people may hear a recording."""

    WITHDRAWN = "consent withdrawn"
    NOT_GIVEN = "nobody is named who agreed"
    NOT_SIGNED = "consent without a date of signature"
    EXPIRED = "consent expired"
    NOT_FOR_ARCHIVE = "archiving was not ticked"
    EMBARGO = "the day before which nothing may be published is to come"
    NO_GUARDIAN = "uses of a minor's recording that no guardian ticked"
    MINOR = "a minor's recording, and nobody has said who may hear it"
    ARCHIVE_ONLY = "neither website nor lessons were ticked"
    NOT_FOR_WEBSITE = "website was not ticked"
    NOT_FOR_LESSONS = "lessons were not ticked"
    ASKED = "the record asks for this level"
    OPEN = "nothing restricts it"


_WITHOUT_CONSENT = frozenset(
    {
        AccessReason.WITHDRAWN,
        AccessReason.NOT_GIVEN,
        AccessReason.NOT_SIGNED,
        AccessReason.EXPIRED,
    }
)


@dataclass(frozen=True)
class AccessDecision:
    """The effective access level of a recording, and what it follows from."""

    level: Access
    reason: AccessReason

    @property
    def has_consent(self) -> bool:
        """Whether somebody agreed, and the agreement is neither expired nor withdrawn."""
        return self.reason not in _WITHOUT_CONSENT

    def allows_publication(self, ceiling: Access = Access.OPEN) -> bool:
        """Whether voice and words may be on the site, or for ``CLASSROOM`` in the USB pack.

        The pack is made for lessons, and holds only what may be used in them.
        """
        return self.level <= ceiling if ceiling is Access.OPEN else self.allows_citation(ceiling)

    def allows_citation(self, ceiling: Access = Access.OPEN) -> bool:
        """Whether a lesson may cite it on the site, or for ``CLASSROOM`` in the USB pack."""
        return self.level <= ceiling and self.reason is not AccessReason.NOT_FOR_LESSONS


def access_decision(recording: Recording, days: Days) -> AccessDecision:
    """Decide who may hear a recording: the strictest of consent, embargo, uses and access wins.

    Decide on the record as people wrote it, not ``as_shown``, which leaves out the guardian.
    """
    said = recording.description
    reason = _sealed_because(said, days)
    if reason:
        return AccessDecision(Access.SEALED, reason)
    asked = Access.OPEN if said.access is None else said.access
    return AccessDecision(*_limited_by_uses(said.consent, asked))


def access_decisions(recordings: Iterable[Recording], days: Days) -> dict[str, AccessDecision]:
    """The decisions on several recordings, by id."""
    return {recording.id: access_decision(recording, days) for recording in recordings}


def _sealed_because(said: Description, days: Days) -> AccessReason | None:
    """Why nobody may hear it whatever its record asks for; the first reason that holds."""
    consent = said.consent
    # Either of the two days is enough to close, and it takes both to open.
    expired = consent.until and consent.until < max(days.today, days.clock)
    waits = consent.embargo and consent.embargo > min(days.today, days.clock)
    reasons = {
        AccessReason.WITHDRAWN: consent.withdrawn_on,
        AccessReason.NOT_GIVEN: not consent.by,
        AccessReason.NOT_SIGNED: not consent.signed_on,
        AccessReason.EXPIRED: expired,
        AccessReason.NOT_FOR_ARCHIVE: not consent.allows(ARCHIVE),
        AccessReason.EMBARGO: waits,
        # Uses of a minor's recording are nobody's to tick but a guardian's.
        AccessReason.NO_GUARDIAN: said.minor and consent.uses and not consent.guardian,
        AccessReason.MINOR: said.minor and said.access is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _limited_by_uses(consent: Consent, asked: Access) -> tuple[Access, AccessReason]:
    """What is left of the asked level: the site needs one tick, classrooms another."""
    website, lesson = consent.allows(WEBSITE), consent.allows(LESSON)
    if asked is Access.SEALED:
        return Access.SEALED, AccessReason.ASKED
    if asked is Access.LISTED:  # its title is on the site
        listed = (Access.LISTED, AccessReason.ASKED)
        return listed if website else (Access.SEALED, AccessReason.NOT_FOR_WEBSITE)
    if not website and not lesson:
        return Access.SEALED, AccessReason.ARCHIVE_ONLY
    if asked is Access.CLASSROOM:
        reserved = (Access.CLASSROOM, AccessReason.ASKED)
        return reserved if lesson else (Access.SEALED, AccessReason.NOT_FOR_LESSONS)
    if not website:
        return Access.CLASSROOM, AccessReason.NOT_FOR_WEBSITE
    return Access.OPEN, AccessReason.OPEN if lesson else AccessReason.NOT_FOR_LESSONS
