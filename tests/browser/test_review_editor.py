"""The editor in Chromium, with real keyboard input."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from support.desk import OpenDesk, open_desk

pytest.importorskip("axe_playwright_python")
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
EXPECTED = "Failed to load resource"  # a refused save, which the page puts into words
Open = Callable[..., Page]


def sentence_of(n: int) -> str:
    return ("我们村里有一条河，", "河上有一座桥。", "老人家天天在桥上聊天。")[n % 3]


def heard(n: int, text: str) -> dict[str, Any]:
    """Return the words from 2 n seconds on, one character each."""
    step = 1.8 / len(text)
    times = [round(2 * n + i * step, 3) for i in range(len(text) + 1)]
    words = [[*pair, c, 0.9] for *pair, c in zip(times, times[1:], text, strict=False)]
    return {"start": 2.0 * n, "end": 2 * n + 1.8, "text": text, "avg_logprob": -0.3, "words": words}


@pytest.fixture
def talk(told: tuple[Project, str, str]) -> tuple[Project, str]:
    """Return a draft with a flagged line, an uncertain word, and a suggestion in two lines."""
    project, item, __ = told
    folder = project.archive / item
    machine = json.loads((folder / "machine.json").read_text("utf-8"))
    machine["segments"] = [heard(n, sentence_of(n)) for n in range(12)]
    machine["segments"][1]["words"][4][3] = 0.2
    (folder / "machine.json").write_text(json.dumps(machine, ensure_ascii=False), "utf-8")
    notes = {3: "NOTE 存疑：机器没有把握\n\n"} | dict.fromkeys((2, 5), "NOTE 核对：天天→添添\n\n")
    cues = (
        f"{notes.get(n, '')}00:{2 * n:02}.000 --> 00:{2 * n + 1:02}.800\n{sentence_of(n)}\n"
        for n in range(12)
    )
    text = "WEBVTT\n\n" + "\n".join(cues)
    (folder / "transcript.vtt").write_text(text, "utf-8")
    return project, item


@pytest.fixture
def desk(talk: tuple[Project, str]) -> Iterator[OpenDesk]:
    with open_desk(talk[0]) as opened:
        yield opened


@pytest.fixture
def edit(browser: Browser, desk: OpenDesk, talk: tuple[Project, str]) -> Iterator[Open]:
    """Open the editor as a person; errors on the page fail the test."""
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def open_(name: str = "李老师", context: BrowserContext | None = None, **options: Any) -> Page:
        if context is None:
            context = desk.context(browser, name, **options)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if is_fault(m) else None)
        page.goto(f"{desk.address}/edit/{talk[1]}")
        page.evaluate("document.getElementById('audio').muted = true")
        expect(line(page, 0)).to_be_visible()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def is_fault(message: Any) -> bool:
    return message.type == "error" and not message.text.startswith(EXPECTED)


def line(page: Page, n: int) -> Any:
    return page.locator("#lines .text").nth(n)


def texts(page: Page) -> list[str]:
    return page.locator("#lines .text").all_text_contents()


def caret(page: Page, n: int, at: int, to: int | None = None) -> None:
    """Set the caret in a line, like a click."""
    page.evaluate(
        """([n, from, to]) => {
            const text = document.querySelectorAll('#lines .text')[n]
            text.focus()
            getSelection().setBaseAndExtent(text.firstChild, from, text.firstChild, to)
        }""",
        [n, at, at if to is None else to],
    )


def sound(page: Page) -> tuple[bool, float]:
    return tuple(page.evaluate("[!audio.paused, audio.currentTime]"))


def playing(page: Page, start: float, end: float) -> None:
    page.wait_for_function(
        "([a, b]) => !audio.paused && audio.currentTime >= a && audio.currentTime < b",
        arg=[start, end],
    )


def saved(page: Page) -> None:
    expect(page.locator("#state")).to_have_text("已保存")


def written(talk: tuple[Project, str]) -> Any:
    project, item = talk
    path = project.archive / item / "transcript.vtt"
    return parse_transcript(path.read_text("utf-8"))


def chosen(page: Page) -> str:
    return str(page.evaluate("getSelection().toString()"))


def test_the_keys_play_and_the_caret_stays(edit: Open) -> None:
    page = edit()
    caret(page, 2, 3)
    page.keyboard.press("Escape")
    playing(page, 4.2, 8)  # from the fourth character, not from the beginning of the line
    page.keyboard.press("Alt+k")
    assert not sound(page)[0]
    before = sound(page)[1]
    page.keyboard.press("Alt+j")
    assert sound(page)[1] == pytest.approx(before - 2, abs=0.3)
    page.keyboard.press("Alt+Comma")
    assert page.evaluate("audio.playbackRate") == 0.9
    page.keyboard.press("Alt+h")
    playing(page, 4.0, 6)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    playing(page, 6.0, 8)
    expect(line(page, 3)).to_be_focused()
    assert "Alt" not in "".join(texts(page))


def test_a_word_is_heard_when_it_is_clicked_and_shown_while_it_is_heard(edit: Open) -> None:
    page = edit()
    box = line(page, 4).bounding_box()
    line(page, 4).click(position={"x": 8 + 18 * 3, "y": box["height"] / 2})
    playing(page, 8.4, 10)
    page.wait_for_function("() => CSS.highlights.get('cs-said').size === 1")
    page.wait_for_selector(".line[aria-current] >> nth=0")
    page.keyboard.press("Escape")
    stopped = sound(page)[1]
    # Where somebody is at work a click only moves the caret, unless Alt is held.
    line(page, 4).click(position={"x": 12, "y": box["height"] / 2})
    assert not sound(page)[0]
    line(page, 4).click(position={"x": 12, "y": box["height"] / 2}, modifiers=["Alt"])
    playing(page, 7.8, stopped)


def test_who_stops_the_sound_has_the_caret_where_they_heard_it(edit: Open) -> None:
    page = edit()
    caret(page, 0, 0)
    page.evaluate("audio.currentTime = 1")
    caret(page, 0, 5)
    page.keyboard.press("Escape")
    playing(page, 3.6, 4.4)
    page.keyboard.press("Escape")
    # The word that the machine was not sure of, heard at the end of a line, is what is meant.
    assert chosen(page) == "座"
    page.keyboard.type("做")
    assert texts(page)[1] == "河上有一做桥。"
    page.keyboard.press("Escape")
    page.evaluate("audio.currentTime = 8")
    playing(page, 9.5, 9.8)
    page.keyboard.press("Escape")
    expect(line(page, 4)).to_be_focused()
    page.keyboard.type("甲")
    # 0.8 seconds before, the third or the fourth of seven characters was heard.
    assert texts(page)[4] in {"河上有甲一座桥。", "河上有一甲座桥。", "河上有一座甲桥。"}
    # Who has typed since the sound began keeps the caret where it is.
    page.keyboard.press("Escape")
    page.keyboard.type("乙")
    playing(page, 10.5, 13)
    page.keyboard.press("Escape")
    page.keyboard.type("丙")
    assert "甲乙丙" in texts(page)[4]


def test_the_sound_is_left_alone_by_who_types_elsewhere_until_they_catch_up(edit: Open) -> None:
    page = edit()
    page.locator(".time").nth(8).click()
    playing(page, 16, 17)
    caret(page, 1, 0)
    page.keyboard.type("在")
    expect(page.get_by_role("button", name="跟上声音")).to_be_visible()
    page.keyboard.press("Alt+k")
    page.evaluate("audio.currentTime = 19")
    page.keyboard.press("Alt+c")
    expect(line(page, 9)).to_be_focused()
    page.keyboard.type("甲")
    # At 19 s the sixth of nine characters is heard.
    assert texts(page)[9] == "我们村里有甲一条河，"


def test_splitting_and_merging_lose_no_time(edit: Open, talk: tuple[Project, str]) -> None:
    page = edit()
    before = written(talk)
    caret(page, 1, 4)
    page.keyboard.press("Alt+Enter")
    assert texts(page)[1:3] == ["河上有一", "座桥。"]
    expect(line(page, 2)).to_be_focused()
    page.keyboard.press("Backspace")
    assert texts(page)[1] == "河上有一座桥。"
    page.keyboard.press("Alt+m")
    assert texts(page)[1] == "河上有一座桥。老人家天天在桥上聊天。"
    saved(page)
    after = written(talk)
    assert (after[1].start, after[1].end) == (before[1].start, before[2].end)
    for __ in range(3):
        page.keyboard.press("Control+z")
    assert texts(page) == [each.text for each in before]
    page.keyboard.press("Control+y")
    assert texts(page)[1:3] == ["河上有一", "座桥。"]
    saved(page)
    cut = written(talk)
    assert (cut[1].start, cut[2].end) == (before[1].start, before[1].end)
    # Between the fourth and the fifth character, as they are spoken.
    assert cut[1].end == cut[2].start == pytest.approx(2 + 1.8 * 4 / 7, abs=0.06)


def test_typing_is_saved_by_itself_and_taken_back_together(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    caret(page, 0, 2)
    page.keyboard.type("金村")
    assert texts(page)[0] == "我们金村村里有一条河，"
    expect(page.locator("#state")).to_have_text("还没保存")
    saved(page)
    assert written(talk)[0].text == "我们金村村里有一条河，"
    page.keyboard.press("Control+z")
    assert texts(page)[0] == "我们村里有一条河，"
    page.keyboard.press("Control+s")
    saved(page)
    assert written(talk)[0].text == "我们村里有一条河，"


def test_a_line_without_words_gives_its_time_to_its_neighbour(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    before = written(talk)
    caret(page, 1, 0, len(before[1].text))
    page.keyboard.press("Delete")
    caret(page, 4, 0)
    expect(page.locator("#lines .text")).to_have_count(len(before) - 1)
    saved(page)
    after = written(talk)
    assert (after[0].text, after[0].end) == (before[0].text, before[1].end)


def test_doubtful_places_are_visited_and_settled(edit: Open, talk: tuple[Project, str]) -> None:
    page = edit()
    # What the machine heard is here. An expression that is no function would need eval.
    page.wait_for_function("() => CSS.highlights.get('cs-low')?.size > 0")
    caret(page, 0, 0)
    page.keyboard.press("Alt+n")
    assert chosen(page) == "座"
    playing(page, 2.0, 4)
    page.keyboard.type("做")
    page.keyboard.press("Alt+n")
    assert chosen(page) == "天天"
    page.keyboard.press("Alt+y")
    assert texts(page)[2] == "老人家添添在桥上聊天。"
    assert texts(page)[5] == "老人家天天在桥上聊天。"
    page.keyboard.press("Alt+n")
    expect(line(page, 3)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(line(page, 5)).to_be_focused()
    page.keyboard.press("Alt+o")
    assert texts(page)[5] == "老人家添添在桥上聊天。"
    assert texts(page)[8] == "老人家添添在桥上聊天。"
    saved(page)
    lines = written(talk)
    assert not any(each.flags or each.suggested for each in lines)
    assert lines[1].text == "河上有一做桥。"
    page.keyboard.press("Alt+n")
    expect(page.locator(".message").last).to_have_text("往下没有存疑的地方了")


def test_marks_names_and_times(edit: Open, talk: tuple[Project, str]) -> None:
    page = edit()
    caret(page, 1, 2, 4)
    page.keyboard.press("Alt+u")
    page.keyboard.press("Alt+b")
    caret(page, 3, 0)
    page.keyboard.press("Alt+g")
    page.keyboard.press("Alt+s")
    page.evaluate("audio.currentTime = 6.5")
    page.keyboard.press("Alt+t")
    page.get_by_role("button", name="普通话").click()
    page.locator(".mandarin").nth(3).click()
    page.keyboard.type("意思")
    caret(page, 4, 0)
    page.get_by_role("button", name="讲话人").click()
    page.get_by_label("讲话人").fill("王阿婆")
    page.get_by_role("button", name="从这一行往下都是").click()
    saved(page)
    lines = written(talk)
    assert (lines[1].text, lines[1].withheld) == ("河上[听不清]座桥。", True)
    assert (lines[3].golden, lines[3].speaker) == (True, "金老师")
    assert (lines[3].start, lines[3].mandarin) == (6.5, "意思")
    assert {each.speaker for each in lines[4:]} == {"王阿婆"}
    assert page.locator("#lines .who").all_text_contents() == ["金老师", "王阿婆"]


def test_dragging_an_edge_changes_a_time_but_not_beyond_the_neighbour(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    before = written(talk)
    caret(page, 1, 0)
    edge = page.locator("#wave [part*='region-handle-right']")
    box = edge.bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 20, steps=5)
    page.mouse.up()
    saved(page)
    assert written(talk)[1].end == pytest.approx(before[1].end - 0.5, abs=0.15)
    box = edge.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(page.locator("#state")).not_to_have_text("已保存")
    saved(page)
    assert written(talk)[1].end == before[2].start


def test_replacing_shows_every_place_first(edit: Open) -> None:
    page = edit()
    caret(page, 2, 0)
    page.keyboard.press("Control+h")
    page.get_by_label("查找", exact=True).fill("老人家")
    page.get_by_label("换成").fill("老爷爷")
    places = page.locator(".found li")
    count = places.count()
    assert count == "".join(texts(page)).count("老人家") > 2
    assert places.first.locator("ins").text_content() == "老爷爷"
    places.nth(1).get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="替换选中的").click()
    assert "".join(texts(page)).count("老爷爷") == count - 1
    assert texts(page)[5].startswith("老人家")
    page.get_by_label("查找", exact=True).press("Escape")
    page.keyboard.press("Control+z")
    assert "".join(texts(page)).count("老人家") == count


def test_a_new_word_goes_into_the_glossary_and_into_all_places(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    caret(page, 0, 7, 8)
    page.keyboard.press("Alt+i")
    page.get_by_label("应该写成").fill("荷")
    page.get_by_label("意思").fill("村里的河")
    page.get_by_role("button", name="加进去").click()
    expect(page.get_by_label("换成")).to_have_value("荷")
    page.get_by_role("button", name="替换选中的").click()
    assert "河" not in "".join(texts(page))
    assert "荷" in talk[0].glossary.read_text("utf-8")
    saved(page)


def test_the_draft_and_earlier_versions_are_compared_and_restored(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    caret(page, 0, 2)
    page.keyboard.type("金")
    saved(page)
    page.get_by_role("button", name="对照初稿").click()
    expect(page.locator(".compare ins")).to_have_text(["金"])
    page.get_by_role("button", name="修改记录").click()
    versions = page.locator(".versions li")
    expect(versions.first).to_contain_text("李老师")
    versions.last.get_by_role("button").click()
    expect(page.locator(".diff ins")).to_have_text(["金"])
    page.get_by_role("button", name="恢复到这一版").click()
    expect(line(page, 0)).to_have_text("我们村里有一条河，")
    page.get_by_role("button", name="关上").click()
    saved(page)
    assert written(talk)[0].text == "我们村里有一条河，"


def test_what_others_change_comes_in_without_moving_the_caret(
    edit: Open, talk: tuple[Project, str]
) -> None:
    mine, theirs = edit(), edit("王老师")
    caret(theirs, 4, 0)
    theirs.keyboard.type("她说，")
    saved(theirs)
    caret(mine, 0, 2)
    mine.keyboard.type("金")
    saved(mine)
    expect(line(mine, 4)).to_have_text(re.compile("^她说，"))
    expect(mine.locator(".notice")).to_contain_text("王老师也改了")
    expect(line(mine, 0)).to_be_focused()
    mine.keyboard.type("村")
    assert texts(mine)[0].startswith("我们金村村里")
    saved(mine)
    mine.keyboard.press("Control+z")
    assert texts(mine)[4].startswith("她说，")


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ("用我的", "我们金村里有一条河，"),
        ("用王老师的", "我们银村里有一条河，"),
        ("两个都留下", "我们金村里有一条河，／我们银村里有一条河，"),
    ],
)
def test_two_people_in_one_line_lose_nothing(
    edit: Open, talk: tuple[Project, str], choice: str, found: str
) -> None:
    mine, theirs = edit(), edit("王老师")
    caret(theirs, 0, 2)
    theirs.keyboard.type("银")
    saved(theirs)
    caret(mine, 0, 2)
    mine.keyboard.type("金")
    dialog = mine.get_by_role("dialog")
    expect(dialog).to_contain_text("和您改了同一处")
    mine.keyboard.press("Escape")
    expect(mine.locator("#state")).to_have_text("有一处两个人都改了")
    assert texts(mine)[0] == "我们金村里有一条河，"
    mine.get_by_role("button", name="现在选").click()
    dialog.get_by_text(choice).click()
    dialog.get_by_role("button", name="就这样").click()
    saved(mine)
    assert texts(mine)[0] == found
    assert written(talk)[0].text == found


def test_text_and_mandarin_of_one_line_by_two_people_are_asked(
    edit: Open, talk: tuple[Project, str]
) -> None:
    """A meaning is that of the text: joined unseen, it would be of another."""
    mine, theirs = edit(), edit("王老师")
    theirs.get_by_role("button", name="普通话").click()
    theirs.locator(".mandarin").first.click()
    theirs.keyboard.type("村里有河")
    saved(theirs)
    caret(mine, 0, 2)
    mine.keyboard.type("金")
    dialog = mine.get_by_role("dialog")
    expect(dialog).to_contain_text("普通话：村里有河")
    dialog.get_by_role("button", name="就这样").click()
    saved(mine)
    first = written(talk)[0]
    assert (first.text, first.mandarin) == ("我们金村里有一条河，", "村里有河")


def no_answer(route: Route) -> None:
    if route.request.method == "PUT":
        route.abort()
    else:
        route.continue_()


def test_what_was_not_saved_is_offered_again(edit: Open, talk: tuple[Project, str]) -> None:
    page = edit()
    page.context.route("**/transcript", no_answer)
    caret(page, 0, 2)
    page.keyboard.type("金")
    expect(page.locator("#state")).to_have_text("没连上，改动留在这台电脑里")
    page.close()  # as a crash would
    other = edit("王老师")
    caret(other, 3, 0)
    other.keyboard.type("她说，")
    saved(other)
    context = page.context
    context.unroute("**/transcript")
    page = edit(context=context)
    assert texts(page)[0] == "我们村里有一条河，"
    page.get_by_role("button", name="找回来").click()
    expect(line(page, 0)).to_have_text("我们金村里有一条河，")
    assert texts(page)[3].startswith("她说，")
    saved(page)
    assert written(talk)[0].text == "我们金村里有一条河，"
    page.reload()
    expect(line(page, 0)).to_be_visible()
    page.wait_for_timeout(600)
    assert page.get_by_role("button", name="找回来").count() == 0


def test_a_connection_that_comes_back_saves_by_itself(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    page.route("**/transcript", no_answer)
    caret(page, 0, 2)
    page.keyboard.type("金")
    expect(page.locator("#state")).to_have_text("没连上，改动留在这台电脑里")
    page.unroute("**/transcript")
    saved(page)
    assert written(talk)[0].text == "我们金村里有一条河，"


def test_signing_in_again_saves_what_waited(
    edit: Open, desk: OpenDesk, talk: tuple[Project, str]
) -> None:
    """As after a restart of the desk, which has other sessions and tokens."""
    page = edit()
    page.context.clear_cookies()
    caret(page, 0, 2)
    page.keyboard.type("金")
    expect(page.locator("#state")).to_have_text("要重新登录")
    [(name, value)] = desk.cookie("李老师").items()
    page.context.add_cookies([{"name": name, "value": value, "url": desk.address}])
    saved(page)
    assert written(talk)[0].text == "我们金村里有一条河，"


def test_a_second_tab_is_noticed(edit: Open) -> None:
    page = edit()
    second = edit(context=page.context)
    for each in (page, second):
        expect(each.locator(".notice")).to_contain_text("另一个标签页")
    second.close()
    expect(page.locator("[data-kind=company]")).to_have_count(0)


def test_an_approved_transcript_is_shut_until_somebody_goes_on(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    caret(page, 0, 2)
    page.keyboard.press("Control+Shift+Enter")
    expect(page.get_by_role("dialog")).to_contain_text("还有 3 行存疑")
    page.get_by_role("button", name="就这样定稿").click()
    expect(page.locator(".notice")).to_contain_text("李老师在")
    caret(page, 0, 2)
    page.keyboard.type("金")
    page.keyboard.press("Alt+Enter")
    page.keyboard.press("Backspace")
    assert texts(page)[0] == "我们村里有一条河，"
    page.keyboard.press("Enter")
    playing(page, 2, 4)
    page.locator(".notice").get_by_role("button", name="继续校对").click()
    expect(page.locator(".notice")).to_have_count(0)
    caret(page, 0, 2)
    page.keyboard.type("金")
    saved(page)
    assert written(talk)[0].text == "我们金村里有一条河，"


def test_keys_belong_to_the_input_method_while_it_composes(edit: Open) -> None:
    page = edit()
    other = edit("王老师")
    caret(page, 0, 2)
    keyboard = page.context.new_cdp_session(page)
    keyboard.send(
        "Input.imeSetComposition", {"text": "jin", "selectionStart": 3, "selectionEnd": 3}
    )
    for key, code in (("Enter", 13), ("Escape", 27)):
        event = {
            "key": key,
            "code": key,
            "windowsVirtualKeyCode": 229,
            "nativeVirtualKeyCode": code,
        }
        keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
    assert sound(page) == (False, 0)
    expect(line(page, 0)).to_be_focused()
    # Somebody else changes this very recording; the composing line is not touched.
    caret(other, 4, 0)
    other.keyboard.type("她说，")
    saved(other)
    node = page.evaluate_handle("document.querySelector('#lines .text').firstChild")
    page.wait_for_timeout(300)
    assert node.evaluate("node => node.isConnected")
    keyboard.send("Input.insertText", {"text": "金"})
    assert texts(page)[0] == "我们金村里有一条河，"
    saved(page)
    expect(line(page, 4)).to_have_text(re.compile("^她说，"))


def test_the_caret_walks_through_the_lines(edit: Open) -> None:
    page = edit()
    caret(page, 1, 2)
    page.keyboard.press("ArrowDown")
    expect(line(page, 2)).to_be_focused()
    page.keyboard.type("甲")
    assert texts(page)[2].startswith("老人甲家")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(line(page, 0)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(line(page, 1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(line(page, 0)).to_be_focused()


def test_pasted_lines_become_one_and_markup_stays_text(
    edit: Open, talk: tuple[Project, str]
) -> None:
    page = edit()
    caret(page, 0, 0)
    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer()
            clipboardData.setData('text/plain', '<b>一</b>\\n<img src=x onerror=alert(1)>')
            const how = { clipboardData, bubbles: true, cancelable: true }
            document.activeElement.dispatchEvent(new ClipboardEvent('paste', how))
        }"""
    )
    saved(page)
    assert page.locator("#lines b, #lines img").count() == 0
    assert written(talk)[0].text == "<b>一</b> <img src=x onerror=alert(1)>我们村里有一条河，"


