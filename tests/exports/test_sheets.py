"""Handout and worksheet: content, typesetting, and when PDFs are made again."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import OpenerDirector

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page as BrowserPage
from pypdf import PdfReader

from cunshi.domain.course import Question
from cunshi.exports.classroom import pdf
from cunshi.exports.classroom.handouts import make_handout, make_worksheet
from cunshi.exports.classroom.names import kit_files
from cunshi.exports.classroom.pdf import can_print, is_current_pdf, print_pdf
from support.kits import HEARD, HOSTILE, KIT, LESSON, REF, WITHHELD
from support.village import ROOT

pytestmark = pytest.mark.slow

ONLINE = replace(KIT, course=replace(KIT.course, address="https://here.example/v/"))
QUIZ = (
    Question("宋代叫什么？", ("永昌里", "潘圻村"), 1, "金老师讲的。", "here"),
    Question("河叫什么？", ("暗泾", "一条名字特别特别长的河，长得一行也写不下"), 0, "听第二段。"),
)
ASKED = replace(KIT, lesson=replace(LESSON, quiz=QUIZ))


@pytest.fixture(scope="session")
def prints() -> None:
    """WeasyPrint. Where it does not work, these tests are skipped, except in CI."""
    if not can_print() and not os.environ.get("CUNSHI_REQUIRE_PDF"):
        pytest.skip("WeasyPrint, its libraries or a Chinese type are missing")
    assert can_print(), "CUNSHI_REQUIRE_PDF is set, but WeasyPrint does not work"


@pytest.fixture
def afresh() -> Iterator[None]:
    """Check again whether PDFs can be made, now and after the test."""
    can_print.cache_clear()
    yield
    can_print.cache_clear()


def page_words(html: str) -> str:
    """Return the visible text of a page."""
    body = html.partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body))


def pages_of(path: Path) -> list[str]:
    """Return the text of each page of a PDF without spaces, whose positions depend on the font."""
    return ["".join(page.extract_text().split()) for page in PdfReader(path).pages]


def assert_in_order(text: str, expected: list[str]) -> None:
    position = 0
    for words in expected:
        assert words in text[position:], words
        position = text.index(words, position)


def test_the_handout_says_what_was_taught() -> None:
    text = page_words(make_handout(KIT))
    order = ["第一课 村名的来历 · 讲义", "四个名字。", "年级三年级", "学完这一课", "能说出四个名字"]
    order += ["词语", "潘圻村pān qí cūn", "宋代的名字", "没有解释的词", "开场", "请听第一段。"]
    order += ["录音 1", "金老师 · 金村村 · 2026年1月12日", "宋代改叫潘圻村。"]
    order += ["录音 20260112-7a994552，0:05–0:18", "朝代", "想一想", "1.为什么？", "回家任务"]
    order += ["年表", "叫潘圻村", "据县志", "资料来源", "县志", "请先问过讲述人"]
    assert_in_order(text, order)
    assert "别的课" not in text and "小测验" not in text and "试音箱" not in text


def test_the_worksheet_keeps_its_answers_for_the_end() -> None:
    pupils, found, key = make_worksheet(ASKED).partition('<section class="key">')
    assert found
    order = ["学习单", "姓名", "班级", "小测验", "1.宋代叫什么？", "A. 永昌里", "B. 潘圻村"]
    order += ["2.河叫什么？", "想一想", "1.为什么？", "2.后来呢？", "回家任务", "问问爷爷奶奶。"]
    assert_in_order(page_words(pupils), order)
    assert "金老师讲的" not in pupils and "听第二段" not in pupils and "0:05" not in pupils
    order = ["小测验答案", "B. 潘圻村", "金老师讲的。", "听：金老师，录音 20260112-7a994552，0:05"]
    assert_in_order(page_words(f"<body>{key}"), [*order, "A. 暗泾", "听第二段。"])
    assert "永昌里" not in key


def test_there_are_lines_to_write_on() -> None:
    html = make_worksheet(ASKED)
    think, at_home = html.partition("想一想</h2>")[2].split("回家任务</h2>")
    assert think.count('class="line"') == 2 * 3 and at_home.count('class="line"') >= 6
    assert re.findall(r"choices--(\d)", html.partition("<body>")[2]) == ["4", "1"]


def test_what_a_machine_heard_and_what_is_no_lesson_yet_say_so() -> None:
    kit = replace(
        KIT, lesson=replace(LESSON, draft=True), guessed_ids=frozenset({REF.recording_id})
    )
    kit = replace(kit, clips=(replace(HEARD, status=HEARD.status.DRAFT, mandarin="懂了"), WITHHELD))
    text = page_words(make_handout(kit))
    assert "机器初稿，方言未校对" in text and "还是草稿" in text and "意思是：懂了" in text
    assert "机器" not in (plain := page_words(make_handout(KIT)))
    assert "草稿" not in plain and "意思是" not in plain


@pytest.mark.parametrize("make", [make_handout, make_worksheet])
def test_hostile_words_are_words_on_paper(make: Callable[[Any], str]) -> None:
    clip = replace(HEARD, words=HOSTILE, speaker=HOSTILE, village=HOSTILE, mandarin=HOSTILE)
    lesson = replace(
        LESSON,
        title=HOSTILE,
        summary=HOSTILE,
        grade=HOSTILE,
        objectives=(HOSTILE,),
        keywords=(HOSTILE,),
        sources=(HOSTILE,),
        body=f"{LESSON.body}\n<b onclick=x>{HOSTILE}\n\n<table><tr><td>{HOSTILE}<td></table>",
        quiz=(Question(HOSTILE, (HOSTILE, ""), 1, HOSTILE, "here"),),
    )
    course = replace(KIT.course, title=HOSTILE, address='https://x.example/"><script>')
    archive = replace(KIT.archive, institution=f'">{HOSTILE}', rights=HOSTILE)
    html = make(replace(KIT, lesson=lesson, clips=(clip, WITHHELD), course=course, archive=archive))
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html and "onclick" not in html
    known = r"html|head|title|meta|style|body|header|div|p|h[123]|d[ldt]|fig\w+|svg|path|table"
    known += r"|thead|tbody|t[rhd]|span|strong|blockquote|section"
    assert not re.search(rf"<(?!/?(?:{known})\b|!doctype )", html)


@pytest.mark.parametrize("make", [make_handout, make_worksheet])
def test_a_sheet_holds_all_that_it_shows(make: Callable[[Any], str]) -> None:
    assert not re.search(r"\b(src|href|url\(|@import|@font-face)\b", make(ONLINE))


def test_what_is_withheld_is_on_no_paper() -> None:
    kit = replace(KIT, quiz_clips={"here": replace(HEARD, audio="")})
    handout, worksheet = make_handout(kit), make_worksheet(kit)
    assert "这段录音现在不能播放" in handout and "这一句不能公开" not in handout + worksheet
    assert "0:20" not in handout + worksheet and "听：" not in worksheet


@pytest.mark.parametrize(
    ("said", "halved"),
    [
        ("他说“泾”，也读「村」。", ["”", "」"]),
        ("说：“（五人）、《志》”？", ["：", "（", "）", "、", "》", "”"]),
        ("一，二。“三”", ["。"]),
        ("没有标点", []),
        ("<b>”。</b>", ["”"]),
    ],
)
def test_marks_side_by_side_take_less_room(said: str, halved: list[str]) -> None:
    html = make_handout(replace(KIT, lesson=replace(LESSON, summary=said)))
    [lead] = re.findall(r'<p class="lead">(.*)</p>', html)
    assert re.findall('<span class="half">(.)</span>', lead) == halved
    assert re.sub("</?span[^>]*>", "", lead) == said.replace("<", "&lt;").replace(">", "&gt;")


def test_a_site_without_an_address_has_no_code() -> None:
    assert "<svg" not in make_handout(KIT) and "<svg" in make_handout(ONLINE)


@pytest.mark.browser
def test_a_phone_reads_the_code(browser_page: Callable[..., BrowserPage], tmp_path: Path) -> None:
    (tmp_path / "handout.html").write_text(make_handout(ONLINE), "utf-8")
    page = browser_page((tmp_path / "handout.html").as_uri())
    image = Image.open(BytesIO(page.locator(".code").screenshot()))
    [code] = zxingcpp.read_barcodes(image)
    assert code.text == "https://here.example/v/lessons/01.html"


def print_to(path: Path, html: str) -> bool:
    """Write a PDF unless it is current."""
    if is_current_pdf(path, html):
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(print_pdf(html))
    return True


@pytest.mark.usefixtures("prints")
def test_the_pdfs_say_it_page_by_page(tmp_path: Path) -> None:
    handout, worksheet = tmp_path / "handout.pdf", tmp_path / "worksheet.pdf"
    assert print_to(handout, make_handout(ASKED)) and print_to(worksheet, make_worksheet(ASKED))
    text = "".join(pages_of(handout))
    assert_in_order(text, ["村名的来历", "pānqícūn", "宋代改叫潘圻村。", "0:05–0:18", "县志"])
    assert f"第1页，共{len(pages_of(handout))}页" in text
    *pupils, key = pages_of(worksheet)
    for question in QUIZ:
        asked = "".join(pupils)
        assert question.prompt in asked and question.explain not in asked
        assert question.explain in key and question.choices[question.answer] in key
        assert question.prompt not in key
    assert "答案页，不发给学生" in key and "不发给学生" not in asked


@pytest.mark.usefixtures("prints")
def test_the_pdfs_bring_their_type_and_say_what_they_are(tmp_path: Path) -> None:
    print_to(tmp_path / "a.pdf", make_handout(ONLINE))
    made = PdfReader(tmp_path / "a.pdf")
    types = {
        name: font.get_object()
        for page in made.pages
        for name, font in page["/Resources"]["/Font"].items()
    }
    assert len(types) >= 2
    for font in types.values():
        about = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & about.keys()
    assert [round(float(side) / 72 * 25.4) for side in made.pages[0].mediabox[2:]] == [210, 297]
    assert made.metadata and made.metadata.title == "第一课 村名的来历（讲义）"
    assert made.trailer["/Root"]["/Lang"] == "zh-CN" and "/StructTreeRoot" in made.trailer["/Root"]


PRINT_AGAIN = """
import sys, time
from pathlib import Path
time.time = lambda: 2_000_000_000.0
from cunshi.exports.classroom.pdf import print_pdf
Path(sys.argv[2]).write_bytes(print_pdf(Path(sys.argv[1]).read_text("utf-8")))
"""


@pytest.mark.usefixtures("prints")
@pytest.mark.parametrize("language", ["zh", "en", "de:fr"])
def test_the_same_kit_is_the_same_pdf_for_everybody(language: str, tmp_path: Path) -> None:
    html, first, second = (tmp_path / name for name in ("a.html", "a.pdf", "b.pdf"))
    html.write_text(make_handout(ONLINE), "utf-8")
    print_to(first, make_handout(ONLINE))
    paths = os.pathsep.join(filter(None, [str(ROOT / "scripts"), os.environ.get("PYTHONPATH")]))
    variables = {"PYTHONHASHSEED": "7", "LANGUAGE": language, "PYTHONPATH": paths}
    command = [sys.executable, "-c", PRINT_AGAIN, str(html), str(second)]
    subprocess.run(command, check=True, env=os.environ | variables, cwd=tmp_path)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.usefixtures("prints")
def test_only_what_says_something_else_is_set_again(tmp_path: Path) -> None:
    path, html = tmp_path / "kits/a.pdf", make_handout(KIT)
    assert print_to(path, html)
    before = path.read_bytes()
    assert not print_to(path, html)
    assert path.read_bytes() == before
    assert print_to(path, html.replace("四个名字。", "五个名字。"))
    assert "五个名字。" in pages_of(path)[0]
    for damaged in (b"", before[: len(before) // 2]):
        path.write_bytes(damaged)
        assert print_to(path, html)
        assert path.read_bytes() == before


@pytest.mark.usefixtures("prints")
def test_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    (tmp_path / "secret.css").write_text("p::before { content: '秘密' }", "utf-8")
    monkeypatch.setattr(OpenerDirector, "open", lambda *request, **__: asked.append(request))
    away = f'<link rel="stylesheet" href="{(tmp_path / "secret.css").as_uri()}">'
    away += '<p style="background: url(http://127.0.0.1:9/a.png)">正文<img src="ftp://x.example/a">'
    print_to(tmp_path / "a.pdf", away)
    assert pages_of(tmp_path / "a.pdf") == ["正文"]
    assert asked == []


@pytest.mark.usefixtures("afresh")
def test_without_weasyprint_there_is_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    files = kit_files(LESSON, KIT.clips)
    assert files.handout is files.worksheet is None
    assert files.paths == {"kits/01/plan.docx", "kits/01/slides.pptx"}


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize(
    "beginning",
    [
        "raise OSError('cannot load library libgobject-2.0-0')",
        "import warnings\nwarnings.warn('No fonts configured in FontConfig.')",
    ],
)
def test_without_its_libraries_there_is_no_pdf_and_no_word(
    beginning: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "weasyprint.py").write_text(f"print('Please install')\n{beginning}\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    assert not can_print()
    assert capfd.readouterr() == ("", "")
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)


@pytest.mark.usefixtures("prints")
def test_a_type_that_lacks_a_character_is_noticed() -> None:
    assert not pdf._has_font_for("\U0010ffff村")


@pytest.mark.usefixtures("prints")
def test_a_lesson_without_a_quiz_has_no_worksheet() -> None:
    assert kit_files(LESSON, KIT.clips).worksheet
    files = kit_files(replace(LESSON, quiz=()), KIT.clips)
    assert files.handout and not files.worksheet
    assert files.handout.name == "第一课 村名的来历 讲义.pdf"
