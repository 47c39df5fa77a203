"""Check the structure of audio files without decoding them."""

from pathlib import Path


def has_frame_count(path: Path) -> bool:
    """Check whether an MP3 header states the duration; otherwise it is only an estimate."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


def is_cut_off(path: Path) -> bool:
    """Check whether a RIFF or Ogg file is truncated."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        stream.seek(max(0, size - (1 << 17)))
        tail = stream.read()
    if head[:4] == b"RIFF":
        promised = int.from_bytes(head[4:8], "little")
        return 0 < promised < 0xFFFF_FFFF and promised + 8 > size + 1
    if head[:4] == b"OggS":
        page = tail[tail.rfind(b"OggS") :]
        count = page[26] if len(page) > 26 else 255
        return len(page) < 27 + count + sum(page[27 : 27 + count])
    return False
