"""A withholding mark is understood however it is written, and nothing else is taken for one."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.project import Project
from cunshi.archive.transcript_edit import format_corrected
from cunshi.archive.transcript_file import (
    CORRECTED_GUIDE,
    GUIDE,
    as_written,
    format_draft,
    is_untouched_draft,
    odd_marks,
    parse_transcript,
)
from cunshi.core.text import clean
from cunshi.domain.transcript import Segment
from support.leaks import leaks

Run = Callable[..., tuple[int, str]]
LINES = ("早先村口有一座石桥。", "我家的钥匙藏在灶台下面。", "后来修了一条大路。")
TIMES = tuple(f"00:00:{n:02}.000 --> 00:00:{n + 9:02}.000" for n in (0, 10, 20))

WORDS = [
    "不公开",
    "不公開",
    "不要公开",
    "不能公开",
    "请勿公开",
    "請不要公開",
    "别公开",
    "不 公 开",
    "不　公　开",
    "不\u200b公\u200b开",
    "不公开。",
    "：不公开",
    "【不公开】",
    "（不公開）",
    "〔不要公开〕",
    "[不公开]",
    "不对外公开",
    "不要发布",
    "不要播放",
    "這一段不公開",
    "这句请不要公开！",
    "withheld",
    "Do not publish",
    "PRIVATE",
]
# How a mark is written around the second cue: {m} is the mark, {t} its times, {w} its words.
BESIDE = {
    "above without an empty line": "NOTE {m}\n{t}\n{w}",
    "above with a colon": "NOTE：{m}\n{t}\n{w}",
    "above in small letters": "note {m}\n{t}\n{w}",
    "name of the cue": "{m}\n{t}\n{w}",
    "below the times": "{t}\n{m}\n{w}",
    "below the times as a note": "{t}\nNOTE {m}\n{w}",
    "below the words": "{t}\n{w}\n{m}",
    "below the words as a note": "{t}\n{w}\nNOTE {m}",
    "behind the times": "{t} {m}\n{w}",
    "before the words in brackets": "{t}\n（{m}）{w}",
    "behind the words in brackets": "{t}\n{w}[{m}]",
    "behind the words in other brackets": "{t}\n{w}〔{m}〕",
    "within the words": "{t}\n我家的钥匙（{m}）藏在灶台下面。",
    "a voice": "{t}\n<v {m}>{w}",
    "with another note": "NOTE 王老师听过，{m}，等他儿子来\n\n{t}\n{w}",
    "behind the program's note": "NOTE 存疑：机器没有把握；{m}\n\n{t}\n{w}",
    "a block of its own": "{m}\n\n{t}\n{w}",
}


def transcript(second: str, head: str = "WEBVTT") -> str:
    first, __, third = (f"{t}\n{w}" for t, w in zip(TIMES, LINES, strict=True))
    return f"{head}\n\n{first}\n\n{second}\n\n{third}\n"


def withheld(text: str) -> list[bool]:
    return [segment.withheld for segment in parse_transcript(text)]


@pytest.mark.parametrize("place", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("mark", WORDS)
def test_a_mark_withholds_the_line_beside_it(mark: str, place: str) -> None:
    text = transcript(place.format(m=mark, t=TIMES[1], w=LINES[1]))
    lines = parse_transcript(text)
    assert lines[1].withheld
    assert not lines[2].withheld or place.startswith(("NOTE", "{m}"))
    assert odd_marks(text)
    assert "公开" not in lines[0].text + lines[2].text


@pytest.mark.parametrize("mark", WORDS)
def test_a_mark_between_two_lines_withholds_both(mark: str) -> None:
    above, below = (f"{TIMES[n]}\n{LINES[n]}" for n in (0, 1))
    assert withheld(f"WEBVTT\n\n{above}\nNOTE {mark}\n{below}\n") == [True, True]
    if mark not in {"不公开", "不公开。"}:
        assert withheld(f"WEBVTT\n\n{above}\n\nNOTE {mark}\n\n{below}\n") == [True, True]


@pytest.mark.parametrize(
    "head",
    [
        "WEBVTT 不公开",
        "WEBVTT\n不公開",
        "WEBVTT - 请不要公开",
        "WEBVTT\n\nNOTE 请不要公开",
        f"WEBVTT\n\n{GUIDE.strip()}\n\nnote: 不公开",
    ],
)
def test_a_mark_in_the_head_withholds_the_first_line(head: str) -> None:
    text = transcript(f"{TIMES[1]}\n{LINES[1]}", head)
    assert withheld(text) == [True, False, False]
    assert odd_marks(text)


def test_a_mark_after_the_last_line_withholds_it() -> None:
    text = transcript(f"{TIMES[1]}\n{LINES[1]}") + "\nnote 不要公开\n"
    assert withheld(text) == [False, False, True]


@pytest.mark.parametrize(
    "words",
    [
        "当年这件事不公开，大家都不晓得。",
        "他说“不公开”，我就没有讲。",
        "账目不公开，社员有意见。",
        "那时候消息不公布的。",
        "（笑）他不肯公开讲。",
        "我们后来不播放那个片子了。",
    ],
)
def test_who_says_it_in_a_sentence_has_marked_nothing(words: str) -> None:
    text = transcript(f"{TIMES[1]}\n{words}")
    assert withheld(text) == [False, False, False]
    assert odd_marks(text) == ()
    assert parse_transcript(text)[1].text == words


@pytest.mark.parametrize("note", ["NOTE 可以公开", "NOTE 公开", "NOTE 已经问过，同意公开"])
def test_nothing_is_opened_or_closed_by_the_opposite(note: str) -> None:
    assert withheld(transcript(f"{note}\n\n{TIMES[1]}\n{LINES[1]}")) == [False, False, False]
    both = f"NOTE 不公开\n\n{note}\n\n{TIMES[1]}\n{LINES[1]}"
    assert withheld(transcript(both)) == [False, True, False]


def test_the_usual_form_is_no_fault_and_the_explanations_are_no_marks() -> None:
    text = transcript(f"NOTE 不公开\n\n{TIMES[1]}\n{LINES[1]}", f"WEBVTT\n\n{CORRECTED_GUIDE}")
    assert withheld(text) == [False, True, False]
    assert odd_marks(text) == ()


def test_the_place_of_an_odd_mark_is_named() -> None:
    text = transcript(f"{TIMES[1]}\n{LINES[1]}\n（请勿公开）")
    assert [(mark.line, mark.words) for mark in odd_marks(text)] == [(8, "（请勿公开）")]
    assert odd_marks(text.replace("\n", "\r\n")) == odd_marks(text)


def test_a_draft_with_a_mark_in_its_head_is_no_longer_the_programs() -> None:
    draft = format_draft("20260112-7a994552", "whisper", [Segment(0, 1, "桥")])
    assert is_untouched_draft(draft)
    assert not is_untouched_draft(draft.replace("WEBVTT\n", "WEBVTT\n\n请不要公开\n", 1))


@pytest.mark.parametrize("place", BESIDE.values(), ids=BESIDE)
def test_saving_at_the_desk_keeps_the_mark_and_every_other_word(place: str) -> None:
    text = transcript(place.format(m="請不要公開", t=TIMES[1], w=LINES[1]))
    lines = tuple(map(as_written, parse_transcript(text)))
    saved = format_corrected(text, "20260112-7a994552", lines)
    assert odd_marks(saved) == ()
    assert parse_transcript(saved) == lines
    if "等他儿子来" in text:
        assert "等他儿子来" in saved
    opened = [Segment(line.start, line.end, line.text) for line in lines]
    assert withheld(format_corrected(saved, "20260112-7a994552", opened)) == [False] * 3


def test_a_mark_typed_at_the_desk_is_a_mark() -> None:
    line = as_written(Segment(0, 1, "我家的钥匙（不公开）在灶台下"))
    assert line.withheld and line.text == "我家的钥匙在灶台下"


SAID = st.text("早先村口有一座石桥我家后来修路公开不要请" + "，。", min_size=1, max_size=20)


@given(st.lists(SAID, min_size=1, max_size=6), st.sampled_from(sorted(BESIDE)), st.randoms())
def test_wherever_it_stands_the_line_is_withheld(
    said: list[str], place: str, chance: random.Random
) -> None:
    said = [clean(words).strip("，。") or "桥" for words in said]
    said = [f"甲{words}乙" for words in said]  # a sentence, not a mark alone
    marked, mark = chance.randrange(len(said)), chance.choice(WORDS)
    cues = []
    for number, words in enumerate(said):
        times = f"00:{number:02}:00.000 --> 00:{number:02}:59.000"
        form = BESIDE[place] if number == marked else "{t}\n{w}"
        cues.append(form.format(m=mark, t=times, w=words))
    lines = parse_transcript("WEBVTT\n\n" + "\n\n".join(cues) + "\n")
    assert lines[marked].withheld
    far = [line.withheld for n, line in enumerate(lines) if abs(n - marked) > 1]
    assert not any(far)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["above without an empty line", "behind the words in brackets"])
def test_a_volunteer_is_told_and_nothing_is_published(
    told: tuple[Project, str, str], run: Run, place: str
) -> None:
    project, open_id, __ = told
    path = project.accession(open_id).transcript
    head, times, rest = path.read_text("utf-8").partition("00:00:24.496 --> 00:00:30.296\n")
    rest = rest.partition("\n")[2]
    cue = BESIDE[place].format(m="請不要公開", t=times.strip(), w=LINES[1])
    path.write_text(head + cue + "\n" + rest, "utf-8")
    code, printed = run(project, "site")
    assert code == 5 and "transcript.vtt 第" in printed and "NOTE 不公开" in printed
    assert leaks(project.site, LINES[1]) == []
