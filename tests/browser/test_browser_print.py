"""Print styles: no controls, no dark background, no heading separated from its content."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from cunshi.archive.project import Project

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

PAGES = ("index", "lessons/01", "lessons/07", "mottoes", "villages/index", "villages/jincun")
PAGES += ("timeline", "glossary", "people", "quotes", "events", "recordings/index", "about")
USELESS = "audio, button, input:not(.cs-choice input), .md-header, .md-tabs, .md-footer, .md-top"
# A way on that only a screen has.
USELESS += ", .cs-more, .cs-clip__more, .cs-quote__hear, .cs-map__press, .cs-jump, .cs-siblings"
# Headings after which nothing comes, or one of their own rank or above.
LONELY = """() => Array.from(document.querySelectorAll(".md-content :is(h1, h2, h3)"))
  .filter(heading => heading.checkVisibility())
  .filter(heading => {
    let next = heading.nextElementSibling
    while (next && !next.checkVisibility()) next = next.nextElementSibling
    return !next || (/^H[123]$/.test(next.tagName) && next.tagName <= heading.tagName)
  })
  .map(heading => heading.textContent)"""


@pytest.fixture
def printed(browser_page: Open, built: Project) -> Open:
    """Open a page from file:// with print media and a dark colour scheme."""

    def printed_(name: str) -> Page:
        page = browser_page((built.site / f"{name}.html").as_uri())
        page.emulate_media(media="print", color_scheme="dark")
        page.reload()
        return page

    return printed_


def recording_of(built: Project) -> str:
    return f"recordings/{next((built.site / 'recordings').glob('20260120-*.html')).stem}"


@pytest.mark.parametrize("name", [*PAGES, "recording"])
def test_paper_is_white_and_has_what_can_be_read_on_it(
    printed: Open, built: Project, name: str
) -> None:
    page = printed(recording_of(built) if name == "recording" else name)
    shown = page.locator(USELESS).locator("visible=true")
    assert [part.evaluate("part => part.outerHTML") for part in shown.all()] == []
    assert page.evaluate(LONELY) == []
    colours = "part => [getComputedStyle(part).colorScheme, getComputedStyle(part).color]"
    assert page.locator("html").evaluate(colours)[0] == "light"
    assert page.locator("body").evaluate(colours) == ["light", "rgb(0, 0, 0)"]
    assert page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor") in {
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    }


def test_the_ten_lessons_stand_on_one_sheet(printed: Open) -> None:
    page = printed("index")
    page.set_viewport_size({"width": 673, "height": 1017})  # A4 without margins, at 96 to the inch
    lessons = page.locator(".cs-lessons").bounding_box()
    assert lessons
    assert lessons["y"] + lessons["height"] < 1017


def test_the_glossary_is_printed_without_its_places_in_the_recordings(printed: Open) -> None:
    page = printed("glossary")
    assert page.locator(".cs-term__spoken").count() > 5
    assert page.locator(".cs-term__spoken").locator("visible=true").count() == 0
    assert page.locator(".cs-term dt").locator("visible=true").count() > 20
