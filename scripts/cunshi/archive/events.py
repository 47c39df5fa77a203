"""events.jsonl: the events of an accession, with PREMIS event types.

A line is an event in JSON. Lines are only appended: lines of other versions are kept, with unknown
keys.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, get_args, get_origin, get_type_hints

from cunshi.core.clock import now

# Event types of https://id.loc.gov/vocabulary/preservation/eventType
ACCESSION = "accession"
CREATION = "creation"
DELETION = "deletion"
DISSEMINATION = "dissemination"
FIXITY_CHECK = "fixity check"
INGESTION = "ingestion"
MESSAGE_DIGEST_CALCULATION = "message digest calculation"
METADATA_MODIFICATION = "metadata modification"
TRANSFER = "transfer"


def _timestamp() -> str:
    return now().isoformat(timespec="seconds")


@dataclass(frozen=True)
class Event:
    """An event; None for keys that an event of its type does not have.

    Fields are in the order of the keys in a line. ``fields`` was adopted from the deposit's
    folder.yml or file name, ``decided`` set by a person, ``limited`` restricted by another archive;
    all three are fields of the record in the form of ``as_logged``. ``limited`` may also have
    ``withheld``, the ranges in seconds that the other archive withholds.
    """

    kind: str
    time: str = dataclass_field(default_factory=_timestamp)
    original_name: str | None = None
    fields: Mapping[str, Any] | None = None
    algorithm: str | None = None
    hashes: Mapping[str, str] | None = None
    sizes: Mapping[str, int] | None = None
    outcome: str | None = None
    object: str | None = None
    agent: str | None = None
    limited: Mapping[str, Any] | None = None
    source: str | None = None
    decided: Mapping[str, Any] | None = None
    lines: int | None = None
    transcript: str | None = None
    transcript_sha256: str | None = None
    model: str | None = None
    model_sha256: str | None = None
    machine_sha256: str | None = None
    edition: str | None = None
    shown: bool | None = None


# Optional keys of a line → types of their values.
_TYPES: Mapping[str, Any] = {
    name: get_origin(types[0]) or types[0]
    for name, hint in get_type_hints(Event).items()
    if (types := get_args(hint))
}
_READ_STRICTLY = ("hashes", "sizes", "fields", "decided")


def parse_event(line: str) -> Event:
    """Parse a line; ValueError or TypeError if it is not an event."""
    found = dict(json.loads(line))
    kind, time = found.get("event"), found.get("time")
    if not isinstance(kind, str) or not isinstance(time, str):
        raise ValueError(line)
    known = {
        name: found[name] for name, type_ in _TYPES.items() if isinstance(found.get(name), type_)
    }
    if any(name in found and name not in known for name in _READ_STRICTLY):
        raise ValueError(line)
    return Event(kind, time, **known)


def format_event(event: Event) -> str:
    """Return the line of an event, without empty keys."""
    values = {name: getattr(event, name) for name in _TYPES}
    said = {name: value for name, value in values.items() if value is not None}
    line = {"event": event.kind, "time": event.time} | said
    return json.dumps(line, ensure_ascii=False) + "\n"


def scans_in(events: Iterable[Event]) -> dict[str, str]:
    """Return path → SHA-256 of the files in ``consent_forms``, from the events of an accession."""
    hashes = (pair for event in events for pair in (event.hashes or {}).items())
    return {path: digest for path, digest in hashes if path.startswith("consent/")}
