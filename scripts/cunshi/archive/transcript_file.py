"""transcript.vtt ↔ Transcript; whether a machine or a person wrote the words.

A draft carries the SHA-256 of its cues in a NOTE. As long as the cues still have that hash nobody
has touched them; from the first changed character on, the file belongs to people.
"""

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from cunshi.archive.machine_json import MachineTranscript
from cunshi.core.errors import RecordError
from cunshi.core.files import exists
from cunshi.core.i18n import _
from cunshi.core.timecode import format_timecode, parse_timecode
from cunshi.core.yaml_fields import read_text
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Flag, Replacement, Segment, Transcript, TranscriptStatus

DRAFT_NOTE = re.compile(r"^NOTE draft-sha256: ([0-9a-f]{64})$", re.MULTILINE)
GUIDE = """\
NOTE
这是机器听写的初稿。请边听边改文字，时间不用改。
改过的文件归人所有，程序不会再覆盖它。
有的句子上面写着 NOTE 存疑、已改、核对：请先听这几句；听过改好，就删掉那几行 NOTE。
校对完以后，在 recording.yml 里写上 approved_by（校对人）和 approved_on（日期）。
"""

UNHEARD = "[听不清]"  # stands in a draft where somebody speaks and nothing was understood
MEANING = ("普通话：", "普通话:")  # before a line in Mandarin; the first is how it is written
REASONS = {
    Flag.NO_SPEECH: "这里好像没有人说话",
    Flag.BOILERPLATE: "像是片头片尾的套话",
    Flag.LOOP: "翻来覆去是一样的话",
    Flag.UNSURE: "机器没有把握",
    Flag.RATE: "字数和时间对不上",
    Flag.UNHEARD: "有人说话，机器没有听出来",
}
# In a voice tag these would end the name.
_NAME = str.maketrans("<>&", "＜＞＆")
_FLAGS = {reason: flag for flag, reason in REASONS.items()}
_DOUBT, _REPLACED, _SUGGESTED = "存疑：", "已改：", "核对："
MARKS = (_DOUBT, _REPLACED, _SUGGESTED)
WITHHELD, GOLDEN = "不公开", "金句"
_DIVIDING = re.compile("[；→\n\r]|-->")  # what cannot stand in a pair of a note
_TIME = r"(\d\d:[0-5]\d:[0-5]\d\.\d{3})"
_WORDS = r"[^<>&\s][^<>&\n]*"
# A cue without settings, escapes, or tags but for a speaker's name.
_REGULAR = re.compile(rf"{_TIME} --> {_TIME}\n(?:<v ([\w·]+)>)?({_WORDS}(?:\n{_WORDS})*)")

# The comments above each cue, and its block.
Written = list[tuple[tuple[str, ...], str]]


def format_draft(recording_id: str, engine: str, lines: Iterable[Segment]) -> str:
    """A new transcript.vtt (https://www.w3.org/TR/webvtt1/) that knows itself to be a draft."""
    cues = "\n".join(map(format_cue, lines))
    return (
        f"WEBVTT\n\nNOTE {recording_id} {engine}\n\n{GUIDE}\n"
        f"NOTE draft-sha256: {_digest(cues)}\n\n{cues}"
    )


def format_cue(line: Segment, name: str = "", settings: str = "", notes: str = "") -> str:
    """A line as a WebVTT cue with its notes above; ``name`` and ``settings`` are the cue's own.

    ``notes`` are comment blocks that stand there as well.
    """
    times = f"{format_timecode(line.start)} --> {format_timecode(line.end)} {settings}".rstrip()
    text = f"<v {line.speaker}>{_escaped(line.text)}" if line.speaker else _escaped(line.text)
    meaning = f"{MEANING[0]}{_escaped(line.mandarin)}\n" if line.mandarin else ""
    head = f"{name}\n" if name else ""
    return f"{notes}{_note(line)}{head}{times}\n{text}\n{meaning}"


