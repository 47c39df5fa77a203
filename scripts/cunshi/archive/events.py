"""events.jsonl: what happened to an accession, in the event names of PREMIS.

Every line is an event in JSON. Lines are only added: what another version has written stays as it
is, with keys that this one does not know.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, get_args, get_origin, get_type_hints

from cunshi.core.clock import now

# Kinds of events, from https://id.loc.gov/vocabulary/preservation/eventType
ACCESSION = "accession"
CREATION = "creation"
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
    """One event; None for what an event of its kind does not say.

    The fields are in the order of the keys of a line. ``fields`` is what was taken over from the
    deposit's folder or file name, ``decided`` what a person set, ``limited`` what another archive
    limited; all three are fields of the record as ``as_logged`` has them.
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


# Key of a line → the type of its value, of all keys that an event may lack.
_TYPES: Mapping[str, Any] = {
    name: get_origin(types[0]) or types[0]
    for name, hint in get_type_hints(Event).items()
    if (types := get_args(hint))
}
_READ_STRICTLY = ("hashes", "sizes", "fields", "decided")


def parse_event(line: str) -> Event:
    """An event; ValueError or TypeError for a line that none has written."""
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
    """The line of an event, with only the keys that it has."""
    values = {name: getattr(event, name) for name in _TYPES}
    said = {name: value for name, value in values.items() if value is not None}
    line = {"event": event.kind, "time": event.time} | said
    return json.dumps(line, ensure_ascii=False) + "\n"


def scans_in(events: Iterable[Event]) -> dict[str, str]:
    """Path → SHA-256 of what lies in ``consent_forms``, from all events of an accession."""
    hashes = (pair for event in events for pair in (event.hashes or {}).items())
    return {path: digest for path, digest in hashes if path.startswith("consent/")}
