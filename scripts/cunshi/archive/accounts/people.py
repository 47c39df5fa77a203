"""Add, change and remove the accounts of a desk, and check passwords."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cunshi.archive.accounts.accounts_file import Account, read_accounts, write_accounts
from cunshi.archive.accounts.passwords import hash_password, is_password
from cunshi.archive.project import Project
from cunshi.core.chinese import letters
from cunshi.core.errors import ConfigurationError, RecordError
from cunshi.core.i18n import _
from cunshi.domain.persons.names import normal_name

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200
LONGEST_NAME = 20
_PUNCTUATION = frozenset(" ·•.-_’（）()")


def clean_name(text: str) -> str:
    """Normalise a person's name; ConfigurationError if it has other characters than letters,
    digits and those of names.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    known = all(c in _PUNCTUATION or unicodedata.category(c)[0] in "LMN" for c in name)
    if not known or not person_key(name):
        raise ConfigurationError(_("名字里有不能用的字符"), _("只写姓名或称呼，例如：李老师"))
    if len(name) > LONGEST_NAME:
        raise ConfigurationError(_("名字太长了"), _("最多 {count} 个字").format(count=LONGEST_NAME))
    return name


@lru_cache(maxsize=1000)
def person_key(name: str) -> str:
    """Return what is the same in all ways to write a person's name: letters and digits of one
    script, width and case.

    >>> person_key("張 老师.") == person_key("张老师")
    True
    """
    return letters(normal_name(name))


def check_password(password: str) -> str:
    """Return a password; ConfigurationError if it is too short or too long."""
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigurationError(
            _("密码太短了"), _("至少 {count} 个字符").format(count=SHORTEST_PASSWORD)
        )
    if len(password) > LONGEST_PASSWORD:
        raise ConfigurationError(
            _("密码太长了"), _("最多 {count} 个字符").format(count=LONGEST_PASSWORD)
        )
    return password


class Accounts:
    """The accounts of a project, as archive/accounts.json has them at any moment."""

    def __init__(self, project: Project):
        self._project = project
        self._where = project.relative(project.accounts)
        self._seen: tuple[Any, tuple[Account, ...]] = None, ()

    def all(self) -> tuple[Account, ...]:
        """Return the accounts; RecordError if the file cannot be read."""
        stamp = self._stamp()
        if stamp is None or stamp != self._seen[0]:
            self._seen = stamp, read_accounts(self._project.accounts, self._where)
        return self._seen[1]

    def find(self, name: str) -> Account | None:
        """Return a person's account, however the name is written; None also if several have it, or
        if the file cannot be read.
        """
        try:
            found = self._named(name)
        except RecordError:
            return None
        return found[0] if len(found) == 1 else None

    def sign_in(self, name: str, password: str) -> Account | None:
        """Return the account with this name and password, if there is one."""
        found = self.find(name)
        right = is_password(found.password if found else None, password)
        return found if right else None

    def add(self, name: str, password: str, *, may_approve: bool) -> None:
        """Add a person; ConfigurationError if there is one, or if name or password are invalid."""
        name, stored = clean_name(name), hash_password(check_password(password))

        def added() -> tuple[Account, ...]:
            if known := self._named(name):
                raise ConfigurationError(
                    _("已经有 {name} 的账号").format(name=known[0].name),
                    _("空格、标点、繁简、大小写不同，算同一个人"),
                )
            return (*self.all(), Account(name, may_approve, {"password": stored}))

        self._write(added)

    def change(
        self, name: str, *, password: str | None = None, may_approve: bool | None = None
    ) -> None:
        """Set a password, and whether a person may approve; ConfigurationError without account."""
        entry = {} if password is None else {"password": hash_password(check_password(password))}

        def changed() -> tuple[Account, ...]:
            old = self._known(name)
            approves = old.may_approve if may_approve is None else may_approve
            new = replace(old, may_approve=approves, entry={**old.entry, **entry})
            return tuple(new if one is old else one for one in self.all())

        self._write(changed)

    def remove(self, name: str) -> None:
        """Remove a person's account; ConfigurationError if there is none."""

        def left() -> tuple[Account, ...]:
            gone = self._known(name)
            return tuple(one for one in self.all() if one is not gone)

        self._write(left)

    def _write(self, change: Callable[[], tuple[Account, ...]]) -> None:
        """Write what a change returns, while nobody else writes."""
        with self._project.writing():
            self._seen = None, ()
            write_accounts(self._project.accounts, self._where, change())

    def _known(self, name: str) -> Account:
        found = self._named(name)
        if not found:
            raise ConfigurationError(
                _("没有 {name} 的账号").format(name=name), _("account list 列出所有的账号")
            )
        return found[0]

    def _named(self, name: str) -> list[Account]:
        key = person_key(name)
        return [one for one in self.all() if key and person_key(one.name) == key]

    def _stamp(self) -> Any:
        try:
            found = self._project.accounts.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
