"""Decide who may hear a recording, and why."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cunshi.domain.consent import ARCHIVE, LESSON, WEBSITE, Access, Consent
from cunshi.domain.recording import Description, Recording


@dataclass(frozen=True, kw_only=True)
class Days:
    """The two dates on which access decisions depend, so that a wrong clock publishes nothing.

    ``clock`` is the date of the computer. ``today`` is never before the last publication, so that
    an expired consent does not become valid again when a clock is set back.
    """

    today: dt.date
    clock: dt.date


class AccessReason(StrEnum):
    """The first condition that would have to change for wider access."""

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
    """The effective access level of a recording, and the reason for it."""

    level: Access
    reason: AccessReason

    @property
    def has_consent(self) -> bool:
        """Whether there is a consent that is neither expired nor withdrawn."""
        return self.reason not in _WITHOUT_CONSENT

    def allows_publication(self, ceiling: Access = Access.OPEN) -> bool:
        """Check whether audio and text may be on the site or, for ``CLASSROOM``, in the USB pack.

        The pack is made for lessons, so it contains only what may be used in them.
        """
        return self.level <= ceiling if ceiling is Access.OPEN else self.allows_citation(ceiling)

    def allows_citation(self, ceiling: Access = Access.OPEN) -> bool:
        """Check whether a lesson may cite it on the site or, for ``CLASSROOM``, in the USB pack."""
        return self.level <= ceiling and self.reason is not AccessReason.NOT_FOR_LESSONS


def access_decision(recording: Recording, days: Days) -> AccessDecision:
    """Return the access decision: the strictest of consent, embargo, uses and access level.

    Pass the recording as it is in the archive, not ``as_shown``, which omits the guardian.
    """
    description = recording.description
    reason = _reason_to_seal(description, days)
    if reason:
        return AccessDecision(Access.SEALED, reason)
    requested = Access.OPEN if description.access is None else description.access
    return AccessDecision(*_limit_by_uses(description.consent, requested))


def access_decisions(recordings: Iterable[Recording], days: Days) -> dict[str, AccessDecision]:
    """Return the decisions for several recordings, by id."""
    return {recording.id: access_decision(recording, days) for recording in recordings}


def _reason_to_seal(description: Description, days: Days) -> AccessReason | None:
    """Return the first reason to seal a recording regardless of its access level, or None."""
    consent = description.consent
    # One of the two dates suffices to seal; both are needed to publish.
    expired = consent.until and consent.until < max(days.today, days.clock)
    waits = consent.embargo and consent.embargo > min(days.today, days.clock)
    reasons = {
        AccessReason.WITHDRAWN: consent.withdrawn_on,
        AccessReason.NOT_GIVEN: not consent.by,
        AccessReason.NOT_SIGNED: not consent.signed_on,
        AccessReason.EXPIRED: expired,
        AccessReason.NOT_FOR_ARCHIVE: not consent.allows(ARCHIVE),
        AccessReason.EMBARGO: waits,
        # Only a guardian can agree to uses of a minor's recording.
        AccessReason.NO_GUARDIAN: description.minor and consent.uses and not consent.guardian,
        AccessReason.MINOR: description.minor and description.access is None,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _limit_by_uses(consent: Consent, requested: Access) -> tuple[Access, AccessReason]:
    """Return the requested level limited by the uses: the site and lessons need one each."""
    website, lesson = consent.allows(WEBSITE), consent.allows(LESSON)
    if requested is Access.SEALED:
        return Access.SEALED, AccessReason.ASKED
    if requested is Access.LISTED:  # the title is published on the site
        listed = (Access.LISTED, AccessReason.ASKED)
        return listed if website else (Access.SEALED, AccessReason.NOT_FOR_WEBSITE)
    if not website and not lesson:
        return Access.SEALED, AccessReason.ARCHIVE_ONLY
    if requested is Access.CLASSROOM:
        reserved = (Access.CLASSROOM, AccessReason.ASKED)
        return reserved if lesson else (Access.SEALED, AccessReason.NOT_FOR_LESSONS)
    if not website:
        return Access.CLASSROOM, AccessReason.NOT_FOR_WEBSITE
    return Access.OPEN, AccessReason.OPEN if lesson else AccessReason.NOT_FOR_LESSONS
