"""The complete work of a volunteer at the desk, from dropped files to the published correction.

Uses the real Whisper model, real keyboard input, and a browser.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import read_transcript
from cunshi.domain.consent import Consent
from cunshi.domain.transcript import TranscriptStatus
from support.desk import open_desk
from support.village import sample_path

pytestmark = [pytest.mark.browser, pytest.mark.whisper]

PATIENCE = 300_000  # milliseconds: three recordings are transcribed on a busy computer
FILES = {
    "金村村_金老师_2026-01-12.m4a": "01/",
    "顾家村_顾家_2026-02-02.amr": "mottoes/顾家村",
    "蒋家村_蒋家_2026-02-03.ogg": "mottoes/蒋家村",
}


@pytest.fixture
def unsigned(village: Project) -> Project:
    """Return an empty village without any consent."""
    (village.recordings / "folder.yml").unlink()
    return village


def test_from_dropped_files_to_the_published_correction(
    browser: Browser, unsigned: Project
) -> None:
    with open_desk(unsigned) as desk:
        context = desk.context(browser)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        add_recordings(page)
        recording_id = open_talk(page)
        withheld = correct(page)
        approve(page)
        register_consent(page, recording_id)
        publish(page)
        context.close()
        assert faults == []
    check_archive(unsigned, recording_id)
    check_site(browser, unsigned, recording_id, withheld)


def add_recordings(page: Page) -> None:
    page.goto("/")
    files: list[Any] = [
        {"name": name, "mimeType": "audio/mp4", "buffer": sample_path(sample).read_bytes()}
        for name, sample in FILES.items()
    ]
    page.locator("#files").set_input_files(files)
    expect(page.locator(".arrival")).to_have_count(3)
    together = page.get_by_role("group", name="下面几件一起填")
    together.get_by_label("哪一课").select_option(label="第 1 课")
    page.get_by_role("button", name="存进来，开始听写").click()
    expect(page.locator(".card .state", has_text="待授权")).to_have_count(3, timeout=PATIENCE)


def open_talk(page: Page) -> str:
    page.locator(".card", has_text="金老师").get_by_role("link", name=re.compile("校对")).click()
    page.wait_for_url("**/edit/*")
    expect(lines(page).first).to_be_visible()
    page.locator("#audio").evaluate("audio => { audio.muted = true }")
    return page.url.rpartition("/")[2]


def lines(page: Page) -> Any:
    return page.locator("#lines .text")


def put_caret(page: Page, n: int, start: int, end: int | None = None) -> None:
    lines(page).nth(n).evaluate(
        """(text, [from, to]) => {
            text.focus()
            getSelection().setBaseAndExtent(text.firstChild, from, text.firstChild, to)
        }""",
        [start, start if end is None else end],
    )


def correct(page: Page) -> str:
    """Split, merge, replace, add a word, mark; return the words that are withheld."""
    count, whole = lines(page).count(), lines(page).first.text_content() or ""
    put_caret(page, 0, 3)
    page.keyboard.press("Alt+Enter")
    expect(lines(page)).to_have_count(count + 1)
    put_caret(page, 0, 1)
    page.keyboard.press("Alt+m")
    expect(lines(page)).to_have_count(count)
    expect(lines(page).first).to_have_text(whole)
    replace(page, whole[:3], "乡亲们")
    add_word(page)
    page.keyboard.press("Alt+g")
    last = lines(page).last.text_content() or ""
    put_caret(page, count - 1, 0)
    page.keyboard.press("Alt+b")
    page.keyboard.press("Control+s")
    expect(page.locator("#state")).to_have_text("已保存")
    return last


def replace(page: Page, old: str, new: str) -> None:
    page.keyboard.press("Control+h")
    page.get_by_label("查找", exact=True).fill(old)
    page.get_by_label("换成").fill(new)
    expect(page.locator(".found ins").first).to_have_text(new)
    page.get_by_role("button", name="替换选中的").click()
    expect(lines(page).first).to_have_text(re.compile(f"^{new}"))
    page.get_by_role("button", name="关上").click()


def add_word(page: Page) -> None:
    put_caret(page, 0, 0, 3)
    page.keyboard.press("Alt+i")
    page.get_by_label("意思").fill("同一个村里的人")
    page.get_by_role("button", name="加进去").click()
    expect(page.get_by_text("加进词语本了")).to_be_visible()
    put_caret(page, 0, 0)


def approve(page: Page) -> None:
    page.get_by_role("button", name="定稿").click()
    page.get_by_role("button", name="就这样定稿").click()
    expect(page.get_by_role("button", name="继续校对").first).to_be_visible()


def register_consent(page: Page, recording_id: str) -> None:
    page.goto(f"/record/{recording_id}")
    page.get_by_role("button", name="同讲述人").click()
    page.get_by_label("签署日期").fill("2026-01-10")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".state__level")).to_have_text("公开")


def publish(page: Page) -> None:
    page.goto("/publish")
    page.get_by_role("button", name="做网站").click()
    expect(page.locator(".work")).to_contain_text("网站做好了", timeout=PATIENCE)


def check_archive(project: Project, recording_id: str) -> None:
    recording = project.read_recording(project.accession(recording_id), [])
    said = recording.description
    assert said.approved_by == "李老师"
    assert isinstance(said.consent, Consent) and said.consent.by == "金老师"
    path = project.accession(recording_id).transcript
    transcript = read_transcript(path, "", recording)
    assert transcript.status is TranscriptStatus.APPROVED
    first, *__, last = transcript.segments
    assert first.text.startswith("乡亲们") and first.golden
    assert last.withheld
    assert any(term.term == "乡亲们" for term in project.read_glossary([]))


def check_site(browser: Browser, project: Project, recording_id: str, withheld: str) -> None:
    page = browser.new_page()
    page.goto((project.site / "recordings" / f"{recording_id}.html").as_uri())
    expect(page.locator(".cs-transcript")).to_contain_text("乡亲们")
    assert "李老师" in page.content()
    page.goto((project.site / "quotes.html").as_uri())
    expect(page.locator("main")).to_contain_text("乡亲们")
    page.goto((project.site / "glossary.html").as_uri())
    expect(page.locator("main")).to_contain_text("同一个村里的人")
    page.close()
    assert len(withheld) > 3
    for path in project.site.rglob("*"):
        if path.suffix in {".html", ".json", ".js", ".vtt", ".srt"}:
            assert withheld not in path.read_text("utf-8"), path
    # Nobody has agreed to the other two.
    assert [p.stem for p in (project.site / "audio").iterdir()] == [recording_id]
