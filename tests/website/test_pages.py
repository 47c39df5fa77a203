"""The pages of a catalogue: what they show and hide, and that text remains text."""

import datetime as dt
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from unicodedata import normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown import markdown

from cunshi.catalogue.course.places import slug_of
from cunshi.catalogue.titles import cite, recording_title
from cunshi.core.errors import LessonError
from cunshi.core.text import clauses, clean, escape_title
from cunshi.domain.course import (
    Clip,
    ClipRef,
)
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Kind
from cunshi.domain.settings import Archive, Recogniser
from cunshi.domain.transcript import Segment, TranscriptStatus
from cunshi.exports.archival.description import describe
from cunshi.website.pages.assemble import render_pages
from cunshi.website.pages.recording import group_paragraphs
from cunshi.website.templating import term_ids
from support.pages import (
    HOSTILE,
    MOTTO,
    TALK,
    build,
    hostile_catalogue,
    make_catalogue,
    make_entry,
    make_lesson,
    make_recording,
    one_clip,
    pages_of,
)
from support.village import ROOT


def test_there_are_always_ten_lessons():
    pages = pages_of(lessons=[(make_lesson(number=3), ())])
    lessons = sorted(path for path in pages if path.startswith("lessons/"))
    assert lessons == [f"lessons/{number:02d}.md" for number in range(1, 11)]
    missing = [path for path in lessons if "这一课还在准备中" in pages[path]]
    assert missing == [path for path in lessons if path != "lessons/03.md"]
    assert pages["index.md"].count("还在准备中") == 2 * 9


def test_every_page_and_its_place():
    entries = [
        make_entry(make_recording(), "话。"),
        make_entry(make_recording(MOTTO, Kind.MOTTO), "家训。"),
    ]
    others = {path for path in pages_of(entries=entries) if not path.startswith("lessons/")}
    assert others == {
        "index.md",
        "recordings/index.md",
        f"recordings/{TALK}.md",
        f"recordings/{MOTTO}.md",
        "mottoes.md",
        f"mottoes/{MOTTO}.md",
        "villages/index.md",
        f"villages/{slug_of('金村村')}.md",
        "people.md",
        "quotes.md",
        "timeline.md",
        "events.md",
        "events.ics",
        "glossary.md",
        "about.md",
        f"captions/{TALK}.vtt",
        f"captions/{TALK}.srt",
        f"captions/{MOTTO}.vtt",
        f"captions/{MOTTO}.srt",
    }


def test_same_catalogue_same_bytes():
    assert list(render_pages(hostile_catalogue())) == list(render_pages(hostile_catalogue()))


def test_no_line_is_left_to_what_people_wrote():
    """Otherwise a value could start a code block or heading before its HTML is recognised."""
    for page in render_pages(hostile_catalogue()):
        if page.path == "events.ics":
            continue
        assert not re.search(r"^\s*(# h|```|\{: onclick)", page.text, re.MULTILINE), page.path
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\ufffe]", page.text), page.path


def test_lesson_page():
    lesson, clips = one_clip()
    lesson = replace(
        lesson, keywords=("慈乌", "乌鸦"), objectives=("说出四个名字",), sources=("村志",)
    )
    terms = [Term("慈乌", "风物", "孝顺的乌鸦", pinyin="cí wū")]
    entries = [make_entry(make_recording(), "话。")]
    pages = pages_of(entries=entries, lessons=[(lesson, clips)], terms=terms)
    text = pages["lessons/01.md"]
    assert yaml.safe_load(text.split("---\n")[1])["title"] == "第一课 村名的来历"
    assert "村名的来历 { #lesson }" in text
    for shown in ("金村村", "三年级", "40 分钟", "说出四个名字", "村志", "孝顺的乌鸦", "乌鸦"):
        assert shown in text
    assert '    audio: "../clips/a.m4a"\n' in text
    assert f'    page: "../recordings/{TALK}.html#t=18.7"\n' in text
    assert '    words: "为什么叫慈乌村呢？"\n    status: "draft"\n' in text
    assert 'href="02.html"' in text
    assert 'href="00.html"' not in text
    assert '<a href="../glossary.html#term-慈乌">' in text
    assert 'id="term-慈乌"' in pages["glossary.md"]
    assert "../lessons/01.html" in pages[f"recordings/{TALK}.md"]


