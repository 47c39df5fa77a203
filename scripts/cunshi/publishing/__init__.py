"""Where the finished site goes (folder, git branch, server), and the register of publications.

It may import `website` and the rooms below it. It copies what was built and never changes it. Each
kind of destination is one file of this folder, a ``Publisher``: to add one, write its class with a
function that opens it, name that in ``PUBLISHERS`` in `destinations`, and give `Destination` (which
archive.yml and the command line fill in) a field of the same name.
tests/publishing/test_publishers.py tests whatever is named there.
"""

from collections.abc import Set
from pathlib import Path
from typing import Protocol

from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.publishing.changes import Changes


class Publisher(Protocol):
    """A destination of the built site, which is served from there.

    Killed at any moment, what was published before is still served, or a next run mends it.
    """

    @property
    def where(self) -> str:
        """The destination as people are told of it."""

    def check(self) -> None:
        """SiteError when it cannot be read, or when somebody else's files would be replaced."""

    def recover(self) -> None:
        """Finish or remove what a killed run has left; nothing to do where none leaves anything."""
        return

    def changes(self, site: Path) -> Changes:
        """What publishing a site would change. Changes nothing itself."""

    def publish(self, site: Path, withheld: str) -> str:
        """Make the files of a site what is served, and nothing else; a name for what was made.

        ``withheld`` is a digest of what is withheld of the recordings in it.
        """

    def tidy(self, site: Path, withheld: str) -> None:
        """Remove what earlier publications have left and the site, already served, withholds.

        There is nothing to do where only the last publication is kept.
        """
        return

    def roll_back(self, allowed: Set[str], withheld: str) -> str:
        """Serve what was published before the last time again; its name.

        SiteError when it shows a recording that is not ``allowed``, or withholds something else.
        ConfigurationError where only the last publication is kept.
        """
        raise no_folder()


def no_folder() -> ConfigurationError:
    """That a command needs a folder to publish to, and none was named."""
    return ConfigurationError(
        _("没有说哪个文件夹"),
        _("写 --to 文件夹，或在 archive.yml 的 publish 下面写 to"),
        where="archive/archive.yml",
    )
