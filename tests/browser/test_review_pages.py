"""The desk's pages in Chromium: uploads, publishing, glossary."""

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.core.progress import Reporter
from cunshi.intake.accessioning import Intake
from cunshi.media import audio
from cunshi.workflow.results import IngestedAndTranscribed
from support.desk import OpenDesk, open_desk
from support.village import PATIENCE, chromium_path, sample_path

pytest.importorskip("axe_playwright_python")
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = ("/", "/add", "/publish", "/glossary")
# What the browser itself says of an answer that the page then puts into words.
EXPECTED = "Failed to load resource: the server responded with a status of 4"


@pytest.fixture
def hearing(village: Project) -> Project:
    """Return the empty village with the recorded engine."""
    path = village.archive / "archive.yml"
    text = path.read_text("utf-8").replace("engine: faster-whisper", "engine: recorded")
    path.write_text(text, "utf-8")
    return village


@contextmanager
def opened(
    browser: Browser, project: Project, width: int = 1280, **options: Any
) -> Iterator[tuple[Page, OpenDesk]]:
    """Open a page of the desk; errors and external requests fail the test."""
    faults: list[str] = []
    with open_desk(project) as desk:
        context = desk.context(browser, width=width, **options)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: note(message, faults))
        page.on("request", lambda request: watch(request.url, desk.address, faults))
        yield page, desk
        context.close()
    assert faults == []


def note(message: ConsoleMessage, faults: list[str]) -> None:
    if message.type == "error" and not message.text.startswith(EXPECTED):
        faults.append(message.text)