def test_withheld_clip_shows_its_reason_and_nothing_else():
    lesson, clips = one_clip(withheld="讲述人没有同意")
    text = pages_of(lessons=[(lesson, clips)])["lessons/01.md"]
    filled = text[text.index("/// clip") :]
    assert '    withheld: "讲述人没有同意"\n' in filled
    for hidden in ("慈乌", "clips/", "recordings/", "金老师"):
        assert hidden not in filled


def test_clips_that_are_not_those_of_the_lesson_are_refused():
    lesson, (clip,) = one_clip()
    other = replace(clip, ref=replace(clip.ref, start=0.0))
    for clips in ((), (other,)):
        with pytest.raises(LessonError):
            list(render_pages(make_catalogue(lessons=[(lesson, clips)])))


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (TranscriptStatus.MISSING, "尚无文稿"),
        (TranscriptStatus.DRAFT, "机器初稿（未经人工校对，可能有错）"),
        (TranscriptStatus.EDITED, "校对中"),
        (TranscriptStatus.APPROVED, "已校对（李老师，2026年3月1日）"),
    ],
)
def test_recording_page(status, shown):
    approved = {"approved_by": "李老师", "approved_on": dt.date(2026, 3, 1)}
    recording = make_recording(title="村名", language="cmn", lesson=4, **approved)
    entry = make_entry(recording, "一。", "二。", status=status)
    text = pages_of(entries=[entry])[f"recordings/{TALK}.md"]
    for part in (shown, "金老师", "2026年1月12日", "45 秒", "普通话", TALK, "../lessons/04.html"):
        assert part in text
    assert f'src="../audio/{TALK}.m4a"' in text
    assert '<span class="cs-line" data-start="1" data-end="2">二。</span>' in text
    assert f">金老师（2026）．村名［口述录音］．文化站．{TALK}，<" in text


def test_text_only_motto_shows_its_words_and_no_player():
    recording = make_recording(MOTTO, Kind.MOTTO, 0.0, motto="忠厚传家久\n诗书继世长")
    entry = make_entry(recording, status=TranscriptStatus.MISSING)
    pages = pages_of(entries=[entry])
    for path in ("mottoes.md", f"recordings/{MOTTO}.md"):
        assert re.search("<p>.*忠厚传家久.*</p><p>.*诗书继世长.*</p>", pages[path])
        assert "<audio" not in pages[path]
        assert "尚无文稿" not in pages[path]


def test_motto_without_written_words_shows_what_was_said():
    entry = make_entry(make_recording(MOTTO, Kind.MOTTO), "家和万事兴。")
    assert "家和万事兴。" in pages_of(entries=[entry])["mottoes.md"]


def test_listed_recording_is_named_but_not_linked():
    listed = make_recording("20260101-00000000", title="只在馆里听")
    pages = pages_of(listed=[listed])
    assert "只在馆里听" in pages["recordings/index.md"]
    assert "只能到存放处听" in pages["recordings/index.md"]
    assert not [text for text in pages.values() if listed.id in text]


def test_recordings_are_listed_by_village_then_date():
    days = [(3, "乙村"), (2, "甲村"), (1, "乙村")]
    entries = [
        make_entry(
            make_recording(f"2026010{day}-0000000{day}", village=v, date=dt.date(2026, 1, day))
        )
        for day, v in days
    ]
    archive = Archive(villages=("甲村", "乙村"))
    text = pages_of(entries=entries, archive=archive)["recordings/index.md"]
    assert re.findall(r"href=\"2026010(\d)", text) == ["2", "1", "3"]


