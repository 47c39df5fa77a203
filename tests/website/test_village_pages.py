"""Pages about villages, people and terms: what they show, omit, and mention."""

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from PIL import Image

from cunshi.catalogue.course.places import read_places
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.course import Clip, ClipRef, Course, Measured, TimelineEntry
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Kind
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Flag, Segment
from cunshi.domain.village import CalendarEvent, Fact, Place
from cunshi.website import search_index
from cunshi.website.pages.assemble import render_pages
from cunshi.website.pages.mentions import MentionIndex
from cunshi.website.search_index import split_index, transcript_parts
from support.pages import (
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

VILLAGE = Place("金村村", "jincun", 50, 30, True, "金村村", (), (Fact("四面环水", "村志"),))
STREET = Place("老街", "laojie", 20, 20, False, "金村村", ("井字街",), ())


def course_with(*places, events=(), timeline=()):
    more = {"places": tuple(places), "events": tuple(events)}
    return Course("村史", "", "", "王老师", (), tuple(timeline), **more)


def with_lines(*lines, recording=None):
    entry = make_entry(recording or make_recording())
    return replace(entry, transcript=replace(entry.transcript, segments=lines))


def mentions_in(*lines, of, lessons=()):
    catalogue = make_catalogue(entries=[with_lines(*lines)], lessons=lessons)
    return MentionIndex(catalogue, [["别的"], of]).mentions(of)


def read(text):
    problems: list[Problem] = []
    return read_places(parse_fields(text, "course.yml", problems)), problems


def test_a_sketch_is_read_with_its_facts():
    text = (
        "villages:\n"
        "  - {name: 金村村, slug: jincun, x: 50, y: 30, facts: [{text: 事, source: 书}]}\n"
        "places:\n"
        "  - {name: 老街, slug: laojie, x: 1, y: 2, village: 金村村, words: [井字街]}\n"
    )
    (village, street), problems = read(text)
    assert problems == []
    assert village.is_village
    assert village.facts == (Fact("事", "书"),)
    assert (street.is_village, street.village, street.words) == (False, "金村村", ("井字街",))


@pytest.mark.parametrize(
    "written",
    [
        "name: 乙, slug: ../../etc/passwd, x: 1, y: 1",
        "name: 乙, slug: index, x: 1, y: 1",
        "name: 乙, slug: jincun, x: 1, y: 1",
        "name: 乙, slug: yi, x: 101, y: 1",
        "name: 乙, slug: yi, x: 1, y: -1",
        "name: 乙, slug: yi, x: nan, y: 1",
        "slug: yi, x: 1, y: 1",
        "name: 乙, slug: yi, x: 1, y: 1, colour: red",
    ],
)
def test_a_mistake_in_a_sketch_is_reported_and_harmless(written):
    first = "villages:\n  - {name: 甲, slug: jincun, x: 1, y: 1}\n"
    places, problems = read(f"{first}  - {{{written}}}\n")
    assert [problem.line for problem in problems] == [3]
    slugs = [place.slug for place in places]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch("[a-z0-9-]+", slug) and slug != "index" for slug in slugs)
    assert all(0 <= place.x <= 100 and 0 <= place.y <= 60 for place in places)


def test_the_sketch_is_called_a_sketch_and_leads_to_every_place():
    pages = pages_of(course=course_with(VILLAGE, STREET))
    for path, root in (("index.md", ""), ("villages/index.md", "../")):
        assert "示意图" in pages[path]
        for slug in ("jincun", "laojie"):
            assert f'href="{root}villages/{slug}.html"' in pages[path]
    assert "四面环水" in pages["villages/jincun.md"]
    assert "出处：村志" in pages["villages/jincun.md"]
    assert 'href="laojie.html"' in pages["villages/jincun.md"]
    assert 'href="jincun.html"' in pages["villages/laojie.md"]


