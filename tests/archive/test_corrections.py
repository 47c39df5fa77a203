"""Editing transcript.vtt keeps everything around its lines."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cunshi.archive.transcript_edit import format_corrected, without_draft_note
from cunshi.archive.transcript_file import (
    UNHEARD,
    as_written,
    format_draft,
    is_untouched_draft,
    parse_transcript,
)
from cunshi.domain.transcript import Flag, Replacement, Segment

LINES = (
    Segment(0.5, 4.82, "今天讲一讲金村。", flags=(Flag.UNSURE,)),
    Segment(5.32, 6.06, "书上说，", speaker="金老师", replaced=(Replacement("唐桥", "塘桥"),)),
    Segment(7.0, 8.0, "好的"),
)
DRAFT = format_draft("20260112-3f9a2c1b", "faster-whisper base", LINES)

BY_HAND = """\
WEBVTT 金老师讲

STYLE
::cue { color: red }

NOTE 王阿姨校对，2026 年

NOTE
这是人校对的文稿，归人所有，程序不会再覆盖它。用校对台改，或在这里改，都可以。
时间行、空行不要动。句子上面写 NOTE 不公开，这一句和它的声音就不放出来；写 NOTE 金句，就上金句墙。

NOTE 问过金老师

开头
00:01.000 --> 00:02.000 line:0 align:start
<v 金老师>一</v> <i>二</i>
三

NOTE 存疑：机器没有把握

NOTE 这里有狗叫
第二行

00:03.000 --> 00:04.000
四