def test_about_shows_each_note_once_and_invents_none():
    note = "声音是合成的"
    entries = [make_entry(make_recording(f"20260112-0000000{n}", note=note)) for n in range(3)]
    assert pages_of(entries=entries)["about.md"].count(note) == 1
    assert "合成" not in pages_of()["about.md"]
    assert "王老师" in pages_of()["about.md"]


def test_about_says_where_recordings_are_sent():
    assert "录音不会传到别处" in pages_of()["about.md"]
    server = Recogniser("http", "fun-asr", "http://192.168.1.5:8000")
    for archive in (
        Archive(engine="http", model="fun-asr", server=server.server),
        Archive(dialects=(("wuu", server),)),
    ):
        page = pages_of(archive=archive)["about.md"]
        assert "送到保存单位指定的识别服务" in page
        assert "录音不会传到别处" not in page
        assert "192.168" not in page


def test_about_names_whisper_only_where_it_is_used():
    assert "Whisper（base 模型）" in pages_of()["about.md"]
    assert "Whisper" not in pages_of(archive=Archive(engine="null"))["about.md"]


def test_photo_and_meaning_are_shown_without_written_words():
    recording = make_recording(MOTTO, Kind.MOTTO, meaning="勤俭")
    entry = make_entry(recording, "家和万事兴。", photo="photos/a.jpg")
    pages = pages_of(entries=[entry])
    assert 'src="photos/a.jpg"' in pages["mottoes.md"]
    assert 'src="../photos/a.jpg"' in pages[f"recordings/{MOTTO}.md"]
    assert all("勤俭" in pages[path] for path in ("mottoes.md", f"recordings/{MOTTO}.md"))


@pytest.mark.parametrize(
    ("said", "kind", "title"),
    [
        ({"title": "老街"}, Kind.TALK, "老街"),
        ({}, Kind.TALK, "金老师的讲述"),
        ({"narrator": "金家"}, Kind.MOTTO, "金家的家训"),
        ({"narrator": ""}, Kind.TALK, TALK),
    ],
)
def test_recording_title(said, kind, title):
    assert recording_title(make_recording(kind=kind, **said)) == title


@pytest.mark.parametrize(
    ("said", "kind", "institution", "citation"),
    [
        (
            {"title": "村名"},
            Kind.TALK,
            "文化站",
            f"金老师（2026）．村名［口述录音］．文化站．{TALK}",
        ),
        ({}, Kind.MOTTO, "", f"金老师（2026）．金老师的家训［家训］．{TALK}"),
        (
            {"narrator": "", "date": None, "holder": "顾家村"},
            Kind.TALK,
            "文化站",
            f"佚名（年份不详）．{TALK}［口述录音］．顾家村．{TALK}",
        ),
    ],
)
def test_a_recording_is_cited_in_one_form(said, kind, institution, citation):
    """The same on its page and in every export."""
    recording = make_recording(kind=kind, **said)
    archive = Archive(institution=institution)
    catalogue = make_catalogue(entries=[make_entry(recording)], archive=archive)
    assert cite(recording, catalogue.archive) == citation
    assert [described.citation for described in describe(catalogue)] == [citation]


def seg(start, end, text="话。", speaker="", mandarin=""):
    return Segment(start, end, text, speaker=speaker, mandarin=mandarin)


@pytest.mark.parametrize(
    ("segments", "lengths"),
    [
        ([], []),
        ([seg(0, 1), seg(2.15, 3)], [2]),
        ([seg(0, 1), seg(2.25, 3)], [1, 1]),
        ([seg(0, 1, speaker="甲"), seg(1, 2, speaker="乙"), seg(2, 3, speaker="乙")], [1, 2]),
        ([seg(0, 1, "字" * 109 + "。"), seg(1, 2)], [1, 1]),
        ([seg(0, 1, "字" * 108 + "。"), seg(1, 2)], [2]),
        ([seg(0, 1, "字" * 110), seg(1, 2), seg(2, 3)], [2, 1]),
        ([seg(0, 1, "字" * 220), seg(1, 2)], [1, 1]),
        ([seg(0, 1), seg(1, 2, " \n"), seg(2, 3)], [2]),
        ([seg(0, 1), seg(1, 2, mandarin="话。"), seg(2, 3), seg(3, 4)], [1, 1, 2]),
    ],
)
def test_paragraphs(segments, lengths):
    assert [len(paragraph.segments) for paragraph in group_paragraphs(segments)] == lengths


