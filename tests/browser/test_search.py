"""The search in Chromium, from file:// and over HTTP, compared with the text of the pages."""

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from playwright.sync_api import Browser, Page

from cunshi.archive.project import Project

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

QUERIES = yaml.safe_load((Path(__file__).with_name("queries.yml")).read_text("utf-8"))
VOID = {"area", "br", "hr", "img", "input", "link", "meta", "source", "wbr"}
BLOCKS = {"p", "li", "div", "dd", "dt", "h1", "h2", "h3", "td", "th", "figcaption", "blockquote"}


class Published(HTMLParser):
    """The searchable text of a page, and where its paragraphs begin."""

    def __init__(self, html: str):
        super().__init__()
        self.text, self.paragraphs = "", {}
        self._open: list[tuple[str, bool]] = []
        self._paragraph = ""
        self.feed(html)

    def _shown(self) -> bool:
        in_article = any(tag == "article" for tag, __ in self._open)
        return in_article and not any(hidden for __, hidden in self._open)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if tag in VOID:
            return
        hidden = "data-search-exclude" in names or tag in {"script", "style", "svg"}
        self._open.append((tag, hidden or "headerlink" in (names.get("class") or "")))
        if tag in BLOCKS:
            self.text += " "
        if tag == "p":
            self._paragraph = names.get("id") or ""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "p":
            self._paragraph = ""
        if tag in BLOCKS:
            self.text += " "

    def handle_data(self, data: str) -> None:
        if self._shown():
            self.text += data
            if self._paragraph:
                earlier = self.paragraphs.get(self._paragraph, "")
                self.paragraphs[self._paragraph] = earlier + data


@pytest.fixture(scope="module")
def published(built: Project) -> dict[str, Published]:
    """Return every page of the site by path."""
    paths = [path for path in built.site.rglob("*.html") if path.name != "404.html"]
    return {
        path.relative_to(built.site).as_posix(): Published(path.read_text("utf-8"))
        for path in paths
    }


@pytest.fixture(params=["file", "http"])
def address(request: pytest.FixtureRequest, built: Project, http: str) -> str:
    return http if request.param == "http" else built.site.as_uri()


def truth(published: dict[str, Published], query: str) -> set[str]:
    return {path for path, page in published.items() if query.lower() in page.text.lower()}


def search(page: Page, query: str) -> list[str]:
    """Return all links that the search shows for a query."""
    field = page.locator("[data-md-component=search-query]")
    field.fill(query)
    page.wait_for_function(
        """query => {
          const list = document.querySelector(".md-search-result__list")
          const marks = Array.from(list.querySelectorAll("mark"), mark => mark.textContent)
          const meta = document.querySelector(".md-search-result__meta").textContent
          const total = /\\d+/.exec(meta)
          // Material shows ten at a time, and ten more whenever the end comes into view anew.
          const box = document.querySelector(".md-search__scrollwrap")
          box.scrollTo(0, box.scrollTop ? 0 : 1e6)
          const whole = total && list.children.length === Number(total[0])
          return whole && marks.length && marks.every(mark => mark === query)
        }""",
        arg=query,
        polling=50,
    )
    links = page.locator(".md-search-result__link")
    return [str(link.get_attribute("href")) for link in links.all()]


def place(link: str, address: str) -> tuple[str, str]:
    """Return the page and the time that a result links to."""
    parts = urlsplit(link)
    path = unquote(f"{parts.scheme}://{parts.netloc}{parts.path}")
    return path.removeprefix(unquote(address) + "/"), unquote(parts.fragment)


def test_there_are_forty_different_queries() -> None:
    assert len(QUERIES) == len(set(QUERIES)) == 40
    assert all(2 <= len(query) <= 4 for query in QUERIES)


def test_what_is_found_is_what_stands_there(
    browser_page: Open, address: str, published: dict[str, Published]
) -> None:
    """Recall and precision are 1.00, and each linked time has the words."""
    page = browser_page(f"{address}/index.html")
    if address.startswith("file:"):
        page.context.set_offline(True)
    page.locator("[data-md-component=search-query]").click()
    somewhere = 0
    for query in QUERIES:
        found = [place(link, address) for link in search(page, query)]
        expected = truth(published, query)
        somewhere += bool(expected)
        assert {path for path, __ in found} == expected, query
        for path, part in found:
            if part.startswith("t="):
                assert query in published[path].paragraphs[part], (query, path, part)
        for path in expected:
            places = published[path].paragraphs if path.startswith("recordings/2026") else {}
            seconds = {part for part, text in places.items() if query in text}
            assert seconds <= {part for there, part in found if there == path}, (query, path)
    assert somewhere >= 36  # a query that stands nowhere proves little


