"""Names that are not to be shown, replaced in all that is published of a recording. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive, Names
from cunshi.domain.transcript import Segment, Transcript, Word
from cunshi.domain.withholding import Ranges, merged

SHORTEST = 2  # characters: one alone stands in too many other words
# Seconds around a spoken name: Whisper's times of words are off by more than 0.2 s now and then.
_AROUND = 0.25


def names_of(recording: Recording, archive: Archive) -> Names:
    """The names that nothing published of a recording says, the longest first.

    Those of archive.yml hold for all recordings, a narrator's for what that narrator has told.
    """
    said = recording.description
    names = dict(archive.pseudonyms)
    if said.consent.shown_as:
        names[said.narrator.strip()] = said.consent.shown_as
    kept = ((name, shown) for name, shown in names.items() if len(name) >= SHORTEST)
    return tuple(sorted((n for n in kept if n[0] != n[1]), key=lambda n: (-len(n[0]), n)))


def renamed(text: str, names: Names) -> str:
    """A text with the other names in it; none of these is replaced again."""
    shown = dict(names)
    return _any_of(names).sub(lambda found: shown[found[0]], text) if names else text


@cache
def _any_of(names: Names) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(name) for name, __ in names))


def rename_recording(recording: Recording, names: Names) -> Recording:
    """The catalogue record under the other names, and without a file name that tells one."""
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
    """The lines under the other names; a changed one keeps nothing of what a machine heard."""
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
    """Whether one of the names is in a text."""
    return bool(names) and _any_of(names).search(text) is not None


def across_lines(lines: Sequence[Segment], names: Names) -> bool:
    """Whether a name begins in one line and ends in the next, where it cannot be replaced."""
    whole = "".join(line.text for line in lines)
    return renamed(whole, names) != "".join(renamed(line.text, names) for line in lines)


def spoken(lines: Iterable[Segment], words: Sequence[Word], names: Names) -> Ranges:
    """The stretches, in seconds, in which a name is spoken; none overlap.

    ``words`` are what a machine heard, with times. Where it heard just the names that a line says,
    those words are meant, else the whole line.
    """
    found: list[tuple[float, float]] = []
    for line in lines if names else ():
        said = _any_of(names).findall(line.text)
        if said and not line.withheld:
            heard = _heard(line, words, names)
            same = [name for name, __ in heard] == said
            found += [when for __, when in heard] if same else [(line.start, line.end)]
    return merged(found)


def _heard(
    line: Segment, words: Sequence[Word], names: Names
) -> list[tuple[str, tuple[float, float]]]:
    """The names that a machine heard while a line was spoken, and when."""
    near = [w for w in words if line.start - _AROUND <= w.start and w.end <= line.end + _AROUND]
    owners = [word for word in near for __ in word.text]
    text = "".join(word.text for word in near)
    found = []
    for match in _any_of(names).finditer(text):
        first, last = owners[match.start()], owners[match.end() - 1]
        found.append((match[0], (max(0.0, first.start - _AROUND), last.end + _AROUND)))
    return found