def test_a_lesson_shows_on_the_sketch_what_it_tells_of():
    lesson, clips = one_clip()
    told = replace(lesson, villages=("金村村",), keywords=(), title="水乡")
    both = replace(told, title="老街的水")
    for shown, marked in ((told, ["jincun"]), (both, ["jincun", "laojie"])):
        page = pages_of(course=course_with(VILLAGE, STREET), lessons=[(shown, clips)])
        text = page["lessons/01.md"]
        assert "## 示意图上的这一课" in text
        places = re.findall(r'<a class="cs-map__place([^"]*)" href="../villages/(\w+).html"', text)
        assert sorted(slug for classes, slug in places if "--told" in classes) == marked
        assert text.count("这一课讲到") == len(marked)
    elsewhere = replace(told, villages=("别村",))
    page = pages_of(course=course_with(VILLAGE, STREET), lessons=[(elsewhere, clips)])
    assert "cs-map" not in page["lessons/01.md"]


def test_without_a_sketch_the_villages_still_have_their_pages():
    pages = pages_of(entries=[make_entry(make_recording(village="乙村"), "话。")])
    [path] = [path for path in pages if re.fullmatch(r"villages/p-\w+\.md", path)]
    assert "# 乙村" in pages[path]
    assert f"recordings/{TALK}.html" in pages[path]
    assert "<svg class" not in pages["villages/index.md"]
    assert path.removeprefix("villages/").replace(".md", ".html") in pages["villages/index.md"]


def test_a_village_s_page_has_what_belongs_to_it_and_nothing_else():
    other = make_recording("20260113-00000000", village="别村", narrator="别人")
    motto = make_recording(MOTTO, Kind.MOTTO, motto="勤俭", narrator="金家")
    lesson, clips = one_clip()
    pages = pages_of(
        course=course_with(VILLAGE),
        entries=[make_entry(make_recording(), "话。"), make_entry(other), make_entry(motto)],
        lessons=[(lesson, clips)],
    )
    text = pages["villages/jincun.md"]
    for shown in (TALK, MOTTO, "金老师", "勤俭", "../lessons/01.html"):
        assert shown in text
    for hidden in ("别人", other.id):
        assert hidden not in text


def test_a_place_of_heritage_leads_to_where_it_is_spoken_of():
    line = Segment(3.5, 5, "从前的井字街真热闹。")
    lesson = make_lesson(keywords=("井字街",), number=2)
    pages = pages_of(course=course_with(STREET), entries=[with_lines(line)], lessons=[(lesson, ())])
    assert f"../recordings/{TALK}.html#t=3.5" in pages["villages/laojie.md"]
    assert "../lessons/02.html" in pages["villages/laojie.md"]


def test_people_are_those_who_agreed_to_be_named():
    entries = [
        make_entry(make_recording(f"2026011{n}-00000000", narrator=name, village=village))
        for n, (name, village) in enumerate(
            [
                ("金老师", "甲村"),
                ("匿名", "甲村"),
                ("", "甲村"),
                ("金老师", "乙村"),
                ("金老师", "甲村"),
            ]
        )
    ]
    listed = [make_recording("20260101-00000000", narrator="只在目录里的人")]
    page = pages_of(entries=entries, listed=listed)["people.md"]
    names = re.findall(r'cs-person__name">(.*?) <span class="cs-person__village">(.*?)<', page)
    assert sorted(names) == [("金老师", "乙村"), ("金老师", "甲村")]
    assert "匿名" not in page
    assert "只在目录里的人" not in page
    assert entries[1].recording.id not in page


def test_people_lead_to_their_recordings_and_lessons():
    lesson, clips = one_clip()
    entries = [make_entry(make_recording(title="村名"), "话。")]
    page = pages_of(entries=entries, lessons=[(lesson, clips)])["people.md"]
    assert f'href="recordings/{TALK}.html"' in page
    assert 'href="lessons/01.html"' in page


