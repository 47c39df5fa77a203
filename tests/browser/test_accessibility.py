"""WCAG 2.2 A and AA on every kind of page, light and dark, with axe-core in Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cunshi.archive.project import Project

pytest.importorskip("axe_playwright_python")
from support.accessibility import violations

pytestmark = pytest.mark.browser

PAGES = (
    "index",
    "lessons/01",
    "lessons/10",
    "recordings/index",
    "recordings/20260120-*",
    "recordings/20260201-*",
    "villages/index",
    "villages/jincun",
    "villages/miaohui",
    "mottoes",
    "mottoes/20260201-*",
    "people",
    "quotes",
    "timeline",
    "events",
    "glossary",
    "about",
)


def page_file(site: Path, pattern: str) -> Path:
    return sorted(site.glob(f"{pattern}.html"))[0]


def test_a_fault_would_be_seen(browser: Browser, built: Project) -> None:
    page = browser.new_page()
    page.goto((built.site / "about.html").as_uri())
    page.evaluate("document.querySelector('h1').style.color = '#eee8da'")
    assert any(fault.startswith("color-contrast") for fault in violations(page))
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_keeps_anybody_out(browser: Browser, built: Project, scheme: str) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        locale="zh-CN",
    )
    page, faults = context.new_page(), []
    for name in PAGES:
        page.goto(page_file(built.site, name).as_uri())
        wanted = {"light": "default", "dark": "slate"}[scheme]
        assert page.locator("body").get_attribute("data-md-color-scheme") == wanted
        faults += [f"{name}: {fault}" for fault in violations(page)]
    context.close()
    assert faults == []


@pytest.mark.parametrize("name", ["villages/index", "index"])
def test_the_sketch_is_reached_and_read_by_keyboard(
    browser: Browser, built: Project, name: str
) -> None:
    page = browser.new_page()
    page.goto((built.site / f"{name}.html").as_uri())
    places = page.locator(".cs-map a")
    assert places.count() == 12
    assert all(link.get_attribute("aria-label") for link in places.all())
    places.nth(0).focus()
    page.keyboard.press("Tab")
    assert places.nth(1).evaluate("link => link === document.activeElement")
    named = (places.nth(1).get_attribute("aria-label") or "").split("，")[0]
    page.keyboard.press("Enter")
    page.locator("h1", has_text=named).wait_for()
    page.close()


def test_the_sketch_s_links_are_as_large_as_a_finger(browser: Browser, built: Project) -> None:
    """At least 24 pixels (WCAG 2.2, 2.5.8), on a phone."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((built.site / "villages" / "index.html").as_uri())
    boxes = [link.bounding_box() for link in page.locator(".cs-map a").all()]
    assert boxes and all(box and box["width"] >= 24 and box["height"] >= 24 for box in boxes)
    page.close()