def watch(url: str, address: str, faults: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        faults.append(f"request to {url}")


def sent(beginning: str, name: str) -> Any:
    return {"name": name, "mimeType": "audio/mp4", "buffer": sample_path(beginning).read_bytes()}


def row(page: Page, name: str) -> Any:
    return page.locator(".arrival", has_text=name)


def test_from_an_empty_archive_to_drafts(browser: Browser, hearing: Project) -> None:
    with opened(browser, hearing) as (page, __):
        page.goto("/")
        expect(page.get_by_role("heading", name="从第一件录音开始")).to_be_visible()
        page.evaluate("window.same = true")
        files = [
            sent("01/", "金村村_金老师_2026-01-12.m4a"),
            sent("02/", "录音_20260112_153012.m4a"),
            sent("04/", "<img src=x onerror=alert(1)>.m4a"),
        ]
        page.locator("#files").set_input_files(files)
        expect(page.locator(".arrival")).to_have_count(3)
        first, second = row(page, "金老师"), row(page, "153012")
        expect(first.get_by_label("讲述人")).to_have_value("金老师")
        expect(first.get_by_label("哪天录的")).to_have_value("2026-01-12")
        expect(second.get_by_label("讲述人")).to_have_value("")
        page.get_by_role("group", name="下面几件一起填").get_by_label("哪一课").select_option(
            label="第 2 课"
        )
        first.get_by_label("哪一课").select_option(label="第 1 课")
        second.get_by_label("村", exact=True).fill("金村村")
        second.get_by_label("讲述人").fill("王阿婆")
        second.get_by_label("哪天录的").fill("2026-01-12")
        page.get_by_role("button", name="存进来，开始听写").click()
        expect(page.locator(".card")).to_have_count(3)
        expect(page.locator(".card .state", has_text="待校对")).to_have_count(3)
        expect(page.get_by_role("link", name="听并校对")).to_have_count(3)
        expect(page.locator("#empty")).to_be_hidden()
        expect(page.locator(".work")).to_contain_text("听写：3 件")
        assert page.evaluate("window.same")  # the page was never loaded again
    names = {
        p.relative_to(hearing.recordings).as_posix() for p in hearing.recordings.rglob("*.m4a")
    }
    assert names == {
        "01/金村村_金老师_2026-01-12.m4a",
        "02/金村村_王阿婆_2026-01-12.m4a",
        "02/-img src=x onerror=alert(1)-.m4a",
    }


# The first look hears that nothing goes on, and by then a job has begun; it has ended at the third.
LOOKS = """async () => {
  const { watch } = await import("/static/shared/job_progress.js")
  const told = [[null, null], [1, null], [null, 1], [null, 1]]
  let answerFirst
  const first = new Promise(resolve => { answerFirst = resolve })
  window.fetch = async () => {
    const [running, last] = told.shift().map(number => number && { number })
    if (told.length === 3) await first
    return Response.json({ running, last })
  }
  const seen = []
  const soon = watch((jobs, moved) => seen.push([jobs.running?.number ?? null, moved]))
  const asked = soon()
  answerFirst()
  await asked
  await soon()
  await soon()
  return seen
}"""


def test_who_asks_while_the_page_looks_sees_what_has_happened_since(
    browser: Browser, village: Project
) -> None:
    with opened(browser, village) as (page, __):
        page.goto("/glossary", wait_until="networkidle")
        assert page.evaluate(LOOKS) == [[None, True], [1, True], [None, True], [None, False]]


DROP = """([name, text]) => {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes], name))
  for (const kind of ["dragover", "drop"]) {
    document.querySelector("h1").dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }))
  }
}"""


def test_files_can_be_dropped_anywhere(browser: Browser, hearing: Project) -> None:
    data = base64.b64encode(sample_path("01/").read_bytes()).decode()
    with opened(browser, hearing) as (page, __):
        page.goto("/add?lesson=3")
        expect(page.locator(".drop")).to_be_visible()
        page.evaluate(DROP, ["村名.m4a", data])
        expect(row(page, "村名.m4a").get_by_label("哪一课")).to_have_value(
            page.locator("option", has_text="第 3 课").first.get_attribute("value") or "?"
        )
        page.get_by_role("button", name="只存进来").click()
        expect(row(page, "村名.m4a").locator(".word")).to_have_text("存好了：村名.m4a")
        page.evaluate(DROP, ["又一次.m4a", data])
        page.get_by_role("button", name="只存进来").click()
        expect(row(page, "又一次.m4a").locator(".word")).to_contain_text("早就有了")
        # The to-do list tells that something waits to be heard.
        page.goto("/")
        expect(page.get_by_role("heading", name="从第一件录音开始")).to_be_visible()
        expect(page.locator("#waiting")).to_contain_text("有 1 件新录音还没有收：村名.m4a")
        page.locator("#waiting").get_by_role("button", name="开始听写").click()
        expect(page.locator(".card .state")).to_have_text("待校对")


def test_what_cannot_be_taken_is_told_in_its_row(browser: Browser, hearing: Project) -> None:
    with opened(browser, hearing) as (page, __):
        page.goto("/add")
        bad = {"name": "作文.docx", "mimeType": "application/zip", "buffer": b"PK\x03\x04" * 500}
        page.locator("#files").set_input_files([bad, sent("01/", "好的.m4a")])
        page.get_by_role("button", name="存进来，开始听写").click()
        expect(row(page, "作文").locator(".word.bad")).to_contain_text("这不是录音")
        expect(row(page, "好的").locator(".word")).to_have_text("存好了：好的.m4a")
        expect(page.locator(".message.bad")).to_contain_text("1 件没有存进来")
        row(page, "作文").get_by_role("button", name="不要").click()
        expect(row(page, "作文")).to_have_count(0)
        page.get_by_role("button", name="开始听写", exact=True).click()
        expect(page.locator(".work")).to_contain_text("听写：1 件")


def test_a_photo_goes_with_its_recording(
    browser: Browser, hearing: Project, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), "brown").save(tmp_path / "陆家.jpg")
    photo = {
        "name": "陆家.jpg",
        "mimeType": "image/jpeg",
        "buffer": (tmp_path / "陆家.jpg").read_bytes(),
    }
    with opened(browser, hearing) as (page, __):
        page.goto("/add")
        page.locator("#files").set_input_files([photo, sent("01/", "陆家.m4a")])
        arrival = page.locator(".arrival")
        expect(arrival).to_have_count(1)
        expect(arrival).to_contain_text("陆家.m4a + 陆家.jpg")
        arrival.get_by_label("哪一课").select_option(label="家训")
        arrival.get_by_label("村", exact=True).fill("欧桥村")
        arrival.get_by_label("讲述人").fill("陆家")
        arrival.get_by_label("哪天录的").fill("2026-02-01")
        page.get_by_role("button", name="只存进来").click()
        expect(arrival.locator(".word")).to_contain_text("存好了")
    names = {path.name for path in (hearing.recordings / "mottoes").iterdir()}
    assert names == {"欧桥村_陆家_2026-02-01.m4a", "欧桥村_陆家_2026-02-01.jpg"}


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the page's CSP prevents Playwright's own method."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_a_motto_is_spoken_heard_and_kept(browser: Browser, hearing: Project) -> None:
    switches = ["--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream"]
    switches.append("--use-fake-device-for-media-stream")
    speaking = browser.browser_type.launch(executable_path=chromium_path(), args=switches)
    with opened(speaking, hearing, permissions=["microphone"]) as (page, __):
        page.goto("/add")
        motto = page.locator("#motto")
        motto.get_by_role("button", name="开始录音").click()
        expect(motto.locator(".time")).to_have_text("0:03")
        until(page, "parseInt(document.querySelector('.level div').style.width) > 5")
        motto.get_by_role("button", name="停").click()
        expect(motto.locator("audio")).to_be_visible()
        until(page, "document.querySelector('#motto audio').readyState > 0")
        motto.get_by_role("button", name="留下").click()
        expect(page.locator(".message.bad")).to_have_text("还没有写村")
        motto.get_by_label("村").fill("欧桥村")
        motto.get_by_label("哪一家").fill("陆家")
        motto.get_by_label("日期").fill("2026-02-01")
        motto.get_by_role("button", name="留下").click()
        expect(motto).to_contain_text("存好了：欧桥村_陆家_2026-02-01.webm")
        motto.get_by_role("button", name="开始听写").click()
        expect(page.locator(".work")).to_contain_text("收录：新收 1 件")
        expect(page.locator(".work .problems")).to_have_count(0)
    speaking.close()
    (accession,) = hearing.accessions()
    recording = hearing.read_recording(accession, [])
    assert recording.kind == "motto" and recording.description.narrator == "陆家"
    # MediaRecorder's header says no duration; nothing was cut off.
    assert 2.5 < recording.technical.duration < 15
    assert audio.inspect(accession.master / recording.master).declared == 0


