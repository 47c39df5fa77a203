"""Write BagIt 1.0 bags (RFC 8493), and check those of others.

The bagit package writes version 0.97, but can validate these.
"""

import hashlib
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from cunshi.core.errors import RecordError
from cunshi.core.files import (
    irregular_entries,
    is_put_by_system,
    put_in_place,
    walk_files,
    write_atomic,
)
from cunshi.core.i18n import _
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


def _digest(path: Path, algorithm: str = _ALGORITHM) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _manifest(hashes: Mapping[str, str]) -> str:
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))


def _line(text: str) -> str:
    return " ".join(text.split())


def check_bag(bag: Path) -> None:
    """Check a bag as section 3 of RFC 8493 asks: complete and valid; RecordError if it is not.

    Every payload file has to be in every payload manifest, and every file in a manifest or tag
    manifest has to be there with its hash. Links are refused.
    """
    for path in irregular_entries(bag):
        raise _unsound(bag, path.relative_to(bag).as_posix())
    payload = {
        path.relative_to(bag).as_posix()
        for path in walk_files(bag / "data")
        if not is_put_by_system(path.name)
    }
    manifests = sorted(bag.glob("manifest-*.txt"))
    if not manifests:
        raise _unsound(bag, f"manifest-{_ALGORITHM}.txt")
    for manifest in manifests:
        listed = _check_manifest(bag, manifest)
        strange = [name for name in listed if not name.startswith("data/")]
        for name in sorted(payload - listed) + strange:
            raise _unsound(bag, name)
    for manifest in sorted(bag.glob("tagmanifest-*.txt")):
        _check_manifest(bag, manifest)


def _check_manifest(bag: Path, manifest: Path) -> set[str]:
    """Check all files of a manifest; return their names."""
    algorithm = manifest.stem.partition("-")[2].lower()
    if algorithm not in hashlib.algorithms_guaranteed:
        raise _unsound(bag, manifest.name)
    listed: dict[str, str] = {}
    for line in manifest.read_text("utf-8").splitlines():
        digest, __, written = line.partition(" ")
        name = written.strip(" \t*").removeprefix("./")
        for escape, character in (("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
            name = name.replace(escape, character)
        inside = (bag / name).resolve().is_relative_to(bag.resolve())
        if listed.setdefault(name, digest.lower()) != digest.lower() or not inside:
            raise _unsound(bag, name)
        if not (bag / name).is_file() or _digest(bag / name, algorithm) != digest.lower():
            raise _unsound(bag, name)
    return set(listed)


def _unsound(bag: Path, name: str) -> RecordError:
    return RecordError(
        _("这个包不完整：{name} 和清单不一样").format(name=name), _("向对方再要一份"), where=bag
    )
