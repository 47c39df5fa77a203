"""Hostile texts and pages in a browser: none of their scripts runs."""

import json
import re
import shutil

import pytest
from playwright.sync_api import Browser

from cunshi.archive.project import Project
from cunshi.review import app
from cunshi.review.context import STATIC
from support.desk import OpenDesk, is_in, open_desk, signed

PAGES = {path: name for path, name in app._PAGES.items() if (STATIC / name).exists()}
MARKUP = "<img src=x onerror=\"window.ran='title'\"><script>window.ran='script'</script>"

SHOWS_A_TITLE = {"/", "/edit/{id}", "/record/{id}"}
SEES = """text => [document.body.innerText, ...[...document.querySelectorAll("input, textarea")]
  .map(field => field.value)].some(shown => shown.includes(text))"""


@pytest.fixture(scope="module")
def marked(home: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a village in which every text that people can write is markup."""
    root = tmp_path_factory.mktemp("marked") / "village"
    shutil.copytree(home.root, root, symlinks=True)
    project = Project.at(root)
    inline = json.dumps(MARKUP)
    for accession in project.accessions():
        text = accession.record.read_text("utf-8")
        for key in ("title", "narrator", "village", "rights", "note"):
            text = re.sub(rf"(?m)^{key}:.*$", lambda m, k=key: f"{k}: {inline}", text)
        accession.record.write_text(text, "utf-8")
        words = accession.transcript.read_text("utf-8")
        accession.transcript.write_text(
            re.sub(r"(?m)(-->.*\n)(.*)$", rf"\1{MARKUP.replace('-', '')}\2", words), "utf-8"
        )
    course = json.dumps(MARKUP)
    (project.courses / "course.yml").write_text(f"title: {course}\nlessons: []\n", "utf-8")
    (project.recordings / f"01-村名/{MARKUP.replace('/', '_')}.m4a").write_bytes(b"no sound")
    glossary = project.glossary.read_text("utf-8")
    entry = f"  - {{term: {inline}, kind: {inline}, meaning: {inline}}}\n"
    project.glossary.write_text(glossary + entry, "utf-8")
    return project


@pytest.mark.browser
@pytest.mark.parametrize("page", sorted(PAGES))
def test_markup_in_texts_and_names_never_runs(browser: Browser, marked: Project, page: str) -> None:
    with open_desk(marked) as desk:
        context = desk.context(browser)
        for item in marked.accessions():
            shown = context.new_page()
            shown.on("dialog", lambda d: pytest.fail(d.message))
            shown.goto(page.format(id=item.id))
            # A player keeps its connection, so that the network is never idle.
            shown.locator("main *").first.wait_for()
            if page in SHOWS_A_TITLE:
                shown.wait_for_function(SEES, arg="<img src=x")
            shown.wait_for_timeout(700)
            assert shown.evaluate("window.ran") is None
            assert shown.locator("img[src=x], main script").count() == 0
            shown.close()
        context.close()


@pytest.mark.browser
def test_a_browser_obeys_the_policy(browser: Browser, desk: OpenDesk) -> None:
    context = desk.context(browser)
    page = context.new_page()
    page.goto("/sign-in")
    page.evaluate(
        """() => {
          const script = document.createElement("script")
          script.textContent = "window.ran = 'inline'"
          document.body.append(script)
          const holder = document.createElement("div")
          holder.innerHTML = `<img src="data:," onerror="window.ran = 'handler'">`
          document.body.append(holder)
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    context.close()


@pytest.mark.browser
def test_another_sites_page_can_neither_change_nor_read(browser: Browser, desk: OpenDesk) -> None:
    """A page on another port is the same site, so the cookie is sent."""
    headers = signed(desk)
    context = desk.context(browser)
    name, __, value = headers["Cookie"].partition("=")
    context.add_cookies([{"name": name, "value": value, "url": desk.address}])
    with open_desk(desk.desk.project) as other:
        page = context.new_page()
        page.goto(f"{other.address}/sign-in")
        # Its own policy would already forbid this; an evil page has none.
        context.route("**/evil", lambda r: r.fulfill(body="<p>evil</p>", content_type="text/html"))
        page.goto(f"{other.address}/evil")
        found = page.evaluate(
            """async address => {
              const sent = []
              for (const [path, more] of [
                ["/api/session", {}],
                ["/api/session", { method: "DELETE" }],
                ["/api/session", { method: "POST", body: "{}" }],
              ]) {
                for (const mode of ["cors", "no-cors"]) {
                  try {
                    const asked = { ...more, mode, credentials: "include" }
                    const answer = await fetch(address + path, asked)
                    sent.push(answer.type === "opaque" ? "opaque" : answer.status)
                  } catch { sent.push("failed") }
                }
              }
              return sent
            }""",
            desk.address,
        )
    assert set(found) <= {"opaque", "failed"}
    assert is_in(desk, headers)
    context.close()
