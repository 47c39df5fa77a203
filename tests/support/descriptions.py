"""Hypothesis strategies for descriptions, and recordings with a given description."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from cunshi.domain.access import Days, access_decision
from cunshi.domain.consent import Access, Consent
from cunshi.domain.recording import Description, Kind, Recording, Technical

TECHNICAL = Technical("mov", "aac", 45.279, 44_100, 1)


def recording(description: Description, **changes: Any) -> Recording:
    values: dict[str, Any] = {
        "id": "20260112-3f9a2c1b",
        "kind": Kind.TALK,
        "master": "20260112-3f9a2c1b.m4a",
        "sha256": "0" * 64,
        "original_name": "01/金村村_金老师.m4a",
        "technical": TECHNICAL,
        "description": description,
    }
    return Recording(**values | changes)


def has_consent(said: Description, day: dt.date) -> bool:
    """Check whether a consent is valid on a day."""
    return access_decision(recording(said), Days(today=day, clock=day)).has_consent


# Typed text, which contains no control characters.
said_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])
    | st.sampled_from("'\":#-{}[],&*!|>%@`~?\\：，\n\t "),
    max_size=40,
).map(str.strip)
days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)) | st.none()
consent_text = said_text.filter(lambda text: not set(text) & set(",?[]{}:#"))
consents = st.builds(
    Consent, by=consent_text, signed_on=days, form=consent_text, until=days, withdrawn_on=days
)
descriptions = st.builds(
    Description,
    lesson=st.integers(1, 99) | st.none(),
    title=said_text,
    village=said_text,
    narrator=said_text,
    date=days,
    language=st.sampled_from(("", "cmn", "wuu", "mixed")),
    access=st.sampled_from(Access) | st.none(),
    minor=st.booleans(),
    consent=consents,
    rights=said_text,
    note=said_text,
    motto=said_text,
    meaning=said_text,
    approved_by=said_text,
    approved_on=days,
)
