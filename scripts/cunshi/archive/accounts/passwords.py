"""Hash and check passwords with scrypt (RFC 7914)."""

import hashlib
import hmac
import secrets
import unicodedata
from typing import Any

# The least that OWASP recommends for 16 MB: about 0.3 s on a slow computer.
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
_COST = {"n": 2**14, "r": 8, "p": 5}
_MOST_MEMORY = 1 << 27  # bytes; more is refused, whatever the file says
_MOST_PASSES = 64
_SALT_SIZE = 16


def hash_password(password: str) -> dict[str, Any]:
    """Return a password as it is stored."""
    salt = secrets.token_bytes(_SALT_SIZE)
    made = _scrypt(password, salt, **_COST)
    return {"scheme": "scrypt", **_COST, "salt": salt.hex(), "hash": made.hex()}


def is_password(stored: Any, password: str) -> bool:
    """Check a password against a stored one; it takes as long if there is none."""
    known = stored if isinstance(stored, dict) and stored.get("scheme") == "scrypt" else {}
    try:
        cost = {key: int(known.get(key, most)) for key, most in _COST.items()}
        salt, right = (bytes.fromhex(known.get(key, "")) for key in ("salt", "hash"))
        if cost["p"] > _MOST_PASSES:
            return False
        made = _scrypt(password, salt, **cost)
    except (TypeError, ValueError, MemoryError):
        return False
    return len(right) >= _SALT_SIZE and hmac.compare_digest(made, right)


def _scrypt(password: str, salt: bytes, *, n: int, r: int, p: int) -> bytes:
    # Systems type the same letters in different ways (RFC 8265), and JSON has lone surrogates.
    data = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY)
