"""Teaching kits: content, compatibility with office programs, and reproducibility."""

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation
from pptx.util import Emu

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode, SiteError
from cunshi.core.text import safe_file_name
from cunshi.domain.course import PlanStep, Question, TimelineEntry
from cunshi.domain.transcript import TranscriptStatus
from cunshi.domain.village import Place
from cunshi.exports.classroom import build_kits as kits
from cunshi.exports.classroom.lesson_plan import make_plan
from cunshi.exports.classroom.names import kit_files
from cunshi.exports.classroom.outline import Paragraph, Run, Table, read_body, read_markdown
from cunshi.exports.classroom.pdf import can_print
from cunshi.exports.classroom.slides import make_slides
from cunshi.exports.classroom.slides_fit import Fit, fit_pages
from cunshi.website import build
from support.kits import BODY, HEARD, HOSTILE, KIT, LESSON, REF, WITHHELD
from support.village import tree


@pytest.fixture
def sounds(tmp_path: Path) -> Callable[[str], Path]:
    """Return bytes in place of a clip's audio."""
    for name in (HEARD.audio,):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0\0\0\x20ftypM4A the voice itself")
    return (tmp_path / "docs").joinpath


def document_text(data: bytes) -> str:
    """Return all text of a document in order, including tables and boxes."""
    body = Document(BytesIO(data)).element.body
    return "\n".join(
        "".join(node.text or "" for node in paragraph.iter() if node.tag.endswith("}t"))
        for paragraph in body.iter()
        if paragraph.tag.endswith("}p")
    )


def slide_texts(data: bytes) -> list[str]:
    """Return the text on each slide, including tables."""
    return ["\n".join(_words(slide)) for slide in Presentation(BytesIO(data)).slides]


def _words(slide: Any) -> Iterator[str]:
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield shape.text_frame.text
        if shape.has_table:
            yield from (cell.text for row in shape.table.rows for cell in row.cells)


def slide_notes(data: bytes) -> list[str]:
    slides = Presentation(BytesIO(data)).slides
    return [s.notes_slide.notes_text_frame.text if s.has_notes_slide else "" for s in slides]


def test_the_plan_says_all_that_a_lesson_needs() -> None:
    text = document_text(make_plan(KIT))
    order = ["第一课 村名的来历", "四个名字。", "三年级", "40 分钟", "教学目标", "能说出四个名字"]
    order += ["时间安排", "10 分钟", "共 40 分钟", "教学过程", "开场", "听一听", "请听第一段。"]
    order += ["录音 1", "金老师 · 金村村 · 2026年1月12日", "宋代改叫潘圻村。"]
    order += [
        "录音 20260112-7a994552，0:05–0:18",
        "朝代",
        "想一想",
        "为什么？",
        "动手做",
        "回家任务",
    ]
    order += [
        "词语",
        "pān qí cūn",
        "宋代的名字",
        "没有解释的词",
        "小测验",
        "宋代叫什么？",
        "A. 永昌里",
    ]
    order += [
        "小测验答案",
        "B. 潘圻村",
        "金老师讲的。",
        "听：金老师",
        "给老师",
        "试音箱",
        "资料来源",
    ]
    order += ["县志", "请先问过讲述人"]
    position = 0
    for words in order:
        assert words in text[position:], words
        position = text.index(words, position)


def test_the_plan_has_headings_tables_and_chinese_type() -> None:
    document = Document(BytesIO(make_plan(KIT)))
    names = [p.style.name for p in document.paragraphs if p.style]
    assert names[0] == "Title"
    assert names.count("Heading 1") == 8
    assert names.count("Heading 2") == 5
    assert len(document.tables) == 6  # facts, plan, one clip, the lesson's own, words, answers
    page = document.sections[0]
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    for name in ("Normal", "Title", "Heading 1", "Quote"):
        fonts = document.styles[name].element.rPr.rFonts
        east = fonts.get(fonts.nsmap["w"].join("{}") + "eastAsia")
        assert east in {"宋体", "黑体", "楷体"}, name


