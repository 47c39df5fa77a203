"""Write a person's lines to transcript.vtt and keep everything else that people wrote into it.

Unchanged lines keep every character. Comments, names and settings of other cues move to the line
that replaces them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cunshi.archive.transcript_file import (
    CORRECTED_GUIDE,
    DRAFT_NOTE,
    GOLDEN,
    GUIDE,
    MARKS,
    WITHHELD,
    Cue,
    as_written,
    blocks,
    format_cue,
    is_cue,
    parse_cues,
    remarks,
    with_marks,
)
from cunshi.archive.transcript_marks import FORMER_NOTE
from cunshi.domain.transcript import Segment


@dataclass
class _NewCue:
    """A line of the new file, with what it takes over from the old one."""

    segment: Segment
    lines: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    name: str = ""
    settings: str = ""


def format_corrected(before: str, recording_id: str, lines: Iterable[Segment]) -> str:
    """Return transcript.vtt with a person's lines, based on the old text ``before`` (may be empty).

    It is no longer a draft. Line endings are kept.
    """
    before = with_marks(before)
    head, cues, tail = _parts(before, recording_id)
    places = [_NewCue(as_written(line)) for line in lines]
    places = [place for place in places if place.segment.text]
    moved = _keep_unchanged(places, cues)
    for cue in filter(_has_its_own, moved):
        _move_notes(cue, _successor(cue.segment, places), tail)
    written = [*head, *("\n" + _format(place) for place in places), *("\n" + t for t in tail)]
    text = "".join(written)
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def without_draft_note(text: str) -> str:
    """Return the transcript as a person's, which the program does not replace."""
    return DRAFT_NOTE.sub("NOTE", text)


def _parts(before: str, recording_id: str) -> tuple[list[str], list[Cue], list[str]]:
    """Split the old text into the head, the cues, and the comments after them."""
    if not before.strip():
        return [f"WEBVTT\n\nNOTE {recording_id}\n\n{CORRECTED_GUIDE}"], [], []
    cues = list(parse_cues(before))
    written = blocks(before)
    at = [n for n, block in enumerate(written) if is_cue(block) and n]
    first, last = (at[0], at[-1]) if at else (len(written), len(written))
    above = _above(written[:first]) if at else len(written)
    if cues:
        # Comments before the first cue that belong to it, not to the file.
        own = tuple(written[above:first])
        cues[0] = Cue(cues[0].segment, own, cues[0].lines)
    head = [_head_block(block) for block in written[:above] if not DRAFT_NOTE.match(block)]
    guided = any(block == CORRECTED_GUIDE.strip() for block in head)
    text = "\n\n".join(head) + "\n" + ("" if guided else f"\n{CORRECTED_GUIDE}")
    tail = [f"{b}\n" for b in written[last + 1 :] if not _says(b, WITHHELD)] if at else []
    return [text], cues, tail


def _above(written: Sequence[str]) -> int:
    """Return how many of the blocks before the first cue belong to the file."""
    guides = {GUIDE.strip(), CORRECTED_GUIDE.strip()}
    for number in range(len(written), 0, -1):
        block = written[number - 1]
        whole = not block.startswith("NOTE") or block in guides or DRAFT_NOTE.match(block)
        if whole and number > 1:
            return number
    marks = next((n for n, block in enumerate(written) if n and _is_mark(block)), None)
    return len(written) if marks is None else marks


def _head_block(block: str) -> str:
    return CORRECTED_GUIDE.strip() if block == GUIDE.strip() else block


def _keep_unchanged(places: list[_NewCue], cues: Iterable[Cue]) -> list[Cue]:
    """Give unchanged lines tsuccessor old text; return the cues whose lines have changed."""
    waiting: dict[Segment, list[_NewCue]] = {}
    for place in reversed(places):
        waiting.setdefault(place.segment, []).append(place)
    moved = []
    for cue in cues:
        same = waiting.get(cue.segment)
        if same:
            place = same.pop()
            place.lines, place.notes = cue.lines, list(cue.notes)
        else:
            moved.append(cue)
    return moved


def _has_its_own(cue: Cue) -> bool:
    return any(_name_and_settings(cue.lines)) or any(_handwritten(cue.notes))


def _successor(old: Segment, places: Sequence[_NewCue]) -> _NewCue | None:
    """Return the line that replaces a cue: the one with most time in common, else the nearest."""

    def nearness(place: _NewCue) -> tuple[float, float]:
        new = place.segment
        shared = min(old.end, new.end) - max(old.start, new.start)
        return (shared, -abs(new.start - old.start))

    return max(places, key=nearness, default=None)


def _move_notes(cue: Cue, successor: _NewCue | None, tail: list[str]) -> None:
    notes = list(_handwritten(cue.notes))
    if successor is None:
        tail += notes
        return
    successor.notes += (
        notes if successor.lines else [note for note in notes if note not in successor.notes]
    )
    name, settings = _name_and_settings(cue.lines)
    if not successor.lines:
        successor.name, successor.settings = successor.name or name, successor.settings or settings


def _name_and_settings(lines: Sequence[str]) -> tuple[str, str]:
    named = "-->" not in lines[0]
    __, __, times = lines[1 if named else 0].partition("-->")
    __, __, settings = times.strip().partition(" ")
    return lines[0] if named else "", settings.strip()


def _handwritten(notes: Iterable[str]) -> Iterator[str]:
    """Yield the comments that contain more than the program's marks."""
    for note in notes:
        if not _is_mark(note):
            yield f"{note}\n"


def _is_mark(note: str) -> bool:
    lines = remarks([note])
    return bool(lines) and all(
        line in {WITHHELD, GOLDEN} or line.startswith(MARKS) for line in lines
    )


def _says(note: str, mark: str) -> bool:
    return any(line.startswith(mark) for line in remarks([note]))


def _format(place: _NewCue) -> str:
    if place.lines:
        notes = "".join(f"{note.strip()}\n\n" for note in place.notes)
        return notes + "\n".join(place.lines) + "\n"
    notes = "".join(f"{_neutralise_mark(note, place.segment).strip()}\n\n" for note in place.notes)
    return format_cue(place.segment, place.name, place.settings, notes)


def _neutralise_mark(note: str, segment: Segment) -> str:
    """Return a comment so that it does not set a mark that was removed from the line."""
    if segment.withheld or not _says(note, WITHHELD):
        return note
    return FORMER_NOTE + "；".join(remarks([note]))
