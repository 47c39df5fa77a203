"""Convert lines of a transcript between the desk's JSON and Segment, and validate them."""

from collections.abc import Iterable, Sequence
from typing import Any

from cunshi.archive.transcript_file import REASONS, as_written
from cunshi.core.i18n import _
from cunshi.core.timecode import format_clock
from cunshi.domain.transcript import Flag, Replacement, Segment
from cunshi.review.api import ApiError

MOST = 20_000  # lines of a transcript
_LONGEST = 10_000  # characters of one line
_LONGEST_NAME = 100
_MOST_NOTES = 100
_FOREVER = 1e7  # seconds
_BEYOND = 2.0  # seconds that a line may exceed the recording
_MARKS = ("withheld", "golden")


def to_json(segment: Segment) -> dict[str, Any]:
    """Return a line as JSON."""
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": segment.speaker,
        "mandarin": segment.mandarin,
        "flags": [{"code": flag.value, "reason": REASONS[flag]} for flag in segment.flags],
        "replaced": [{"heard": pair.heard, "term": pair.term} for pair in segment.replaced],
        "suggested": [{"heard": pair.heard, "term": pair.term} for pair in segment.suggested],
        "withheld": segment.withheld,
        "golden": segment.golden,
    }


def from_json(
    data: Sequence[Any], known: Iterable[Segment], duration: float
) -> tuple[Segment, ...]:
    """Parse and sort the lines of a request; ApiError for invalid ones.

    None may end after the recording, or after the last of the ``known`` lines.
    """
    if len(data) > MOST:
        raise ApiError(422, _("句子太多了（最多 {count} 句）").format(count=MOST))
    ends = [segment.end for segment in known]
    latest = max([duration + _BEYOND, *ends])
    lines = [_line(entry) for entry in data]
    problems = [
        {"line": number, "cause": cause}
        for number, line in enumerate(lines, 1)
        if (cause := _why_not(line, latest))
    ]
    if problems:
        raise ApiError(
            422,
            _("有的句子存不了：{cause}").format(cause=problems[0]["cause"]),
            _("改好这一句再保存"),
            problems=problems,
        )
    written = (as_written(line) for line in lines)
    return tuple(sorted((s for s in written if s.text), key=lambda s: s.start))


def _line(data: Any) -> Segment:
    """Parse a line; ApiError 400 if it is malformed."""
    if not isinstance(data, dict):
        raise _not_understood("segments")
    start, end = (_seconds(data, name) for name in ("start", "end"))
    texts = {name: _typed(data, name, str, "") for name in ("text", "speaker", "mandarin")}
    marks = {name: _typed(data, name, bool, False) for name in _MARKS}
    return Segment(
        start,
        end,
        texts["text"],
        speaker=texts["speaker"],
        mandarin=texts["mandarin"],
        flags=_flags(_typed(data, "flags", list, [])),
        replaced=_pairs(_typed(data, "replaced", list, [])),
        suggested=_pairs(_typed(data, "suggested", list, [])),
        **marks,
    )


def _seconds(data: dict[str, Any], name: str) -> float:
    value = _typed(data, name, (int, float))
    if not abs(value) < _FOREVER:
        raise _not_understood(name)
    return float(value)


def _typed(data: dict[str, Any], name: str, kind: Any, default: Any = None) -> Any:
    value = data.get(name, default)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise _not_understood(name)
    return value


def _not_understood(name: str) -> ApiError:
    return ApiError(400, _("请求里的 {name} 看不懂").format(name=name), _("刷新这一页"))


def _flags(data: list[Any]) -> tuple[Flag, ...]:
    """Return the known flags; a page of another version may send others."""
    codes = [entry.get("code") for entry in data[:_MOST_NOTES] if isinstance(entry, dict)]
    known = {flag.value: flag for flag in Flag}
    return tuple(known[code] for code in codes if isinstance(code, str) and code in known)


def _pairs(data: list[Any]) -> tuple[Replacement, ...]:
    pairs = []
    for entry in data[:_MOST_NOTES]:
        words = [entry.get(key) for key in ("heard", "term")] if isinstance(entry, dict) else []
        match words:
            case [str(heard), str(term)] if max(len(heard), len(term)) <= _LONGEST_NAME:
                pairs.append(Replacement(heard, term))
    return tuple(pairs)


def _why_not(line: Segment, latest: float) -> str:
    if not 0 <= line.start <= latest or not 0 <= line.end <= latest:
        return _("时间超出了录音的长度")
    at = format_clock(line.start)
    if line.end < line.start:
        return _("{time} 开始的一句，结束比开始还早").format(time=at)
    if max(len(line.text), len(line.mandarin)) > _LONGEST:
        return _("{time} 的一句太长了（最多 {count} 个字）").format(time=at, count=_LONGEST)
    if len(line.speaker) > _LONGEST_NAME:
        return _("{time} 的讲话人名字太长了").format(time=at)
    return ""