ORDER = {
    "tblPr": "tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc"
    " tblCellSpacing tblInd tblBorders shd tblLayout tblCellMar tblLook",
    "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection vAlign",
    "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr pBdr shd tabs"
    " spacing ind contextualSpacing jc outlineLvl rPr sectPr",
    "rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike color spacing w kern sz szCs"
    " highlight u shd lang",
}


def test_word_finds_every_property_in_its_order() -> None:
    """ECMA-376-1, 17.3 and 17.4: Word reports a damaged file otherwise."""
    document = Document(BytesIO(make_plan(KIT)))
    seen = set()
    for root in (document.element, document.styles.element):
        for element in root.iter():
            name = str(element.tag).rpartition("}")[2]
            if name in ORDER:
                children = [str(child.tag).rpartition("}")[2] for child in element]
                places = [ORDER[name].split().index(child) for child in children]
                assert places == sorted(places), (name, children)
                seen.add(name)
    assert seen == ORDER.keys()


def test_the_slides_name_a_chinese_type(sounds: Callable[[str], Path]) -> None:
    data = make_slides(KIT, sounds)
    with zipfile.ZipFile(BytesIO(data)) as made:
        theme = made.read("ppt/theme/theme1.xml").decode()
        slides = [n for n in made.namelist() if n.startswith("ppt/slides/slide")]
        text = "".join(made.read(name).decode() for name in slides)
    assert theme.count('<a:ea typeface="微软雅黑"/>') == 2
    assert (
        text.count("<a:rPr") == len(re.findall('<a:ea typeface="(?:微软雅黑|楷体)"/>', text)) > 40
    )


def test_the_slides_say_it_in_the_order_of_the_lesson(sounds: Callable[[str], Path]) -> None:
    texts = slide_texts(make_slides(KIT, sounds))
    beginnings = [text.split("\n")[0] for text in texts]
    assert beginnings == [
        "村名的来历",
        "学完这一课，你能",
        "开场",
        "听一听 1",
        "听一听",
        "年表",
        "词语",
        "想一想",
        "动手做",
        "小测验 1",
        "小测验 1 答案",
        "回家任务",
        "资料来源",
    ]
    asked, told = texts[9], texts[10]
    assert "A. 永昌里" in asked and "金老师讲的。" not in asked
    assert "B. 潘圻村" in told and "金老师讲的。" in told and "A. 永昌里" not in told
    assert "别的课" not in "".join(texts)


def test_the_slides_show_where_the_lesson_is_told_of(sounds: Callable[[str], Path]) -> None:
    here = Place("金村村", "jincun", 50, 30, True, "金村村")
    there = Place("别村", "biecun", 10, 10, True, "别村")
    kit = replace(KIT, course=replace(KIT.course, places=(here, there)))
    deck = Presentation(BytesIO(make_slides(kit, sounds)))
    [slide] = [slide for slide in deck.slides if slide.shapes.title.text == "示意图"]
    names = {shape.text_frame.text: shape for shape in slide.shapes if shape.has_text_frame}
    colours = {name: names[name].fill.fore_color.rgb for name in ("金村村", "别村")}
    assert colours["金村村"] != colours["别村"]
    assert "不表示方向和远近" in "".join(names)


def test_the_notes_are_the_teachers(sounds: Callable[[str], Path]) -> None:
    notes = slide_notes(make_slides(KIT, sounds))
    assert "10 分钟　开场" in notes[0] and "试音箱" in notes[0] and "不要勉强孩子" in notes[0]
    assert "请听第一段。" in notes[3]


def test_the_voice_itself_is_in_the_slides(sounds: Callable[[str], Path]) -> None:
    slide = Presentation(BytesIO(make_slides(KIT, sounds))).slides[3]
    voice = sounds(HEARD.audio).read_bytes()
    relations = {rel.reltype.rsplit("/", 1)[1]: rel for rel in slide.part.rels.values()}
    assert {"audio", "media"} <= relations.keys() and "video" not in relations
    for kind in ("audio", "media"):
        part = relations[kind].target_part
        assert part.blob == voice
        assert part.content_type == "audio/mp4"
        assert part.partname.endswith(".m4a")
    picture = next(shape for shape in slide.shapes if shape.name.startswith("播放录音"))
    tags = {node.tag.rsplit("}", 1)[-1]: node for node in slide._element.iter()}
    assert "videoFile" not in tags and "video" not in tags
    assert tags["audioFile"].values() == [relations["audio"].rId]
    assert tags["spTgt"].get("spid") == str(picture.shape_id)


