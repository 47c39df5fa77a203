"""Consent: what its uses allow, how several are merged, and when it holds."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from cunshi.domain.access import Days, access_decision
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
from cunshi.domain.description_merge import limited, merge, strictest
from cunshi.domain.recording import Description
from support.consents import GIVEN, TODAY, decided, described, ticked

OPEN, CLASS, LISTED, SEALED = Access.OPEN, Access.CLASSROOM, Access.LISTED, Access.SEALED


@pytest.mark.parametrize(
    ("uses", "open_", "classroom", "listed"),
    [
        ((), OPEN, CLASS, LISTED),
        (USES, OPEN, CLASS, LISTED),
        ((ARCHIVE, WEBSITE, LESSON), OPEN, CLASS, LISTED),
        ((ARCHIVE, LESSON), CLASS, CLASS, SEALED),
        ((ARCHIVE, WEBSITE), OPEN, SEALED, LISTED),
        ((ARCHIVE, TRANSCRIPTION, SOCIAL), SEALED, SEALED, SEALED),
        ((ARCHIVE,), SEALED, SEALED, SEALED),
        ((WEBSITE, LESSON, TRANSCRIPTION, SOCIAL), SEALED, SEALED, SEALED),
        ((NO_USE,), SEALED, SEALED, SEALED),
    ],
)
def test_what_was_not_ticked_is_not_done(
    uses: tuple[str, ...], open_: Access, classroom: Access, listed: Access
) -> None:
    given = ticked(*uses)
    assert decided(consent=given).level is open_
    for asked, expected in ((OPEN, open_), (CLASS, classroom), (LISTED, listed), (SEALED, SEALED)):
        assert decided(consent=given, access=asked).level is expected


def test_no_use_makes_anything_more_public() -> None:
    for n in range(2 ** len(USES)):
        uses = tuple(use for bit, use in enumerate(USES) if n >> bit & 1) or (NO_USE,)
        for access in Access:
            assert decided(consent=ticked(*uses), access=access).level >= access


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"consent": GIVEN}, SEALED),
        ({"consent": GIVEN, "access": OPEN}, OPEN),
        ({"consent": ticked(*USES), "access": OPEN}, SEALED),
        ({"consent": ticked(*USES, guardian="金妈妈"), "access": OPEN}, OPEN),
        ({"consent": ticked(*USES, guardian="金妈妈")}, SEALED),
        ({"consent": ticked(ARCHIVE, LESSON, guardian="金妈妈"), "access": OPEN}, CLASS),
    ],
)
def test_a_minor_needs_a_guardian_where_uses_are_ticked(
    values: dict[str, Any], expected: Access
) -> None:
    assert decided(minor=True, **values).level is expected


# --- several texts


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ((), (), ()),
        ((), (ARCHIVE,), (ARCHIVE,)),
        ((ARCHIVE, LESSON), (), (ARCHIVE, LESSON)),
        ((ARCHIVE, LESSON), (WEBSITE, LESSON), (LESSON,)),
        ((ARCHIVE,), (WEBSITE,), (NO_USE,)),
        ((NO_USE,), USES, (NO_USE,)),
    ],
)
def test_only_what_both_allow_is_allowed(
    outer: tuple[str, ...], inner: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    one, other = Description(consent=ticked(*outer)), Description(consent=ticked(*inner))
    assert merge(one, other).consent.uses == expected
    assert strictest([one, other]).consent.uses == expected
    assert limited(one.consent, other.consent).uses == expected


def test_the_inner_text_names_guardian_and_name() -> None:
    outer = Description(consent=replace(GIVEN, guardian="甲", shown_as="阿公"))
    inner = Description(consent=Consent(shown_as="匿名"))
    assert merge(outer, inner).consent == replace(GIVEN, guardian="甲", shown_as="匿名")


def test_a_copy_that_hides_the_name_hides_it() -> None:
    plain, hidden = Description(consent=GIVEN), Description(consent=replace(GIVEN, shown_as="匿名"))
    assert strictest([plain, hidden]).consent.shown_as == "匿名"


# --- not before a day


def test_nothing_is_published_before_the_day_that_was_agreed() -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    consent = replace(GIVEN, embargo=tomorrow)
    waiting = decided(consent=consent)
    over = access_decision(described(consent=consent), Days(today=tomorrow, clock=tomorrow))
    assert (waiting.level, over.level) == (Access.SEALED, Access.OPEN)
    assert "2026-06-02" in why(waiting, consent)
    assert "下次发布" in why(over, consent)


def test_of_several_days_the_latest_holds() -> None:
    early, late = (replace(GIVEN, embargo=dt.date(year, 1, 1)) for year in (2027, 2030))
    for one, other in ((early, late), (late, early), (GIVEN, late), (late, GIVEN)):
        first, second = Description(consent=one), Description(consent=other)
        assert merge(first, second).consent.embargo == late.embargo
        assert strictest((first, second)).consent.embargo == late.embargo
        assert limited(one, other).embargo == late.embargo
