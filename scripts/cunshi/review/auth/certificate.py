"""Load a certificate and its key, and find out for which names browsers accept it."""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _

_STEPS = 6  # a handshake in memory takes fewer


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, and the host names and addresses that it is for."""

    context: ssl.SSLContext
    hosts: tuple[str, ...]


def load_certificate(certificate: Path, key: Path) -> Certificate:
    """Load PEM files; ConfigurationError if one cannot be read, or if they cannot be used."""
    for path in (certificate, key):
        _check_readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:  # SSLError is an OSError
        raise _unusable(error, certificate, key) from error
    return Certificate(context, _hosts(context, certificate))


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        cause = _("没有这个文件") if missing else _("这个文件读不了")
        remedy = _("--tls-cert 后面写证书（PEM 文件），--tls-key 后面写它的密钥")
        raise ConfigurationError(cause, remedy, where=path) from error


def _unusable(error: Exception, certificate: Path, key: Path) -> ConfigurationError:
    reason = getattr(error, "reason", "") or ""
    if "MISMATCH" in reason:
        return ConfigurationError(
            _("密钥不是这份证书的"), _("换成和证书一起做的那个密钥"), where=key
        )
    where = certificate if _holds_key(key) else key
    return ConfigurationError(
        _("证书或密钥看不懂：{reason}").format(reason=reason or type(error).__name__),
        _("要 PEM 格式（以 -----BEGIN 开头），密钥不能再加密码"),
        where=where,
    )


def _holds_key(path: Path) -> bool:
    text = path.read_bytes()
    return b"PRIVATE KEY-----" in text and b"ENCRYPTED" not in text


def _hosts(context: ssl.SSLContext, certificate: Path) -> tuple[str, ...]:
    """Return the names of a certificate, which Python tells only to who verifies it.

    So it is verified in memory, by itself; ConfigurationError if it cannot be, as when it has
    expired.
    """
    visitor = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    visitor.check_hostname = False
    visitor.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        visitor.load_verify_locations(certificate)
        asking = visitor.wrap_bio(back, there)
        answering = context.wrap_bio(there, back, server_side=True)
        for __ in range(_STEPS):
            for end in (asking, answering):
                with suppress(ssl.SSLWantReadError):
                    end.do_handshake()
        found = asking.getpeercert() or {}
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "verify_message", "") or getattr(error, "reason", "")
        raise ConfigurationError(
            _("浏览器不会接受这份证书：{reason}").format(reason=reason),
            _("换一份还有效的；也看看这台电脑的日期对不对"),
            where=certificate,
        ) from error
    names: Any = found.get("subjectAltName", ())
    # The desk listens on IPv4 alone.
    return tuple(n.lower() for kind, n in names if kind in {"DNS", "IP Address"} and ":" not in n)
