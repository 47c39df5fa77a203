"""Inline references in a browser, from file://: played in place; links without scripts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as BrowserPage

from cunshi.archive.project import Project

Run = Callable[..., tuple[int, str]]
LESSON = """\
---
title: 桥
draft: true
---

桥在河上[听*这里*](clip:{id}@0:00-0:02 "河")，老人在桥上[听](clip:{id}@0:02-0:04)。

//// accounts | 桥有几座？

/// clip | {id} 0:00-0:02
///

/// clip | {id} 0:02-0:04
///

////
"""


@pytest.fixture
def page_of(village: Project, drop: Callable[..., Path], run: Run) -> str:
    """Return the URL of a lesson with two references and two accounts."""
    drop("mottoes/金村村", "金村村_金老师_2026-02-01.amr")
    assert run(village, "ingest")[0] == 0
    [accession] = village.accessions()
    folder = village.courses / "01-qiao"
    folder.mkdir()
    (folder / "lesson.md").write_text(LESSON.format(id=accession.id), "utf-8")
    (village.courses / "course.yml").write_text("title: 村史\nlessons: [01-qiao]\n", "utf-8")
    code, printed = run(village, "build", "--engine", "recorded")
    assert code == 0, printed
    return (village.site / "lessons" / "01.html").as_uri()


def test_a_tap_plays_the_clip_where_it_stands_and_one_voice_at_a_time(
    page_of: str, browser_page: Callable[..., BrowserPage]
) -> None:
    page = browser_page(page_of)
    first = page.get_by_role("button", name=re.compile("^听这里.*金老师"))
    second = page.get_by_role("button", name=re.compile("^听 ?（金老师"))
    expect(first).to_have_attribute("aria-pressed", "false")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    assert page.url == page_of
    second.press("Space")
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")
    second.press("Enter")
    expect(second).to_have_attribute("aria-pressed", "false")
    first.click()
    page.locator("audio.cs-audio").first.evaluate("audio => audio.play()")
    expect(first).to_have_attribute("aria-pressed", "false")
    # A clip of two seconds ends, and the reference says so.
    page.locator("audio.cs-audio").first.evaluate("audio => audio.pause()")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")


def test_without_scripts_a_reference_leads_to_its_second(page_of: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_of)
    page.locator("a.cs-ref").nth(1).click()
    assert page.url.endswith(".html#t=2")
    assert "/recordings/" in page.url
    context.close()


@pytest.mark.parametrize(("width", "columns"), [(390, 1), (1280, 2)])
def test_accounts_stand_beside_each_other_where_there_is_room(
    page_of: str, browser_page: Callable[..., BrowserPage], width: int, columns: int
) -> None:
    page = browser_page(page_of, width)
    boxes = [box.bounding_box() for box in page.locator(".cs-accounts .cs-clip").all()]
    assert len({round(box["x"]) for box in boxes if box}) == columns
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Without preloading: axe would fetch the style sheets, which a page from a disk may not.
    found = Axe().run(page, context=".md-content", options={"preload": False})
    assert found.response["violations"] == [], found.generate_report()
