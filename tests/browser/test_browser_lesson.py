"""The lesson page from file://, offline: quiz, poster, classroom and teacher's mode."""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from cunshi.archive.project import Project

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

# What is written on a canvas cannot be read back from it.
LISTEN = """
window.drawn = []
const fillText = CanvasRenderingContext2D.prototype.fillText
CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
  window.drawn.push(words)
  return fillText.call(this, words, ...rest)
}
window.print = () => { window.printed = document.documentElement.className }
"""


@pytest.fixture
def lesson(browser_page: Open, built: Project) -> Open:
    """Open a lesson's page from file://, offline."""

    def lesson_(number: int = 1, width: int = 1280) -> Page:
        page = browser_page((built.site / "lessons" / f"{number:02d}.html").as_uri(), width=width)
        page.context.set_offline(True)
        page.add_init_script(LISTEN)
        page.reload()
        return page

    return lesson_


def question(page: Page, index: int) -> Locator:
    return page.locator(".cs-question").nth(index)


def answer(page: Page, index: int, *, right: bool = True) -> None:
    """Answer a question with the keyboard."""
    radios = question(page, index).locator("input")
    wanted = int(question(page, index).get_attribute("data-answer") or 0)
    wanted = wanted if right else (wanted + 1) % radios.count()
    radios.first.focus()
    page.keyboard.press("Space")
    for __ in range(wanted):
        page.keyboard.press("ArrowDown")
    assert radios.nth(wanted).is_checked()
    page.keyboard.press("Enter")


def answer_all(page: Page) -> None:
    for index in range(page.locator(".cs-question").count()):
        answer(page, index)


def told(page: Page, index: int) -> str:
    return question(page, index).get_by_role("status").text_content() or ""


def test_a_wrong_answer_offers_the_voice_and_another_try(lesson: Open) -> None:
    page = lesson()
    assert page.locator(".cs-quiz audio").count() == 0
    answer(page, 0, right=False)
    assert "还不对" in told(page, 0)
    voice = question(page, 0).locator("audio")
    assert voice.is_visible()
    voice.evaluate("audio => { audio.muted = true; return audio.play() }")
    page.wait_for_function("document.querySelector('.cs-quiz audio').currentTime > 0.2")
    assert "答对 0 题" in page.locator(".cs-quiz__score").text_content()
    answer(page, 0)
    assert "答对了" in told(page, 0)
    assert "太平乡永昌里" in told(page, 0)
    assert "答对 1 题" in page.locator(".cs-quiz__score").text_content()


def test_nothing_chosen_is_not_wrong(lesson: Open) -> None:
    page = lesson()
    question(page, 1).get_by_role("button", name="看看对不对").click()
    assert told(page, 1) == "先选一个答案。"


def test_progress_is_kept_and_can_be_cleared(lesson: Open) -> None:
    page = lesson()
    answer(page, 0)
    page.reload()
    assert "答对了" in told(page, 0)
    assert told(page, 1) == ""
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="清除名字和进度").click()
    assert told(page, 0) == ""
    page.reload()
    assert told(page, 0) == ""
    assert "cunshi" not in page.evaluate("JSON.stringify(localStorage)")


def poster_of(page: Page, name: str) -> tuple[str, Image.Image, list[str]]:
    """Return the poster's file name, image and text."""
    page.evaluate("window.drawn = []")
    page.get_by_label("你的名字").fill(name)
    page.keyboard.press("Enter")
    with page.expect_download() as saving:
        page.get_by_role("link", name="存成图片").click()
    saved = saving.value
    image = Image.open(io.BytesIO(Path(saved.path()).read_bytes())).convert("RGB")
    return saved.suggested_filename, image, page.evaluate("window.drawn")


