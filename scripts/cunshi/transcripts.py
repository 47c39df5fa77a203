"""machine.json and transcript.vtt ↔ Transcript; whether a machine or a person wrote the words.

A draft carries the SHA-256 of its cues in a NOTE. As long as the cues still have that hash nobody
has touched them; from the first changed character on, the file belongs to people.
"""

import hashlib
import html
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from cunshi.errors import RecordError
from cunshi.fields import read_text
from cunshi.i18n import _
from cunshi.model import (
    Coverage,
    Flag,
    Recording,
    Replacement,
    Segment,
    Transcript,
    TranscriptStatus,
    Weighed,
    Word,
)
from cunshi.timecode import format_timecode, parse_timecode

_DRAFT_NOTE = re.compile(r"^NOTE draft-sha256: ([0-9a-f]{64})$", re.MULTILINE)
_GUIDE = """\
NOTE
这是机器听写的初稿。请边听边改文字，时间不用改。
改过的文件归人所有，程序不会再覆盖它。
有的句子上面写着 NOTE 存疑、已改、核对：请先听这几句；听过改好，就删掉那几行 NOTE。
校对完以后，在 recording.yml 里写上 approved_by（校对人）和 approved_on（日期）。
"""

UNHEARD = "[听不清]"  # stands in a draft where somebody speaks and nothing was understood
_MEANING = "普通话："
REASONS = {
    Flag.NO_SPEECH: "这里好像没有人说话",
    Flag.BOILERPLATE: "像是片头片尾的套话",
    Flag.LOOP: "翻来覆去是一样的话",
    Flag.UNSURE: "机器没有把握",
    Flag.RATE: "字数和时间对不上",
    Flag.UNHEARD: "有人说话，机器没有听出来",
}
_FLAGS = {reason: flag for flag, reason in REASONS.items()}
_DOUBT, _REPLACED, _SUGGESTED = "存疑：", "已改：", "核对："


@dataclass(frozen=True)
class Heard:
    """machine.json: what an engine heard, with everything needed to say how.

    ``segments`` are as the engine wrote them, with its probabilities and the audit's flags;
    ``confidence`` holds the engine's own figures for each segment. ``coverage`` says how much of
    the speech has text, ``weighed`` what the engine thinks of local words.
    """

    recording: str
    master_sha256: str
    engine: str
    engine_version: str
    model: str
    model_sha256: str
    options: dict[str, Any]
    language: str
    segments: tuple[Segment, ...]
    confidence: tuple[dict[str, float], ...] = ()
    coverage: Coverage | None = None
    weighed: tuple[Weighed, ...] = ()
    created: str = ""

    @property
    def label(self) -> str:
        """The engine and model, as people and evaluations name them."""
        return f"{self.engine} {self.model}".strip()

    def cause(self) -> dict[str, Any]:
        """What a transcript depends on: when one of these changes it is made anew."""
        names = ("master_sha256", "engine", "model", "model_sha256", "options", "language")
        return {name: getattr(self, name) for name in names}


def format_heard(heard: Heard) -> str:
    """machine.json, a line per segment, so that it can be read and compared."""
    head = {k: v for k, v in asdict(heard).items() if k not in {"segments", "confidence"}}
    head["weighed"] = [list(asdict(entry).values()) for entry in heard.weighed]
    segments = (
        json.dumps(_segment_json(segment, confidence), ensure_ascii=False)
        for segment, confidence in zip(heard.segments, heard.confidence, strict=True)
    )
    lines = [f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in head.items()]
    lines.append('"segments": [\n' + ",\n".join(segments) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _segment_json(segment: Segment, confidence: dict[str, float]) -> dict[str, Any]:
    words = [[w.start, w.end, w.text, w.probability] for w in segment.words]
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        **confidence,
        **({"flags": list(segment.flags)} if segment.flags else {}),
        "words": words,
    }