def test_what_is_withheld_is_in_no_kit(sounds: Callable[[str], Path]) -> None:
    slides, plan = make_slides(KIT, sounds), make_plan(KIT)
    for data in (slides, plan):
        with zipfile.ZipFile(BytesIO(data)) as made:
            everything = b"".join(made.read(name) for name in made.namelist()).decode(
                "utf-8", "replace"
            )
        assert "这一句不能公开" not in everything
    assert "这段录音现在不能播放" in document_text(plan)
    assert sum("听一听 " in text for text in slide_texts(slides)) == 1
    assert [clip.path for clip in kit_files(LESSON, KIT.clips).clips] == [HEARD.audio]


def test_a_draft_says_that_it_is_one(sounds: Callable[[str], Path]) -> None:
    draft = replace(HEARD, status=TranscriptStatus.DRAFT)
    kit = replace(KIT, clips=(draft, WITHHELD))
    guess = replace(kit, guessed_ids=frozenset({REF.recording_id}))
    for one, words in ((KIT, ""), (kit, "机器初稿，未校对"), (guess, "机器初稿，方言未校对")):
        for text in (document_text(make_plan(one)), "".join(slide_texts(make_slides(one, sounds)))):
            assert (words or "机器初稿") in text if words else "机器初稿" not in text


def test_hostile_words_are_words(sounds: Callable[[str], Path]) -> None:
    clip = replace(HEARD, words=HOSTILE, speaker=HOSTILE, village=HOSTILE)
    lesson = replace(
        LESSON,
        title=HOSTILE,
        summary=HOSTILE,
        grade=HOSTILE,
        objectives=(HOSTILE,),
        keywords=(HOSTILE,),
        sources=(HOSTILE,),
        body=f"{BODY}\n<b onclick=x>{HOSTILE}\n\n<table><tr><td>{HOSTILE}<td></table>",
        plan=(PlanStep(1, HOSTILE),),
        quiz=(Question(HOSTILE, (HOSTILE, ""), 1, HOSTILE, "here"),),
        teacher=HOSTILE,
    )
    course = replace(
        KIT.course, title=HOSTILE, timeline=(TimelineEntry(HOSTILE, HOSTILE, HOSTILE, 1),)
    )
    kit = replace(KIT, lesson=lesson, clips=(clip, WITHHELD), course=course)
    assert "<script>alert(1)</script>" in document_text(make_plan(kit))
    assert "<script>alert(1)</script>" in "".join(slide_texts(make_slides(kit, sounds)))
    for made in (kit_files(lesson, kit.clips).plan, *kit_files(lesson, kit.clips).clips):
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', made.name)


