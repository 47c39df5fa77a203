"""Search all published files for words."""

import html
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from cunshi.core.files import walk_files


def readings(words: str) -> list[bytes]:
    """Return the encodings of words: plain, escaped for JSON, HTML, XML and URLs, and UTF-16."""
    forms = [words, json.dumps(words)[1:-1], json.dumps(words)[1:-1].upper().replace("\\U", "\\u")]
    forms += ["".join(f"&#{ord(c)};" for c in words), "".join(f"&#x{ord(c):x};" for c in words)]
    forms += [html.escape(words), quote(words), quote(words).lower()]
    return [form.encode() for form in forms] + [words.encode("utf-16-le"), words.encode("gb18030")]


def contents(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file and, recursively, the files packed in it."""
    yield name, data
    if data[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for inner in packed.namelist():
                yield from contents(f"{name}!{inner}", packed.read(inner))


def leaks(folder: Path, words: str) -> list[str]:
    found = []
    for path in walk_files(folder):
        for name, data in contents(path.name, path.read_bytes()):
            if any(form in data for form in readings(words)) or words in name:
                found.append(f"{path}: {name}")
    return found
