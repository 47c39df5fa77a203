"""Who may hear what: consent and access."""

import datetime as dt

import pytest

from cunshi.domain.consent import Access, Consent
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.transcript import Segment, Transcript

TODAY = dt.date(2026, 6, 1)
YESTERDAY, TOMORROW = dt.date(2026, 5, 31), dt.date(2026, 6, 2)
GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))


def recording(**said: object) -> Recording:
    description = Description(**{"consent": GIVEN, **said})  # type: ignore[arg-type]
    technical = Technical("mov", "aac", 10.0, 44_100, 1)
    return Recording("a", Kind.TALK, "a.m4a", "0" * 64, "a.m4a", technical, description)


@pytest.mark.parametrize(
    ("consent", "holds"),
    [
        (GIVEN, True),
        (Consent(), False),
        (Consent(by="王老师"), False),
        (Consent(signed_on=YESTERDAY), False),
        (Consent("王老师", YESTERDAY, until=TOMORROW), True),
        (Consent("王老师", YESTERDAY, until=TODAY), True),
        (Consent("王老师", YESTERDAY, until=YESTERDAY), False),
        (Consent("王老师", YESTERDAY, withdrawn_on=YESTERDAY), False),
        (Consent("王老师", YESTERDAY, withdrawn_on=TODAY), False),
        (Consent("王老师", YESTERDAY, withdrawn_on=TOMORROW), False),
    ],
)
def test_consent_holds_from_signature_to_the_last_day(consent: Consent, holds: bool) -> None:
    assert consent.holds(TODAY) is holds
    assert (recording(consent=consent).access(TODAY) is Access.OPEN) is holds
    assert recording(consent=consent, access=Access.OPEN).is_published(TODAY) is holds


@pytest.mark.parametrize("said", [None, *Access])
def test_without_consent_no_access_level_opens_a_recording(said: Access | None) -> None:
    assert recording(consent=Consent(), access=said).access(TODAY) is Access.SEALED


@pytest.mark.parametrize(
    ("access", "minor", "effective"),
    [
        (None, False, Access.OPEN),
        (None, True, Access.SEALED),
        *((level, minor, level) for level in Access for minor in (False, True)),
    ],
)
def test_access_is_what_is_said_and_a_minor_starts_sealed(
    access: Access | None, minor: bool, effective: Access
) -> None:
    assert recording(access=access, minor=minor).access(TODAY) is effective


@pytest.mark.parametrize("level", Access)
def test_only_open_recordings_are_published(level: Access) -> None:
    assert recording(access=level).is_published(TODAY) is (level is Access.OPEN)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (0, 10, "一二三"),
        (0.9, 10, "一二三"),
        (1.0, 3.0, "一二"),
        (1.1, 3.0, "二"),
        (3.1, 4.9, ""),
        (5, 5, "三"),
    ],
)
def test_words_between_two_times_are_those_of_the_lines_whose_middle_lies_there(
    start: float, end: float, words: str
) -> None:
    transcript = Transcript((Segment(0, 2, "一"), Segment(2, 4, "二"), Segment(4, 6, "三")))
    assert transcript.words_between(start, end) == words
