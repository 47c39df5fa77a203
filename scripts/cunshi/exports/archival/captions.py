"""Format published transcripts as captions: WebVTT (https://www.w3.org/TR/webvtt1/) and SubRip.

Nothing is copied from transcript.vtt, whose notes are for correctors.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.titles import recording_title
from cunshi.core.text import clean
from cunshi.core.timecode import format_timecode
from cunshi.domain.course import Catalogue, Entry, Page
from cunshi.domain.settings import Archive
from cunshi.exports.archival import ExportFile, ExportSource

_MIN_DURATION = 0.001  # seconds: both formats require an end after the start


def export(source: ExportSource) -> Iterator[ExportFile]:
    """The captions of every talk that has any."""
    for entry in source.catalogue.entries:
        for page in captions(source.catalogue, entry):
            yield page.path, page.text


def captions(catalogue: Catalogue, entry: Entry) -> Iterator[Page]:
    """The captions of a talk in both forms, if it has any."""
    if path := captions_path(entry):
        webvtt, srt = format_both(entry, catalogue.archive)
        yield Page(path, webvtt)
        yield Page(srt_path(path), srt)


def caption_paths(entry: Entry) -> list[str]:
    """Where the captions of a talk are in the site, in both forms."""
    webvtt = captions_path(entry)
    return [webvtt, srt_path(webvtt)] if webvtt else []


def captions_path(entry: Entry) -> str:
    """Where the captions of a recording are in the site; empty when it has none."""
    derived = entry.transcript.derived
    has_words = derived.value("captions", lambda: next(cues_of(entry), None) is not None)
    return f"captions/{entry.recording.id}.vtt" if entry.audio and has_words else ""


def srt_path(path: str) -> str:
    """Return the path of the SubRip version of WebVTT captions; empty if there are none."""
    return f"{path.removesuffix('.vtt')}.srt" if path else ""


def format_webvtt(entry: Entry, archive: Archive) -> str:
    """Return the captions as WebVTT with voices; the first note identifies the recording."""
    return _webvtt(entry, archive, cues_of(entry))


def format_srt(entry: Entry) -> str:
    """Return the captions as SubRip, with speakers as text because it has no voices."""
    return _srt(cues_of(entry))


def format_both(entry: Entry, archive: Archive) -> tuple[str, str]:
    """Return the captions as WebVTT and as SubRip."""
    cues = list(cues_of(entry))
    return _webvtt(entry, archive, cues), _srt(cues)


def _webvtt(entry: Entry, archive: Archive, cues: Iterable["Cue"]) -> str:
    notes = "\n".join(clean(line).replace("-->", "→") for line in _notes(entry, archive))
    blocks = (f"{cue.times}\n{_voice(cue)}\n" for cue in cues)
    return "\n".join([f"WEBVTT\n\nNOTE\n{notes}\n", *blocks])


def _srt(cues: Iterable["Cue"]) -> str:
    blocks = []
    for number, cue in enumerate(cues, 1):
        text = "\n".join(cue.lines()).replace("-->", "→")
        blocks.append(f"{number}\n{cue.times.replace('.', ',')}\n{text}\n")
    return "\n".join(blocks)


def _notes(entry: Entry, archive: Archive) -> list[str]:
    recording = entry.recording
    description = recording.description
    facts = [
        recording_title(recording),
        description.narrator,
        description.village,
        str(description.date or ""),
    ]
    return [
        " · ".join(filter(None, facts)),
        " · ".join(filter(None, [archive.institution, recording.id])),
        transcript_quality.status(entry, archive),
    ]


class Cue(NamedTuple):
    """A caption with printable lines; ``start`` and ``end`` are in seconds.

    ``times`` is in the form of WebVTT; SubRip uses commas.
    """

    start: float
    end: float
    times: str
    text: str
    speaker: str
    mandarin: str

    @property
    def mandarin_line(self) -> str:
        """The Mandarin translation with a label, as in the archive."""
        return f"普通话：{self.mandarin}" if self.mandarin else ""

    def lines(self) -> list[str]:
        """Return the lines without a voice, with the speaker as text."""
        named = f"{self.speaker}：{self.text}" if self.speaker else self.text
        return [named, self.mandarin_line] if self.mandarin_line else [named]


def cues_of(entry: Entry) -> Iterator[Cue]:
    """Yield the cues of a recording."""
    for segment in entry.transcript.segments:
        text = clean(transcript_quality.replace_unheard(segment.text))
        if text:
            end = max(segment.end, segment.start + _MIN_DURATION)
            speaker, mandarin = clean(segment.speaker), clean(segment.mandarin)
            times = f"{format_timecode(segment.start)} --> {format_timecode(end)}"
            yield Cue(segment.start, end, times, text, speaker, mandarin)


def _voice(cue: Cue) -> str:
    lines = [_escaped(line) for line in (cue.text, cue.mandarin_line) if line]
    # ">" would end the tag and cannot be escaped there; after "--" it would be an arrow.
    name = _escaped(cue.speaker.replace(">", "＞").replace("--", "－－"))
    return "\n".join([f"<v {name}>{lines[0]}" if name else lines[0], *lines[1:]])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
