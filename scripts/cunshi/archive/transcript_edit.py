"""A person's transcript.vtt, written anew without losing what else a person wrote into it.

Lines that nobody changed stay letter by letter. Comments, names and settings of cues go with the
line that takes their place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cunshi.archive.transcript_file import (
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
)
from cunshi.domain.transcript import Segment

_GUIDE = """\
NOTE
这是人校对的文稿，归人所有，程序不会再覆盖它。用校对台改，或在这里改，都可以。
时间行、空行不要动。句子上面写 NOTE 不公开，这一句和它的声音就不放出来；写 NOTE 金句，就上金句墙。
"""
_ONCE = "NOTE 原来写着："


@dataclass
class _Place:
    """Where a line stands in the new file, and what it takes over from the old one."""

    segment: Segment
    lines: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    name: str = ""
    settings: str = ""


def format_corrected(before: str, recording_id: str, lines: Iterable[Segment]) -> str:
    """transcript.vtt with a person's lines, from ``before``, the file's text or nothing.

    It is no draft any more. Line ends stay those of ``before``.
    """
    head, cues, tail = _parts(before, recording_id)
    places = [_Place(as_written(line)) for line in lines]
    places = [place for place in places if place.segment.text]
    moved = _keep_unchanged(places, cues)
    for cue in filter(_has_its_own, moved):
        _hand_over(cue, _successor(cue.segment, places), tail)
    written = [*head, *("\n" + _format(place) for place in places), *("\n" + t for t in tail)]
    text = "".join(written)
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def without_draft_note(text: str) -> str:
    """The same transcript, but a person's: the program will not draft it anew."""
    return DRAFT_NOTE.sub("NOTE", text)


def _parts(before: str, recording_id: str) -> tuple[list[str], list[Cue], list[str]]:
    """What stands above the cues, the cues, and the comments below them; all as blocks."""
    if not before.strip():
        return [f"WEBVTT\n\nNOTE {recording_id}\n\n{_GUIDE}"], [], []
    cues = list(parse_cues(before))
    written = blocks(before)
    at = [n for n, block in enumerate(written) if is_cue(block) and n]
    first, last = (at[0], at[-1]) if at else (len(written), len(written))
    above = _above(written[:first]) if at else len(written)
    if cues:
        # The comments above the first cue that belong to it and not to the file.
        own = tuple(written[above:first])
        cues[0] = Cue(cues[0].segment, own, cues[0].lines)
    head = [_head_block(block) for block in written[:above] if not DRAFT_NOTE.match(block)]
    guided = any(block == _GUIDE.strip() for block in head)
    text = "\n\n".join(head) + "\n" + ("" if guided else f"\n{_GUIDE}")
    tail = [f"{b}\n" for b in written[last + 1 :] if not _says(b, WITHHELD)] if at else []
    return [text], cues, tail


def _above(written: Sequence[str]) -> int:
    """How many of the blocks above the first cue belong to the whole file."""
    guides = {GUIDE.strip(), _GUIDE.strip()}
    for number in range(len(written), 0, -1):
        block = written[number - 1]
        whole = not block.startswith("NOTE") or block in guides or DRAFT_NOTE.match(block)
        if whole and number > 1:
            return number
    marks = next((n for n, block in enumerate(written) if n and _is_mark(block)), None)
    return len(written) if marks is None else marks


def _head_block(block: str) -> str:
    return _GUIDE.strip() if block == GUIDE.strip() else block


def _keep_unchanged(places: list[_Place], cues: Iterable[Cue]) -> list[Cue]:
    """Give lines that are as they were their old words; the cues whose line is another now."""
    waiting: dict[Segment, list[_Place]] = {}
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


def _successor(old: Segment, places: Sequence[_Place]) -> _Place | None:
    """The line that stands where a cue stood: the one that shares most time, else the nearest."""

    def nearness(place: _Place) -> tuple[float, float]:
        new = place.segment
        shared = min(old.end, new.end) - max(old.start, new.start)
        return (shared, -abs(new.start - old.start))

    return max(places, key=nearness, default=None)


def _hand_over(cue: Cue, heir: _Place | None, tail: list[str]) -> None:
    notes = list(_handwritten(cue.notes))
    if heir is None:
        tail += notes
        return
    heir.notes += notes if heir.lines else [note for note in notes if note not in heir.notes]
    name, settings = _name_and_settings(cue.lines)
    if not heir.lines:
        heir.name, heir.settings = heir.name or name, heir.settings or settings


def _name_and_settings(lines: Sequence[str]) -> tuple[str, str]:
    named = "-->" not in lines[0]
    __, __, times = lines[1 if named else 0].partition("-->")
    __, __, settings = times.strip().partition(" ")
    return lines[0] if named else "", settings.strip()


def _handwritten(notes: Iterable[str]) -> Iterator[str]:
    """The comments that say more than the program's own marks do."""
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


def _format(place: _Place) -> str:
    if place.lines:
        notes = "".join(f"{note.strip()}\n\n" for note in place.notes)
        return notes + "\n".join(place.lines) + "\n"
    notes = "".join(f"{_settled(note, place.segment).strip()}\n\n" for note in place.notes)
    return format_cue(place.segment, place.name, place.settings, notes)


def _settled(note: str, segment: Segment) -> str:
    """A comment that still begins with a mark that the line has lost must not mark it again."""
    if segment.withheld or not _says(note, WITHHELD):
        return note
    return _ONCE + "；".join(remarks([note]))
