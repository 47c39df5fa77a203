"""Replace the id of an erased recording in the register of publications."""

import re
from pathlib import Path

from cunshi.archive.erasure.tombstones import Hider
from cunshi.core.files import exists, write_atomic


def without_recording(text: str, recording_id: str, hider: Hider) -> str:
    """Return lines of publications.jsonl with another name for a recording.

    What was published of it stays registered: under the name that its tombstone leads to, with
    keyed hashes, so that nobody can compare them with a copy.
    """
    hashed = re.compile(rf'("[^"]*{re.escape(recording_id)}[^"]*": ")([0-9a-f]{{64}})(?=")')
    hidden = hashed.sub(lambda found: found[1] + hider.file(found[2]), text)
    return hidden.replace(recording_id, hider.alias(recording_id))


def forget_recording(path: Path, recording_id: str, hider: Hider) -> None:
    """Replace the id of a recording in a file of the register."""
    if exists(path):
        text = path.read_text("utf-8")
        write_atomic(path, without_recording(text, recording_id, hider))
