"""Turn the lines that people marked as golden into clips for the wall of quotations."""

from collections.abc import Iterable, Iterator

from cunshi.archive.transcript_file import UNHEARD
from cunshi.catalogue.course.citations import clip_path
from cunshi.domain.course import Clip, ClipRef, Entry
from cunshi.domain.transcript import Segment, TranscriptStatus
from cunshi.domain.withholding import overlapping

_PAUSE = 1.2  # seconds: marked lines with a shorter pause form one quotation


def golden_lines(entry: Entry) -> Iterator[Clip]:
    """Yield the marked lines of a published recording as clips; none of an uncorrected draft."""
    transcript = entry.transcript
    corrected = transcript.status in {TranscriptStatus.EDITED, TranscriptStatus.APPROVED}
    lines = transcript.segments
    if corrected and transcript.derived.value("golden", lambda: any(s.golden for s in lines)):
        for lines in _runs(transcript.segments):
            hidden = overlapping(transcript.silenced, lines[0].start, lines[-1].end)
            if not hidden:
                yield _clip(entry, lines)


def _runs(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    run: list[Segment] = []
    for segment in segments:
        if run and not _continues(run[-1], segment):
            yield run
            run = []
        if segment.golden and not segment.withheld and segment.text != UNHEARD:
            run.append(segment)
    if run:
        yield run


def _continues(last: Segment, segment: Segment) -> bool:
    near = segment.start - last.end <= _PAUSE
    return segment.golden and not segment.withheld and near and segment.speaker == last.speaker


def _clip(entry: Entry, lines: list[Segment]) -> Clip:
    description, has_mandarin = entry.recording.description, any(line.mandarin for line in lines)
    ref = ClipRef(
        entry.recording.id, lines[0].start, lines[-1].end, "", "transcript.vtt", 0, golden=True
    )
    return Clip(
        ref=ref,
        words="".join(line.text for line in lines),
        status=entry.transcript.status,
        speaker=lines[0].speaker or description.narrator,
        village=description.village,
        date=description.date,
        audio=clip_path(ref) if entry.audio and ref.end > ref.start else "",
        mandarin="".join(line.mandarin or line.text for line in lines) if has_mandarin else "",
    )
