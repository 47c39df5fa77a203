"""Read and write machine.json, the result of an engine with everything needed to reproduce it."""

import json
import os
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from cunshi.core.errors import DiskError
from cunshi.domain.transcript import Coverage, Flag, Segment, Weighed, Word

# What precedes and follows the segments.
_SEGMENTS, _END = b'"segments": [\n', b"\n]\n}\n"


@dataclass(frozen=True)
class MachineTranscript:
    """The content of machine.json; field names are its keys.

    ``segments`` have the engine's text and probabilities, and quality flags; ``confidence`` has the
    engine's figures for each segment. ``coverage`` says how much of the speech has text,
    ``weighed`` has the engine's scores of glossary terms.
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
        """Engine and model, as shown to people."""
        return f"{self.engine} {self.model}".strip()

    def cause(self) -> dict[str, Any]:
        """Return the inputs of a transcript; if one changes, it is made again."""
        names = ("master_sha256", "engine", "model", "model_sha256", "options", "language")
        return {name: getattr(self, name) for name in names}


def format_machine_json(heard: MachineTranscript) -> str:
    """Return the text of machine.json, with one segment per line."""
    head = {k: v for k, v in asdict(heard).items() if k not in {"segments", "confidence"}}
    head["weighed"] = [list(asdict(entry).values()) for entry in heard.weighed]
    segments = (
        json.dumps(_segment_json(segment, confidence), ensure_ascii=False)
        for segment, confidence in zip(heard.segments, heard.confidence, strict=True)
    )
    lines = [f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in head.items()]
    lines.append(_SEGMENTS.decode() + ",\n".join(segments))
    return "{\n" + ",\n".join(lines) + _END.decode()


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


def read_machine_json(path: Path) -> MachineTranscript | None:
    """Read machine.json; None if it is missing or damaged. Raises DiskError."""
    try:
        return _heard_of(json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise DiskError(error, path) from error


def _heard_of(data: Any) -> MachineTranscript | None:
    try:
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
        return MachineTranscript(
            **data,
            segments=segments,
            confidence=tuple(entries),
            coverage=Coverage(**coverage) if coverage else None,
            weighed=weighed,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def read_origin(path: Path) -> MachineTranscript | None:
    """Read machine.json without its segments, which are most of it.

    Returns None like read_machine_json. Of an intact file, only the head is read.
    """
    try:
        with path.open("rb") as stream:
            head = b"".join(takewhile(_SEGMENTS.__ne__, stream))
            stream.seek(-len(_END), os.SEEK_END)
            is_whole = stream.read() == _END
        data = json.loads(head.rstrip(b",\n") + b"}") if is_whole else None
    except (OSError, ValueError):
        data = None
    heard = _heard_of({**data, "segments": []}) if isinstance(data, dict) else None
    return heard or read_machine_json(path)
