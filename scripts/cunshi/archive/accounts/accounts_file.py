"""Read and write archive/accounts.json: who may sign in to the desk of a network.

The file is for its owner alone. Keys that this version does not know are kept when it is written.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cunshi.core.errors import RecordError
from cunshi.core.files import exists, write_private
from cunshi.core.i18n import _
from cunshi.core.yaml_fields import read_bytes_of


@dataclass(frozen=True)
class Account:
    """A person who may sign in. Without a password that can be read nobody can, as this one.

    ``entry`` is what stands in the file.
    """

    name: str
    may_approve: bool = False
    entry: dict[str, Any] = field(default_factory=dict)

    @property
    def password(self) -> Any:
        """The stored hash, by which a changed password is noticed."""
        return self.entry.get("password")


def read_accounts(path: Path, where: str) -> tuple[Account, ...]:
    """Return the accounts of a file, none if it is missing; RecordError if it cannot be read."""
    return tuple(map(_account, _read(path, where).get("accounts", ())))


def write_accounts(path: Path, where: str, accounts: Sequence[Account]) -> None:
    """Write accounts to a file that nobody else can read; RecordError as for reading."""
    whole = _read(path, where)
    entries = [{**one.entry, "name": one.name, "may_approve": one.may_approve} for one in accounts]
    text = json.dumps({**whole, "accounts": entries}, ensure_ascii=False, indent=1)
    write_private(path, text + "\n")


def _account(entry: dict[str, Any]) -> Account:
    name = entry.get("name")
    may_approve = entry.get("may_approve") is True
    return Account(name if isinstance(name, str) else "", may_approve, entry)


def _read(path: Path, where: str) -> dict[str, Any]:
    if not exists(path):
        return {}
    try:
        whole = json.loads(read_bytes_of(path))
    except (ValueError, RecursionError):
        whole = None
    accounts = whole.get("accounts", []) if isinstance(whole, dict) else None
    if isinstance(accounts, list) and all(isinstance(entry, dict) for entry in accounts):
        return dict(whole)
    raise RecordError(
        _("账号的文件读不懂，谁也不能登录"),
        _("从备份里换一份好的；没有备份，就把它移走，再用 account add 一个个加"),
        where=where,
    )