def test_without_a_safe_connection_there_is_no_microphone(
    browser: Browser, hearing: Project
) -> None:
    with opened(browser, hearing) as (page, __):
        page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
        page.goto("/add")
        expect(page.locator("#motto")).to_contain_text("用手机的录音机录好")
        expect(page.locator("#motto button")).to_have_count(0)


def test_filters_stand_in_the_address(browser: Browser, told: tuple[Project, str, str]) -> None:
    project, open_id, sealed_id = told
    record = project.accession(sealed_id).record
    record.write_text(record.read_text("utf-8").replace("by: 王老师", "by: ''"), "utf-8")
    with opened(browser, project) as (page, __):
        page.goto("/")
        expect(page.locator(".card")).to_have_count(2)
        sealed = page.locator(f"[data-id='{sealed_id}']")
        expect(sealed.locator(".badge.bad")).to_have_text("没有同意书")
        assert (
            sealed.get_by_role("link", name="登记同意书").get_attribute("href")
            == f"/record/{sealed_id}"
        )
        page.get_by_role("button", name="待授权 1").click()
        expect(page.locator(".card")).to_have_count(1)
        page.reload()
        expect(page.locator(".card")).to_have_count(1)
        expect(page.get_by_role("button", name="待授权 1")).to_have_attribute(
            "aria-pressed", "true"
        )
        page.get_by_role("button", name="全部 2").click()
        page.get_by_label("找题名或讲述人").fill("金老师")
        expect(page.locator(".card")).to_have_attribute("data-id", open_id)
        assert "find=" in page.url
        page.get_by_label("找题名或讲述人").fill("")
        page.get_by_role("button", name="2 还在准备").click()
        expect(page.locator(".card")).to_have_attribute("data-id", sealed_id)
        expect(page.locator("#filter-lesson")).to_have_value("2")
        page.locator("#filter-lesson").select_option("")
        page.get_by_label("讲述还是家训").select_option("motto")
        expect(page.locator("#count")).to_have_text("2 件里的 0 件")