NOTE 完
"""

speech = st.text(
    st.sampled_from("村好，。a1&<>-:： \n\t\u2028\u3000\x00\x07普通话NOTE→；\ud800'\""), max_size=12
) | st.sampled_from(["普通话：好", "-->", "WEBVTT", "NOTE 不公开", "&amp;", "<v 王>", "[听不清]"])
pairs = st.lists(st.builds(Replacement, speech, speech), max_size=2).map(tuple)
segments = st.builds(
    lambda start, length, **more: Segment(start, start + length, **more),
    st.floats(0, 9000),
    st.floats(0, 60),
    text=speech,
    speaker=speech,
    mandarin=speech,
    flags=st.lists(st.sampled_from(Flag), max_size=3).map(tuple),
    replaced=pairs,
    suggested=pairs,
    withheld=st.booleans(),
    golden=st.booleans(),
)
lines = st.lists(segments, max_size=5)


@given(lines)
def test_a_person_reads_what_a_person_wrote(wrote: list[Segment]) -> None:
    wanted = tuple(line for line in map(as_written, wrote) if line.text)
    for before in ("", DRAFT, BY_HAND):
        text = format_corrected(before, "a", wrote)
        assert parse_transcript(text) == wanted
        assert not is_untouched_draft(text)
        assert tuple(map(as_written, wanted)) == wanted


@given(lines, lines)
@example([], [Segment(0, 0, "", speaker="--", mandarin="1")])
def test_it_does_not_matter_how_often_it_was_written(
    one: list[Segment], other: list[Segment]
) -> None:
    text = format_corrected(format_corrected("", "a", one), "a", other)
    assert parse_transcript(text) == parse_transcript(format_corrected("", "a", other))
    assert format_corrected(text, "a", parse_transcript(text)) == text


def test_a_corrected_draft_keeps_its_marks_and_is_no_draft() -> None:
    text = format_corrected(DRAFT, "a", [LINES[0], replace(LINES[1], text="书上写，"), LINES[2]])
    assert "draft-sha256" not in text
    assert "初稿" not in text
    assert text.startswith("WEBVTT\n\nNOTE 20260112-3f9a2c1b faster-whisper base\n\n")
    assert "NOTE 存疑：机器没有把握\n\n00:00:00.500" in text
    assert "NOTE 已改：唐桥→塘桥\n\n00:00:05.320" in text


def test_a_settled_doubt_takes_its_note_away() -> None:
    text = format_corrected(DRAFT, "a", [replace(LINES[0], flags=(), text="改了"), *LINES[1:]])
    assert "存疑" not in text


def test_lines_nobody_changed_stay_letter_by_letter() -> None:
    read = parse_transcript(BY_HAND)
    assert format_corrected(BY_HAND, "a", read) == BY_HAND
    text = format_corrected(BY_HAND, "a", [read[0], replace(read[1], text="五", flags=())])
    assert text == BY_HAND.replace("NOTE 存疑：机器没有把握\n\n", "").replace(
        "00:03.000 --> 00:04.000\n四", "00:00:03.000 --> 00:00:04.000\n五"
    )


def test_names_settings_and_comments_go_with_their_line() -> None:
    read = parse_transcript(BY_HAND)
    text = format_corrected(BY_HAND, "a", [replace(read[0], text="改"), read[1]])
    assert (
        "NOTE 问过金老师\n\n开头\n00:00:01.000 --> 00:00:02.000 line:0 align:start\n<v 金老师>改\n"
        in text
    )
    split = [
        replace(read[0], end=1.3, text="一"),
        replace(read[0], start=1.3, text="二"),
        *read[1:],
    ]
    text = format_corrected(BY_HAND, "a", split)
    assert text.count("开头\n") == 1
    assert "NOTE 问过金老师\n\n开头\n00:00:01.300" in text


@pytest.mark.parametrize("left", [(), (1,), (0,)])
def test_comments_of_a_line_that_is_gone_are_kept(left: tuple[int, ...]) -> None:
    read = parse_transcript(BY_HAND)
    text = format_corrected(BY_HAND, "a", [read[n] for n in left])
    for kept in ("王阿姨校对", "问过金老师", "这里有狗叫\n第二行", "NOTE 完", "::cue"):
        assert text.count(kept) == 1, (kept, text)
    again = format_corrected(text, "a", parse_transcript(text))
    assert again == text


def test_line_ends_of_windows_stay() -> None:
    before = BY_HAND.replace("\n", "\r\n")
    text = format_corrected(before, "a", parse_transcript(before))
    assert text == before


# --- marks


@pytest.mark.parametrize(
    "note", ["NOTE 不公开", "NOTE\n不公开", "NOTE 不公开：家里的事", "NOTE不公开", "NOTE  不公开 "]
)
def test_whatever_begins_with_the_word_withholds(note: str) -> None:
    text = BY_HAND.replace("NOTE 这里有狗叫\n第二行", note)
    assert [s.withheld for s in parse_transcript(text)] == [False, True]
    below = BY_HAND.replace("NOTE 完", note)
    assert [s.withheld for s in parse_transcript(below)] == [False, True]
    first = BY_HAND.replace("NOTE 问过金老师", note)
    assert [s.withheld for s in parse_transcript(first)] == [True, False]


@pytest.mark.parametrize("where", ["NOTE 这里有狗叫\n第二行", "NOTE 完", "NOTE 问过金老师"])
def test_a_line_that_may_be_heard_again_is_not_withheld_by_an_old_comment(where: str) -> None:
    before = BY_HAND.replace(where, "NOTE 不公开：家里的事")
    read = [replace(s, withheld=False) for s in parse_transcript(before)]
    text = format_corrected(before, "a", read)
    assert not any(s.withheld for s in parse_transcript(text))
    assert "家里的事" in text


def test_a_marked_line_without_words_is_a_line() -> None:
    said = [
        Segment(1.0, 2.0, "", withheld=True),
        Segment(3.0, 4.0, "", mandarin="好"),
        Segment(5.0, 6.0, " "),
    ]
    found = parse_transcript(format_corrected("", "a", said))
    assert [(s.text, s.withheld, s.mandarin) for s in found] == [
        (UNHEARD, True, ""),
        (UNHEARD, False, "好"),
    ]


def test_a_restored_draft_belongs_to_people() -> None:
    text = without_draft_note(DRAFT)
    assert not is_untouched_draft(text)
    assert parse_transcript(text) == parse_transcript(DRAFT)
