"""Mottoes on the page and printed, and past events, in Chromium."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cunshi.archive.project import Project

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

NEW_PAGES = (
    "villages/index",
    "villages/jincun",
    "villages/miaohui",
    "people",
    "quotes",
    "timeline",
    "events",
)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NEW_PAGES)
def test_pages_open_quietly_and_fit(
    browser_page: Open, built: Project, name: str, width: int
) -> None:
    page = browser_page((built.site / f"{name}.html").as_uri(), width=width)
    assert page.locator("h1").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def cards(page: Page) -> list[str]:
    shown = page.locator(".cs-card-motto:visible .cs-family")
    return shown.all_inner_texts()


def test_the_wall_shows_one_village_or_all(browser_page: Open, built: Project) -> None:
    page = browser_page((built.site / "mottoes.html").as_uri())
    assert len(cards(page)) == 6
    village = page.get_by_role("button", name="欧桥村")
    village.focus()
    page.keyboard.press("Enter")
    assert cards(page) == ["陆家"]
    assert village.get_attribute("aria-pressed") == "true"
    everything = page.get_by_role("button", name="全部")
    assert everything.get_attribute("aria-pressed") == "false"
    everything.click()
    assert len(cards(page)) == 6


def test_without_scripts_the_wall_is_whole_and_its_links_lead_down(
    browser: Browser, built: Project
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built.site / "mottoes.html").as_uri())
    assert len(cards(page)) == 6
    links = page.locator(".cs-jump a")
    assert links.count() == 6
    for link in links.all():
        target = (link.get_attribute("href") or "").removeprefix("#")
        assert page.locator(f"[id='{target}']").count() == 1
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_poster_fills_one_sheet_of_a4(
    browser: Browser, built: Project, tmp_path: Path, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for poster in sorted((built.site / "mottoes").glob("*.html")):
        page.goto(poster.as_uri())
        assert page.get_by_role("button", name="打印这一张").is_visible()
        page.emulate_media(media="print")
        inside, sheet = page.evaluate(
            """() => {
              const sheet = document.querySelector(".cs-placard")
              const words = sheet.querySelector(".cs-placard__words")
              const fits = words.scrollHeight <= words.clientHeight + 1
              return [fits, sheet.getBoundingClientRect().height]
            }"""
        )
        assert inside, poster.name
        assert sheet > 900
        pdf = page.pdf(prefer_css_page_size=True, print_background=True)
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1, poster.name
        assert b"/MediaBox [0 0 59" in pdf  # 595 points are 210 mm
        page.emulate_media(media="screen")
    context.close()


def test_events_that_are_over_leave_the_home_page(browser: Browser, built: Project) -> None:
    page = browser.new_page()
    page.clock.install(time="2027-01-25T10:00:00")
    page.goto((built.site / "index.html").as_uri())
    titles = page.locator(".cs-event:visible .cs-event__title").all_inner_texts()
    assert len(titles) == 2
    assert "座谈" not in titles[0] and "家乡的变化" in titles[0]
    page.goto((built.site / "events.html").as_uri())
    assert page.locator(".cs-event:visible").count() == 3
    assert page.locator(".cs-event--over").count() == 1
    page.clock.install(time="2030-01-01T10:00:00")
    page.goto((built.site / "index.html").as_uri())
    assert page.locator("#events").is_hidden()
    page.close()


def test_a_word_of_the_glossary_is_heard_where_it_is_spoken(
    browser_page: Open, built: Project
) -> None:
    page = browser_page((built.site / "glossary.html").as_uri())
    link = page.locator(".cs-spoken a[href*='#t=']").nth(5)
    start = float((link.get_attribute("href") or "").split("#t=")[1])
    word = link.locator("b").inner_text()
    link.click()
    page.wait_for_url("**/recordings/*.html*")
    page.wait_for_function(
        "t => Math.abs(document.querySelector('audio').currentTime - t) < 0.2", arg=start
    )
    line = page.locator(".cs-line[aria-current]")
    assert word[0] in line.inner_text()
