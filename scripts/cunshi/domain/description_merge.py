"""Merge descriptions of one recording; the strictest restrictions apply."""

from collections.abc import Iterable
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import date
from functools import reduce

from cunshi.domain.consent import NO_USE, USES, Access, Consent
from cunshi.domain.recording import Description

_LIMITS = ("until", "withdrawn_on", "shown_as")


def merge(base: Description, over: Description) -> Description:
    """Return ``base`` overridden by the values of ``over``; the stricter access level applies.

    The recording of a minor starts sealed, unless the same description sets the access level.
    """
    said = {
        field.name: value
        for field in dataclass_fields(over)
        if (value := getattr(over, field.name)) and field.name != "consent"
    }
    return replace(
        base,
        **{
            **said,
            "access": stricter(base.access, _granted(over)),
            "minor": base.minor or over.minor,
            "consent": _merge_consent(base.consent, over.consent),
        },
    )


def _merge_consent(base: Consent, over: Consent) -> Consent:
    said = {
        field.name: value
        for field in dataclass_fields(over)
        if (value := getattr(over, field.name)) and field.name != "uses"
    }
    return replace(
        base,
        **said | {"embargo": _later(base, over), "uses": _common_uses(base.uses, over.uses)},
    )


def _later(one: Consent, other: Consent) -> date | None:
    """Return the later embargo."""
    return max((day for day in (one.embargo, other.embargo) if day), default=None)


def _common_uses(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the uses in both; a consent to everything restricts nothing."""
    if not one or not other:
        return one or other
    return tuple(use for use in USES if use in one and use in other) or (NO_USE,)


def limited(consent: Consent, by: Consent) -> Consent:
    """Return a consent with the restrictions of another one.

    These are an end or a withdrawal (unless it has its own), a later embargo, fewer uses, and a
    published name.
    """
    kept = {name: getattr(consent, name) or getattr(by, name) for name in _LIMITS}
    uses = _common_uses(consent.uses, by.uses)
    return replace(consent, **kept, embargo=_later(consent, by), uses=uses)


def strictest(descriptions: Iterable[Description]) -> Description:
    """Return the first description with the restrictions of all.

    For a recording that was deposited several times, of which any copy may contain a withdrawal.
    """
    first, *others = descriptions
    return reduce(limited_by, others, first)


def limited_by(description: Description, by: Description) -> Description:
    """Return a description with the restrictions of another one; it becomes no more open."""
    return replace(
        description,
        access=stricter(_granted(description), _granted(by)),
        minor=description.minor or by.minor,
        consent=limited(description.consent, by.consent),
    )


def _granted(description: Description) -> Access | None:
    """Return the access level that a description grants: a minor's recording starts sealed."""
    if description.minor and description.access is None:
        return Access.SEALED
    return description.access


def stricter(*levels: Access | None) -> Access | None:
    """Return the strictest of the given access levels; None if there are none."""
    return max((level for level in levels if level is not None), default=None)
