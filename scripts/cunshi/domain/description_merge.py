"""What several texts say of one recording, made into one: the strictest of their limits holds."""

from collections.abc import Iterable
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import date

from cunshi.domain.consent import NO_USE, USES, Access, Consent
from cunshi.domain.recording import Description

_KEPT = ("until", "withdrawn_on", "shown_as")


def merge(base: Description, over: Description) -> Description:
    """``over`` where it says something, else ``base``; of two access levels the stricter.

    Who is said to be a minor starts sealed, unless the same text says who may hear the recording.
    """
    said = {
        field.name: value
        for field in dataclass_fields(over)
        if (value := getattr(over, field.name)) and field.name != "consent"
    }
    starts = Access.SEALED if over.minor and over.access is None else over.access
    return replace(
        base,
        **{
            **said,
            "access": stricter(base.access, starts),
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
    """The later of two days before which nothing may be published."""
    return max((day for day in (one.embargo, other.embargo) if day), default=None)


def _common_uses(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The uses that both allow. Who ticked nothing in particular limits nothing."""
    if not one or not other:
        return one or other
    return tuple(use for use in USES if use in one and use in other) or (NO_USE,)


def limited(consent: Consent, by: Consent) -> Consent:
    """A consent with the limits that another one sets to it.

    Its end, where it has none; the later beginning; fewer uses; a name to be shown, where only one
    asks for it.
    """
    kept = {name: getattr(consent, name) or getattr(by, name) for name in _KEPT}
    uses = _common_uses(consent.uses, by.uses)
    return replace(consent, **kept, embargo=_later(consent, by), uses=uses)


def strictest(said: Iterable[Description]) -> Description:
    """The first description, with the limits that any of them sets.

    For the same recording deposited more than once: each copy may carry a withdrawal.
    """
    first, *others = said
    for other in others:
        first = replace(
            first,
            access=stricter(first.access, other.access),
            minor=first.minor or other.minor,
            consent=limited(first.consent, other.consent),
        )
    return first


def stricter(*levels: Access | None) -> Access | None:
    """The strictest of the access levels that are said."""
    return max((level for level in levels if level is not None), default=None)
