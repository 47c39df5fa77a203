"""The site in Chromium, over HTTP and from file://: playback, seeking, search, no external
requests.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from cunshi.archive.project import Project

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

PAGES = ("index", "lessons/01", "recordings/index", "mottoes", "glossary", "about")


@pytest.fixture(params=["http", "file"])
def site(request: pytest.FixtureRequest, built: Project, http: str) -> str:
    """Return the URL of the site, over HTTP and from file://."""
    return http if request.param == "http" else built.site.as_uri()


def recording_page(built: Project) -> str:
    """Return the page of the talk about changes in the village."""
    [found] = (built.site / "recordings").glob("20260120-*.html")
    return f"recordings/{found.stem}"


def play(page: Page, selector: str) -> None:
    page.eval_on_selector(selector, "audio => { audio.muted = true; return audio.play() }")
    page.wait_for_function("s => document.querySelector(s).currentTime > 0.3", arg=selector)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_pages_open_quietly_and_fit(browser_page: Open, site: str, name: str, width: int) -> None:
    """No errors or external requests (checked by the fixture), and no horizontal scrolling."""
    page = browser_page(f"{site}/{name}.html", width=width)
    assert page.locator("h1").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_recording_plays_and_a_line_is_a_place_to_start(
    browser_page: Open, site: str, built: Project
) -> None:
    page = browser_page(f"{site}/{recording_page(built)}.html")
    lines = page.locator(".cs-line")
    assert lines.count() > 8
    line = lines.nth(5)
    start = float(line.get_attribute("data-start") or 0)
    assert start > 5
    page.evaluate("document.querySelector('audio').muted = true")
    line.click()
    page.wait_for_function(
        "t => { const a = document.querySelector('audio'); return !a.paused && a.currentTime > t }",
        arg=start,
    )
    assert page.evaluate("document.querySelector('audio').currentTime") < start + 5
    page.wait_for_selector("[aria-current]")


def test_a_link_to_a_second_starts_there(browser_page: Open, site: str, built: Project) -> None:
    page = browser_page(f"{site}/{recording_page(built)}.html#t=12.5")
    page.wait_for_function("Math.abs(document.querySelector('audio').currentTime - 12.5) < 0.2")


@pytest.mark.parametrize("number", [1, 5, 10])
def test_a_lesson_s_clips_play(browser_page: Open, site: str, number: int) -> None:
    page = browser_page(f"{site}/lessons/{number:02d}.html")
    assert page.locator("figure audio").count() >= 2
    play(page, "figure audio")


def test_a_motto_plays(browser_page: Open, site: str) -> None:
    page = browser_page(f"{site}/mottoes.html")
    assert page.locator("audio").count() == 6
    play(page, "audio")


@pytest.mark.parametrize("query", ["高铁站", "自来水", "图书馆"])
def test_a_word_from_the_middle_of_a_talk_is_found(
    browser_page: Open, site: str, built: Project, query: str
) -> None:
    """Includes parts of words, which Material's search engine would not find."""
    page = browser_page(f"{site}/index.html")
    page.locator("[data-md-component=search-query]").click()
    page.locator("[data-md-component=search-query]").fill(query)
    result = page.locator(f".md-search-result__link[href*='{recording_page(built)}']")
    result.first.wait_for()


def test_seeking_needs_byte_ranges_and_has_them(http: str, built: Project) -> None:
    import urllib.request

    request = urllib.request.Request(  # noqa: S310
        f"{http}/audio/{Path(recording_page(built)).name}.m4a", headers={"Range": "bytes=100-199"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 206
        assert len(answer.read()) == 100


def test_another_site_cannot_read_through_the_server(http: str) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(f"{http}/index.html", headers={"Host": "evil.example"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310
    assert refused.value.code == 400
