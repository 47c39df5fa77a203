"""Hash files, and write and compare manifests in BagIt's format (RFC 8493, 2.1.3)."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import BinaryIO

from cunshi.core.files import attach_path, is_put_by_system, walk_files

_BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with attach_path(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_hashed(source: Path, target: BinaryIO) -> str:
    """Copy a file and return the SHA-256 of the data read."""
    digest = hashlib.sha256()
    with source.open("rb") as stream:
        while block := _read(stream, source):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _read(stream: BinaryIO, source: Path) -> bytes:
    with attach_path(source):
        return stream.read(_BLOCK)


def copy_checked(source: Path, target: Path) -> str:
    """Copy a file durably, read it again, and return its SHA-256; the caller renames it.

    Raises OSError if it cannot be written, ValueError if it reads differently.
    """
    with attach_path(target), target.open("wb") as stream:
        digest = copy_hashed(source, stream)
        stream.flush()
        os.fsync(stream.fileno())
    if sha256_of(target) != digest:
        raise ValueError(target)
    return digest


def format_manifest(hashes: Mapping[str, str]) -> str:
    """Return manifest lines ``<sha256>  <path>``, sorted by path."""
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes))


def parse_manifest(text: str) -> dict[str, str]:
    """Parse manifest lines as path → SHA-256; ValueError for a line of another form."""
    hashes: dict[str, str] = {}
    for line in text.splitlines():
        digest, __, path = line.partition(" ")
        path = path.strip().removeprefix("*")
        if len(digest) != hashlib.sha256().digest_size * 2 or not path:
            raise ValueError(line)
        hashes[path] = digest.lower()
    return hashes


def look(folder: Path, hashes: Mapping[str, str]) -> dict[str, str]:
    """Return paths in folder/master that are ``missing`` or ``unexpected``, without reading
    files.
    """
    present = {path.relative_to(folder).as_posix() for path in walk_files(folder / "master")}
    found = dict.fromkeys(sorted(hashes.keys() - present), "missing")
    strange = (
        path for path in present - hashes.keys() if not is_put_by_system(PurePath(path).name)
    )
    return found | dict.fromkeys(sorted(strange), "unexpected")


def compare(folder: Path, hashes: Mapping[str, str]) -> dict[str, str]:
    """Return what :func:`look` finds, and ``changed`` for files with another hash."""
    found = look(folder, hashes)
    for path in sorted(hashes.keys() - found.keys()):
        if sha256_of(folder / path) != hashes[path]:
            found[path] = "changed"
    return found
