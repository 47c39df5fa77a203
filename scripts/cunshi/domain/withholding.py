"""Remove withheld lines from what is published: words and time ranges."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Segment, Transcript

# Shown on the page, which is always in Chinese.
IN_ITS_PLACE = "〔这一段不公开〕"

Ranges = tuple[tuple[float, float], ...]


def as_published(transcript: Transcript) -> Transcript:
    """Return the transcript with withheld lines replaced by a notice.

    Adjacent ones are merged, so that their number is not revealed.
    """
    lines: list[Segment] = []
    for segment in transcript.segments:
        if not segment.withheld:
            lines.append(segment)
        elif lines and lines[-1].withheld:
            end = max(lines[-1].end, segment.end)
            lines[-1] = replace(lines[-1], end=end)
        else:
            lines.append(Segment(segment.start, segment.end, IN_ITS_PLACE, withheld=True))
    return replace(transcript, segments=tuple(lines))


def withheld_ranges(segments: Iterable[Segment]) -> Ranges:
    """Return the ranges in seconds whose audio is withheld, without overlaps."""
    return merged((s.start, s.end) for s in segments if s.withheld)


def merged(stretches: Iterable[tuple[float, float]]) -> Ranges:
    """Sort ranges and merge those that touch."""
    ranges: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return tuple(ranges)


def all_withheld(recordings: Iterable[Recording], transcripts: Mapping[str, Transcript]) -> str:
    """Return a text of everything withheld in some recordings (ranges and names), to be compared;
    empty if nothing is. It contains secrets.
    """
    withheld = []
    for recording in recordings:
        transcript = transcripts[recording.id]
        shown = recording.description.consent.shown_as
        withheld.append(
            (recording.id, shown, transcript.silenced, transcript.unnamed, transcript.names)
        )
    relevant = sorted(entry for entry in withheld if any(entry[1:]))
    return repr(relevant) if relevant else ""


def overlapping(ranges: Iterable[tuple[float, float]], start: float, end: float) -> Ranges:
    """Return the ranges that overlap a range; touching does not count."""
    return tuple((a, b) for a, b in ranges if a < end and start < b)
