"""What people marked as not to be published, taken out of what is published: words and times."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Segment, Transcript

# Printed on the page, which is in Chinese whatever language the messages are in.
IN_ITS_PLACE = "〔这一段不公开〕"

Ranges = tuple[tuple[float, float], ...]


def as_published(transcript: Transcript) -> Transcript:
    """The transcript as everybody may read it. Of a withheld line only its time is left.

    Neighbouring ones become one, so that not even their number is told.
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
    """The stretches, in seconds, whose sound nobody may hear; none overlap."""
    return merged((s.start, s.end) for s in segments if s.withheld)


def merged(stretches: Iterable[tuple[float, float]]) -> Ranges:
    """The stretches in order, those that touch made one."""
    ranges: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return tuple(ranges)


def fingerprint(recordings: Iterable[Recording], transcripts: Mapping[str, Transcript]) -> str:
    """One word for all that is withheld of some recordings: stretches and names. Empty: nothing."""
    withheld = []
    for recording in recordings:
        said = transcripts[recording.id]
        shown = recording.description.consent.shown_as
        withheld.append((recording.id, shown, said.silenced, said.unnamed, said.names))
    told = sorted(entry for entry in withheld if any(entry[1:]))
    return hashlib.sha256(repr(told).encode()).hexdigest() if told else ""


def overlapping(ranges: Iterable[tuple[float, float]], start: float, end: float) -> Ranges:
    """Those that share time with a stretch; one that only touches it shares none."""
    return tuple((a, b) for a, b in ranges if a < end and start < b)
