"""Sessions of the desk: this computer's key, the accounts of a network, people.

Sessions are kept in memory and end with the desk; accounts are in the archive.
"""

import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cunshi.archive.accounts import people
from cunshi.archive.accounts.accounts_file import Account
from cunshi.archive.accounts.people import Accounts
from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.review.api import ApiError

SESSION_SECONDS = 12 * 3600
_FREE_TRIES = 3
_LONGEST_WAIT = 300.0


@dataclass(frozen=True)
class Session:
    """A browser's session. It has no name after a valid key, until one is given.

    ``password`` is how the account's was stored when the session began.
    """

    name: str
    until: float
    password: Any = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))


def clean_name(text: str) -> str:
    """Normalise a person's name; ApiError 422 if it is invalid."""
    try:
        return people.clean_name(text)
    except ConfigurationError as error:
        raise ApiError(422, error.cause, error.remedy) from error


def _same(one: str, other: str) -> bool:
    """Compare two secrets in constant time; JSON may contain lone surrogates."""
    pair = (text.encode("utf-8", "surrogatepass") for text in (one, other))
    return hmac.compare_digest(*pair)


class SignInAttempts:
    """Failed passwords by who tries; from the fourth on, the delay doubles."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}

    def wait(self, address: str) -> float:
        """Return the seconds until this address may try again."""
        return max(0.0, self._wrong.get(address, (0, 0.0))[1] - self._clock())

    def fail(self, address: str) -> None:
        """Count a failed password, and forget old ones."""
        now = self._clock()
        self._wrong = {a: w for a, w in self._wrong.items() if w[1] > now - 12 * _LONGEST_WAIT}
        count = self._wrong.get(address, (0, 0.0))[0] + 1
        pause = 0.0 if count < _FREE_TRIES else 2.0 ** min(count - _FREE_TRIES + 1, 10)
        self._wrong[address] = count, now + min(pause, _LONGEST_WAIT)

    def succeed(self, address: str) -> None:
        """Forget the failures of an address."""
        self._wrong.pop(address, None)


class SessionStore:
    """The sessions of a desk. On a network, people sign in with their accounts, else with the key.

    A key is valid for one browser; then ``announce`` is called with a new one. A session with an
    account ends when this is removed, or its password changed.
    """

    def __init__(
        self, accounts: Accounts | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.key = secrets.token_urlsafe(24)
        self.announce: Callable[[str], None] = lambda key: None
        self.accounts = accounts
        self._clock = clock
        self._attempts = SignInAttempts(clock)
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    @property
    def needs_account(self) -> bool:
        return self.accounts is not None

    def find(self, session_id: str) -> Session | None:
        """Return the session with this id, if it is valid."""
        found = self._sessions.get(session_id)
        if found is None or found.until <= self._clock():
            return None
        if self.accounts is None:
            return found
        account = self.accounts.find(found.name)
        return found if account and account.password == found.password else None

    def may_approve(self, session_id: str) -> bool:
        """Check whether a session's person may approve; on this computer everybody may."""
        if self.accounts is None:
            return True
        found = self.find(session_id)
        account = self.accounts.find(found.name) if found else None
        return account is not None and account.may_approve

    def enter(self, key: str) -> str:
        """Return the id of a nameless session for a valid key, which is then used up; else
        empty.
        """
        with self._lock:
            right = not self.accounts and _same(key, self.key)
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
        with self._lock:
            stored = None
            if self.accounts:
                account = self._account(self.accounts, name, password, address)
                name, stored = account.name, account.password
            else:
                name = clean_name(name)
                self._check_entered(session_id)
            self._sessions.pop(session_id, None)
            return self._begin(name, stored)

    def _check_entered(self, session_id: str) -> None:
        if not self.find(session_id):
            raise ApiError(
                401,
                _("这个浏览器还没有进来"),
                _("请用黑色窗口里最下面的那个地址打开校对台"),
            )

    def sign_out(self, session_id: str) -> None:
        """End a session, if it exists."""
        with self._lock:
            self._sessions.pop(session_id, None)

    def change_password(self, name: str, old: str, new: str, address: str) -> None:
        """Change an account's password, which ends its sessions. ApiError 401, 404, 422 or 429."""
        if self.accounts is None:
            raise ApiError(404, _("这里不用密码"))
        with self._lock:
            account = self._account(self.accounts, name, old, address)
        try:
            self.accounts.change(account.name, password=new)
        except ConfigurationError as error:
            raise ApiError(422, error.cause, error.remedy) from error

    def _account(self, known: Accounts, name: str, password: str, address: str) -> Account:
        """Return the account with a name and password; ApiError 401 or 429.

        Failures count for the address, and for the account at this address: somebody's own
        password must not give back the tries at another's.
        """
        asked = known.find(name)
        tries = [address, f"{address} {asked.name}"] if asked else [address]
        if wait := math.ceil(max(map(self._attempts.wait, tries))):
            raise ApiError(
                429,
                _("密码错了太多次"),
                _("请等 {seconds} 秒再试").format(seconds=wait),
                seconds=wait,
            )
        account = known.sign_in(name, password)
        if account is None:
            for one in tries:
                self._attempts.fail(one)
            raise ApiError(401, _("名字或密码不对"), _("问一问打开校对台的人"))
        for one in tries:
            self._attempts.succeed(one)
        return account

    def _begin(self, name: str, password: Any = None) -> str:
        now = self._clock()
        self._sessions = {i: s for i, s in self._sessions.items() if s.until > now}
        session_id = secrets.token_urlsafe(32)
        self._sessions[session_id] = Session(name, now + SESSION_SECONDS, password)
        return session_id
