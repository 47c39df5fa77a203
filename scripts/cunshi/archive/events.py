"""events.jsonl: what happened to an accession, in the event names of PREMIS."""

import json
from collections.abc import Iterable
from typing import Any

from cunshi.core.clock import now


def scans_in(events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Path → SHA-256 of what lies in ``consent_forms``, from all events of an accession."""
    hashes = (pair for entry in events for pair in entry.get("hashes", {}).items())
    return {path: digest for path, digest in hashes if path.startswith("consent/")}


def parse_event(line: str) -> dict[str, Any]:
    """An event; ValueError or TypeError for a line that none has written."""
    found = dict(json.loads(line))
    texts = (found.get(key) for key in ("event", "time"))
    mappings = (found.get(key, {}) for key in ("hashes", "sizes", "fields", "decided"))
    if not all(isinstance(t, str) for t in texts) or not all(isinstance(m, dict) for m in mappings):
        raise ValueError(line)
    return found


def event(kind: str, **detail: Any) -> dict[str, Any]:
    """One line of events.jsonl; ``detail`` holds JSON values."""
    return {"event": kind, "time": now().isoformat(timespec="seconds"), **detail}


def format_events(events: list[dict[str, Any]]) -> str:
    """The text of events.jsonl."""
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in events)
