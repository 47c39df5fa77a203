"""Hash what must stay secret, so that nobody without the archive can guess it.

A plain hash of a name or of a date can be found by trying all of them. The key is made once and
stays in the archive and its backups; without it, nothing hashed earlier is recognised.
"""

import hmac
import secrets

from cunshi.archive.project import Project
from cunshi.core.files import write_private

_SIZE = 32  # bytes


def keyed_hash(project: Project, data: bytes) -> str:
    """Return the HMAC-SHA-256 of some data with the archive's key as 64 hex digits."""
    return hmac.new(_key(project), data, "sha256").hexdigest()


def _key(project: Project) -> bytes:
    """Return the key; make one if there is none."""
    path = project.secret_key
    if not path.is_file():
        with project.writing():
            if not path.is_file():
                write_private(path, secrets.token_bytes(_SIZE))
    return path.read_bytes()