def test_the_same_kit_is_the_same_bytes(
    sounds: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_plan(KIT), make_slides(KIT, sounds)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert (make_plan(KIT), make_slides(KIT, sounds)) == first
    for data in first:
        with zipfile.ZipFile(BytesIO(data)) as made:
            assert {info.date_time for info in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert made.namelist()[0] == "[Content_Types].xml"


def test_a_long_text_stays_on_its_slides(sounds: Callable[[str], Path]) -> None:
    long = "老街上的店铺一家挨着一家，天不亮就有人摇着船来。" * 40
    lesson = replace(
        LESSON,
        body=BODY.replace("先想一想。", long).replace("1. 为什么？", f"1. {long}"),
        keywords=tuple("一二三四五六七八九十"),
    )
    kit = replace(KIT, lesson=lesson, clips=(replace(HEARD, words=long), WITHHELD))
    data = make_slides(kit, sounds)
    presentation = Presentation(BytesIO(data))
    assert "".join(slide_texts(data)).replace("\n", "").count("老街上的店铺") == 120
    for slide in presentation.slides:
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.left + shape.width <= presentation.slide_width
            assert shape.top >= 0 and shape.top + shape.height <= presentation.slide_height
            if shape.has_text_frame and shape.text_frame.text:
                assert _height(shape) <= shape.height * 1.02, shape.text_frame.text


def _height(shape: Any) -> Emu:
    """Return the height of a shape's text at its type sizes."""
    inches = 0.0
    for paragraph in shape.text_frame.paragraphs:
        size = round(max(run.font.size.pt for run in paragraph.runs))
        lines = Fit.lines_of(paragraph.text, shape.width / 914400 - 0.2, size)
        inches += lines * size * 1.6 / 72
    return Emu(round(inches * 914400))


@given(st.lists(st.text("一二三，。a \n", max_size=300), max_size=6))
def test_fitting_loses_no_word(paragraphs: list[str]) -> None:
    pages = fit_pages(paragraphs, 8.0, 3.0, 36, 20)
    assert "".join(line for page in pages for line in page.lines) == "".join(paragraphs)
    assert all(20 <= page.size <= 36 for page in pages)


def test_markdown_becomes_paragraphs_tables_and_clips() -> None:
    sections = read_body(BODY, KIT.clips)
    assert [section.title for section in sections] == [
        *("开场", "听一听", "想一想", "动手做", "回家任务")
    ]
    listen = sections[1].parts
    assert isinstance(listen[0], Paragraph)
    assert [run.strong for run in listen[0].runs] == [False, True, False]
    assert listen[1] == HEARD
    assert listen[2] == Table((("朝代", "名字"), ("宋", "潘圻村")))
    assert listen[3] == WITHHELD
    assert [p.marker for p in sections[2].paragraphs] == ["1.", "2."]


def test_references_and_accounts_keep_each_voice_to_its_words() -> None:
    """Inline references also have clips, which must not shift those after them."""
    reference = f"[听](clip:{HEARD.ref.recording_id}@0:01-0:02)"
    block = f"/// clip | {HEARD.ref.recording_id} 0:05-0:18\n///"
    accounts = f"//// accounts | 谁说得对？\n\n{block}\n\n{block}\n\n////"
    body = f"先说一句{reference}。\n\n{accounts}\n\n完。"
    other = replace(HEARD, words="另一个人说的。")
    [section] = read_body(body, (replace(HEARD, speaker="周师傅"), HEARD, other))
    said, question, first, second, end = section.parts
    assert isinstance(said, Paragraph)
    where = f"（周师傅，录音 {HEARD.ref.recording_id}，0:05）"
    assert said.text.endswith(f"句听{where}。")
    assert question == Paragraph((Run("谁说得对？"),), heading=True)
    assert (first, second) == (HEARD, other)
    assert end == Paragraph((Run("完。"),))


def test_a_withheld_reference_is_not_named_in_a_kit() -> None:
    body = "有人说过[听](clip:20260112-7a994552@0:01-0:02)。"
    [section] = read_body(body, (WITHHELD,))
    assert [paragraph.text for paragraph in section.paragraphs] == ["有人说过听。"]


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("<p>a<p>b", ["a", "b"]),
        ("a\n\n<script>b</script>\n\nc", ["a", "c"]),
        ("1. 一\n\n    - 二\n2. 三", ["一", "二", "三"]),
        ("### 小标题\n\n> 引文", ["小标题", "引文"]),
        ("词\n:   解释", ["词", "解释"]),
        ("一  \n二", ["一 二"]),
        ("![照片](a.jpg)", ["照片"]),
        ("</div></p>尾", ["尾"]),
        ("", []),
    ],
)
def test_all_markdown_is_read(markdown: str, said: list[str]) -> None:
    assert [paragraph.text for paragraph in read_markdown(markdown)] == said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("第一课 村名的来历", "第一课 村名的来历"),
        ('a<b>c:d"e/f\\g|h?i*j', "abcdefghij"),
        ("尾巴. . ", "尾巴"),
        ("\x00\u202e", "无题"),
        ("长" * 99, "长" * 60),
    ],
)
def test_file_names_are_taken_by_windows(text: str, name: str) -> None:
    assert safe_file_name(text) == name