def test_speaker_is_named_where_it_changes():
    segments = [seg(0, 1, speaker="甲"), seg(5, 6, speaker="甲"), seg(6, 7, speaker="乙")]
    assert [paragraph.speaker for paragraph in group_paragraphs(segments)] == ["甲", "", "乙"]


@given(
    st.lists(st.tuples(st.floats(0, 5), st.text("字。a", max_size=150), st.sampled_from("甲乙")))
)
def test_paragraphs_keep_every_word_in_order(spoken):
    segments = [seg(n, n + length, text, who) for n, (length, text, who) in enumerate(spoken)]
    kept = [segment for paragraph in group_paragraphs(segments) for segment in paragraph.segments]
    assert kept == [segment for segment in segments if segment.text]


def test_term_ids_are_readable_and_different():
    terms = [Term(word, "", "") for word in ("暗泾", "<暗泾>", "！", "暗泾", "A b")]
    assert term_ids(terms) == ["term-暗泾", "term-暗泾-2", "term-term", "term-暗泾-3", "term-a-b"]


@given(st.text())
def test_clean_text_is_one_printable_line(text):
    cleaned = clean(text)
    assert cleaned == clean(cleaned)
    assert cleaned.isprintable() or "\u200d" in cleaned
    assert not set(cleaned) & set("\n\r\x02\x03\x00\u202e\u2028")


@given(st.text())
def test_inert_title_is_the_same_in_markdown_and_yaml(text):
    title = escape_title(text)
    assert markdown(f"# {title} {{ #id }}", extensions=["attr_list"]) == f'<h1 id="id">{title}</h1>'
    assert yaml.safe_load(f'title: "{title}"') == {"title": title}


@given(st.text("一，。！？”a", max_size=20))
def test_clauses_lose_nothing(line):
    assert "".join(clauses(line)) == line


class _Active(HTMLParser):
    """Collects whatever could be executed, and the text of titles."""

    def __init__(self, html):
        super().__init__()
        self.scripts, self.active, self.titles, self._open = [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._open = tag
        values = dict(attrs)
        if tag == "script":
            self.scripts.append(values.get("src", ""))
        self.active += [(tag, name) for name, _ in attrs if name.startswith("on")]
        targets = " ".join(values.get(name) or "" for name in ("href", "src", "action"))
        if re.search(r"javascript:|data:|//|pwned\(", targets):
            self.active.append((tag, targets))
        if tag in ("img", "iframe", "object") and not values.get("src", "").endswith(".jpg"):
            self.active.append((tag, targets))

    def handle_data(self, data):
        if self._open == "title":
            self.titles.append(data)
        if self._open == "script" and "pwned" in data:
            self.active.append(("script", data))


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory):
    return build(tmp_path_factory.mktemp("hostile"), hostile_catalogue())


def test_strict_build_has_nothing_to_say(hostile_site):
    said, _ = hostile_site
    assert [line for line in said.splitlines() if not line.startswith("INFO    -  ")] == []
    assert "contains" not in said


def test_nothing_hostile_runs_anywhere_in_the_site(hostile_site):
    _, site = hostile_site
    scripts = "iframe-worker listen study quiz poster classroom evidence village"
    ours = {f"assets/{name}.js" for name in scripts.split()} | {"assets/javascripts/bundle"}
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for path in pages:
        page = _Active(path.read_text("utf-8"))
        assert page.active == [], path
        scripts = [src for src in page.scripts if src and path.name != "404.html"]
        assert all(any(known in src for known in ours) for src in scripts), path
        assert page.titles
        assert not [title for title in page.titles if "<" in title or ">" in title]


