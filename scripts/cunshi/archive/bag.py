"""Write BagIt 1.0 bags (RFC 8493).

The bagit package writes version 0.97, but can validate these.
"""

import hashlib
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from cunshi.core.files import put_in_place, walk_files, write_atomic
from cunshi.domain.settings import Archive

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_ALGORITHM = "sha512"  # recommended by section 2.4


def write_bag(payload: Path, target: Path, facts: Mapping[str, str], day: date) -> None:
    """Make a folder the payload of a bag, which gets its name in one step.

    ``payload`` is moved; it must be on the disk of ``target``, which must not exist. ``facts`` are
    additional lines of bag-info.txt. Names in the payload must not contain line breaks or percent
    signs, which the format escapes and the bagit package does not.
    """
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    payload.replace(temporary / "data")
    sizes, hashes = _measure(temporary, temporary / "data")
    info = {
        **facts,
        "Bagging-Date": day.isoformat(),
        "Payload-Oxum": f"{sum(sizes.values())}.{len(sizes)}",
    }
    write_atomic(temporary / "bagit.txt", _DECLARATION)
    write_atomic(temporary / f"manifest-{_ALGORITHM}.txt", _manifest(hashes))
    write_atomic(temporary / "bag-info.txt", "".join(f"{k}: {_line(v)}\n" for k, v in info.items()))
    tags = {path.name: _digest(path) for path in temporary.iterdir() if path.is_file()}
    write_atomic(temporary / f"tagmanifest-{_ALGORITHM}.txt", _manifest(tags))
    put_in_place(temporary, target)


def facts_of(archive: Archive, title: str) -> dict[str, str]:
    """Return the lines of bag-info.txt about the archive."""
    facts = {
        "Source-Organization": archive.institution,
        "Contact-Name": archive.contact,
        "External-Description": title,
        "Bag-Software-Agent": "cunshi",
    }
    return {name: _line(value) for name, value in facts.items() if _line(value)}


def _measure(bag: Path, payload: Path) -> tuple[dict[str, int], dict[str, str]]:
    sizes, hashes = dict[str, int](), dict[str, str]()
    for path in sorted(walk_files(payload)):
        name = path.relative_to(bag).as_posix()
        sizes[name], hashes[name] = path.stat().st_size, _digest(path)
    return sizes, hashes


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, _ALGORITHM).hexdigest()


def _manifest(hashes: Mapping[str, str]) -> str:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))


def _line(text: str) -> str:
    return " ".join(text.split())
