"""Publish the built site (to a folder, git branch or server), and log publications.

May import `website` and the rooms below it. It copies the built site and never changes it. Each
kind of destination is one file of this folder, a ``Publisher``: to add one, write its class with a
function that opens it, name that in ``PUBLISHERS`` in `destinations`, and give `Destination` (which
archive.yml and the command line fill in) a field of the same name.
tests/publishing/test_publishers.py tests every publisher named there.
"""

import re
from collections.abc import Set
from pathlib import Path
from typing import Protocol

from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.publishing.changes import Changes


class Publisher(Protocol):
    """A destination from which the site is served.

    If it is killed at any moment, the previous site is still served, or the next run repairs it.
    """

    @property
    def where(self) -> str:
        """The destination as shown to people."""

    def check(self) -> None:
        """Raise SiteError if it cannot be read, or contains files of somebody else."""

    def recover(self) -> None:
        """Complete or remove what a killed run left."""
        return

    def changes(self, site: Path) -> Changes:
        """Return what publishing a site would change, without changing anything."""

    def mirror(self, site: Path, target: Path) -> None:
        """Copy what is served to an empty folder, taking equal files from ``site``."""

    def publish(self, site: Path, withheld: str) -> str:
        """Replace the served files by those of the site; return a name for the publication.

        ``withheld`` is a digest of what is withheld in its recordings.
        """

    def tidy(self, site: Path, withheld: str) -> None:
        """Remove earlier publications that contain what the served site withholds.

        Does nothing if only the last publication is kept.
        """
        return

    def forget_earlier(self) -> None:
        """Remove all publications but the one that is served.

        Does nothing if only the last publication is kept.
        """
        return

    def roll_back(self, allowed: Set[str], withheld: str) -> str:
        """Serve the previous publication again and return its name.

        Raises SiteError if it shows a recording that is not ``allowed``, or withholds something
        else; ConfigurationError if only the last publication is kept.
        """
        raise no_folder()


# A transport such as ``ext::`` runs a command; a remote is the name of one, a URL or a path.
_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")


def check_value(value: str, where: str) -> None:
    """Raise ConfigurationError if a value of archive.yml or of the command line, which is passed to
    git or rsync, could act as an option or a command there.
    """
    if value.startswith("-") or not value.isprintable() or _HELPER.match(value):
        raise ConfigurationError(
            _("“{value}” 不能当作发布的地方").format(value=value[:60]),
            _("写远程仓库的名字、分支的名字或 主机:文件夹，前面不能有 “-”"),
            where=where,
        )


def no_folder() -> ConfigurationError:
    """Return the error for a command that needs a folder as destination."""
    return ConfigurationError(
        _("没有说哪个文件夹"),
        _("写 --to 文件夹，或在 archive.yml 的 publish 下面写 to"),
        where="archive/archive.yml",
    )