def test_golden_words_are_those_that_a_lesson_calls_golden():
    ordinary, (clip,) = one_clip()
    entries = [make_entry(make_recording(), "话。")]
    page = pages_of(entries=entries, lessons=[(ordinary, (clip,))])["quotes.md"]
    assert "还没有挑出金句" in page
    assert "慈乌村" not in page
    golden = replace(clip, ref=replace(clip.ref, golden=True))
    page = pages_of(entries=entries, lessons=[(ordinary, (golden,))])["quotes.md"]
    for shown in (
        "为什么叫慈乌村呢？",
        'src="clips/a.m4a"',
        f"{TALK}.html#t=18.7",
        "lessons/01.html",
    ):
        assert shown in page
    withheld = Clip(golden.ref, withheld="不能播放")
    page = pages_of(lessons=[(ordinary, (withheld,))])["quotes.md"]
    assert "还没有挑出金句" in page


def test_changes_of_home_are_dated_and_told():
    tells = make_recording(title="家乡的变化", lesson=10, date=dt.date(2026, 1, 20))
    other = make_recording("20260112-00000000", title="别的事", lesson=2)
    page = pages_of(
        course=course_with(timeline=[TimelineEntry("1986年", "改名", "百科")]),
        entries=[make_entry(tells), make_entry(other)],
    )["timeline.md"]
    changes = page[page.index("听村里人讲变化") : page.index("什么时候录下的")]
    assert "家乡的变化" in changes
    assert "别的事" not in changes
    assert page.index("1986年") < page.index("2026年1月12日") < page.rindex("2026年1月20日")


def test_home_leads_to_what_is_new_and_what_is_next():
    days = [dt.date(2026, 1, day) for day in range(1, 9)]
    entries = [make_entry(make_recording(f"{day:%Y%m%d}-00000000", date=day)) for day in days]
    events = [CalendarEvent(dt.date(2027, 1, day), f"第{day}日的事") for day in (1, 14, 15, 16)]
    catalogue = make_catalogue(entries=entries, course=course_with(events=events))
    catalogue = replace(catalogue, today=dt.date(2027, 1, 15))
    pages = {page.path: page.text for page in render_pages(catalogue)}
    newest = re.findall(r"recordings/(\d{8})-", pages["index.md"])
    assert newest == [f"2026010{day}" for day in (8, 7, 6, 5, 4, 3)]
    shown = re.findall(r"第(\d+)日的事", pages["index.md"])
    assert shown == ["15", "16"]
    assert re.findall(r">第(\d+)日的事", pages["events.md"]) == ["1", "14", "15", "16"]


def test_invented_events_are_marked_wherever_they_stand():
    events = [CalendarEvent(dt.date(2027, 1, 1), "编的", sample=True)]
    pages = pages_of(course=course_with(events=events))
    assert all("示例" in pages[path] for path in ("index.md", "events.md", "events.ics"))
    assert "示例" not in pages_of()["events.md"]


def test_a_motto_is_a_poster():
    recording = make_recording(MOTTO, Kind.MOTTO, motto="忠厚传家", narrator="金家", meaning="厚道")
    poster = pages_of(entries=[make_entry(recording)])[f"mottoes/{MOTTO}.md"]
    assert all(shown in poster for shown in ("忠厚传家", "金家", "金村村", "厚道"))


@pytest.mark.parametrize(
    ("motto", "size"),
    [
        ("忠厚。", "12.0"),
        ("再穷不能穷教育，再忙不能忘读书。", "9.5"),
        ("一二三四五六七八九十一二三四五六七八九十", "6.0"),
        ("一句一句说下去，" * 40, "3.5"),
    ],
)
def test_the_type_of_a_poster_fits_its_words(motto, size):
    recording = make_recording(MOTTO, Kind.MOTTO, motto=motto)
    poster = pages_of(entries=[make_entry(recording)])[f"mottoes/{MOTTO}.md"]
    assert re.findall(r"font-size: ([\d.]+)cqw", poster) == [size]


