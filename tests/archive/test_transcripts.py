"""machine.json and transcript.vtt: lossless round trips, and detection of edits."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cunshi.archive import transcript_file
from cunshi.archive.machine_json import (
    MachineTranscript,
    format_machine_json,
    read_machine_json,
    read_origin,
)
from cunshi.archive.transcript_file import (
    format_draft,
    is_untouched_draft,
    parse_transcript,
    read_transcript,
    with_engine,
)
from cunshi.core.errors import RecordError
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus, Word

LINES = (
    Segment(0.5, 4.82, "今天讲一讲金村这个名字。"),
    Segment(5.32, 6.06, "书上说，", speaker="金老师"),
    Segment(3661.0, 3662.25, "1 < 2 & 3 > 2"),
)
DRAFT = format_draft("20260112-3f9a2c1b", "faster-whisper base", LINES)
CUES = DRAFT.index("00:00:00.500")


def recording(**said: object) -> Recording:
    technical = Technical("mov", "aac", 45.0, 44_100, 1)
    description = Description(**said)  # type: ignore[arg-type]
    return Recording("a", Kind.TALK, "a.m4a", "0" * 64, "a.m4a", technical, description)


def read(path: Path, data: bytes | str, **said: object) -> Transcript:
    path = path / "transcript.vtt"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_transcript(path, "transcript.vtt", recording(**said))


# --- drafts


def test_a_draft_is_webvtt_that_tells_what_it_is() -> None:
    head, *blocks = DRAFT.split("\n\n")
    assert head == "WEBVTT"
    assert blocks[0] == "NOTE 20260112-3f9a2c1b faster-whisper base"
    assert [block.splitlines() for block in blocks[3:]] == [
        ["00:00:00.500 --> 00:00:04.820", "今天讲一讲金村这个名字。"],
        ["00:00:05.320 --> 00:00:06.060", "<v 金老师>书上说，"],
        ["01:01:01.000 --> 01:01:02.250", "1 &lt; 2 &amp; 3 &gt; 2"],
    ]


def test_a_draft_is_read_as_it_was_written() -> None:
    assert parse_transcript(DRAFT) == LINES


# Words, and all that means something in WebVTT.
spoken = st.lists(
    st.sampled_from(
        ["村", "好，", "。", "😀", "a", "1", "&", "<", ">", "&amp;", "<b>", "</v>", "-->"]
    )
    | st.sampled_from(
        ["NOTE", "STYLE", "WEBVTT", " ", "\n", "{", "<c.x>", "00:00:01.000", "&#60;"]
    ),
    min_size=1,
    max_size=12,
).map("".join)
times = st.tuples(st.integers(0, 36_000_000), st.integers(1, 60_000)).map(
    lambda t: (t[0] / 1000, (t[0] + t[1]) / 1000)
)
speakers = st.sampled_from(["", "金老师", "陈厂长 (退休)", "A B"])
segments = st.builds(
    lambda time, text, speaker: Segment(*time, text, speaker=speaker), times, spoken, speakers
)


@given(st.lists(segments, max_size=6))
@example([Segment(0.0, 1.0, "一\n\n二\n三"), Segment(1.0, 2.0, " \n"), Segment(2.0, 3.0, "四")])
def test_any_words_come_back_in_their_order_with_their_times(lines: list[Segment]) -> None:
    text = format_draft("a", "recorded none", lines)
    assert is_untouched_draft(text)
    kept = [line for line in lines if line.text.strip()]
    found = parse_transcript(text)
    assert [s.text for s in found] == [" ".join(line.text.split()) for line in kept]
    assert [s.speaker for s in found] == [line.speaker for line in kept]
    for segment, line in zip(found, kept, strict=True):
        assert (segment.start, segment.end) == pytest.approx((line.start, line.end), abs=1e-6)


PLAIN = [Segment(0.0, 1.0, "好 的。", speaker="金老师"), Segment(1.0, 2.0, "金村", mandarin="村")]


def regular(text: str) -> list[transcript_file._Caption]:
    return transcript_file._regular_captions(text, *transcript_file._cues_and_others(text))


@given(
    st.lists(segments | st.sampled_from(PLAIN), max_size=4).map(
        lambda lines: format_draft("a", "e m", [*PLAIN, *lines])
    ),
    st.integers(0, 10_000),
    st.sampled_from(
        ["", "\n", " ", "\n \n", "\t", "\u3000", "x", "<b>", "&lt;", "-->", "\r\n", "·"]
    ),
)
@example(format_draft("a", "e m", PLAIN), 0, "")
def test_what_is_read_fast_is_what_the_library_reads(text: str, at: int, strange: str) -> None:
    text = text[: at % len(text)] + strange + text[at % len(text) :]
    fast = regular(text)
    if fast:
        assert fast == transcript_file._any_captions(text, "")


def test_what_this_program_writes_is_read_fast() -> None:
    text = format_draft("a", "e m", PLAIN)
    assert len(regular(text)) == 2


@given(st.integers(CUES, len(DRAFT) - 1), st.sampled_from("乐9:.-<x"))
def test_one_changed_character_makes_a_draft_a_persons(at: int, other: str) -> None:
    if DRAFT[at] != other and not DRAFT[at].isspace():
        assert not is_untouched_draft(DRAFT[:at] + other + DRAFT[at + 1 :])


@given(st.integers(CUES, len(DRAFT) - 1))
def test_one_character_less_makes_a_draft_a_persons(at: int) -> None:
    if not DRAFT[at].isspace():
        assert not is_untouched_draft(DRAFT[:at] + DRAFT[at + 1 :])


@pytest.mark.parametrize(
    "added", ["乐", "\n乐", "\n\nNOTE 我改过\n", "\n\n00:10.000 --> 00:11.000\n乐"]
)
def test_what_is_added_at_the_end_makes_a_draft_a_persons(added: str) -> None:
    assert not is_untouched_draft(DRAFT + added)


@pytest.mark.parametrize(
    "saved",
    [
        DRAFT.encode(),
        DRAFT.replace("\n", "\r\n").encode(),
        DRAFT.encode("utf-8-sig"),
        DRAFT.replace("\n", "\r\n").encode("utf-8-sig"),
        DRAFT.encode("utf-16"),
        DRAFT.replace("。\n", "。  \n").encode(),
        DRAFT.rstrip("\n").encode(),
        DRAFT.encode() + b"\r\n\r\n",
    ],
    ids=["as is", "CRLF", "BOM", "BOM and CRLF", "UTF-16", "spaces", "no last line", "more lines"],
)
def test_an_editor_that_only_saves_leaves_a_draft(tmp_path: Path, saved: bytes) -> None:
    found = read(tmp_path, saved)
    assert (found.status, found.segments) == (TranscriptStatus.DRAFT, LINES)


def test_without_its_note_a_draft_is_a_persons() -> None:
    note = next(line for line in DRAFT.splitlines() if line.startswith("NOTE draft-sha256"))
    for other in ("", "NOTE", note[:-1], note[:-1] + ("0" if note[-1] != "0" else "1")):
        assert not is_untouched_draft(DRAFT.replace(note, other))
    assert is_untouched_draft(DRAFT)


def test_the_guide_above_the_cues_may_go() -> None:
    assert is_untouched_draft("WEBVTT\n\n" + DRAFT[DRAFT.index("NOTE draft-sha256") :])


# --- status


@pytest.mark.parametrize(
    ("text", "said", "status"),
    [
        (DRAFT, {}, TranscriptStatus.DRAFT),
        (DRAFT.replace("金村", "慈乌村"), {}, TranscriptStatus.EDITED),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n好\n", {}, TranscriptStatus.EDITED),
        (DRAFT, {"approved_by": "王老师"}, TranscriptStatus.APPROVED),
        (DRAFT.replace("金", "今"), {"approved_by": "王老师"}, TranscriptStatus.APPROVED),
        (DRAFT, {"approved_on": dt.date(2026, 2, 1)}, TranscriptStatus.DRAFT),
        (format_draft("a", "null", []), {}, TranscriptStatus.MISSING),
        ("WEBVTT\n", {}, TranscriptStatus.EDITED),
    ],
)
def test_a_transcript_tells_how_far_people_have_come(
    tmp_path: Path, text: str, said: dict[str, object], status: TranscriptStatus
) -> None:
    assert read(tmp_path, text, **said).status is status


def test_no_file_is_no_transcript(tmp_path: Path) -> None:
    assert read_transcript(tmp_path / "transcript.vtt", "", recording()) == Transcript()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "你好\n",
        "1\n00:00:01,000 --> 00:00:02,000\n你好\n",
        "WEBVTT\n\n00:00:01,000 --> 00:00:02,000\n你好\n",
        "WEBVTT\n\n00：00：01.000 --> 00：00：02.000\n你好\n",
        "WEBVTT\n\n0:1 --> 0:2\n你好\n",
        "WEBVTT\n\n00:00:61.000 --> 00:00:62.000\n你好\n",
        DRAFT.replace("00:00:05.320 -->", "0:05 -->"),
        DRAFT.replace("\n\n00:00:05", "\n00:00:05"),
    ],
)
def test_a_file_that_is_not_webvtt_is_refused_and_is_no_draft(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordError) as refused:
        read(tmp_path, text)
    assert (refused.value.where, bool(refused.value.remedy)) == ("transcript.vtt", True)
    assert not is_untouched_draft(text)


@given(st.text(alphabet="WEBVTNO\n 0123:.->村<&/\r", max_size=80).map("WEBVTT\n\n".__add__))
def test_any_text_is_a_transcript_or_refused(text: str) -> None:
    assert not is_untouched_draft(text)
    try:
        parse_transcript(text)
    except RecordError as refused:
        assert refused.cause


# --- machine.json

moments = st.integers(0, 10_000_000).map(lambda millis: millis / 1000)
heard_words = st.builds(Word, moments, moments, st.text(max_size=4), st.floats(0, 1))
heard_segments = st.builds(
    Segment, moments, moments, st.text(max_size=20), st.lists(heard_words, max_size=3).map(tuple)
)
confidences = st.dictionaries(
    st.sampled_from(["avg_logprob", "no_speech_prob"]), st.floats(-9, 9), max_size=2
)
heards = st.lists(st.tuples(heard_segments, confidences), max_size=4).map(
    lambda pairs: MachineTranscript(
        recording="20260112-3f9a2c1b",
        master_sha256="1" * 64,
        engine="faster-whisper",
        engine_version="1.2.1",
        model="base",
        model_sha256="2" * 64,
        options={"beam_size": 5, "temperature": [0.0, 0.2], "vad": {"on": True}},
        language="cmn",
        segments=tuple(segment for segment, __ in pairs),
        confidence=tuple(confidence for __, confidence in pairs),
        created="2026-01-12T08:00:00+00:00",
    )
)


@given(heards)
def test_what_an_engine_heard_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, heard: MachineTranscript
) -> None:
    path = tmp_path_factory.getbasetemp() / "machine.json"
    path.write_text(format_machine_json(heard), "utf-8")
    assert read_machine_json(path) == heard
    assert read_origin(path) == dataclasses.replace(heard, segments=(), confidence=())


def test_the_origin_is_read_without_the_segments(
    tmp_path: Path, machine: tuple[MachineTranscript, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, text = machine
    path = tmp_path / "machine.json"
    path.write_text(text, "utf-8")
    monkeypatch.setattr(
        "cunshi.archive.machine_json.read_machine_json", lambda __: pytest.fail("read whole")
    )
    assert read_origin(path) == dataclasses.replace(heard, segments=(), confidence=())


@pytest.fixture
def machine() -> tuple[MachineTranscript, str]:
    segment = Segment(0.0, 1.0, "好，", (Word(0.0, 0.5, "好", 0.9), Word(0.5, 1.0, "，", 0.8)))
    heard = MachineTranscript(
        "a", "1" * 64, "e", "1", "m", "2" * 64, {}, "cmn", (segment,), ({"p": 0.5},)
    )
    return heard, format_machine_json(heard)


def test_half_a_machine_json_is_none(
    tmp_path: Path, machine: tuple[MachineTranscript, str]
) -> None:
    heard, text = machine
    path = tmp_path / "machine.json"
    assert read_machine_json(path) is None
    data = text.encode()
    for size in range(len(data.rstrip())):
        path.write_bytes(data[:size])
        assert read_machine_json(path) is None, data[:size]
        assert read_origin(path) is None, data[:size]
    path.write_bytes(data)
    assert read_machine_json(path) == heard


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b'{"segments": 1}', b"\xff\xfe\x00"])
def test_a_damaged_machine_json_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "machine.json"
    path.write_bytes(data)
    assert read_machine_json(path) is None


@pytest.mark.parametrize("name", ["engine", "segments", "options", "master_sha256"])
def test_a_machine_json_without_a_field_is_none(
    tmp_path: Path, machine: tuple[MachineTranscript, str], name: str
) -> None:
    path, data = tmp_path / "machine.json", json.loads(machine[1])
    del data[name]
    path.write_text(json.dumps(data), "utf-8")
    assert read_machine_json(path) is None


@pytest.mark.parametrize(
    ("name", "depends"),
    [
        ("master_sha256", True),
        ("engine", True),
        ("model", True),
        ("model_sha256", True),
        ("language", True),
        ("engine_version", False),
        ("created", False),
        ("recording", False),
    ],
)
def test_a_transcript_depends_on_master_engine_model_and_language_alone(
    machine: tuple[MachineTranscript, str], name: str, depends: bool
) -> None:
    other = dataclasses.replace(machine[0], **{name: "anders"})
    assert (other.cause() != machine[0].cause()) is depends


def test_a_transcript_remembers_its_engine(machine: tuple[MachineTranscript, str]) -> None:
    assert with_engine(Transcript(), machine[0]).engine == "e m"
    assert with_engine(Transcript(), None).engine == ""


@pytest.mark.parametrize(
    ("cues", "line"),
    [
        ("00:01.000 -> 00:02.000\n你好\n", 3),
        ("00:01.000 —> 00:02.000\n你好\n", 3),
        ("00:00:01.000 --> 00:00:02.000\n一\n\n二\n", 6),
        ("你好\n", 3),
    ],
)
def test_words_without_a_time_are_reported_not_dropped(cues: str, line: int) -> None:
    with pytest.raises(RecordError) as raised:
        parse_transcript(f"WEBVTT\n\n{cues}")
    assert raised.value.line == line
    assert raised.value.remedy


def test_a_cue_that_ends_before_it_begins_is_reported() -> None:
    with pytest.raises(RecordError):
        parse_transcript("WEBVTT\n\n00:00:02.000 --> 00:00:01.000\n你好\n")
