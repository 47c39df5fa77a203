"""BagIt 1.0 (RFC 8493): a folder that says what is in it and can be checked anywhere.

Written here because the bagit package writes version 0.97; it validates these.
"""

import hashlib
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from cunshi.core.files import put_in_place, walk_files, write_atomic
from cunshi.domain.settings import Archive

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_ALGORITHM = "sha512"  # the one that section 2.4 asks implementations to have


def write_bag(payload: Path, target: Path, facts: Mapping[str, str], day: date) -> None:
    """Make a folder a bag's payload and give the bag its name in one step.

    ``payload`` is moved and must be on the disk of ``target``, which must not exist. ``facts`` are
    further lines of bag-info.txt. Names in the payload hold no line ends and no percent signs,
    which the format escapes and the bagit package does not.
    """
    aside = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    payload.replace(aside / "data")
    sizes, hashes = _measure(aside, aside / "data")
    info = {
        **facts,
        "Bagging-Date": day.isoformat(),
        "Payload-Oxum": f"{sum(sizes.values())}.{len(sizes)}",
    }
    write_atomic(aside / "bagit.txt", _DECLARATION)
    write_atomic(aside / f"manifest-{_ALGORITHM}.txt", _manifest(hashes))
    write_atomic(aside / "bag-info.txt", "".join(f"{k}: {_line(v)}\n" for k, v in info.items()))
    tags = {path.name: _digest(path) for path in aside.iterdir() if path.is_file()}
    write_atomic(aside / f"tagmanifest-{_ALGORITHM}.txt", _manifest(tags))
    put_in_place(aside, target)


def facts_of(archive: Archive, title: str) -> dict[str, str]:
    """What bag-info.txt says of whose bag it is."""
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