def test_a_poster_is_saved_with_the_name_and_a_code(lesson: Open) -> None:
    page = lesson()
    assert page.get_by_label("你的名字").is_hidden()
    answer_all(page)
    file, image, words = poster_of(page, "金小乌/../x")
    assert file == "学习海报-第一课-金小乌..x.png"
    assert image.size == (1080, 1440)
    assert {"金小乌/../x", "第一课", "村名的来历", "金村村", "—— 金老师"} <= set(words)
    assert "一个名字，记着一千多年的历史。" in "".join(words)
    [code] = zxingcpp.read_barcodes(image)
    assert code.text == "第一课 村名的来历"
    __, other, __ = poster_of(page, "王小河")
    changed = np.argwhere((np.asarray(image) != np.asarray(other)).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert top > 1100
    assert bottom < 1250
    assert left > 80
    assert right < 720
    page.reload()
    assert page.get_by_label("你的名字").input_value() == "王小河"


# A browser without a screen shares nothing: what would be handed over is kept.
SHARE = """
window.shared = []
navigator.canShare = ({ files }) => files.every(file => file.type === "image/png")
navigator.share = async ({ files: [file] }) => {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const text = Array.from(bytes, byte => String.fromCharCode(byte)).join("")
  window.shared.push({ name: file.name, type: file.type, bytes: btoa(text) })
  if (window.refuse) throw new DOMException("", window.refuse)
}
"""


# Counts pictures that were handed to whoever asked for them.
COUNT_BLOBS = """
window.blobs = 0
const toBlob = HTMLCanvasElement.prototype.toBlob
HTMLCanvasElement.prototype.toBlob = function (use, ...rest) {
  toBlob.call(this, blob => { use(blob); window.blobs++ }, ...rest)
}
"""


def make_poster(page: Page) -> None:
    answer_all(page)
    page.get_by_label("你的名字").fill("金小乌")
    page.keyboard.press("Enter")
    page.locator(".cs-poster__image").wait_for()


def share_poster(page: Page, count: int = 1) -> list[dict[str, str]]:
    page.get_by_role("button", name="分享").click()
    page.wait_for_function("count => window.shared.length === count", arg=count)
    return page.evaluate("window.shared")


def test_a_poster_is_shared_as_the_picture_that_is_shown(lesson: Open) -> None:
    page = lesson()
    page.add_init_script(SHARE)
    page.reload()
    make_poster(page)
    [shared] = share_poster(page)
    assert (shared["name"], shared["type"]) == ("学习海报-第一课-金小乌.png", "image/png")
    image = Image.open(io.BytesIO(base64.b64decode(shared["bytes"])))
    assert (image.format, image.size) == ("PNG", (1080, 1440))
    [code] = zxingcpp.read_barcodes(image.convert("RGB"))
    assert code.text == "第一课 村名的来历"
    __, shown = (page.locator(".cs-poster__image").get_attribute("src") or "").split(",")
    saved = Image.open(io.BytesIO(base64.b64decode(shown))).convert("RGB")
    assert np.array_equal(np.asarray(saved), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(
    ("reason", "told"),
    [("AbortError", ""), ("NotAllowedError", "没有分享出去。可以存成图片再发。")],
)
def test_a_share_that_comes_to_nothing(lesson: Open, reason: str, told: str) -> None:
    """The fixture fails on uncaught errors."""
    page = lesson()
    page.add_init_script(f"{SHARE}; window.refuse = {reason!r}")
    page.reload()
    make_poster(page)
    share_poster(page)
    hint = page.locator(".cs-poster__keys .cs-poster__hint").last
    page.wait_for_function(
        "([hint, told]) => hint.textContent === told", arg=[hint.element_handle(), told]
    )
    assert page.locator(".cs-poster__image").is_visible()
    page.evaluate("window.refuse = ''")
    share_poster(page, 2)
    assert hint.text_content() == ""


@pytest.mark.parametrize("can_share", ["undefined", "() => false"], ids=["unknown", "no files"])
def test_what_cannot_share_shows_no_button_for_it(lesson: Open, can_share: str) -> None:
    page = lesson()
    page.add_init_script(f"{SHARE}; navigator.canShare = {can_share}; {COUNT_BLOBS}")
    page.reload()
    make_poster(page)
    page.wait_for_function("window.blobs === 1")
    assert page.get_by_role("link", name="存成图片").is_visible()
    assert page.get_by_role("button", name="分享").count() == 0


def test_all_lessons_done_give_a_certificate(lesson: Open) -> None:
    page = lesson()
    answer_all(page)
    certify = page.get_by_role("button", name="做结业证书")
    assert certify.is_hidden()
    page.evaluate("""() => {
      const key = Object.keys(localStorage).find(key => key.startsWith("cunshi:"))
      const held = JSON.parse(localStorage.getItem(key))
      for (let number = 1; number <= 10; number++) held.done[number] = true
      localStorage.setItem(key, JSON.stringify(held))
    }""")
    page.reload()
    page.get_by_label("你的名字").fill("金小乌")
    certify.click()
    words = page.evaluate("window.drawn")
    assert {"结业证书", "金小乌", "10　家乡的变化"} <= set(words)
    assert page.locator(".cs-poster__image").evaluate("image => image.naturalWidth") == 1440


def shown_titles(page: Page) -> list[str]:
    return page.locator(".md-content__inner > :is(h1, h2):visible").all_text_contents()


def test_the_classroom_goes_step_by_step_with_the_keyboard(lesson: Open) -> None:
    page = lesson()
    opener = page.get_by_role("button", name="课堂模式")
    opener.focus()
    page.keyboard.press("Enter")
    assert len(shown_titles(page)) == 1
    assert not page.locator(".md-header").is_visible()
    page.keyboard.press("PageDown")
    assert "开场" in shown_titles(page)[0]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.locator("figure.cs-clip:visible").count() == 1
    assert shown_titles(page) == []
    page.keyboard.press("PageUp")
    assert "听一听" in shown_titles(page)[0]
    page.keyboard.press("End")
    assert page.get_by_role("button", name="下一步").is_disabled()
    page.keyboard.press("PageDown")
    where = page.locator(".cs-class__where").text_content()
    assert where.endswith("19 / 19")
    page.keyboard.press("Escape")
    assert len(shown_titles(page)) > 8
    assert opener.evaluate("button => button === document.activeElement")


IN_FULL = "document.fullscreenElement === document.documentElement"


def test_the_classroom_fills_the_screen_until_it_is_left(lesson: Open) -> None:
    page = lesson()
    page.evaluate("scrollTo(0, 120)")
    page.get_by_role("button", name="课堂模式").click()
    page.wait_for_function(IN_FULL)
    smaller = page.get_by_role("button", name="不全屏")
    smaller.click()
    page.wait_for_function("!document.fullscreenElement")
    assert len(shown_titles(page)) == 1
    page.get_by_role("button", name="全屏", exact=True).click()
    page.wait_for_function(IN_FULL)
    page.keyboard.press("PageDown")
    assert "开场" in shown_titles(page)[0]
    page.get_by_role("button", name="退出").click()
    page.wait_for_function("!document.fullscreenElement")
    assert len(shown_titles(page)) > 8
    page.wait_for_function("scrollY === 120")


@pytest.mark.parametrize(
    "refusal",
    [
        "Element.prototype.requestFullscreen = () => Promise.reject(new TypeError('refused'))",
        "Object.defineProperty(Document.prototype, 'fullscreenEnabled', { value: undefined });"
        "delete Element.prototype.requestFullscreen",
    ],
    ids=["refused", "unknown"],
)
def test_without_a_full_screen_the_classroom_works(lesson: Open, refusal: str) -> None:
    page = lesson()
    page.add_init_script(refusal)
    page.reload()
    opener = page.get_by_role("button", name="课堂模式")
    opener.click()
    assert len(shown_titles(page)) == 1
    page.keyboard.press("PageDown")
    assert "开场" in shown_titles(page)[0]
    assert not page.evaluate(IN_FULL)
    page.keyboard.press("Escape")
    assert len(shown_titles(page)) > 8
    opener.click()
    assert len(shown_titles(page)) == 1


def test_accounts_of_one_event_are_one_step_with_all_their_voices(lesson: Open) -> None:
    page = lesson(7)
    page.get_by_role("button", name="课堂模式").click()
    while page.locator(".cs-accounts:visible").count() == 0:
        page.keyboard.press("PageDown")
    assert page.locator(".md-content__inner > :visible").count() == 1
    assert page.locator("figure.cs-clip:visible").count() == 2


def test_a_clicker_passes_the_quiz_and_arrows_choose_in_it(lesson: Open) -> None:
    page = lesson()
    page.get_by_role("button", name="课堂模式").click()
    while page.locator(".cs-question:visible").count() == 0:
        page.keyboard.press("PageDown")
    assert page.locator(".cs-question:visible").count() == 1
    answer(page, 0)
    assert "答对了" in told(page, 0)
    page.keyboard.press("ArrowRight")
    assert question(page, 0).is_visible()
    page.keyboard.press("PageDown")
    assert question(page, 1).is_visible()
    assert not question(page, 0).is_visible()


SWIPE = """([from, to]) => {
  const touch = x => new Touch({ identifier: 1, target: document.body, clientX: x, clientY: 300 })
  const send = (type, x) => document.body.dispatchEvent(new TouchEvent(type, {
    touches: type === "touchstart" ? [touch(x)] : [], changedTouches: [touch(x)], bubbles: true,
  }))
  send("touchstart", from)
  send("touchend", to)
}"""


def test_a_finger_turns_the_steps(lesson: Open) -> None:
    page = lesson(width=390)
    page.get_by_role("button", name="课堂模式").click()
    where = page.locator(".cs-class__where")
    for swipe, step in (([300, 100], "2 /"), ([300, 270], "2 /"), ([100, 300], "1 /")):
        page.evaluate(SWIPE, swipe)
        assert step in where.text_content()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_step_fits_the_width(lesson: Open, width: int) -> None:
    page = lesson(4, width=width)
    page.get_by_role("button", name="课堂模式").click()
    forward = page.get_by_role("button", name="下一步")
    while forward.is_enabled():
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        forward.click()


def test_the_teacher_s_mode_shows_notes_and_answers_and_is_kept(lesson: Open) -> None:
    page = lesson()
    notes, answers = page.locator(".cs-teacher__notes"), page.locator(".cs-answers__list")
    toggle = page.get_by_role("button", name="教师模式")
    for part in (notes, answers, page.locator(".cs-choice--right")):
        assert not part.first.is_visible()
    toggle.click()
    page.reload()
    assert toggle.get_attribute("aria-pressed") == "true"
    assert notes.is_visible()
    assert answers.is_visible()
    assert page.locator(".cs-choice--right").count() == page.locator(".cs-question").count()
    toggle.click()
    assert not notes.is_visible()
    assert not answers.is_visible()


def test_the_worksheet_has_boxes_and_the_key_only_for_the_teacher(lesson: Open) -> None:
    page = lesson()
    answer(page, 0)
    page.get_by_role("button", name="打印学习单").click()
    assert "cs-worksheet" in page.evaluate("window.printed")
    page.emulate_media(media="print")
    assert page.locator(".cs-sheet-head").is_visible()
    assert page.locator(".cs-choice:visible").count() == page.locator(".cs-choice").count()
    box = "input => getComputedStyle(input).appearance + getComputedStyle(input).backgroundColor"
    boxes = {radio.evaluate(box) for radio in page.locator(".cs-choice input").all()}
    assert boxes == {"nonergba(0, 0, 0, 0)"}
    hidden = (".cs-answers", ".cs-teacher", ".cs-question__told", ".cs-clip", ".cs-poster")
    for part in hidden:
        assert not page.locator(part).first.is_visible(), part
    page.evaluate("document.querySelector('[data-cs-tool=teacher]').click()")
    assert page.locator(".cs-answers__list").is_visible()
    assert not page.locator(".cs-teacher").is_visible()
    breaks = "key => getComputedStyle(key).breakBefore"
    assert page.locator(".cs-answers").evaluate(breaks) == "page"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".cs-clip").first.is_visible()


def test_the_key_is_on_a_page_of_its_own(lesson: Open) -> None:
    page = lesson()
    pages = []
    for __ in range(2):
        page.get_by_role("button", name="打印学习单").click()
        pages.append(len(re.findall(rb"/Type /Page\b", page.pdf(format="A4"))))
        page.get_by_role("button", name="教师模式").click()
    pupils, teachers = pages
    assert (pupils, teachers) == (2, 3)


def test_a_key_word_explains_itself_by_keyboard_mouse_and_finger(lesson: Open) -> None:
    page = lesson()
    words = page.locator(".cs-word")
    assert words.all_text_contents().count("慈乌村") == 1
    tip, word = page.get_by_role("tooltip"), words.get_by_text("太平乡永昌里")
    assert tip.is_hidden()
    word.focus()
    assert tip.text_content() == "金村在唐代的名字。"
    assert word.get_attribute("aria-describedby") == tip.get_attribute("id")
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    word.blur()
    word.hover()
    assert tip.is_visible()
    page.locator("h1").hover()
    assert tip.is_hidden()
    word.click()
    assert tip.is_visible()


def test_without_scripts_the_questions_read_and_the_answers_open(
    browser: Browser, built: Project
) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((built.site / "lessons" / "01.html").as_uri())
    assert page.locator(".cs-question:visible").count() == 5
    assert not page.locator(".cs-tools").is_visible()
    page.locator(".cs-answers summary").click()
    assert page.locator(".cs-answers__list").is_visible()
    page.locator(".cs-teacher summary").click()
    assert page.locator(".cs-teacher__notes").is_visible()
    context.close()


def test_answers_and_notes_are_not_found_by_the_search(built: Project) -> None:
    text = (built.site / "search" / "search_index.json").read_text("utf-8")
    index = "".join(entry["text"] for entry in json.loads(text)["docs"])
    assert "四个名字" in index
    for words in ("村里盛产金子", "每组裁好五张", "听过就会答"):
        assert words not in index


def faults(page: Page) -> list[str]:
    """Return the violations of WCAG 2.2 A and AA in the page's content."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    # Style sheets would be asked for, which a page from a disk must not do.
    options = {"runOnly": tags, "preload": False}
    found = Axe().run(page, context=".md-content", options=options).response
    return [f"{v['id']}: {node['html'][:120]}" for v in found["violations"] for node in v["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_bars_anybody_from_the_lesson(lesson: Open, scheme: str) -> None:
    page = lesson()
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.get_by_role("button", name="教师模式").click()
    answer(page, 1, right=False)
    answer(page, 0)
    page.locator(".cs-word").first.focus()
    assert faults(page) == []
