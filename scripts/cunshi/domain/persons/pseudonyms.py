"""Replace names that are not to be published in the texts of a recording."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from cunshi.domain.persons.names import SHORTEST, Found, find_names, same_name
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive, Names
from cunshi.domain.transcript import Segment, Transcript, Word
from cunshi.domain.withholding import Ranges, merged

# Seconds added around a spoken name, because Whisper's word times may be off by more than 0.2 s.
_MARGIN = 0.25


def archive_names(archive: Archive) -> Names:
    """Return the names to replace in every recording, those of archive.yml and persons.yml."""
    persons = ((name, person.shown_as) for person in archive.persons for name in person.names)
    return _usable((*archive.pseudonyms, *persons))


def names_of(recording: Recording, archive: Archive) -> Names:
    """Return the names to replace in a recording, the longest first.

    Those of the archive apply to all recordings. What the narrator of this one is called here
    replaces all names of that person.
    """
    said = recording.description
    own, shown = said.narrator.strip(), said.consent.shown_as
    if not shown:
        return archive_names(archive)
    persons = [person for person in archive.persons if person.tells(own)]
    mine = [own, *(name for person in persons for name in person.names)]
    others = (
        pair
        for pair in archive_names(archive)
        if not any(same_name(pair[0], name) for name in mine)
    )
    return _usable((*((name, shown) for name in mine), *others))


def _usable(names: Iterable[tuple[str, str]]) -> Names:
    """Return each name once, without those that need no replacement, the longest first."""
    kept = ((name, shown) for name, shown in names if len(name) >= SHORTEST and shown)
    found = dict.fromkeys(pair for pair in kept if pair[0] != pair[1])
    return tuple(sorted(found, key=lambda n: (-len(n[0]), n)))


def renamed(text: str, names: Names) -> str:
    """Replace the names in a text; replacements are not replaced again."""
    parts, end = list[str](), 0
    for found in _find(text, names):
        parts += [text[end : found.start], names[found.number][1]]
        end = found.end
    return "".join((*parts, text[end:]))


def _find(text: str, names: Names) -> list[Found]:
    return find_names(text, tuple(name for name, __ in names)) if names else []


def rename_recording(recording: Recording, names: Names) -> Recording:
    """Replace the names in a record, and omit a file name that contains one."""
    if not names:
        return recording
    said = recording.description
    consent = replace(
        said.consent,
        by=renamed(said.consent.by, names),
        guardian=renamed(said.consent.guardian, names),
        form=renamed(said.consent.form, names),
    )
    texts: dict[str, Any] = {
        field: renamed(text, names) for field, text in vars(said).items() if isinstance(text, str)
    }
    original = recording.original_name
    return replace(
        recording,
        original_name=original if renamed(original, names) == original else "",
        description=replace(said, consent=consent, **texts),
    )


def rename_lines(transcript: Transcript, names: Names) -> Transcript:
    """Replace the names in the lines; a changed line loses the machine's words."""
    if not names:
        return transcript
    return replace(transcript, segments=tuple(_rename(s, names) for s in transcript.segments))


def _rename(line: Segment, names: Names) -> Segment:
    text, mandarin = renamed(line.text, names), renamed(line.mandarin, names)
    speaker = renamed(line.speaker, names)
    if (text, mandarin, speaker) != (line.text, line.mandarin, line.speaker):
        line = replace(line, text=text, mandarin=mandarin, speaker=speaker, words=())
    kept = {
        kind: tuple(p for p in pairs if not says_name(f"{p.heard}\n{p.term}", names))
        for kind, pairs in (("replaced", line.replaced), ("suggested", line.suggested))
    }
    return replace(line, replaced=kept["replaced"], suggested=kept["suggested"])


def says_name(text: str, names: Names) -> bool:
    """Check whether a text contains one of the names."""
    return bool(_find(text, names))


def across_lines(lines: Sequence[Segment], names: Names) -> bool:
    """Check whether a name is split across two lines, where it cannot be replaced."""
    whole = "".join(line.text for line in lines)
    return renamed(whole, names) != "".join(renamed(line.text, names) for line in lines)


def spoken(lines: Iterable[Segment], words: Sequence[Word], names: Names) -> Ranges:
    """Return the ranges in seconds in which a name is spoken, without overlaps.

    ``words`` are the machine's words with times. If the names in them are those of the line, their
    times are used, otherwise the whole line.
    """
    found: list[tuple[float, float]] = []
    for line in lines if names else ():
        said = [names[found.number][0] for found in _find(line.text, names)]
        if said and not line.withheld:
            recognised = _recognised_names(line, words, names)
            same = [name for name, __ in recognised] == said
            found += [when for __, when in recognised] if same else [(line.start, line.end)]
    return merged(found)


def _recognised_names(
    line: Segment, words: Sequence[Word], names: Names
) -> list[tuple[str, tuple[float, float]]]:
    """Return the names in the machine's words during a line, with their times."""
    near = [w for w in words if line.start - _MARGIN <= w.start and w.end <= line.end + _MARGIN]
    owners = [word for word in near for __ in word.text]
    text = "".join(word.text for word in near)
    found = []
    for start, end, number in _find(text, names):
        first, last = owners[start], owners[end - 1]
        when = (max(0.0, first.start - _MARGIN), last.end + _MARGIN)
        found.append((names[number][0], when))
    return found