def test_three_thousand_lines(edit: Open) -> None:
    """Distant lines are not laid out, but can be reached at once."""
    page = edit()
    [address] = re.findall(r"/edit/(.+)", page.url)
    data = page.evaluate("id => fetch(`/api/recordings/${id}`).then(a => a.json())", address)
    one = data["segments"][0]
    data["segments"] = [{**one, "start": 3 * n, "end": 3 * n + 2.5} for n in range(3000)]
    data["segments"][2900]["text"] = "远处"
    data["duration"] = 9000
    page.route(f"**/api/recordings/{address}?machine=later", lambda r: r.fulfill(json=data))
    page.route("**/machine", lambda r: r.fulfill(json={"words": [], "machine": []}))
    page.reload()
    expect(page.locator("#lines .line")).to_have_count(3000)
    assert (
        page.locator(".line").last.evaluate("e => getComputedStyle(e).contentVisibility") == "auto"
    )
    caret(page, 0, 0)
    page.keyboard.press("Control+f")
    page.get_by_label("查找", exact=True).fill("远处")
    page.locator(".found button").click()
    expect(line(page, 2900)).to_be_focused()
    expect(line(page, 2900)).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_use_it(edit: Open, width: int, scheme: str) -> None:
    page = edit(width=width, color_scheme=scheme)
    check(page, width)
    caret(page, 2, 0)
    page.get_by_role("button", name="对照初稿").click()
    page.keyboard.press("Control+h")
    page.get_by_label("查找", exact=True).fill("河")
    check(page, width)
    page.keyboard.press("Alt+Slash")
    check(page, width)
    page.get_by_role("button", name="知道了").click()
    page.get_by_role("button", name="定稿").click()
    check(page, width)


def check(page: Page, width: int) -> None:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("button", name=re.compile("^(播放|暂停)$"))).to_be_in_viewport()


def test_a_phone_listens_and_corrects(edit: Open) -> None:
    page = edit(width=390, has_touch=True, is_mobile=True)
    page.locator(".time").nth(1).tap()
    playing(page, 2, 4)
    page.get_by_role("button", name="暂停").tap()
    assert not page.evaluate("document.activeElement.matches('.text')")
    line(page, 1).tap()
    page.keyboard.type("好")
    assert "好" in texts(page)[1]
    # With its keyboard up little is left; the line and the buttons share it.
    page.set_viewport_size({"width": 390, "height": 380})
    line(page, 1).scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_in_viewport()
    expect(line(page, 1)).to_be_in_viewport()
    saved(page)
