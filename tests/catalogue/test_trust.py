"""What a recording's page says about the reliability of its transcript."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from cunshi.archive.transcript_file import REASONS, UNHEARD
from cunshi.catalogue.transcript_quality import NOT_HEARD, corrections, coverage, mark_line
from cunshi.core.text import clean
from cunshi.domain.course import Clip, ClipRef, Entry
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import (
    Coverage,
    Flag,
    Replacement,
    Segment,
    Transcript,
    TranscriptStatus,
)
from support.pages import TALK, make_lesson, make_recording, pages_of

DRAFT, EDITED = TranscriptStatus.DRAFT, TranscriptStatus.EDITED
MISSING, APPROVED = TranscriptStatus.MISSING, TranscriptStatus.APPROVED
RIGHT = Replacement("景村", "金村")
TIDY = "还没有人校对，可能有错。"
GUESS = "下面的文字大多靠不住"


def page(*segments, status=DRAFT, language="cmn", archive=None, **transcript):
    """Return the page of a recording with these segments."""
    recording = make_recording(language=language)
    said = Transcript(segments, status, **transcript)
    entry = Entry(recording, said, f"audio/{TALK}.m4a")
    return pages_of(entries=[entry], archive=archive)[f"recordings/{TALK}.md"]


def lines_of(text):
    return re.findall(r'<span class="cs-line.*?(?=<span class="cs-line|</p>)', text)


@pytest.mark.parametrize("flag", [flag for flag in Flag if flag is not Flag.UNHEARD])
@pytest.mark.parametrize("status", [DRAFT, EDITED])
def test_a_doubtful_line_has_a_mark_that_says_why(flag, status):
    [line] = lines_of(page(Segment(1, 2, "话。", flags=(flag,)), status=status))
    noise = flag in (Flag.NO_SPEECH, Flag.BOILERPLATE)
    why = f"{'可能不是人说的话' if noise else '这一句靠不住'}：{REASONS[flag]}"
    assert f"cs-line--{'noise' if noise else 'doubtful'}" in line
    assert f'role="img" aria-label="{why}" title="{why}">?</span>' in line


def test_all_reasons_of_a_line_are_told_together():
    text = page(Segment(1, 2, "话。", flags=(Flag.LOOP, Flag.UNSURE)))
    assert "这一句靠不住：翻来覆去是一样的话；机器没有把握" in text


def test_the_legend_explains_what_is_on_the_page_and_nothing_else():
    plain = page(Segment(1, 2, "话。"))
    unsure = page(Segment(1, 2, "话。", flags=(Flag.UNSURE,)))
    noise = page(Segment(1, 2, "话。", flags=(Flag.NO_SPEECH,)))
    mended = page(Segment(1, 2, "金村。", replaced=(RIGHT,)))
    parts = ("的句子靠不住", "灰色的句子", "有点线")
    shown = [[part in text for part in parts] for text in (plain, unsure, noise, mended)]
    assert shown == [[False] * 3, [True, False, False], [True, True, False], [False, False, True]]
    assert ["cs-player__remark" in text for text in (plain, unsure, mended)] == [False, True, True]


def test_an_approved_transcript_has_no_marks_whatever_its_notes_say():
    segment = Segment(1, 2, "金村。", flags=tuple(Flag), replaced=(RIGHT,))
    text = page(segment, status=APPROVED, coverage=Coverage(10, 1), knows_dialect=False)
    assert '<span class="cs-line" data-start="1" data-end="2">金村。</span>' in text
    for hidden in ("cs-doubt", "cs-replaced", "cs-note", "cs-heard", "听写覆盖"):
        assert hidden not in text


@pytest.mark.parametrize("status", [DRAFT, EDITED, APPROVED])
def test_speech_without_text_is_said_plainly_and_can_be_played(status):
    [line] = lines_of(page(Segment(1, 2, UNHEARD, flags=(Flag.UNHEARD,)), status=status))
    assert NOT_HEARD in line
    assert UNHEARD not in line
    assert 'class="cs-line cs-line--unheard" data-start="1" data-end="2"' in line
    assert "data-search-exclude" in line


def test_a_line_that_has_words_again_is_no_longer_unheard():
    text = page(Segment(1, 2, "话。", flags=(Flag.UNHEARD,)), status=EDITED)
    assert '<span class="cs-line" data-start="1" data-end="2">话。</span>' in text


def test_a_word_put_right_is_marked_and_told_without_hovering():
    text = page(
        Segment(1, 2, "金村人说金村。", replaced=(RIGHT,)),
        Segment(2, 3, "金村。", replaced=(RIGHT,)),
    )
    told = "电脑听成“景村”，按词语表改成“金村”"
    first, second = lines_of(text)
    assert f'<mark class="cs-replaced" title="{told}">金村</mark>人说金村。' in first
    assert first.count("<mark") == second.count("<mark") == 1
    assert 'aria-describedby="heard-1"' in first
    assert f'<li><span id="heard-1">{told}</span> <a href="#t=1"' in text
    assert text.count("<li><span id=") == 1


def test_a_word_that_a_person_has_changed_again_is_not_marked():
    text = page(Segment(1, 2, "荆村。", replaced=(RIGHT,)), status=EDITED)
    assert "cs-replaced" not in text
    assert "cs-heard" not in text


def test_suggestions_are_for_correctors():
    assert "恒经" not in page(Segment(1, 2, "话。", suggested=(Replacement("恒经", "横泾"),)))


WORDS = st.text("金村人a <>&\"'\0\x02\n", max_size=5)


@given(WORDS, st.lists(st.builds(Replacement, WORDS, WORDS), max_size=4))
def test_marks_change_no_word(text, replaced):
    line = mark_line(Segment(0, 1, text, replaced=tuple(replaced)), Transcript(status=DRAFT))
    assert "".join(part.text for part in line.parts) == escape(clean(text))
    marked = [part for part in line.parts if part.replaced]
    assert all(part.text.unescape() == clean(part.replaced.term) for part in marked)
    assert set(corrections([line])) == {part.replaced for part in marked}


@pytest.mark.parametrize(
    ("speech", "covered", "row", "missing"),
    [
        (150, 147, "说话 2 分 30 秒，听写了 98%", ""),
        (150, 149.9, "说话 2 分 30 秒，听写了 99%", ""),
        (10, 10, "说话 10 秒，听写了 100%", ""),
        (10, 10.2, "说话 10 秒，听写了 100%", ""),
        (100, 95, "说话 1 分 40 秒，听写了 95%", ""),
        (100, 94.9, "说话 1 分 40 秒，听写了 94%", "大约有 5 秒的话还没有文字"),
        (200, 58, "说话 3 分 20 秒，听写了 29%", "大约有 2 分 22 秒的话还没有文字"),
        (20, 0, "说话 20 秒，听写了 0%", "大约有 20 秒的话还没有文字"),
        (0, 0, "", ""),
    ],
)
def test_coverage_of_a_draft(speech, covered, row, missing):
    measured = Coverage(speech, covered)
    assert coverage(Transcript(status=DRAFT, coverage=measured)) == row
    text = page(Segment(1, 2, "话。"), coverage=measured)
    assert ("听写覆盖" in text) == bool(row)
    assert ("还没有文字" in text) == bool(missing)
    assert missing in text
    assert coverage(Transcript(status=EDITED, coverage=measured)) == ""


@pytest.mark.parametrize(
    ("language", "named"),
    [("cmn", "普通话"), ("wuu", "吴语（本地话）"), ("mixed", "普通话和吴语夹杂"), ("", "普通话")],
)
def test_the_language_is_named(language, named):
    assert f"<dt>语言</dt><dd>{named}</dd>" in page(language=language)


@pytest.mark.parametrize("language", ["wuu", "mixed"])
def test_a_guess_at_a_dialect_is_called_one(language):
    text = page(Segment(1, 2, "话。"), language=language, knows_dialect=False)
    assert GUESS in text
    assert "cs-note--strong" in text
    assert "机器初稿（方言未校对，大多靠不住）" in text
    assert TIDY not in text


def test_a_recording_that_names_no_language_has_the_archive_s():
    said = {"language": "", "archive": Archive(language="wuu"), "knows_dialect": False}
    assert GUESS in page(Segment(1, 2, "话。"), **said)


@pytest.mark.parametrize(
    ("language", "knows", "status", "warned"),
    [
        ("cmn", False, DRAFT, True),
        ("wuu", True, DRAFT, True),
        ("wuu", False, EDITED, False),
        ("wuu", False, APPROVED, False),
        ("wuu", False, MISSING, False),
    ],
)
def test_no_dialect_warning_where_it_would_be_wrong(language, knows, status, warned):
    segments = [] if status is MISSING else [Segment(1, 2, "话。")]
    text = page(*segments, language=language, knows_dialect=knows, status=status)
    assert GUESS not in text
    assert (TIDY in text) == warned


def test_dialect_and_its_meaning_are_one_line_with_two_languages():
    text = page(Segment(1, 2, "阿拉。", mandarin="我们。"), Segment(2, 3, "侬好。"), language="wuu")
    pair, plain = lines_of(text)
    assert pair.startswith('<span class="cs-line cs-line--pair" data-start="1"')
    assert '<span class="cs-said" lang="wuu-Hans">阿拉。</span> <span class="cs-mandarin"' in pair
    assert re.search(r'lang="zh-CN">.*</span>我们。</span></span>$', pair)
    assert '<span class="cs-said" lang="wuu-Hans">侬好。</span>' in plain
    assert text.count('<p class="cs-paragraph') == 2


def test_in_mixed_speech_only_what_has_a_meaning_is_marked_as_dialect():
    text = page(
        Segment(1, 2, "阿拉。", mandarin="我们。"), Segment(2, 3, "你好。"), language="mixed"
    )
    assert text.count('lang="wuu-Hans"') == 1


@pytest.mark.parametrize(
    ("changed", "quote", "dialect"),
    [
        ({}, "", True),
        ({}, "作者写的话。", False),
        ({"knows_dialect": True}, "", False),
        ({"status": EDITED}, "", False),
    ],
)
def test_a_clip_says_that_its_words_are_a_guess_at_a_dialect(changed, quote, dialect):
    said = Transcript((Segment(0, 5, "话。"),), DRAFT, knows_dialect=False)
    said = replace(said, **changed)
    entry = Entry(make_recording(language="wuu"), said, "audio/a.m4a")
    ref = ClipRef(TALK, 0.0, 5.0, quote, "x", 1)
    status = APPROVED if quote else said.status
    clip = Clip(ref, quote or f"话。{UNHEARD}", status, audio="clips/a.m4a")
    lesson = make_lesson(f"## 听\n\n/// clip | {TALK} 0:00-0:05\n{quote}\n///\n", refs=[ref])
    text = pages_of(entries=[entry], lessons=[(lesson, (clip,))])["lessons/01.md"]
    assert ('    dialect: "yes"\n' in text) == dialect
    words = json.loads(re.search(r"    words: (.*)\n", text)[1])
    assert words == (quote or f"话。{NOT_HEARD}")


def test_about_explains_the_marks_only_where_a_machine_writes():
    assert "画着波浪线" in pages_of()["about.md"]
    assert "画着波浪线" not in pages_of(archive=Archive(engine="null"))["about.md"]


def test_every_mark_the_pages_use_has_a_look():
    theme = Path(__file__).parents[2] / "scripts" / "cunshi"
    css = (theme / "theme" / "assets" / "cunshi.css").read_text("utf-8")
    macros = (theme / "catalogue" / "templates" / "_macros.j2").read_text("utf-8")
    used = set(re.findall(r"cs-(?:doubt|replaced|said|mandarin\w*|line--pair)", macros))
    used |= {f"cs-line--{kind}" for kind in ("doubtful", "noise", "unheard")}
    assert {name for name in used if f".{name}" not in css} == set()
