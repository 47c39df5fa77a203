"""Voice activity, quality flags, and repeated recognition of doubtful passages."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cunshi.domain.transcript import Flag, Segment, Word
from cunshi.transcription import quality_flags, vad
from cunshi.transcription.engines import EngineIdentity, HeardSegment, open_engine
from cunshi.transcription.error_rate import error_rate
from cunshi.transcription.recognise import RecognisedPassage, recognise_passage
from cunshi.transcription.vad import RATE, Passage, Span
from support.noises import music, room, silence
from support.real_speech import Samples, load
from support.village import ROOT

REAL = Path(__file__).parents[1] / "samples" / "real-speech"


def hear(samples: Samples) -> list[RecognisedPassage]:
    engine = open_engine("faster-whisper", "base", ROOT)
    return [
        recognise_passage(engine, passage, "cmn", ()) for passage in vad.passages([(0.0, samples)])
    ]


def text_of(listened: list[RecognisedPassage]) -> str:
    return "".join(entry.segment.text for part in listened for entry in part.segments)


@pytest.mark.whisper
def test_nothing_is_heard_in_a_minute_of_silence_noise_or_music_and_no_speech_is_lost() -> None:
    entries = yaml.safe_load((REAL / "reference.yml").read_text("utf-8"))
    spoken = [(load(REAL / entry["file"]), entry["text"]) for entry in entries]
    gaps = [silence(60), room(60), music(60)]
    parts, said, times = [], "", []
    for number in range(4):
        samples, text = spoken[number % 2]
        begins = sum(map(len, parts)) / RATE
        parts += [samples, gaps[number]] if number < 3 else [samples]
        times.append((begins, begins + len(samples) / RATE))
        said += text
    listened = hear(np.concatenate(parts))
    segments = [entry.segment for part in listened for entry in part.segments]
    for segment in segments:
        inside = any(begin - 0.5 <= segment.start <= end + 0.5 for begin, end in times)
        assert inside or segment.flags, segment
        for word in segment.words:
            assert any(begin - 0.5 <= word.start < word.end <= end + 0.5 for begin, end in times)
    shorter = hear(
        np.concatenate([x for samples, __ in (*spoken, *spoken) for x in (samples, silence(0.5))])
    )
    assert len(text_of(listened)) == pytest.approx(len(text_of(shorter)), abs=2)
    assert error_rate([(said, text_of(listened))]) <= 0.15
    assert sum(part.lost for part in listened) == 0


@pytest.mark.whisper
def test_of_noise_alone_nothing_is_heard() -> None:
    assert hear(np.concatenate([silence(5), room(20), music(20)])) == []


class Skipping:
    """An engine that recognises only the beginning of long passages, like base."""

    workers = 1
    hears = True

    def __init__(self) -> None:
        self.calls: list[float] = []

    def identity(self) -> EngineIdentity:
        return EngineIdentity("skipping", "1", "", "")

    def prepare(self) -> None: ...

    def transcribe(self, samples: Samples, language: str) -> Iterator[HeardSegment]:
        length = len(samples) / RATE
        self.calls.append(length)
        heard = length if length <= 6 else 2.0
        words = tuple(
            Word(n * 0.25, n * 0.25 + 0.2, chr(0x4E00 + n), 0.9) for n in range(int(heard * 4))
        )
        yield HeardSegment(Segment(0.0, heard, "".join(w.text for w in words), words))

    def weigh(
        self, samples: Samples, text: str, variants: Sequence[tuple[str, str]]
    ) -> Sequence[float]:
        return ()


def of_spans(*spans: tuple[float, float]) -> Passage:
    whole = tuple(Span(*span) for span in spans)
    return Passage(whole, np.zeros(round(sum(s.length for s in whole) * RATE), np.float32))


def test_what_was_skipped_is_heard_again_in_halves() -> None:
    engine, passage = Skipping(), of_spans((1.0, 6.0), (10.0, 15.0), (20.0, 25.0), (30.0, 35.0))
    listened = recognise_passage(engine, passage, "cmn", ())
    assert engine.calls == [20.0, 10.0, 5.0, 5.0, 10.0, 5.0, 5.0]
    assert listened.lost == 0
    assert [round(e.segment.start) for e in listened.segments] == [1, 10, 20, 30]
    assert all(e.segment.end <= 35.0 for e in listened.segments)


def test_speech_that_nothing_can_make_out_is_told() -> None:
    listened = recognise_passage(Skipping(), of_spans((1.0, 21.0)), "cmn", ())
    assert [e.segment.flags for e in listened.segments] == [(), (Flag.UNHEARD,)]
    unheard = listened.segments[1].segment
    assert unheard.text == ""
    assert 2.9 <= unheard.start < unheard.end <= 21.0
    assert listened.lost == pytest.approx(18 - 0.8 + 0.25, abs=0.01)


def said(text: str, seconds: float) -> Segment:
    return Segment(0.0, seconds, text)


@pytest.mark.parametrize(
    ("segment", "confidence", "flags"),
    [
        (said("我们村里有一条河", 2.0), {"avg_logprob": -0.4}, ()),
        (said("谢谢大家观看", 2.0), {}, (Flag.BOILERPLATE,)),
        (said("請不吝點贊訂閱轉發打賞支持明鏡與點點欄目", 4.0), {}, (Flag.BOILERPLATE,)),
        (said("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", 4.0), {}, (Flag.BOILERPLATE,)),
        (said("字幕由Amara.org社区提供", 3.0), {}, (Flag.BOILERPLATE,)),
        (said("作曲 李宗盛", 2.0), {}, (Flag.BOILERPLATE,)),
        # A narrator may say so; only a segment that says nothing else is boilerplate.
        (said("我谢谢大家观看我们村的庙会", 4.0), {}, ()),
        (said("字幕上写着金村两个字", 3.0), {}, ()),
        (said("对对对对", 1.0), {}, ()),
        (said("对" * 12, 3.0), {}, (Flag.LOOP,)),
        (said("这些人," * 6, 6.0), {}, (Flag.LOOP,)),
        (said("河上有桥", 2.0), {"compression_ratio": 2.6}, (Flag.LOOP,)),
        (said("河上有桥", 2.0), {"avg_logprob": -1.2}, (Flag.UNSURE,)),
        (said("河上有桥", 2.0), {"no_speech_prob": 0.8}, (Flag.NO_SPEECH,)),
        (said("我们村里有一条河河上有一座桥老人家", 1.0), {}, (Flag.RATE,)),
        (said("嗯", 8.0), {}, (Flag.RATE,)),
    ],
)
def test_every_kind_of_doubt_is_flagged_and_plain_speech_is_not(
    segment: Segment, confidence: dict[str, float], flags: tuple[Flag, ...]
) -> None:
    assert quality_flags.find_flags(segment, confidence) == flags


spans = st.lists(st.tuples(st.floats(0.5, 5), st.floats(0.1, 6)), min_size=1, max_size=6)


@given(spans, st.floats(0, 1), st.floats(0, 1))
def test_times_come_back_into_the_speech_they_were_taken_from(
    lengths: list[tuple[float, float]], one: float, other: float
) -> None:
    made, at = [], 0.0
    for length, pause in lengths:
        made.append((at, at + length))
        at += length + pause
    passage = of_spans(*made)
    total = sum(end - start for start, end in made)
    start, end = sorted((one * total, other * total))
    back, till = passage.to_recording_time(start, end)
    assert back <= till
    assert any(b - 0.001 <= back <= till <= e + 0.001 for b, e in made)


def test_a_word_over_a_place_where_nothing_was_cut_out_keeps_its_times() -> None:
    passage = of_spans((2.0, 6.0), (6.0, 9.0), (20.0, 25.0))
    assert passage.to_recording_time(3.9, 4.05) == (5.9, 6.05)
    assert passage.to_recording_time(3.9, 4.5) == (5.9, 6.5)
    assert passage.to_recording_time(6.8, 7.02) == (8.8, 9.0)
    assert passage.to_recording_time(6.8, 8.0) == (20.0, 21.0)


def test_a_long_silence_does_not_make_the_detector_forget_what_speech_is() -> None:
    speech = load(REAL / "TEST_NET_Y0000000000_-KTKHdZ2fb8_S00000.wav")
    samples = np.concatenate([silence(90), speech, silence(30)])
    [span] = vad.find_speech(samples)
    assert span.start < 90.4
    assert span.end > 91.3


def test_the_detector_is_given_a_copy() -> None:
    samples = room(3) + 0.1
    before = samples.copy()
    list(vad.passages([(0.0, samples)]))
    assert np.array_equal(samples, before)


def test_speech_without_pauses_is_cut_into_what_the_engine_can_hear() -> None:
    speech = load(next((ROOT / "recordings").glob("01-*/*.m4a")))
    without_pauses = np.concatenate([p.samples for p in vad.passages([(0.0, speech)])])
    for passage in vad.passages([(100.0, np.tile(without_pauses, 2))]):
        assert passage.length <= vad.MAX_PASSAGE + 2 * vad.PADDING
        assert all(span.start >= 100.0 for span in passage.spans)
        ends = [span.end for span in passage.spans]
        assert all(e <= s.start + 1e-6 for e, s in zip(ends, passage.spans[1:], strict=False))
