"""Read and write transcript.vtt, and detect whether a person has edited it.

A draft contains the SHA-256 of its cues in a NOTE. While the cues have that hash, it is unedited;
after any change, the program never overwrites the file.
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
from cunshi.archive.transcript_marks import OddMark, with_usual_marks, without_marks
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

# In the head of what people have corrected.
CORRECTED_GUIDE = """\
NOTE
这是人校对的文稿，归人所有，程序不会再覆盖它。用校对台改，或在这里改，都可以。
时间行、空行不要动。句子上面写 NOTE 不公开，这一句和它的声音就不放出来；写 NOTE 金句，就上金句墙。
"""
_GUIDES = (GUIDE.strip(), CORRECTED_GUIDE.strip())

UNHEARD = "[听不清]"  # placeholder in drafts for unintelligible speech
MEANING = ("普通话：", "普通话:")  # marks a line in Mandarin; the first form is written
REASONS = {
    Flag.NO_SPEECH: "这里好像没有人说话",
    Flag.BOILERPLATE: "像是片头片尾的套话",
    Flag.LOOP: "翻来覆去是一样的话",
    Flag.UNSURE: "机器没有把握",
    Flag.RATE: "字数和时间对不上",
    Flag.UNHEARD: "有人说话，机器没有听出来",
}
# These would end the name in a voice tag.
_NAME = str.maketrans("<>&", "＜＞＆")
_FLAGS = {reason: flag for flag, reason in REASONS.items()}
_DOUBT, _REPLACED, _SUGGESTED = "存疑：", "已改：", "核对："
MARKS = (_DOUBT, _REPLACED, _SUGGESTED)
WITHHELD, GOLDEN = "不公开", "金句"
_DIVIDING = re.compile("[；→\n\r]|-->")  # not allowed in the pair of a note
_TIME = r"(\d\d:[0-5]\d:[0-5]\d\.\d{3})"
_WORDS = r"[^<>&\s][^<>&\n]*"
# A cue without settings, escapes and tags, except for a speaker.
_REGULAR = re.compile(rf"{_TIME} --> {_TIME}\n(?:<v ([\w·]+)>)?({_WORDS}(?:\n{_WORDS})*)")

# The comments before each cue, and its block.
Written = list[tuple[tuple[str, ...], str]]


def format_draft(recording_id: str, engine: str, lines: Iterable[Segment]) -> str:
    """Return a new transcript.vtt (https://www.w3.org/TR/webvtt1/) marked as a draft."""
    cues = "\n".join(map(format_cue, lines))
    return (
        f"WEBVTT\n\nNOTE {recording_id} {engine}\n\n{GUIDE}\n"
        f"NOTE draft-sha256: {_digest(cues)}\n\n{cues}"
    )


def format_cue(line: Segment, name: str = "", settings: str = "", notes: str = "") -> str:
    """Format a line as a WebVTT cue with its notes; ``name`` and ``settings`` are those of the cue.

    ``notes`` are further comment blocks before it.
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
    """Return WebVTT comments with what a corrector should know about a line."""
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
    """Check whether a transcript is a draft whose cues are unchanged."""
    text = text.replace("\r\n", "\n")
    note = DRAFT_NOTE.search(text)
    if not note or _digest(text[note.end() :]) != note[1]:
        return False
    return not odd_marks(text)  # above the note


@dataclass(frozen=True)
class Cue:
    """A cue as written: ``notes`` are the comment blocks before it, ``lines`` its own.

    ``segment`` is its content; the text may be empty.
    """

    segment: Segment
    notes: tuple[str, ...]
    lines: tuple[str, ...]


def parse_transcript(text: str, where: str = "") -> tuple[Segment, ...]:
    """Parse the cues of a WebVTT file; RecordError if any part is invalid.

    The library skips unknown blocks, but these may contain a person's words.
    """
    return tuple(segment for segment in _read(text, where)[0] if segment.text)


def parse_cues(text: str, where: str = "") -> tuple[Cue, ...]:
    """Parse the cues with everything written around them; see parse_transcript."""
    read = zip(*_read(text, where), strict=True)
    return tuple(Cue(segment, notes, tuple(b.split("\n"))) for segment, (notes, b) in read)


def with_marks(text: str) -> str:
    """Return a transcript with every withholding mark in its usual form."""
    return with_usual_marks(text, _GUIDES)[0]


def odd_marks(text: str) -> tuple[OddMark, ...]:
    """Return the withholding marks in an unusual form."""
    return with_usual_marks(text, _GUIDES)[1]


def _read(text: str, where: str) -> tuple[list[Segment], Written]:
    text = with_marks(text)
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
    except ValueError as error:  # a time with too many digits
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
    """The content of a cue, as parsed by the library."""

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
    """Parse the captions of a file in the form that this program writes; empty if it is not.

    The result is the same as the library's in a tenth of the time.
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
    """Raise RecordError for a line with text that ends before it begins."""
    for segment in segments:
        if segment.text and segment.end < segment.start:
            raise RecordError(
                _("{time} 开始的一句，结束比开始还早").format(time=format_timecode(segment.start)),
                _("改正这一句的时间行"),
                where=where,
            )


def blocks(text: str) -> list[str]:
    """Split a WebVTT file into blocks at empty lines; the first is its header."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return [block.strip("\n") for block in re.split(r"\n\n+", text.strip("\n"))]


def is_cue(block: str) -> bool:
    """Check whether a block has a line with times; comments cannot contain its arrow."""
    first, __, rest = block.partition("\n")
    return "-->" in first or "-->" in rest.partition("\n")[0]


def _cues_and_others(text: str) -> tuple[Written, list[str]]:
    """Return the comments before each cue and its block, and all other blocks."""
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
        # A mark after the last cue applies to that cue, to be on the safe side.
        found[-1] = (found[-1][0] + tuple(notes), found[-1][1])
    return found, others


def remarks(notes: Iterable[str]) -> list[str]:
    """Return the lines of comment blocks without the word NOTE."""
    lines = (line for note in notes for line in note.removeprefix("NOTE").split("\n"))
    return [line.strip() for line in lines if line.strip()]


def split_mandarin(lines: Sequence[str]) -> tuple[str, str]:
    """Split the lines of a cue into the spoken text and its Mandarin.

    The first line is always spoken text, even if it starts with 普通话：.
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
        return Segment(start, end, cue.text, speaker=speaker)  # the usual case
    spoken, meant = split_mandarin(html.unescape(cue.text).splitlines())
    segment = Segment(
        start,
        end,
        spoken,
        speaker=speaker,
        mandarin=meant,
    )
    return _fill_empty(_apply_notes(segment, remarks(above)) if above else segment)


def _apply_notes(segment: Segment, notes: list[str]) -> Segment:
    doubts = "；".join(_after(_DOUBT, notes)).split("；")
    return replace(
        segment,
        flags=tuple(_FLAGS[doubt] for doubt in doubts if doubt in _FLAGS),
        replaced=_pairs(_after(_REPLACED, notes)),
        suggested=_pairs(_after(_SUGGESTED, notes)),
        withheld=any(note.startswith(WITHHELD) for note in notes),
        golden=GOLDEN in notes,
    )


def _fill_empty(segment: Segment) -> Segment:
    """Return a line with a mark or Mandarin but no text as unintelligible."""
    empty = not segment.text and (segment.withheld or segment.golden or segment.mandarin)
    return replace(segment, text=UNHEARD) if empty else segment


def as_written(line: Segment) -> Segment:
    """Return a line as it will be read back: without control characters, in milliseconds, and
    withheld if its words contain a mark.
    """
    # "--" before the end of the tag would form the arrow between two times.
    speaker = _plain(line.speaker).translate(_NAME).replace("--", "－－")
    written = (_plain(line.text), _plain(line.mandarin), speaker)
    (text, mandarin, speaker), marks = zip(*map(without_marks, written), strict=True)
    segment = Segment(
        round(line.start, 3),
        round(line.end, 3),
        _plain(text),
        speaker=_plain(speaker),
        mandarin=_plain(mandarin),
        flags=tuple(dict.fromkeys(line.flags)),
        replaced=tuple(filter(_can_be_noted, line.replaced)),
        suggested=tuple(filter(_can_be_noted, line.suggested)),
        withheld=line.withheld or any(marks),
        golden=line.golden,
    )
    return _fill_empty(segment)


def _plain(text: str) -> str:
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    return " ".join(kept.split())


def _can_be_noted(pair: Replacement) -> bool:
    """Check whether a pair can be parsed again from a note."""
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
    """Read transcript.vtt with its status; RecordError if an edited file is invalid."""
    return transcript_of(read_text(path), where, recording) if exists(path) else Transcript()


def transcript_of(text: str, where: str, recording: Recording) -> Transcript:
    """Parse the text of a transcript.vtt; see read_transcript."""
    segments = parse_transcript(text, where)
    return Transcript(segments, status_of(text, segments, recording))


def status_of(text: str, segments: tuple[Segment, ...], recording: Recording) -> TranscriptStatus:
    """Return the status of a transcript with this text and these lines."""
    if recording.description.approved_by:
        return TranscriptStatus.APPROVED
    if is_untouched_draft(text):
        return TranscriptStatus.DRAFT if segments else TranscriptStatus.MISSING
    return TranscriptStatus.EDITED if text else TranscriptStatus.MISSING


def with_engine(transcript: Transcript, heard: MachineTranscript | None) -> Transcript:
    """Return the transcript with the engine that drafted it, and its coverage."""
    if heard is None:
        return transcript
    return replace(transcript, engine=heard.label, coverage=heard.coverage)