def test_an_address_that_is_sent_has_a_card(tmp_path):
    """Only with a site_url; what people wrote remains text."""
    __, site = build(tmp_path / "quiet", hostile_catalogue())
    assert "og:title" not in (site / "about.html").read_text("utf-8")
    __, site = build(tmp_path / "known", hostile_catalogue(), "https://village.example/")
    about = (site / "about.html").read_text("utf-8")
    assert '<meta property="og:title" content="关于">' in about
    assert '<meta property="og:url" content="https://village.example/about.html">' in about
    image = '<meta property="og:image" content="https://village.example/images/card.png">'
    assert image in about
    with Image.open(site / "images" / "card.png") as card:
        assert card.size == (1200, 630)
    assert re.search('<meta property="og:description" content="声音从哪里来[^"]+">', about)
    for path in site.rglob("*.html"):
        tags = re.findall('<meta property="og:[^\n]*', path.read_text("utf-8"))
        assert all(re.fullmatch('<meta property="og:[a-z_:]+" content="[^"<>]*">', t) for t in tags)


def test_a_word_is_found_where_it_begins():
    lines = (
        Segment(0, 2, "村边有一条暗"),
        Segment(2, 4, "泾，暗泾边上有树。"),
        Segment(9, 10, "暗泾。", flags=(Flag.NO_SPEECH,)),
        Segment(20, 22, "别的。"),
    )
    found = mentions_in(*lines, of=["暗泾"]).shown
    assert [(m.start, m.word) for m in found] == [(0, "暗泾"), (2, "暗泾")]
    assert found[0].before == "村边有一条"
    assert mentions_in(*lines, of=["没有", "", " "]).count == 0


def test_a_quotation_counts_where_the_machine_heard_something_else():
    ref = ClipRef(TALK, 18.7, 34.6, "叫暗泾。", "x", 1)
    clip = Clip(ref, "叫暗泾。")
    lesson = make_lesson(refs=[ref])
    lessons = [(lesson, (clip,))]
    heard = mentions_in(Segment(18.7, 20, "叫按京。"), of=["暗泾"], lessons=lessons)
    assert [m.start for m in heard.shown] == [18.7]
    right = mentions_in(Segment(20, 21, "叫暗泾。"), of=["暗泾"], lessons=lessons)
    assert [m.start for m in right.shown] == [20]
    other = Clip(replace(ref, recording_id="withheld"), "叫暗泾。", withheld="不公开")
    assert mentions_in(of=["暗泾"], lessons=[(lesson, (other,))]).count == 0


def test_the_glossary_shows_eight_places_and_folds_the_rest():
    lines = [Segment(n * 10, n * 10 + 1, "暗泾。") for n in range(11)]
    terms = [Term("暗泾", "地名", "河"), Term("慈乌", "风物", "鸟")]
    page = pages_of(entries=[with_lines(*lines)], terms=terms)["glossary.md"]
    assert len(re.findall(rf"recordings/{TALK}\.html#t=\d+", page)) == 11
    assert page.index("#t=70") < page.index("还有 3 处") < page.index("#t=80")
    assert page.count("<details") == 1


class Divided(NamedTuple):
    index: dict[str, Any]
    parts: dict[str, str]


def index_of(docs=(), **parts):
    catalogue = make_catalogue(**parts)
    told = dict(transcript_parts(catalogue))
    return Divided(split_index({"config": {"lang": ["en"]}, "docs": docs}, catalogue, told), told)


def told_in(divided):
    """What the parts of an index say, as the search reads it: page → [second, words]."""
    told = {}
    for script in divided.parts.values():
        told |= json.loads(script.removeprefix("addPart(").removesuffix(")\n"))
    return told