def test_progress_survives_a_reload(
    browser: Browser, hearing: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()

    def slow(project: Project, reporter: Reporter) -> IngestedAndTranscribed:
        with reporter.task("听写", 4, 100.0) as task:
            task.advance(50.0)
            task.finish_one("一.m4a")
            end.wait(60)
        return IngestedAndTranscribed(drafted=(), recordings=(), intake=Intake())

    monkeypatch.setattr(workflow, "ingest_and_transcribe", slow)
    with opened(browser, hearing) as (page, desk):
        asking = desk.client()
        assert asking.post("/api/jobs", json={"what": "transcribe"}).status_code == 202
        for path in ("/", "/add", "/publish"):
            page.goto(path)
            expect(page.locator(".work h2")).to_have_text("正在听写")
            expect(page.locator(".task")).to_contain_text("1 / 4 · 0:50 / 1:40")
            assert page.locator(".task progress").evaluate("bar => bar.value / bar.max") == 0.5
        expect(page.get_by_role("button", name="做网站")).to_be_disabled()
        end.set()
        expect(page.get_by_role("button", name="做网站")).to_be_enabled()
        asking.close()


def test_publishing_lists_the_problems_first(
    browser: Browser, told: tuple[Project, str, str], tmp_path: Path
) -> None:
    project, open_id, __ = told
    record = project.accession(open_id).record
    good = record.read_text("utf-8")
    record.write_text(good.replace("narrator:", "narator:"), "utf-8")
    (tmp_path / "share").mkdir()
    with (project.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write(f"publish: {{to: {tmp_path / 'share'}}}\n")
    with opened(browser, project) as (page, desk):
        desk.desk.site = "http://127.0.0.1:9/"
        page.goto("/publish")
        expect(page.get_by_role("heading", name="先要处理：1 处")).to_be_visible()
        problem = page.locator(".problems > li")
        expect(problem).to_contain_text("narator")
        assert problem.get_by_role("link").get_attribute("href") == f"/record/{open_id}"
        expect(page.get_by_role("button", name="发布")).to_be_disabled()
        record.write_text(good, "utf-8")
        page.reload()
        expect(page.locator(".good")).to_have_text("没有问题，可以发布。")
        page.get_by_role("button", name="发布").click()
        expect(page.locator(".work")).to_contain_text("发布完了")
        expect(page.locator(".work")).to_contain_text("已经发布")
        page.locator(".work summary").click()
        expect(page.locator(".work .files")).to_contain_text("+ index.html")
        link = page.locator("#publishing").get_by_role("link", name="打开网站")
        assert link.get_attribute("href") == "http://127.0.0.1:9/"
    assert (tmp_path / "share" / "current" / "index.html").is_file()


def test_the_same_problem_in_several_places_is_told_once(
    browser: Browser, hearing: Project
) -> None:
    for number in (1, 2):
        (hearing.recordings / f"{number:02}-课").mkdir()
        (hearing.recordings / f"{number:02}-课" / "说明.yml").write_text("title: x\n", "utf-8")
    with opened(browser, hearing) as (page, __):
        page.goto("/")
        page.locator("#troubles summary").first.click()
        expect(page.locator(".problems > li")).to_have_count(1)
        page.get_by_text("在 2 处").click()
        expect(page.locator(".problems .place li")).to_have_count(2)


def test_a_word_is_added_by_keyboard(browser: Browser, hearing: Project) -> None:
    with opened(browser, hearing) as (page, __):
        page.goto("/glossary")
        page.get_by_label("词语", exact=False).first.focus()
        page.keyboard.type("老虎灶")
        page.keyboard.press("Enter")
        expect(page.locator("#fault-meaning")).to_contain_text("没有写意思")
        expect(page.get_by_label("意思")).to_be_focused()
        page.keyboard.type("卖<b>开水</b>的铺子")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".word").first).to_contain_text("卖<b>开水</b>的铺子")
        expect(page.locator("#fault-meaning")).to_be_empty()
        page.get_by_label("找一个词").fill("开水")
        expect(page.locator("#count")).to_have_text("找到 1 个词")
    assert "老虎灶" in hearing.glossary.read_text("utf-8")


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    assert found["passes"], "nothing was looked at"
    return [
        f"{fault['id']}: {[node['html'][:120] for node in fault['nodes'][:3]]}"
        for fault in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_keeps_anybody_out(
    browser: Browser, told: tuple[Project, str, str], scheme: str, width: int
) -> None:
    project, open_id, sealed_id = told
    record = project.accession(sealed_id).record
    record.write_text(record.read_text("utf-8").replace("by: 王老师", "by: ''"), "utf-8")
    broken = project.accession(open_id).transcript
    broken.write_text("WEBVTT\n\nno time\n", "utf-8")
    (project.recordings / "01-村名" / "坏.yaml").write_text("title: x\n", "utf-8")
    with opened(browser, project, width, color_scheme=scheme) as (page, __):
        for path in PAGES:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            expect(page.locator(".top .who")).to_be_visible()
            if path == "/":
                page.locator("#troubles summary").click()
            if path == "/add":
                page.locator("#files").set_input_files([sent("01/", "a.m4a"), sent("02/", "b.m4a")])
                expect(page.locator(".arrival")).to_have_count(2)
            if path == "/publish":
                page.locator("#problems details summary").first.click()
            assert violations(page) == [], path
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, wide)


def test_a_fault_would_be_seen(browser: Browser, hearing: Project) -> None:
    with opened(browser, hearing) as (page, __):
        page.goto("/glossary")
        page.evaluate("document.querySelector('h1').style.color = '#eee8da'")
        assert any(fault.startswith("color-contrast") for fault in violations(page))


def test_the_way_by_keyboard(browser: Browser, hearing: Project) -> None:
    with opened(browser, hearing) as (page, __):
        page.goto("/add")
        expect(page.locator(".drop")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator("#files")).to_be_focused()