@pytest.fixture(scope="session")
def office() -> str:
    """LibreOffice. Without it, these tests are skipped, except in CI."""
    path = shutil.which("soffice")
    if path is None and not os.environ.get("CUNSHI_REQUIRE_OFFICE"):
        pytest.skip("LibreOffice is not installed")
    assert path, "CUNSHI_REQUIRE_OFFICE is set, but LibreOffice is not installed"
    return path


def pages_of(office: str, path: Path, folder: Path) -> int:
    """Return the number of pages that an office program prints."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [
        office,
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    made = (folder / path.name).with_suffix(".pdf").read_bytes()
    return len(re.findall(rb"/Type\s*/Page\b", made))


def test_an_office_opens_them(office: str, sounds: Callable[[str], Path], tmp_path: Path) -> None:
    plan, slides = tmp_path / "plan.docx", tmp_path / "slides.pptx"
    plan.write_bytes(make_plan(KIT))
    slides.write_bytes(make_slides(KIT, sounds))
    assert 2 <= pages_of(office, plan, tmp_path) <= 4
    assert pages_of(office, slides, tmp_path) == 13


def test_every_lesson_of_the_sample_has_its_kit(built: Project) -> None:
    made = sorted((built.site / "kits").rglob("*.*"))
    assert len(made) == (40 if can_print() else 20)
    for number in range(1, 11):
        page = (built.site / f"lessons/{number:02d}.html").read_text("utf-8")
        links = re.findall(r'href="\.\./((?:kits|clips)/[^"]+)" download="([^"]+)"', page)
        assert len(links) >= 3
        for path, name in links:
            assert (built.site / path).is_file()
            assert name.startswith("第") and name.endswith(Path(path).suffix)
    clips = {path.read_bytes() for path in (built.site / "clips").iterdir()}
    with zipfile.ZipFile(built.site / "kits/01/slides.pptx") as slides:
        voices = [name for name in slides.namelist() if name.endswith(".m4a")]
        assert len(voices) == 3
        assert all(slides.read(name) in clips for name in voices)


def test_a_second_run_changes_no_kit(
    copy_of_built: Project, run: Callable[..., tuple[int, str]]
) -> None:
    before = {p: p.stat().st_mtime_ns for p in (copy_of_built.site / "kits").rglob("*.*")}
    kits = tree(copy_of_built.site / "kits")
    assert run(copy_of_built, "site")[0] == 0
    assert tree(copy_of_built.site / "kits") == kits
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_what_no_other_process_made_is_made_all_the_same(
    copy_of_built: Project, run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(copy_of_built.site / "kits")
    shutil.rmtree(copy_of_built.docs / "kits/01")
    monkeypatch.setattr(kits, "run_in_processes", Mock())
    assert run(copy_of_built, "site")[0] == 0
    assert tree(copy_of_built.site / "kits") == before


def test_a_pdf_that_says_the_same_is_not_set_again(
    copy_of_built: Project, run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(copy_of_built.site / "kits")
    (copy_of_built.docs / "kits/01/plan.docx").unlink()
    monkeypatch.setattr(kits, "run_in_processes", Mock())
    monkeypatch.setattr(kits, "print_pdf", Mock(side_effect=AssertionError))
    assert run(copy_of_built, "site")[0] == 0
    assert tree(copy_of_built.site / "kits") == before


def test_when_there_will_be_no_site_no_further_kit_is_begun(
    copy_of_built: Project, run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, docs = tree(copy_of_built.site / "kits"), copy_of_built.docs / "kits"
    for slides in [*docs.rglob("*.pptx")]:
        slides.unlink()
    refused = SiteError("做不成", "改好再来")
    with monkeypatch.context() as patch:
        patch.setattr(build, "run_mkdocs", Mock(side_effect=refused))
        code, output = run(copy_of_built, "site")
    assert code == ExitCode.SITE and "做不成" in output
    assert len([*docs.rglob("*.pptx")]) < 10
    assert run(copy_of_built, "site")[0] == 0
    assert tree(copy_of_built.site / "kits") == tree(docs) == before