def test_a_quotation_is_read_in_full(hostile_site):
    html = (hostile_site[1] / "lessons" / "01.html").read_text("utf-8")
    quotation = re.search(r'<blockquote class="cs-clip__words"><p>(.*?)</p>', html)
    shown, said = (normalize("NFKC", text) for text in (unescape(quotation[1]), clean(HOSTILE)))
    assert shown == said


def test_scripts_of_a_hostile_page_are_those_of_a_quiet_one(hostile_site, tmp_path):
    """Inline scripts have no names, so they are counted."""
    _, quiet = build(tmp_path, make_catalogue())
    for name in ("index.html", "lessons/01.html", "glossary.html", "about.html"):
        hostile, usual = (
            _Active((site / name).read_text("utf-8")).scripts for site in (hostile_site[1], quiet)
        )
        assert hostile == usual


def test_search_index_holds_no_markup_of_others(hostile_site):
    index = json.loads((hostile_site[1] / "search" / "search_index.json").read_text("utf-8"))
    allowed = re.compile(r"</?(p|ul|ol|li|code|pre|sub|sup)>")
    assert any("pwned" in entry["text"] for entry in index["docs"])
    for entry in index["docs"]:
        assert "<" not in allowed.sub("", entry["title"] + entry["text"])


def test_every_link_of_the_site_leads_somewhere(hostile_site):
    _, site = hostile_site
    for path in site.rglob("*.html"):
        if path.name == "404.html":
            continue
        for target in re.findall(r'(?:href|src)="([^"#]+)', path.read_text("utf-8")):
            if not target.endswith((".m4a", ".jpg", ".docx", ".pptx", ".pdf")):
                assert (path.parent / target).resolve().exists(), (path, target)


def test_pages_name_no_other_host():
    for path in Path(ROOT / "scripts" / "cunshi" / "theme" / "assets").glob("*"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), path


# --- references inside a sentence


def one_reference(label="听", quote="", **changed):
    ref = ClipRef(TALK, 18.7, 34.6, quote, "x", 1, inline=True)
    clip = Clip(ref, "", TranscriptStatus.DRAFT, "金老师", audio="clips/a.m4a")
    title = f' "{quote}"' if quote else ""
    body = f"桥在河上[{label}](clip:{TALK}@0:18.7-0:34.6{title})。\n"
    return make_lesson(body, refs=[ref]), (replace(clip, **changed),)


def test_a_reference_is_a_link_that_says_who_speaks():
    text = pages_of(lessons=[one_reference("*听*", "有河")])["lessons/01.md"]
    html = markdown(text, extensions=["attr_list"])
    assert f'href="../recordings/{TALK}.html#t=18.7"' in html
    assert 'data-cs-clip="../clips/a.m4a"' in html
    assert 'title="金老师：“有河”"' in html
    assert re.search(r"桥在河上<a [^>]*><em>听</em><span[^>]*>（金老师）</span></a>。", html)


def test_a_withheld_reference_is_a_notice():
    text = pages_of(lessons=[one_reference(withheld="不能播放")])["lessons/01.md"]
    assert "听（不能播放）" in text
    assert TALK not in text
    assert "金老师" not in text
    assert "data-cs-clip" not in text


def test_whatever_a_narrator_is_called_a_reference_stays_one_link():
    lesson, clips = one_reference(speaker=HOSTILE)
    text = pages_of(lessons=[(lesson, clips)])["lessons/01.md"]
    [line] = [line for line in text.splitlines() if "桥在河上" in line]
    html = markdown(line, extensions=["attr_list"])
    assert html.count("<") == 6
    assert re.fullmatch(r"<p>桥在河上<a [^<>]*>听<span[^<>]*>[^<>]*</span></a>。</p>", html)


def test_a_draft_lesson_says_that_it_is_one():
    lessons = [(make_lesson("话\n", draft=True), ()), (make_lesson("话\n", number=2), ())]
    pages = pages_of(lessons=lessons)
    assert ["还是草稿" in pages[f"lessons/0{n}.md"] for n in (1, 2)] == [True, False]