def test_our_worker_answers(browser_page: Open, address: str) -> None:
    """The name of Material's worker changes with every release; ours is used."""
    page = browser_page(f"{address}/about.html")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator("[data-md-component=search-query]").click()
    # Inside a word: Material's lunr finds only beginnings of words.
    assert search(page, "铁站")
    scripts = [url for url in asked if "search" in url and ".js" in url and "index" not in url]
    workers = [url for url in scripts if "/search/part-" not in url]
    assert workers
    assert all("/assets/search-worker.js" in url for url in workers), workers


def test_a_result_leads_to_its_second(
    browser_page: Open, address: str, built: Project, published: dict[str, Published]
) -> None:
    [talk] = (built.site / "recordings").glob("20260120-*.html")
    page = browser_page(f"{address}/index.html")
    page.locator("[data-md-component=search-query]").click()
    search(page, "铁站")
    page.locator(f".md-search-result__link[href*='{talk.stem}.html'][href*='t=']").first.click()
    page.wait_for_function("document.querySelector('audio')?.currentTime > 3")
    line = page.locator(".cs-line[aria-current]")
    at = float(line.get_attribute("data-start") or 0)
    assert abs(page.evaluate("document.querySelector('audio').currentTime") - at) < 0.3
    spoken = "".join(page.locator(".cs-line").all_text_contents())
    assert "铁站" in spoken
    # The word begins in that line.
    after = page.locator(".cs-line").evaluate_all(
        "(lines, at) => lines.filter(l => Number(l.dataset.start) >= at).map(l => l.textContent)",
        at,
    )
    assert 0 <= "".join(after).index("铁站") < len(after[0])


def test_the_page_itself_leads_there_too(browser_page: Open, address: str, built: Project) -> None:
    """A link without a time, as in the first line of a result."""
    [talk] = (built.site / "recordings").glob("20260120-*.html")
    page = browser_page(f"{address}/recordings/{Path(talk).name}?h=铁站")
    page.wait_for_function("document.querySelector('audio')?.currentTime > 3")
    assert page.locator(".cs-line[aria-current]").count() == 1


def test_the_index_that_every_page_loads_has_no_words_of_the_recordings(built: Project) -> None:
    """These are in the parts, and MkDocs' own copies of the transcripts are removed."""
    folder = built.site / "search"
    text = (folder / "search_index.json").read_text("utf-8")
    script = (folder / "search_index.js").read_text("utf-8")
    assert script == f"var __index = {text}"
    parts = json.loads(text)["config"]["parts"]
    assert {path.name for path in folder.glob("part-*")} == {Path(part).name for part in parts}
    told = "".join((built.site / part).read_text("utf-8") for part in parts)
    [talk] = (built.site / "recordings").glob("20260120-*.html")
    assert f'"recordings/{talk.name}":[[' in told
    spoken = re.findall(r"\[\d[\d.]*,\"([^\"]{20})", told)
    assert len(spoken) > 16
    assert not [words for words in spoken if words in text and words not in told_elsewhere(built)]


def told_elsewhere(built: Project) -> str:
    """Return quotations in lessons and on the wall of quotations."""
    pages = [*(built.site / "lessons").glob("*.html"), built.site / "quotes.html"]
    return "".join(path.read_text("utf-8") for path in pages)


@pytest.fixture
def in_parts(built: Project, tmp_path: Path) -> Path:
    """Return the site with an index in many parts, one of which is missing."""
    shutil.copytree(built.site, tmp_path / "site")
    index = tmp_path / "site" / "search" / "search_index.json"
    data = json.loads(index.read_text("utf-8"))
    [whole] = data["config"]["parts"]
    told = json.loads((tmp_path / "site" / whole).read_text("utf-8")[len("addPart(") : -2])
    data["config"]["parts"] = ["search/part-missing.js"]
    for number, (page, paragraphs) in enumerate(told.items()):
        name = f"search/part-{number}.js"
        script = f"addPart({json.dumps({page: paragraphs})})\n"
        (tmp_path / "site" / name).write_text(script, "utf-8")
        data["config"]["parts"].append(name)
    text = json.dumps(data, ensure_ascii=False)
    index.write_text(text, "utf-8")
    index.with_suffix(".js").write_text(f"var __index = {text}", "utf-8")
    return tmp_path / "site"


def test_all_parts_are_searched_although_one_is_missing(
    browser: Browser, in_parts: Path, published: dict[str, Published]
) -> None:
    page = browser.new_page()
    page.goto(f"{in_parts.as_uri()}/index.html")
    page.locator("[data-md-component=search-query]").click()
    for query in ("铁站", "老街"):
        expected = truth(published, query)
        for __ in range(100):
            found = {place(link, in_parts.as_uri())[0] for link in search(page, query)}
            if found == expected:
                break
            page.wait_for_timeout(100)
        assert found == expected
    page.close()
