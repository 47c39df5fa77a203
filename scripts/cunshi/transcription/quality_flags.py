"""Flag doubtful segments of machine text: gaps, loops, boilerplate, implausible speech rate.

Nothing is removed. Times are seconds in the passage as recognised, without the silence between
speech.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cunshi.core.chinese import letters, to_simplified
from cunshi.domain.transcript import Flag, Segment

GAP = 1.6  # seconds of speech without a character, of which up to two paddings are a pause
PAUSE = 0.8  # seconds of a gap that may be a pause: the padding on both sides
MAX_RATE = 9.0  # characters per second; a fast newsreader has 6
MIN_RATE = 0.8  # characters per second, in segments of at least MIN_RATE_SECONDS
MIN_RATE_SECONDS = 3.0
MIN_LOGPROB = -1.0  # Whisper's own threshold of a failed passage
MAX_COMPRESSION = 2.4  # Whisper's own threshold; normal Chinese has 0.9 to 1.45
MAX_NO_SPEECH = 0.6  # Whisper's own threshold for the probability of no speech
_LOOP = re.compile(r"(.{1,15}?)\1{3,}")
_LONG_LOOP = 10  # characters: people do say 对对对对
# Phrases from subtitles that Whisper produces in noise and music. Only whole segments are matched,
# because a narrator may really say 谢谢大家观看.
_BOILERPLATE = re.compile(
    r"请不吝点赞.*|.*明镜与?点点栏目|(中文)?字幕(志愿者|由|提供|制作|by|组).*|.*amara.*"
    r"|(谢谢|感谢)(大家|您|你们)?(的)?(观看|收看|收听)|(我们)?下(集|期|次)?(节目)?再见"
    r"|优优独播剧场.*|.*yoyotelevisionseries.*|请?(大家)?(订阅|关注)我的频道|小编推荐"
    r"|(作?词|作?曲|编曲|演唱|制作人).{0,8}|.{0,6}(作词|作曲|编曲).*|music|音乐"
)


def find_flags(segment: Segment, confidence: Mapping[str, float]) -> tuple[Flag, ...]:
    """Return the reasons to doubt a segment, from its text and the engine's confidence values."""
    text = to_simplified(letters(segment.text).lower())
    rate = len(text) / max(segment.end - segment.start, 0.1)
    too_slow = rate < MIN_RATE and segment.end - segment.start >= MIN_RATE_SECONDS
    found = {
        Flag.NO_SPEECH: confidence.get("no_speech_prob", 0.0) > MAX_NO_SPEECH,
        Flag.BOILERPLATE: bool(_BOILERPLATE.fullmatch(text)),
        Flag.LOOP: has_loop(text) or confidence.get("compression_ratio", 0.0) > MAX_COMPRESSION,
        Flag.UNSURE: confidence.get("avg_logprob", 0.0) < MIN_LOGPROB,
        Flag.RATE: rate > MAX_RATE or too_slow,
    }
    return tuple(flag for flag, applies in found.items() if applies)


def has_loop(text: str) -> bool:
    """Check whether a text repeats the same phrase many times."""
    return any(len(match[0]) >= _LONG_LOOP for match in _LOOP.finditer(text))


def gaps(segments: Sequence[Segment], length: float) -> list[tuple[float, float]]:
    """Return the ranges of speech without text in a passage of ``length`` seconds."""
    times = [0.0, *sorted(_moments(segments)), length]
    pairs = itertools.pairwise(times)
    return [(start, end) for start, end in pairs if end - start > GAP]


def lost_seconds(segments: Sequence[Segment], length: float) -> float:
    """Return the seconds of speech without text."""
    return sum(end - start - PAUSE for start, end in gaps(segments, length))


def _moments(segments: Iterable[Segment]) -> Iterable[float]:
    """Yield the start time of each character, from its word or interpolated in its segment."""
    for segment in segments:
        parts = segment.words or (segment,)
        for part in parts:
            count = len(letters(part.text))
            step = (part.end - part.start) / max(count, 1)
            yield from (part.start + number * step for number in range(count))


def doubtful_seconds(segments: Sequence[Segment], length: float) -> float:
    """Return the seconds of a passage without text or flagged; lower is better.

    A flagged segment counts at least one second, because a loop may have almost no duration.
    """
    flagged = sum(max(1.0, s.end - s.start) for s in segments if s.flags)
    return lost_seconds(segments, length) + flagged


def gap_segments(segments: Sequence[Segment], length: float) -> list[Segment]:
    """Return an empty segment, flagged as unheard, for each gap."""
    half = PAUSE / 2
    return [
        Segment(start + half, end - half, "", flags=(Flag.UNHEARD,))
        for start, end in gaps(segments, length)
    ]


def add_flags(segment: Segment, confidence: Mapping[str, float]) -> Segment:
    """Return the segment with its flags."""
    return replace(segment, flags=find_flags(segment, confidence))
