"""How far a transcript can be trusted, in the plain words of its page.

Doubts and corrections are told as long as people are still at work on the transcript. Once it is
approved they are settled, whatever notes are left in the file.
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
WELL_COVERED = 0.95  # of the speech has text: below, readers are warned that words are missing

_NOT_SPEECH = {Flag.NO_SPEECH, Flag.BOILERPLATE}
_DRAFT = "下面的文字是电脑听写的，还没有人校对，可能有错。听到不一样的，以录音为准。"
_GUESSES = {
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
    """Some words of a line; ``replaced`` when they stand there because the glossary says so."""

    text: Markup
    replaced: Replacement | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A segment as its page shows it; ``doubt`` says why not to trust it.

    ``kind`` is ``doubtful``, ``noise`` (perhaps nobody speaks), ``unheard``, ``withheld``, or
    empty.
    """

    segment: Segment
    parts: tuple[Part, ...]
    kind: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Correction:
    """What the glossary put right, and the beginnings of the lines where it did."""

    id: str
    pair: Replacement
    starts: tuple[float, ...]


def is_guess(entry: Entry, archive: Archive) -> bool:
    """Whether the words are those of a machine that never learnt the dialect it listened to."""
    transcript = entry.transcript
    return (
        transcript.status is TranscriptStatus.DRAFT
        and not transcript.knows_dialect
        and entry.recording.language(archive) in _GUESSES
    )


def guesses(catalogue: Catalogue) -> frozenset[str]:
    """The ids of the published recordings whose words are such a guess."""
    entries, archive = catalogue.entries, catalogue.archive
    return frozenset(entry.recording.id for entry in entries if is_guess(entry, archive))


def status(entry: Entry, archive: Archive) -> str:
    """How far people have come with a transcript."""
    said = entry.recording.description
    who = "，".join(part for part in (said.approved_by, long_date(said.approved_on)) if part)
    why = "方言未校对，大多靠不住" if is_guess(entry, archive) else "未经人工校对，可能有错"
    return {
        TranscriptStatus.MISSING: "尚无文稿",
        TranscriptStatus.DRAFT: f"机器初稿（{why}）",
        TranscriptStatus.EDITED: "校对中",
        TranscriptStatus.APPROVED: f"已校对（{who}）" if who else "已校对",
    }[entry.transcript.status]


def coverage(transcript: Transcript) -> str:
    """How much of the speech a machine's draft has text for; empty when nobody measured it."""
    found = _coverage(transcript)
    if found is None:
        return ""
    # Rounded down: 100 % is said only where nothing is missing.
    percent = int(_share(found) * 100 + 1e-9)
    return f"说话 {duration(found.speech)}，听写了 {percent}%"


def _coverage(transcript: Transcript) -> Coverage | None:
    found = transcript.coverage
    measured = found is not None and bool(duration(found.speech))
    return found if measured and transcript.status is TranscriptStatus.DRAFT else None


def _share(found: Coverage) -> float:
    return min(1.0, max(0.0, found.covered / found.speech))


def warnings(entry: Entry, archive: Archive) -> list[str]:
    """What a reader should know before reading a machine's draft; nothing else needs it."""
    if entry.transcript.status is not TranscriptStatus.DRAFT:
        return []
    guess = is_guess(entry, archive)
    said = [_GUESSES[entry.recording.language(archive)] if guess else _DRAFT]
    found = _coverage(entry.transcript)
    if found is not None and _share(found) < WELL_COVERED:
        missing = duration(found.speech - found.covered)
        said.append(f"录音里大约有 {missing}的话还没有文字，只能听录音。")
    return said


def is_plain(segment: Segment) -> bool:
    """Whether its line is words and nothing else, as nearly all lines are."""
    marked = segment.flags or segment.replaced or segment.withheld or segment.mandarin
    return not marked and segment.text != UNHEARD


def mark_line(segment: Segment, transcript: Transcript) -> Line:
    """A segment with its doubts and with the words that the glossary put right."""
    text = clean(segment.text)
    if segment.withheld:
        return Line(segment, (Part(escape(IN_ITS_PLACE)),), "withheld")
    if text == UNHEARD:
        return Line(segment, (Part(escape(NOT_HEARD)),), "unheard")
    if transcript.status is TranscriptStatus.APPROVED or not (segment.flags or segment.replaced):
        return Line(segment, (Part(escape(text)),))
    # A line that has words again is no longer unheard, even if its note was left.
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
    """Where the glossary's words begin; a word that was put right twice stands there twice."""
    places = []
    for pair in replaced:
        term = clean(pair.term)
        start = text.find(term) if term else -1
        if start >= 0:
            places.append((start, pair))
            text = text.replace(term, "\0" * len(term), 1)
    return sorted(places, key=lambda place: place[0])


def corrections(lines: Iterable[Line]) -> dict[Replacement, Correction]:
    """The words that the glossary put right, in the order of the recording."""
    starts: dict[Replacement, list[float]] = {}
    for line in lines:
        for pair in dict.fromkeys(part.replaced for part in line.parts if part.replaced):
            starts.setdefault(pair, []).append(line.segment.start)
    return {
        pair: Correction(f"heard-{number}", pair, tuple(times))
        for number, (pair, times) in enumerate(starts.items(), 1)
    }


def readable(text: str) -> str:
    """Words quoted from a transcript, with what nobody understood said plainly."""
    return text.replace(UNHEARD, NOT_HEARD)
