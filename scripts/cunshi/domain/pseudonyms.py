"""Replace names that are not to be published in the texts of a recording."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive, Names
from cunshi.domain.transcript import Segment, Transcript, Word
from cunshi.domain.withholding import Ranges, merged

SHORTEST = 2  # characters: a single one occurs in too many other words
# Seconds added around a spoken name, because Whisper's word times may be off by more than 0.2 s.
_MARGIN = 0.25


def names_of(recording: Recording, archive: Archive) -> Names:
    """Return the names to replace in a recording, the longest first.

    Those of archive.yml apply to all recordings, a narrator's to that narrator's recordings.
    """
    said = recording.description
    names = dict(archive.pseudonyms)
    if said.consent.shown_as:
        names[said.narrator.strip()] = said.consent.shown_as
    kept = ((name, shown) for name, shown in names.items() if len(name) >= SHORTEST)
    return tuple(sorted((n for n in kept if n[0] != n[1]), key=lambda n: (-len(n[0]), n)))


def renamed(text: str, names: Names) -> str:
    """Replace the names in a text; replacements are not replaced again."""
    shown = dict(names)
    return _any_of(names).sub(lambda found: shown[found[0]], text) if names else text


@cache
def _any_of(names: Names) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name) for name, __ in names))


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
    return bool(names) and _any_of(names).search(text) is not None


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
        said = _any_of(names).findall(line.text)
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
    for match in _any_of(names).finditer(text):
        first, last = owners[match.start()], owners[match.end() - 1]
        found.append((match[0], (max(0.0, first.start - _MARGIN), last.end + _MARGIN)))
    return found
