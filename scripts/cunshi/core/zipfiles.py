"""Deterministic zip files: the same content gives the same bytes."""

import zipfile
from collections.abc import Iterable
from io import BytesIO

# The earliest time that a zip can store. A fixed one keeps the bytes reproducible.
EPOCH = (1980, 1, 1, 0, 0, 0)
# Already compressed formats, which are stored.
_PACKED = (".m4a", ".jpg", ".png", ".docx", ".pptx", ".gz", ".zip")


def zip_entry(name: str) -> zipfile.ZipInfo:
    """Return the header of a file in a zip, without time and owner."""
    info = zipfile.ZipInfo(name, EPOCH)
    packed = name.lower().endswith(_PACKED)
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return info


def normalise_zip(data: bytes, front: Iterable[str] = ("[Content_Types].xml",)) -> bytes:
    """Return a zip with the same files in a fixed order: ``front`` first, then by name."""
    first = list(front)
    with zipfile.ZipFile(BytesIO(data)) as source:
        names = sorted(source.namelist(), key=lambda name: (name not in first, name))
        target = BytesIO()
        with zipfile.ZipFile(target, "w") as made:
            for name in names:
                made.writestr(zip_entry(name), source.read(name))
    return target.getvalue()
