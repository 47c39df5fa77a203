"""Sessions of the desk: this computer's key, a network's password, people.

Everything is kept in memory and ends with the desk.
"""

import hmac
import math
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from cunshi.core.i18n import _
from cunshi.review.api import ApiError

SESSION_SECONDS = 12 * 3600
SHORTEST_PASSWORD = 8
LONGEST_NAME = 20
_FREE_TRIES = 3
_LONGEST_WAIT = 300.0
_PUNCTUATION = frozenset(" ·•.-_’（）()")


@dataclass(frozen=True)
class Session:
    """A browser's session. It has no name after a valid key, until one is given."""

    name: str
    until: float
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))


def clean_name(text: str) -> str:
    """Normalise a person's name; ApiError 422 if it has other characters than letters, digits and
    those of names.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    known = all(c in _PUNCTUATION or unicodedata.category(c)[0] in "LMN" for c in name)
    if not known or not any(unicodedata.category(c)[0] in "LN" for c in name):
        raise ApiError(422, _("名字里有不能用的字符"), _("只写姓名或称呼，例如：李老师"))
    if len(name) > LONGEST_NAME:
        raise ApiError(422, _("名字太长了"), _("最多 {count} 个字").format(count=LONGEST_NAME))
    return name


def _same(one: str, other: str) -> bool:
    """Compare two secrets in constant time; JSON may contain lone surrogates."""
    pair = (text.encode("utf-8", "surrogatepass") for text in (one, other))
    return hmac.compare_digest(*pair)


class SignInAttempts:
    """Failed passwords by address; from the fourth on, the delay doubles."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}

    def wait(self, address: str) -> float:
        """Return the seconds until this address may try again."""
        return max(0.0, self._wrong.get(address, (0, 0.0))[1] - self._clock())

    def fail(self, address: str) -> None:
        """Count a failed password, and forget old addresses."""
        now = self._clock()
        self._wrong = {a: w for a, w in self._wrong.items() if w[1] > now - 12 * _LONGEST_WAIT}
        count = self._wrong.get(address, (0, 0.0))[0] + 1
        pause = 0.0 if count < _FREE_TRIES else 2.0 ** min(count - _FREE_TRIES + 1, 10)
        self._wrong[address] = count, now + min(pause, _LONGEST_WAIT)

    def succeed(self, address: str) -> None:
        """Forget the failures of an address."""
        self._wrong.pop(address, None)


class SessionStore:
    """The sessions of a desk. People sign in with the password if there is one, else with the key.

    A key is valid for one browser; then ``announce`` is called with a new one.
    """

    def __init__(self, password: str = "", clock: Callable[[], float] = time.time):
        self.key = secrets.token_urlsafe(24)
        self.announce: Callable[[str], None] = lambda key: None
        self._password = password
        self._clock = clock
        self._attempts = SignInAttempts(clock)
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    @property
    def needs_password(self) -> bool:
        return bool(self._password)

    def find(self, session_id: str) -> Session | None:
        """Return the session with this id, if it is valid."""
        found = self._sessions.get(session_id)
        return found if found and found.until > self._clock() else None

    def enter(self, key: str) -> str:
        """Return the id of a nameless session for a valid key, which is then used up; else
        empty.
        """
        with self._lock:
            right = not self._password and _same(key, self.key)
            if not right:
                return ""
            self.key = secrets.token_urlsafe(24)
            session_id = self._begin("")
        self.announce(self.key)
        return session_id

    def sign_in(self, session_id: str, name: str, password: str, address: str) -> str:
        """Start a session with a name, end the old one, and return its id. ApiError 401, 422 or
        429.
        """
        name = clean_name(name)
        with self._lock:
            if self._password:
                self._check_password(password, address)
            elif not self.find(session_id):
                raise ApiError(
                    401,
                    _("这个浏览器还没有进来"),
                    _("请用黑色窗口里最下面的那个地址打开校对台"),
                )
            self._sessions.pop(session_id, None)
            return self._begin(name)

    def sign_out(self, session_id: str) -> None:
        """End a session, if it exists."""
        with self._lock:
            self._sessions.pop(session_id, None)

    def _check_password(self, password: str, address: str) -> None:
        if wait := math.ceil(self._attempts.wait(address)):
            raise ApiError(
                429,
                _("密码错了太多次"),
                _("请等 {seconds} 秒再试").format(seconds=wait),
                seconds=wait,
            )
        if not _same(password, self._password):
            self._attempts.fail(address)
            raise ApiError(401, _("密码不对"), _("问一问打开校对台的人"))
        self._attempts.succeed(address)

    def _begin(self, name: str) -> str:
        now = self._clock()
        self._sessions = {i: s for i, s in self._sessions.items() if s.until > now}
        session_id = secrets.token_urlsafe(32)
        self._sessions[session_id] = Session(name, now + SESSION_SECONDS)
        return session_id
