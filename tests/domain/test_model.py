"""Access decisions: consent, access levels, and the two days on which they depend."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.domain.access import AccessDecision, AccessReason, Days, access_decision
from cunshi.domain.access_reasons import why
from cunshi.domain.consent import (
    ARCHIVE,
    LESSON,
    NO_USE,
    SOCIAL,
    TRANSCRIPTION,
    USES,
    WEBSITE,
    Access,
    Consent,
)
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.transcript import Segment, Transcript

YESTERDAY, TODAY, TOMORROW = (dt.date(2026, 6, day) for day in (1, 2, 3))
DAYS = Days(today=TODAY, clock=TODAY)
GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))
OPEN, CLASSROOM, LISTED, SEALED = Access


def recording(**said: Any) -> Recording:
    technical = Technical("mov", "aac", 10.0, 44_100, 1)
    description = Description(**{"consent": GIVEN, **said})
    return Recording("a", Kind.TALK, "a.m4a", "0" * 64, "a.m4a", technical, description)


def decided(days: Days = DAYS, **said: Any) -> AccessDecision:
    return access_decision(recording(**said), days)


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
    decision = decided(consent=consent)
    assert decision.has_consent is holds
    assert (decision.level is OPEN) is holds
    assert decided(consent=consent, access=OPEN).allows_publication() is holds


@pytest.mark.parametrize("said", [None, *Access])
def test_without_consent_no_access_level_opens_a_recording(said: Access | None) -> None:
    assert decided(consent=Consent(), access=said).level is SEALED


@pytest.mark.parametrize(
    ("access", "minor", "effective"),
    [
        (None, False, OPEN),
        (None, True, SEALED),
        *((level, minor, level) for level in Access for minor in (False, True)),
    ],
)
def test_access_is_what_is_said_and_a_minor_starts_sealed(
    access: Access | None, minor: bool, effective: Access
) -> None:
    assert decided(access=access, minor=minor).level is effective


@pytest.mark.parametrize("level", Access)
def test_only_open_recordings_are_published(level: Access) -> None:
    assert decided(access=level).allows_publication() is (level is OPEN)


# In the order in which they are looked for: of several restrictions the first is the reason.
RESTRICTIONS: dict[AccessReason, tuple[dict[str, Any], dict[str, Any]]] = {
    AccessReason.WITHDRAWN: ({}, {"withdrawn_on": YESTERDAY}),
    AccessReason.NOT_GIVEN: ({}, {"by": ""}),
    AccessReason.NOT_SIGNED: ({}, {"signed_on": None}),
    AccessReason.EXPIRED: ({}, {"until": YESTERDAY}),
    AccessReason.NOT_FOR_ARCHIVE: ({}, {"uses": (TRANSCRIPTION, LESSON, WEBSITE, SOCIAL)}),
    AccessReason.EMBARGO: ({}, {"embargo": TOMORROW}),
    AccessReason.NO_GUARDIAN: ({"minor": True}, {"guardian": ""}),
    AccessReason.MINOR: ({"minor": True, "access": None}, {}),
}
SETS = [reasons for n in range(len(RESTRICTIONS) + 1) for reasons in combinations(RESTRICTIONS, n)]


@pytest.mark.parametrize("asked", [None, *Access])
def test_every_set_of_restrictions_seals_for_the_first_of_them(asked: Access | None) -> None:
    for reasons in SETS[1:]:
        said: dict[str, Any] = {"access": asked}
        consent = replace(GIVEN, uses=USES, guardian="金妈妈")
        for reason in reasons:
            more, limits = RESTRICTIONS[reason]
            said |= more
            consent = replace(consent, **limits)
        assert decided(consent=consent, **said) == AccessDecision(SEALED, reasons[0]), reasons


TICKED = {
    "both": (LESSON, WEBSITE),
    "website": (WEBSITE,),
    "lesson": (LESSON,),
    "neither": (),
}
LEFT = {
    (OPEN, "both"): (OPEN, AccessReason.OPEN),
    (OPEN, "website"): (OPEN, AccessReason.NOT_FOR_LESSONS),
    (OPEN, "lesson"): (CLASSROOM, AccessReason.NOT_FOR_WEBSITE),
    (OPEN, "neither"): (SEALED, AccessReason.ARCHIVE_ONLY),
    (CLASSROOM, "both"): (CLASSROOM, AccessReason.ASKED),
    (CLASSROOM, "website"): (SEALED, AccessReason.NOT_FOR_LESSONS),
    (CLASSROOM, "lesson"): (CLASSROOM, AccessReason.ASKED),
    (CLASSROOM, "neither"): (SEALED, AccessReason.ARCHIVE_ONLY),
    (LISTED, "both"): (LISTED, AccessReason.ASKED),
    (LISTED, "website"): (LISTED, AccessReason.ASKED),
    (LISTED, "lesson"): (SEALED, AccessReason.NOT_FOR_WEBSITE),
    (LISTED, "neither"): (SEALED, AccessReason.NOT_FOR_WEBSITE),
    (SEALED, "both"): (SEALED, AccessReason.ASKED),
    (SEALED, "website"): (SEALED, AccessReason.ASKED),
    (SEALED, "lesson"): (SEALED, AccessReason.ASKED),
    (SEALED, "neither"): (SEALED, AccessReason.ASKED),
}


@pytest.mark.parametrize(("asked", "ticked"), LEFT)
def test_what_uses_leave_of_the_level_that_is_asked_for(asked: Access, ticked: str) -> None:
    consent = replace(GIVEN, uses=(ARCHIVE, *TICKED[ticked]))
    guarded = replace(consent, guardian="金妈妈")
    expected = AccessDecision(*LEFT[asked, ticked])
    assert decided(consent=consent, access=asked) == expected
    assert decided(consent=guarded, access=asked, minor=True) == expected
    if asked is OPEN:
        assert decided(consent=consent) == expected
    if ticked == "both":
        assert decided(consent=GIVEN, access=asked) == expected  # a form without single uses


@pytest.mark.parametrize(
    ("decision", "site", "cited", "pack"),
    [
        ((OPEN, AccessReason.OPEN), True, True, True),
        ((OPEN, AccessReason.NOT_FOR_LESSONS), True, False, False),
        ((CLASSROOM, AccessReason.NOT_FOR_WEBSITE), False, False, True),
        ((CLASSROOM, AccessReason.ASKED), False, False, True),
        ((LISTED, AccessReason.ASKED), False, False, False),
        ((SEALED, AccessReason.ASKED), False, False, False),
        ((SEALED, AccessReason.NOT_FOR_LESSONS), False, False, False),
    ],
)
def test_site_lessons_and_pack_hold_what_the_decision_allows(
    decision: tuple[Access, AccessReason], site: bool, cited: bool, pack: bool
) -> None:
    made = AccessDecision(*decision)
    assert (made.allows_publication(), made.allows_citation()) == (site, cited)
    assert made.allows_publication(CLASSROOM) is made.allows_citation(CLASSROOM) is pack


@pytest.mark.parametrize(
    ("today", "clock", "expired", "waits"),
    [
        (YESTERDAY, YESTERDAY, False, True),
        (TODAY, TODAY, False, False),
        (TOMORROW, TOMORROW, True, False),
        (TOMORROW, YESTERDAY, True, True),  # the clock was ahead when something was published
        (TOMORROW, TODAY, True, False),
        (YESTERDAY, TOMORROW, True, True),
    ],
)
def test_either_day_closes_and_it_takes_both_to_open(
    today: dt.date, clock: dt.date, expired: bool, waits: bool
) -> None:
    days = Days(today=today, clock=clock)
    ending, waiting = replace(GIVEN, until=TODAY), replace(GIVEN, embargo=TODAY)
    assert (decided(days, consent=ending).reason is AccessReason.EXPIRED) is expired
    assert (decided(days, consent=waiting).reason is AccessReason.EMBARGO) is waits


# --- nothing opens by accident

some_days = st.sampled_from([YESTERDAY, TODAY, TOMORROW])
maybe_day = st.none() | some_days
seldom_empty = st.sampled_from(["甲", "乙", "丙", ""])
some_uses = st.sets(st.sampled_from(USES)).map(
    lambda ticked: tuple(use for use in USES if use in ticked) or (NO_USE,)
)
consents = st.builds(
    Consent,
    by=seldom_empty,
    signed_on=some_days | maybe_day,
    until=maybe_day,
    withdrawn_on=st.none() | st.none() | maybe_day,
    uses=st.just(()) | some_uses,
    guardian=seldom_empty,
    shown_as=st.sampled_from(["", "匿名"]),
    embargo=maybe_day,
)
descriptions = st.builds(
    Description,
    consent=consents,
    access=st.none() | st.sampled_from(Access),
    minor=st.booleans(),
)
two_days = st.builds(Days, today=some_days, clock=some_days)


def restricted(said: Description) -> Iterable[Description]:
    """The description with each restriction that can be added to it."""
    consent = said.consent
    uses = consent.uses or USES
    fewer = [tuple(u for u in uses if u != use) or (NO_USE,) for use in uses]
    limits: list[dict[str, Any]] = [
        {"withdrawn_on": TODAY},
        {"by": ""},
        {"signed_on": None},
        *({"until": day} for day in (YESTERDAY, TODAY) if day < (consent.until or TOMORROW)),
        *({"embargo": day} for day in (TODAY, TOMORROW) if day > (consent.embargo or YESTERDAY)),
        *({"uses": ticked} for ticked in (uses, *fewer)),
        *([{"guardian": ""}] if said.minor else []),
    ]
    yield from (replace(said, consent=replace(consent, **limit)) for limit in limits)
    yield replace(said, minor=True)
    yield replace(said, access=SEALED)
    yield recording(**vars(said)).as_shown.description


@given(said=descriptions, days=two_days)
def test_adding_a_restriction_never_opens(said: Description, days: Days) -> None:
    before = decided(days, **vars(said))
    for limited in restricted(said):
        after = decided(days, **vars(limited))
        assert after.level >= before.level, limited
        for ceiling in (OPEN, CLASSROOM):
            assert before.allows_publication(ceiling) >= after.allows_publication(ceiling)
            assert before.allows_citation(ceiling) >= after.allows_citation(ceiling)


@given(said=descriptions, asked=st.sampled_from(Access), days=two_days)
def test_a_stricter_level_gives_voice_and_words_to_nobody_else(
    said: Description, asked: Access, days: Days
) -> None:
    """To be listed is to have one's title on the site, which a classroom recording has not."""
    looser = decided(days, **vars(replace(said, access=asked)))
    for level in Access:
        if level > asked:
            stricter = decided(days, **vars(replace(said, access=level)))
            for ceiling in (OPEN, CLASSROOM):
                assert looser.allows_publication(ceiling) >= stricter.allows_publication(ceiling)


@given(said=descriptions, today=some_days, clock=some_days)
def test_a_wrong_clock_opens_nothing(said: Description, today: dt.date, clock: dt.date) -> None:
    apart = decided(Days(today=today, clock=clock), **vars(said))
    for day in (today, clock):
        assert apart.level >= decided(Days(today=day, clock=day), **vars(said)).level


@given(said=descriptions, days=two_days)
def test_every_decision_has_its_words(said: Description, days: Days) -> None:
    decision = decided(days, **vars(said))
    words = why(decision, said.consent)
    assert words.endswith("。")
    assert "None" not in words and "{" not in words
    assert decision.has_consent or decision.level is SEALED


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
