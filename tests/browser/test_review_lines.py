"""The editor's pure modules in a browser: no edit loses a time or a change."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from cunshi.review.context import STATIC
from support.merging import (
    CASES,
    SIDES,
    expected,
    lines_of,
    outcome,
    parts_of_server,
    plain,
    random_sides,
)
from support.village import ROOT

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Return a page with the modules, without a server."""
    context = browser.new_context()
    page = context.new_page()

    def answer(route: Any) -> None:
        path = urlsplit(route.request.url).path
        if path.endswith(".js"):
            is_of_the_desk = path.startswith("/static/")
            file = STATIC / path.removeprefix("/static/") if is_of_the_desk else HERE / path[1:]
            route.fulfill(path=file, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route("http://lines.invalid/**", answer)
    page.goto("http://lines.invalid/")
    yield page
    context.close()


def check(page: Page, name: str, *given: Any) -> Any:
    call = "([name, given]) => import('/review_lines.js').then(tests => tests[name](...given))"
    return page.evaluate(call, [name, given])


def test_no_edit_loses_a_time(page: Page) -> None:
    """After splits, merges and emptied lines, no time is lost and lines are in order."""
    wrong = check(page, "noEditLosesATime")
    assert wrong is None


def test_starting_now_leaves_no_gap_where_there_was_none(page: Page) -> None:
    found = check(page, "startingNowLeavesNoGapWhereThereWasNone")
    assert found == [
        [[0, 2.5], [2.5, 4], [5, 6]],
        [[0, 1.5], [1.5, 4], [5, 6]],
        [[0, 2], [2, 4], [4, 6]],
        [[0, 2], [2, 4], [4.5, 6]],
        [[0, 3.95], [3.95, 4], [5, 6]],
    ]


def test_characters_keep_their_times_through_any_edit(page: Page) -> None:
    """Times stay within the line and increase; unchanged characters keep theirs exactly."""
    wrong = check(page, "charactersKeepTheirTimesThroughAnyEdit")
    assert wrong is None


def test_a_corrected_word_has_the_time_of_what_was_heard(page: Page) -> None:
    found = check(page, "aCorrectedWordHasTheTimeOfWhatWasHeard")
    assert found["starts"][:2] == [0, 0.5]
    assert 0.5 < found["starts"][2] < found["starts"][3] == 3
    assert found["chances"] == [0.4, 0.4, 1, 0.9, 0.9]
    assert found["same"] == [False, True, False, True, True]
    assert 1 <= found["cut"] <= 3


def test_traditional_words_carry_the_times_of_a_simplified_draft(page: Page) -> None:
    found = check(page, "traditionalWordsCarryTheTimesOfASimplifiedDraft")
    assert [each["char"] for each in found] == ["时", "候", "，"]
    assert [round(each["start"], 2) for each in found] == [0, 0.4, 0.7]


def test_merging_keeps_both_peoples_changes(page: Page) -> None:
    """Each change of either person is in the result or in a conflict."""
    wrong = check(page, "mergingKeepsBothPeoplesChanges")
    assert wrong is None


def test_two_people_may_change_different_things_of_a_line(page: Page) -> None:
    parts = check(page, "twoPeopleMayChangeDifferentThingsOfALine")
    [line] = [line for part in parts for line in part["lines"]]
    assert (line["text"], line["speaker"], line["golden"]) == ("壹", "金老师", True)


def test_keeping_both_sides_of_a_conflict_loses_nothing(page: Page) -> None:
    """Of one line: the change of each, once, and all of the sound that one of them withholds."""
    line, others, split = check(page, "keepingBothLosesNothing")
    assert line == [[0, 2, "侬好哦", "你好", "金老师", True]]
    assert others == [[0, 9, "再会／侬好", "你好", "金老师", True]]
    assert [text for __, __, text, *__ in split] == ["侬好哦", "侬", "好"]


def test_lines_that_two_people_move_past_each_other_are_in_order(page: Page) -> None:
    assert check(page, "mergedRowsAreInOrder") == [[0.5, "二"], [1.8, "一"]]


def test_the_browser_follows_the_table_of_merges(page: Page) -> None:
    given = [{side: plain(lines_of(case[side])) for side in SIDES} for case in CASES]
    swapped = [{**case, "ours": case["theirs"], "theirs": case["ours"]} for case in given]
    for sides in (given, swapped):
        for case, parts in zip(CASES, check(page, "mergedParts", sides), strict=True):
            assert outcome(parts) == expected(case), case["name"]


def test_the_browser_merges_as_the_server_does(page: Page) -> None:
    """Whatever two people do to whatever lines: the same lines, and the same questions."""
    made = [random_sides(seed) for seed in range(3000)]
    given = [{name: plain(lines) for name, lines in zip(SIDES, m, strict=True)} for m in made]
    found = check(page, "mergedParts", given)
    for seed, (sides, parts) in enumerate(zip(made, found, strict=True)):
        assert parts == parts_of_server(*sides), seed


def test_what_a_page_left_behind_comes_back_whole(page: Page) -> None:
    wrong = check(page, "whatAPageLeftBehindComesBackWhole")
    assert wrong == 0


def test_going_back_undoes_only_ones_own(page: Page) -> None:
    found = check(page, "goingBackUndoesOnlyOnesOwn")
    assert found == [True, "别人的"]


def test_what_is_vendored_is_what_docs_say() -> None:
    """Name, version, licence and hash of every vendored file are in docs/dependencies.md."""
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    files = [path for path in (STATIC / "vendor").iterdir() if path.suffix == ".js"]
    assert files
    for path in files:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert re.search(rf"{re.escape(path.name)}.*{digest}", text), path.name
    assert "BSD 3-Clause License" in (STATIC / "vendor" / "wavesurfer-LICENSE.txt").read_text(
        "utf-8"
    )
