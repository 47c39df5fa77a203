"""Doubts in a draft in Chromium: visible, accessible by keyboard, and without overflow."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from cunshi.archive.machine_json import format_machine_json, read_machine_json
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import UNHEARD, format_draft
from cunshi.domain.transcript import Coverage, Flag, Replacement, Segment

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

LINES = (
    Segment(0, 2, "谢谢大家收看。", flags=(Flag.BOILERPLATE, Flag.NO_SPEECH)),
    Segment(2, 4, "我们金村有一条河，", replaced=(Replacement("景村", "金村"),)),
    Segment(4, 6, "河上有一座桥。", flags=(Flag.UNSURE,)),
    Segment(6, 8, UNHEARD, flags=(Flag.UNHEARD,)),
    Segment(8, 10, "阿拉村浪向有条河浜。", mandarin="我们村里有一条小河。"),
    Segment(10, 12, "今天就讲到这里。"),
)


@pytest.fixture
def draft(
    village: Project, drop: Callable[..., Path], run: Callable[..., tuple[int, str]]
) -> Callable[..., str]:
    """Build a village with one recording and these draft lines; return the URL of its page."""

    def draft_(lines: tuple[Segment, ...] = LINES) -> str:
        drop("10", "金村村_金老师_2026-01-20.m4a")
        assert run(village, "build", "--engine", "recorded")[0] == 0
        [accession] = village.accessions()
        text = format_draft(accession.id, "recorded", lines)
        accession.transcript.write_text(text, "utf-8")
        heard = read_machine_json(accession.machine)
        assert heard
        measured = replace(heard, coverage=Coverage(10.0, 8.0))
        accession.machine.write_text(format_machine_json(measured), "utf-8")
        assert run(village, "site")[0] == 0
        return (village.site / "recordings" / f"{accession.id}.html").as_uri()

    return draft_


def decoration(page: Page, selector: str) -> str:
    style = "e => getComputedStyle(e).textDecorationStyle + getComputedStyle(e).borderBottomStyle"
    return str(page.locator(selector).first.evaluate(style))


def test_doubts_are_seen_and_have_names(browser_page: Open, draft: Callable[..., str]) -> None:
    page = browser_page(draft())
    assert "wavy" in decoration(page, ".cs-line--doubtful .cs-said")
    assert "wavy" in decoration(page, ".cs-line--noise .cs-said")
    assert "dotted" in decoration(page, ".cs-line .cs-replaced")
    mark = page.get_by_role("img", name="这一句靠不住：机器没有把握")
    assert mark.is_visible()
    assert mark.inner_text() == "?"
    assert page.locator(".cs-line--unheard").inner_text() == "（这里有人说话，没有听清）"
    assert page.get_by_text("大约有 2 秒的话还没有文字").is_visible()
    assert page.get_by_text("说话 10 秒，听写了 80%").is_visible()


def test_names_and_ids_are_sound(browser_page: Open, draft: Callable[..., str]) -> None:
    """Accessible names exist and ids are unique."""
    page = browser_page(draft())
    nameless = "[role=img]:not([aria-label]), img:not([alt]), button:empty, a:empty"
    assert page.locator(f".md-content :is({nameless})").count() == 0
    repeated = """() => {
        const ids = Array.from(document.querySelectorAll("[id]"), e => e.id)
        return ids.filter((id, n) => ids.indexOf(id) !== n)
    }"""
    assert page.evaluate(repeated) == []
    described = """Array.from(document.querySelectorAll("[aria-describedby]"), e =>
        document.getElementById(e.getAttribute("aria-describedby")).textContent)"""
    assert page.evaluate(described) == ["电脑听成“景村”，按词语表改成“金村”"]
    assert page.locator(".cs-line[tabindex='0']").count() == 1


def test_the_keyboard_walks_through_the_lines_and_tells_each_doubt(
    browser_page: Open, draft: Callable[..., str]
) -> None:
    page = browser_page(draft())
    remark, lines = page.locator(".cs-player__remark"), page.locator(".cs-line")
    hint = remark.inner_text()
    lines.first.focus()
    told = []
    for index in range(1, len(LINES)):
        page.keyboard.press("ArrowDown")
        assert lines.nth(index).evaluate("line => line === document.activeElement")
        told.append(remark.inner_text())
    assert told == [
        "电脑听成“景村”，按词语表改成“金村”",
        "这一句靠不住：机器没有把握",
        *[hint] * 3,
    ]
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('audio').currentTime >= 9.9")
    assert page.locator(".cs-line[aria-current]").inner_text() == "今天就讲到这里。"


def test_a_tap_on_a_mark_plays_the_line_and_tells_why(
    browser_page: Open, draft: Callable[..., str]
) -> None:
    page = browser_page(draft(), width=390)
    page.evaluate("document.querySelector('audio').muted = true")
    page.locator(".cs-line--doubtful .cs-doubt").click()
    page.wait_for_function("document.querySelector('audio').currentTime > 4")
    assert page.locator(".cs-player__remark").inner_text() == "这一句靠不住：机器没有把握"


def test_the_original_stands_above_its_meaning_and_both_are_found(
    browser_page: Open, draft: Callable[..., str]
) -> None:
    page = browser_page(draft())
    said, meant = page.locator("[lang=wuu-Hans]"), page.locator(".cs-mandarin")
    above, below = said.bounding_box(), meant.bounding_box()
    assert above and below and above["y"] + above["height"] <= below["y"] + 1
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    assert float(meant.evaluate(size)) < float(said.evaluate(size))
    for query in ("河浜", "村里有一条小河"):
        page.locator("[data-md-component=search-query]").click()
        page.locator("[data-md-component=search-query]").fill(query)
        page.locator(".md-search-result__link mark", has_text=query).first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_long_doubts_fit_a_phone(
    browser_page: Open, draft: Callable[..., str], scheme: str
) -> None:
    wide = Segment(
        12,
        14,
        "a" * 90,
        mandarin="b" * 90,
        flags=tuple(Flag)[:5],
        replaced=(Replacement("c" * 90, "a" * 60),),
    )
    page = browser_page(draft((*LINES, wide)), width=390)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.locator(".cs-line").last.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_marks_survive_printing(browser_page: Open, draft: Callable[..., str]) -> None:
    page = browser_page(draft())
    page.emulate_media(media="print")
    assert "wavy" in decoration(page, ".cs-line--doubtful .cs-said")
    assert page.locator(".cs-line--doubtful .cs-doubt").is_visible()
    assert page.get_by_text("电脑按词语表改过的词").is_visible()
    assert not page.locator(".cs-player").is_visible()
