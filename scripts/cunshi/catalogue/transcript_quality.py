"""Describe on a page how reliable a transcript is.

Flags and replacements are shown until the transcript is approved; after that they are ignored, even
if their notes remain in the file.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from cunshi.archive.transcript_file import REASONS, UNHEARD
from cunshi.core.text import clean, duration, long_date
from cunshi.domain.course import Catalogue, Entry
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import (
    Coverage,
    Flag,
    Replacement,
    Segment,
    Transcript,
    TranscriptStatus,
)
from cunshi.domain.withholding import IN_ITS_PLACE

LANGUAGES = {
    "cmn": "普通话",
    "wuu": "吴语（本地话）",
    "mixed": "普通话和吴语夹杂",
}
NOT_HEARD = "（这里有人说话，没有听清）"
WELL_COVERED = 0.95  # fraction of speech with text; below it, readers are warned of missing words

_NOT_SPEECH = {Flag.NO_SPEECH, Flag.BOILERPLATE}
_DRAFT = "下面的文字是电脑听写的，还没有人校对，可能有错。听到不一样的，以录音为准。"
_DIALECT_WARNINGS = {
    "wuu": (
        "这段录音讲的是吴语（本地话）。电脑只学过普通话，下面的文字大多靠不住，"
        "只能帮您找到大概的位置。会讲本地话的人校对以后，才能当文稿用。"
    ),
    "mixed": (
        "这段录音里夹着吴语（本地话）。电脑只学过普通话，讲本地话的地方，下面的文字大多靠不住，"
        "只能帮您找到大概的位置。会讲本地话的人校对以后，才能当文稿用。"
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line; ``replaced`` is set if the glossary replaced it."""

    text: Markup
    replaced: Replacement | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A segment as shown on its page; ``doubt`` says why it is unreliable.

    ``kind`` is ``doubtful``, ``noise`` (perhaps not speech), ``unheard``, ``withheld``, or empty.
    """

    segment: Segment
    parts: tuple[Part, ...]
    kind: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Correction:
    """A replacement from the glossary, with the start times of its lines."""

    id: str
    pair: Replacement
    starts: tuple[float, ...]


def is_guess(entry: Entry, archive: Archive) -> bool:
    """Check whether a transcript is a draft by a model that does not know the spoken dialect."""
    transcript = entry.transcript
    return (
        transcript.status is TranscriptStatus.DRAFT
        and not transcript.knows_dialect
        and entry.recording.language(archive) in _DIALECT_WARNINGS
    )


def guessed_ids(catalogue: Catalogue) -> frozenset[str]:
    """Return the ids of the published recordings for which is_guess is true."""
    entries, archive = catalogue.entries, catalogue.archive
    return frozenset(entry.recording.id for entry in entries if is_guess(entry, archive))


def status(entry: Entry, archive: Archive) -> str:
    """Return in words how far a transcript has been corrected."""
    description = entry.recording.description
    who = "，".join(
        part for part in (description.approved_by, long_date(description.approved_on)) if part
    )
    why = "方言未校对，大多靠不住" if is_guess(entry, archive) else "未经人工校对，可能有错"
    return {
        TranscriptStatus.MISSING: "尚无文稿",
        TranscriptStatus.DRAFT: f"机器初稿（{why}）",
        TranscriptStatus.EDITED: "校对中",
        TranscriptStatus.APPROVED: f"已校对（{who}）" if who else "已校对",
    }[entry.transcript.status]


def coverage(transcript: Transcript) -> str:
    """Return in words how much of the speech a draft covers; empty if it was not measured."""
    found = _coverage(transcript)
    if found is None:
        return ""
    # Rounded down, so that 100 % means complete.
    percent = int(_share(found) * 100 + 1e-9)
    return f"说话 {duration(found.speech)}，听写了 {percent}%"


def _coverage(transcript: Transcript) -> Coverage | None:
    found = transcript.coverage
    measured = found is not None and bool(duration(found.speech))
    return found if measured and transcript.status is TranscriptStatus.DRAFT else None


def _share(found: Coverage) -> float:
    return min(1.0, max(0.0, found.covered / found.speech))


def warnings(entry: Entry, archive: Archive) -> list[str]:
    """Return what a reader should know about a draft; nothing for corrected transcripts."""
    if entry.transcript.status is not TranscriptStatus.DRAFT:
        return []
    guess = is_guess(entry, archive)
    warnings = [_DIALECT_WARNINGS[entry.recording.language(archive)] if guess else _DRAFT]
    found = _coverage(entry.transcript)
    if found is not None and _share(found) < WELL_COVERED:
        missing = duration(found.speech - found.covered)
        warnings.append(f"录音里大约有 {missing}的话还没有文字，只能听录音。")
    return warnings


def is_plain(segment: Segment) -> bool:
    """Check whether a line is only text, without marks or notes, as most lines are."""
    marked = segment.flags or segment.replaced or segment.withheld or segment.mandarin
    return not marked and segment.text != UNHEARD


def mark_line(segment: Segment, transcript: Transcript) -> Line:
    """Return a segment with its doubts and its glossary replacements marked."""
    text = clean(segment.text)
    if segment.withheld:
        return Line(segment, (Part(escape(IN_ITS_PLACE)),), "withheld")
    if text == UNHEARD:
        return Line(segment, (Part(escape(NOT_HEARD)),), "unheard")
    if transcript.status is TranscriptStatus.APPROVED or not (segment.flags or segment.replaced):
        return Line(segment, (Part(escape(text)),))
    # A corrected line is no longer unheard, even if its note remains.
    flags = [flag for flag in segment.flags if flag is not Flag.UNHEARD]
    kind = "noise" if _NOT_SPEECH & set(flags) else "doubtful" if flags else ""
    label = "可能不是人说的话：" if kind == "noise" else "这一句靠不住："
    doubt = label + "；".join(REASONS[flag] for flag in flags) if flags else ""
    return Line(segment, tuple(_parts(text, segment.replaced)), kind, doubt)


def _parts(text: str, replaced: Iterable[Replacement]) -> Iterable[Part]:
    end = 0
    for start, pair in _places(text, replaced):
        if start > end:
            yield Part(escape(text[end:start]))
        end = start + len(clean(pair.term))
        yield Part(escape(text[start:end]), pair)
    if end < len(text):
        yield Part(escape(text[end:]))


def _places(text: str, replaced: Iterable[Replacement]) -> list[tuple[int, Replacement]]:
    """Return the positions of the replaced terms; a term that was replaced twice occurs twice."""
    places = []
    for pair in replaced:
        term = clean(pair.term)
        start = text.find(term) if term else -1
        if start >= 0:
            places.append((start, pair))
            text = text.replace(term, "\0" * len(term), 1)
    return sorted(places, key=lambda place: place[0])


def corrections(lines: Iterable[Line]) -> dict[Replacement, Correction]:
    """Return the glossary's replacements in the order of the recording."""
    starts: dict[Replacement, list[float]] = {}
    for line in lines:
        for pair in dict.fromkeys(part.replaced for part in line.parts if part.replaced):
            starts.setdefault(pair, []).append(line.segment.start)
    return {
        pair: Correction(f"heard-{number}", pair, tuple(times))
        for number, (pair, times) in enumerate(starts.items(), 1)
    }


def replace_unheard(text: str) -> str:
    """Replace the mark for unintelligible speech by words for readers."""
    return text.replace(UNHEARD, NOT_HEARD)