def test_the_index_leads_to_paragraphs_and_keeps_other_pages():
    lines = (Segment(0, 2, "甲<b>。"), Segment(9.5, 11, "乙。", mandarin="二。"))
    page = f"recordings/{TALK}.html"
    docs = [
        {"location": "about.html", "title": "关于", "text": "x"},
        {"location": "recordings/cunshi-frame-1.html", "title": "框架", "text": "甲。乙。"},
    ]
    found = index_of(docs, entries=[with_lines(*lines)])
    assert found.index["config"] == {"lang": ["en"], "parts": [*found.parts]}
    assert [doc["location"] for doc in found.index["docs"]] == ["about.html", page]
    assert "甲" not in found.index["docs"][1]["text"]
    assert told_in(found) == {page: [[0, "甲<b>。"], [9.5, "乙。 二。"]]}


def test_what_has_no_sound_is_found_as_a_page():
    entry = make_entry(make_recording(MOTTO, Kind.MOTTO, 0.0, motto="忠厚传家"), "勤俭。")
    found = index_of(entries=[entry])
    pages = {doc["location"]: doc["text"] for doc in found.index["docs"]}
    assert "忠厚传家" in pages[f"recordings/{MOTTO}.html"]
    assert "勤俭。" in pages[f"recordings/{MOTTO}.html"]
    assert pages[f"mottoes/{MOTTO}.html"] == ""
    assert found.parts == {}


def test_what_may_only_be_heard_where_it_is_kept_is_found_in_the_list():
    listed = make_recording("20260101-00000000", title="只在馆里听", narrator="钱老师")
    (doc,) = index_of(listed=[listed]).index["docs"]
    assert doc["title"] == "只在馆里听" and "钱老师" in doc["text"]
    page, __, anchor = doc["location"].partition("#")
    assert page == "recordings/index.html"
    assert f'id="{anchor}"' in pages_of(listed=[listed])["recordings/index.md"]


def test_a_large_index_is_divided_and_a_new_recording_changes_one_part(monkeypatch):
    monkeypatch.setattr(search_index, "_PART_SIZE", 20_000)
    text = "金村的老街四面都是水。" * 40
    entries = [make_entry(make_recording(f"2026-{n:08x}"), text) for n in range(60)]
    before, after = index_of(entries=entries[:-1]), index_of(entries=entries)
    assert len(before.parts) == len(after.parts) == 8
    assert all(len(part.encode()) < 40_000 for part in after.parts.values())
    assert len(after.parts.keys() - before.parts.keys()) == 1
    assert len(told_in(after)) == 60
    # What every page loads does not grow with what is told.
    assert len(json.dumps(after.index)) < 60 * 600


def test_the_index_leads_to_terms():
    terms = [Term("暗泾", "地名", "一条<河>", "金村村", "àn jīng"), Term("暗泾", "书", "一部书")]
    docs = [
        {"location": "glossary.html", "title": "词语", "text": ""},
        {"location": "glossary.html#kind-1", "title": "地名", "text": "暗泾 一条河"},
    ]
    found = index_of(docs, terms=terms).index["docs"]
    assert found[:2] == [docs[0], {**docs[1], "text": ""}]
    assert [doc["location"] for doc in found[2:]] == [
        "glossary.html#term-暗泾",
        "glossary.html#term-暗泾-2",
    ]
    assert found[2]["title"] == "暗泾"
    assert found[2]["text"] == "<p>àn jīng</p><p>一条&lt;河&gt;</p><p>金村村</p>"


def test_about_says_what_was_measured_and_makes_up_no_number():
    assert "还没有量过" in pages_of()["about.md"]
    catalogue = replace(make_catalogue(), measured=Measured(3, 1000, 87))
    pages = {page.path: page.text for page in render_pages(catalogue)}
    assert "8.7%" in pages["about.md"]
    assert "3 段" in pages["about.md"]
    assert "还没有量过" not in pages["about.md"]
    null = pages_of(archive=Archive(engine="null"))["about.md"]
    assert "量过" not in null