def _escaped(text: str) -> str:
    text = re.sub(r"\s*\n\s*", " ", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _note(line: Segment) -> str:
    """What a person should know before correcting a line, as a WebVTT comment above its cue."""
    doubts = "；".join(REASONS[flag] for flag in line.flags)
    notes = [_DOUBT + doubts] if doubts else []
    for label, pairs in ((_REPLACED, line.replaced), (_SUGGESTED, line.suggested)):
        if pairs:
            notes.append(label + "；".join(f"{pair.heard}→{pair.term}" for pair in pairs))
    notes += [WITHHELD] * line.withheld + [GOLDEN] * line.golden
    return "".join(f"NOTE {note}\n\n" for note in notes)


def _digest(cues: str) -> str:
    kept = "\n".join(line.rstrip() for line in cues.strip().splitlines())
    return hashlib.sha256(kept.encode()).hexdigest()


def is_untouched_draft(text: str) -> bool:
    """Whether a transcript's cues are still those that the program drafted."""
    text = text.replace("\r\n", "\n")
    note = DRAFT_NOTE.search(text)
    return bool(note) and _digest(text[note.end() :]) == note[1] if note else False


@dataclass(frozen=True)
class Cue:
    """A cue as it is written: ``notes`` are the comment blocks above it, ``lines`` its own.

    ``segment`` is what it says; its text is empty when it says nothing.
    """

    segment: Segment
    notes: tuple[str, ...]
    lines: tuple[str, ...]


def parse_transcript(text: str, where: str = "") -> tuple[Segment, ...]:
    """The cues of a WebVTT file; RecordError when any of it is not understood.

    The library passes over blocks that it does not know; a person's words may stand in them.
    """
    return tuple(segment for segment in _read(text, where)[0] if segment.text)


def parse_cues(text: str, where: str = "") -> tuple[Cue, ...]:
    """The cues of a WebVTT file with all that is written around them, as parse_transcript."""
    read = zip(*_read(text, where), strict=True)
    return tuple(Cue(segment, notes, tuple(b.split("\n"))) for segment, (notes, b) in read)


def _read(text: str, where: str) -> tuple[list[Segment], Written]:
    written, others = _cues_and_others(text)
    captions = _regular_captions(text, written, others) or _any_captions(text, where)
    if len(written) != len(captions):
        raise RecordError(
            _("字幕文件的写法有误：有的句子看不出时间"),
            _("对照别的 transcript.vtt 检查时间行和空行"),
            where=where,
        )
    try:
        segments = [_segment(c, notes) for c, (notes, __) in zip(captions, written, strict=True)]
    except ValueError as error:  # a time of more digits than a recording can have
        raise _misspelt(error, where) from error
    check_times(segments, where)
    return segments, written


def _misspelt(error: Exception, where: str) -> RecordError:
    return RecordError(
        _("字幕文件的写法有误：{error}").format(error=error),
        _("对照别的 transcript.vtt 检查时间行和空行"),
        where=where,
    )


class _Caption(NamedTuple):
    """What a cue says, as the library reads it."""

    start: str
    end: str
    voice: str | None
    text: str


def _any_captions(text: str, where: str) -> list[_Caption]:
    _check_blocks(text, where)
    try:
        captions = webvtt.from_string(text, strict=True).captions
    except (MalformedFileError, MalformedCaptionError, ValueError) as error:
        raise _misspelt(error, where) from error
    return [_Caption(c.start, c.end, c.voice, c.text) for c in captions]


def _regular_captions(text: str, written: Written, others: list[str]) -> list[_Caption]:
    """The captions of a file that is written as this program writes it; else none.

    They are what the library finds in it, in a tenth of the time: a village has thousands of hours.
    """
    if not text.startswith("WEBVTT\n\n") or not all(map(_is_regular_note, others)):
        return []
    found = [_REGULAR.fullmatch(block) for __, block in written]
    captions = [_Caption(*match.groups()) for match in found if match]
    plain = all(c.text.isprintable() or c.text.replace("\n", "").isprintable() for c in captions)
    return captions if plain and len(captions) == len(found) else []


def _is_regular_note(block: str) -> bool:
    return (
        block.startswith("NOTE") and "-->" not in block and all(map(str.strip, block.split("\n")))
    )


def check_times(segments: Iterable[Segment], where: str) -> None:
    """RecordError when a line with words ends before it begins."""
    for segment in segments:
        if segment.text and segment.end < segment.start:
            raise RecordError(
                _("{time} 开始的一句，结束比开始还早").format(time=format_timecode(segment.start)),
                _("改正这一句的时间行"),
                where=where,
            )


def blocks(text: str) -> list[str]:
    """The blocks of a WebVTT file, which empty lines divide; the first is its head."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return [block.strip("\n") for block in re.split(r"\n\n+", text.strip("\n"))]


def is_cue(block: str) -> bool:
    """Whether a block has the line with the times; comments cannot contain its arrow."""
    first, __, rest = block.partition("\n")
    return "-->" in first or "-->" in rest.partition("\n")[0]


def _cues_and_others(text: str) -> tuple[Written, list[str]]:
    """The comments above each cue and its block; and all blocks that are no cues."""
    found: Written = []
    others: list[str] = []
    notes: list[str] = []
    for block in blocks(text)[1:]:
        if is_cue(block):
            found.append((tuple(notes), block))
            notes = []
            continue
        others.append(block)
        if block.startswith("NOTE"):
            notes.append(block)
    if found and any(note.startswith(WITHHELD) for note in remarks(notes)):
        # Who wrote it below the last cue meant that one: better too little than too much.
        found[-1] = (found[-1][0] + tuple(notes), found[-1][1])
    return found, others


def remarks(notes: Iterable[str]) -> list[str]:
    """The lines that comment blocks consist of, without the word NOTE."""
    lines = (line for note in notes for line in note.removeprefix("NOTE").split("\n"))
    return [line.strip() for line in lines if line.strip()]


def tell_apart(lines: Sequence[str]) -> tuple[str, str]:
    """The lines of a cue as what was said and its meaning in Mandarin.

    What stands first is what was said, even where somebody says 普通话：.
    """
    lines = [" ".join(line.split()) for line in lines]
    meant = [line[len(MEANING[0]) :].strip() for line in lines[1:] if line.startswith(MEANING)]
    spoken = [*lines[:1], *(line for line in lines[1:] if not line.startswith(MEANING))]
    return " ".join(filter(None, spoken)), " ".join(filter(None, meant))


def _segment(cue: _Caption, above: tuple[str, ...]) -> Segment:
    start, end = parse_timecode(cue.start), parse_timecode(cue.end)
    speaker = html.unescape(cue.voice or "").strip()
    plain = cue.text.isprintable() and " " not in cue.text and "&" not in cue.text
    if plain and not above:
        return Segment(start, end, cue.text, speaker=speaker)  # as nearly all are
    spoken, meant = tell_apart(html.unescape(cue.text).splitlines())
    segment = Segment(
        start,
        end,
        spoken,
        speaker=speaker,
        mandarin=meant,
    )
    return _spoken(_noted(segment, remarks(above)) if above else segment)


def _noted(segment: Segment, notes: list[str]) -> Segment:
    doubts = "；".join(_after(_DOUBT, notes)).split("；")
    return replace(
        segment,
        flags=tuple(_FLAGS[doubt] for doubt in doubts if doubt in _FLAGS),
        replaced=_pairs(_after(_REPLACED, notes)),
        suggested=_pairs(_after(_SUGGESTED, notes)),
        withheld=any(note.startswith(WITHHELD) for note in notes),
        golden=GOLDEN in notes,
    )


def _spoken(segment: Segment) -> Segment:
    """A line that is marked, or has a meaning, is a line even if nobody wrote what is said."""
    empty = not segment.text and (segment.withheld or segment.golden or segment.mandarin)
    return replace(segment, text=UNHEARD) if empty else segment


def as_written(line: Segment) -> Segment:
    """A line as it will be read when it is written: no control characters, spaces, milliseconds."""
    segment = Segment(
        round(line.start, 3),
        round(line.end, 3),
        _plain(line.text),
        # Two hyphens and the mark that ends the voice would be the arrow between two times.
        speaker=_plain(line.speaker).translate(_NAME).replace("--", "－－"),
        mandarin=_plain(line.mandarin),
        flags=tuple(dict.fromkeys(line.flags)),
        replaced=tuple(filter(_can_be_noted, line.replaced)),
        suggested=tuple(filter(_can_be_noted, line.suggested)),
        withheld=line.withheld,
        golden=line.golden,
    )
    return _spoken(segment)


def _plain(text: str) -> str:
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    return " ".join(kept.split())


def _can_be_noted(pair: Replacement) -> bool:
    """Whether the two words can be told apart again in a note."""
    words = (pair.heard, pair.term)
    return all(word and word == _plain(word) and not _DIVIDING.search(word) for word in words)


def _after(label: str, notes: list[str]) -> list[str]:
    return [note.removeprefix(label) for note in notes if note.startswith(label)]


def _pairs(notes: list[str]) -> tuple[Replacement, ...]:
    pairs = (pair.partition("→") for pair in "；".join(notes).split("；"))
    return tuple(Replacement(heard, term) for heard, __, term in pairs if heard and term)


def _check_blocks(text: str, where: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    begins = [
        n for n, line in enumerate(lines) if line.strip() and not (n and lines[n - 1].strip())
    ]
    for number in begins:
        known = lines[number].startswith(("WEBVTT", "NOTE", "STYLE", "REGION", "\ufeffWEBVTT"))
        if not known and not any("-->" in line for line in lines[number : number + 2]):
            raise RecordError(
                _("这里的文字上面没有时间行"),
                _("时间行写成 00:00:01.000 --> 00:00:02.500，紧接着写文字，中间不空行"),
                where=where,
                line=number + 1,
            )


def read_transcript(path: Path, where: str, recording: Recording) -> Transcript:
    """transcript.vtt with its status; RecordError when a person's file cannot be read."""
    return transcript_of(read_text(path), where, recording) if exists(path) else Transcript()


def transcript_of(text: str, where: str, recording: Recording) -> Transcript:
    """The transcript in the text of a transcript.vtt, as read_transcript."""
    segments = parse_transcript(text, where)
    return Transcript(segments, status_of(text, segments, recording))


def status_of(text: str, segments: tuple[Segment, ...], recording: Recording) -> TranscriptStatus:
    """How far people have come with a transcript.vtt of this text, which has these lines."""
    if recording.description.approved_by:
        return TranscriptStatus.APPROVED
    if is_untouched_draft(text):
        return TranscriptStatus.DRAFT if segments else TranscriptStatus.MISSING
    return TranscriptStatus.EDITED if text else TranscriptStatus.MISSING


def with_engine(transcript: Transcript, heard: MachineTranscript | None) -> Transcript:
    """The transcript with the engine and model that drafted it, and how much they covered."""
    if heard is None:
        return transcript
    return replace(transcript, engine=heard.label, coverage=heard.coverage)