def read_heard(path: Path) -> Heard | None:
    """Read machine.json; None when there is none or it is damaged, so that it is made anew."""
    try:
        data = json.loads(path.read_text("utf-8"))
        entries = data.pop("segments")
        segments = tuple(
            Segment(
                entry.pop("start"),
                entry.pop("end"),
                entry.pop("text"),
                tuple(Word(*word) for word in entry.pop("words")),
                flags=tuple(map(Flag, entry.pop("flags", ()))),
            )
            for entry in entries
        )
        coverage = data.pop("coverage", None)
        weighed = tuple(Weighed(*entry) for entry in data.pop("weighed", ()))
        return Heard(
            **data,
            segments=segments,
            confidence=tuple(entries),
            coverage=Coverage(**coverage) if coverage else None,
            weighed=weighed,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def format_draft(recording_id: str, engine: str, lines: Iterable[Segment]) -> str:
    """A new transcript.vtt (https://www.w3.org/TR/webvtt1/) that knows itself to be a draft."""
    cues = "\n".join(map(_cue, lines))
    return (
        f"WEBVTT\n\nNOTE {recording_id} {engine}\n\n{_GUIDE}\n"
        f"NOTE draft-sha256: {_digest(cues)}\n\n{cues}"
    )


def _cue(line: Segment) -> str:
    times = f"{format_timecode(line.start)} --> {format_timecode(line.end)}"
    text = f"<v {line.speaker}>{_escaped(line.text)}" if line.speaker else _escaped(line.text)
    meaning = f"{_MEANING}{_escaped(line.mandarin)}\n" if line.mandarin else ""
    return f"{_note(line)}{times}\n{text}\n{meaning}"


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
    return "".join(f"NOTE {note}\n\n" for note in notes)


def _digest(cues: str) -> str:
    kept = "\n".join(line.rstrip() for line in cues.strip().splitlines())
    return hashlib.sha256(kept.encode()).hexdigest()


def is_untouched_draft(text: str) -> bool:
    """Whether a transcript's cues are still those that the program drafted."""
    text = text.replace("\r\n", "\n")
    note = _DRAFT_NOTE.search(text)
    return bool(note) and _digest(text[note.end() :]) == note[1] if note else False


def parse_transcript(text: str, where: str = "") -> tuple[Segment, ...]:
    """The cues of a WebVTT file; RecordError when any of it is not understood.

    The library passes over blocks that it does not know; a person's words may stand in them.
    """
    _check_blocks(text, where)
    try:
        captions = webvtt.from_string(text, strict=True)
    except (MalformedFileError, MalformedCaptionError, ValueError) as error:
        raise RecordError(
            _("字幕文件的写法有误：{error}").format(error=error),
            _("对照别的 transcript.vtt 检查时间行和空行"),
            where=where,
        ) from error
    comments = [cue.comments for cue in captions.captions]
    if comments:
        # The library gives what stands above the first cue to the file's head.
        comments[0] = [*captions.header_comments, *comments[0]]
    segments = map(_segment, captions.captions, comments)
    found = tuple(s for s in segments if s.text)
    for segment in found:
        if segment.end < segment.start:
            raise RecordError(
                _("{time} 开始的一句，结束比开始还早").format(time=format_timecode(segment.start)),
                _("改正这一句的时间行"),
                where=where,
            )
    return found


def _segment(cue: webvtt.Caption, comments: list[str]) -> Segment:
    lines = [" ".join(line.split()) for line in html.unescape(cue.text).splitlines()]
    marks = tuple(_MEANING[:-1] + colon for colon in "：:")
    spoken = [line for line in lines if not line.startswith(marks)]
    meant = [line[len(_MEANING) :].strip() for line in lines if line.startswith(marks)]
    notes = [note.strip() for comment in comments for note in comment.splitlines()]
    doubts = "；".join(_after(_DOUBT, notes)).split("；")
    return Segment(
        parse_timecode(cue.start),
        parse_timecode(cue.end),
        " ".join(filter(None, spoken)),
        speaker=cue.voice or "",
        mandarin=" ".join(filter(None, meant)),
        flags=tuple(_FLAGS[doubt] for doubt in doubts if doubt in _FLAGS),
        replaced=_pairs(_after(_REPLACED, notes)),
        suggested=_pairs(_after(_SUGGESTED, notes)),
    )


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
    if not path.exists():
        return Transcript()
    text = read_text(path)
    segments = parse_transcript(text, where)
    draft = is_untouched_draft(text)
    status = TranscriptStatus.DRAFT if draft else TranscriptStatus.EDITED
    if recording.description.approved_by:
        status = TranscriptStatus.APPROVED
    elif draft and not segments:
        status = TranscriptStatus.MISSING
    return Transcript(segments, status)


def with_engine(transcript: Transcript, heard: Heard | None) -> Transcript:
    """The transcript with the engine and model that drafted it, and how much they covered."""
    if heard is None:
        return transcript
    return replace(transcript, engine=heard.label, coverage=heard.coverage)
