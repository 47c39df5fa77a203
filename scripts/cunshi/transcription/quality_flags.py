"""What in a machine's text is doubtful: gaps, loops, boilerplate, haste. Pure; removes nothing.

Times are seconds in the passage as the engine heard it, without the silence between the speech.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cunshi.domain.transcript import Flag, Segment
from cunshi.transcription.chinese import letters, to_simplified

GAP = 1.6  # seconds of speech without a character: two paddings of a pause are half of it
PAUSE = 0.8  # seconds of a gap that may be a pause: the padding on both sides of a cut
FASTEST = 9.0  # characters a second; a hurried newsreader has 6
SLOWEST = 0.8  # characters a second, in segments of at least SHORT seconds
SHORT = 3.0
LEAST_LOGPROB = -1.0  # Whisper's own threshold for a failed passage
MOST_COMPRESSION = 2.4  # likewise; ordinary Chinese has 0.9 to 1.45
SILENT = 0.6  # likewise, of the probability that nobody speaks
_LOOP = re.compile(r"(.{1,15}?)\1{3,}")
_LONG_LOOP = 10  # characters: 对对对对 is something that people say
# What Whisper has learnt from subtitles and says in noise and music; only as a whole segment,
# since a narrator can really say 谢谢大家观看.
_BOILERPLATE = re.compile(
    r"请不吝点赞.*|.*明镜与?点点栏目|(中文)?字幕(志愿者|由|提供|制作|by|组).*|.*amara.*"
    r"|(谢谢|感谢)(大家|您|你们)?(的)?(观看|收看|收听)|(我们)?下(集|期|次)?(节目)?再见"
    r"|优优独播剧场.*|.*yoyotelevisionseries.*|请?(大家)?(订阅|关注)我的频道|小编推荐"
    r"|(作?词|作?曲|编曲|演唱|制作人).{0,8}|.{0,6}(作词|作曲|编曲).*|music|音乐"
)


def inspect(segment: Segment, confidence: Mapping[str, float]) -> tuple[Flag, ...]:
    """Why a segment is doubtful, by its text and by the engine's figures where it has any."""
    text = to_simplified(letters(segment.text).lower())
    rate = len(text) / max(segment.end - segment.start, 0.1)
    too_slow = rate < SLOWEST and segment.end - segment.start >= SHORT
    found = {
        Flag.NO_SPEECH: confidence.get("no_speech_prob", 0.0) > SILENT,
        Flag.BOILERPLATE: bool(_BOILERPLATE.fullmatch(text)),
        Flag.LOOP: loops(text) or confidence.get("compression_ratio", 0.0) > MOST_COMPRESSION,
        Flag.UNSURE: confidence.get("avg_logprob", 0.0) < LEAST_LOGPROB,
        Flag.RATE: rate > FASTEST or too_slow,
    }
    return tuple(flag for flag, holds in found.items() if holds)


def loops(text: str) -> bool:
    """Whether a text says the same again and again."""
    return any(len(match[0]) >= _LONG_LOOP for match in _LOOP.finditer(text))


def gaps(segments: Sequence[Segment], length: float) -> list[tuple[float, float]]:
    """Stretches of speech without text, as (start, end), in a passage of ``length`` seconds."""
    times = [0.0, *sorted(_moments(segments)), length]
    pairs = itertools.pairwise(times)
    return [(start, end) for start, end in pairs if end - start > GAP]


def lost(segments: Sequence[Segment], length: float) -> float:
    """Seconds of speech without text."""
    return sum(end - start - PAUSE for start, end in gaps(segments, length))


def _moments(segments: Iterable[Segment]) -> Iterable[float]:
    """When the characters begin: by their words, else spread over their segment."""
    for segment in segments:
        parts = segment.words or (segment,)
        for part in parts:
            count = len(letters(part.text))
            step = (part.end - part.start) / max(count, 1)
            yield from (part.start + number * step for number in range(count))


def doubtful_seconds(segments: Sequence[Segment], length: float) -> float:
    """How much of a passage is without text or flagged; smaller is better.

    A flagged segment counts at least a second: a loop can stand in a moment.
    """
    flagged = sum(max(1.0, s.end - s.start) for s in segments if s.flags)
    return lost(segments, length) + flagged


def unheard(segments: Sequence[Segment], length: float) -> list[Segment]:
    """A segment without text for each gap."""
    half = PAUSE / 2
    return [
        Segment(start + half, end - half, "", flags=(Flag.UNHEARD,))
        for start, end in gaps(segments, length)
    ]


def flagged(segment: Segment, confidence: Mapping[str, float]) -> Segment:
    """The segment with what the audit finds in it."""
    return replace(segment, flags=inspect(segment, confidence))
