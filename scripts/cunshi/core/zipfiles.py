"""Zip files that are the same bytes for the same content, on every run."""

import zipfile
from collections.abc import Iterable
from io import BytesIO

# The earliest time a zip can name. The clock is no part of what a file holds.
EPOCH = (1980, 1, 1, 0, 0, 0)
# Compressed already: to try again costs time and saves nothing.
_PACKED = (".m4a", ".jpg", ".png", ".docx", ".pptx", ".gz", ".zip")


def entry(name: str) -> zipfile.ZipInfo:
    """The head of a file in a zip: no clock, no owner."""
    info = zipfile.ZipInfo(name, EPOCH)
    packed = name.lower().endswith(_PACKED)
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return info


def rezip(data: bytes, front: Iterable[str] = ("[Content_Types].xml",)) -> bytes:
    """A zip with the same files in a fixed order: ``front`` first, then by name."""
    first = list(front)
    with zipfile.ZipFile(BytesIO(data)) as source:
        names = sorted(source.namelist(), key=lambda name: (name not in first, name))
        target = BytesIO()
        with zipfile.ZipFile(target, "w") as made:
            for name in names:
                made.writestr(entry(name), source.read(name))
    return target.getvalue()
