"""Where everything lives. The only module that knows folder names; atomic writes; the lock."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from cunshi.archive.accession import Accession
from cunshi.archive.glossary_file import read_glossary
from cunshi.archive.records import read_recording
from cunshi.archive.settings_file import read_archive
from cunshi.core.errors import BusyError, ConfigurationError, ExitCode
from cunshi.core.files import exists, walk_files
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.consent import Consent
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive

_LOOK = 0.01  # seconds after which it looks again whether it may
_PATIENCE = 30.0  # seconds that one writer waits for another; a write takes milliseconds


@dataclass(frozen=True)
class Project:
    """A village's folder: recordings/, archive/, courses/, mkdocs.yml and build/.

    ``edition`` is the folder below build/ in which another site is made, with its own docs/ and
    site/; the site itself has none.
    """

    root: Path
    edition: str = ""

    @classmethod
    def at(cls, root: Path) -> "Project":
        """The project in a folder; ConfigurationError when the folder holds none."""
        root = root.resolve()
        for name in ("mkdocs.yml", "courses", "archive"):
            if not (root / name).exists():
                raise ConfigurationError(
                    _("这个文件夹里没有 {name}，不是村史项目").format(name=name),
                    _("到项目文件夹里运行，或用 --root 指明项目文件夹"),
                    where=root,
                )
        return cls(root)

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def incoming(self) -> Path:
        """Where accessions are made before they get their name; wiped at the next ingest."""
        return self.archive / ".incoming"

    @property
    def glossary(self) -> Path:
        return self.archive / "glossary.yml"

    @property
    def publications(self) -> Path:
        """What was published when."""
        return self.archive / "publications.jsonl"

    @property
    def courses(self) -> Path:
        return self.root / "courses"

    @property
    def docs(self) -> Path:
        return self.root / "build" / self.edition / "docs"

    @property
    def site(self) -> Path:
        return self.root / "build" / self.edition / "site"

    @property
    def classroom(self) -> "Project":
        """The same project, making the site for classrooms: never in the folder of the site."""
        return replace(self, edition="classroom")

    @property
    def review(self) -> Path:
        """What the review desk makes to listen by; may be lost at any time."""
        return self.root / "build" / "review"

    @property
    def cache(self) -> Path:
        """The folder of all that was worked out once; may be lost at any time."""
        return self.root / "build" / "cache"

    @property
    def log(self) -> Path:
        """What the program did, without names and words: see core/logs.py."""
        return self.root / "build" / "cunshi.log"

    def relative(self, path: Path) -> str:
        """A path as people see it: below the project, with forward slashes, always printable."""
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return os.fsencode(shown.as_posix()).decode("utf-8", "replace")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other writing command off this archive; BusyError when one is at work.

        The operating system frees the lock when its holder dies.
        """
        self.archive.mkdir(exist_ok=True)
        try:
            with FileLock(self.archive / ".lock", blocking=False):
                yield
        except Timeout as error:
            raise BusyError(
                _("另一个窗口正在整理这个档案库"),
                _("等它做完再试；如果没有别的窗口，请重新启动电脑"),
                where=self.relative(self.archive),
            ) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold while a text that people may be editing is read, compared and replaced.

        Held for moments only, so that the desk can save while a long command has ``lock``. Waits.
        """
        try:
            with FileLock(self.archive / ".writing", _PATIENCE, poll_interval=_LOOK):
                yield
        except Timeout as error:
            raise BusyError(
                _("另一个程序正在写档案库，等了很久还没有写完"),
                _("过一会儿再试；如果没有别的程序，请重新启动电脑"),
                where=self.relative(self.archive),
            ) from error

    def written(self) -> list[Path]:
        """What people write for the site besides what they say of recordings."""
        lessons = (p for p in walk_files(self.courses) if p.suffix in {".md", ".yml"})
        others = (self.glossary, self.root / "mkdocs.yml")
        return sorted([*lessons, *(path for path in others if path.is_file())])

    def accession(self, recording_id: str) -> Accession:
        """The folder of an accession, whether it exists or not."""
        return Accession(self.archive / recording_id)

    def accessions(self) -> list[Accession]:
        """Every accession, ordered by id; also one that has lost its record or manifest."""
        names = ("recording.yml", "manifest-sha256.txt", "master")
        entries = sorted(self.archive.iterdir()) if exists(self.archive) else []
        folders = [entry for entry in entries if not entry.name.startswith(".")]
        return [Accession(f) for f in folders if any(exists(f / name) for name in names)]

    def read_archive(self, problems: list[Problem]) -> Archive:
        """archive/archive.yml, with its defaults."""
        path = self.archive / "archive.yml"
        return read_archive(path, self.relative(path), problems)

    def read_glossary(self, problems: list[Problem]) -> tuple[Term, ...]:
        """archive/glossary.yml: the local words."""
        return read_glossary(self.glossary, self.relative(self.glossary), problems)

    def read_recording(self, accession: Accession, problems: list[Problem]) -> Recording:
        """One recording.yml with the fixity and companions that the manifest knows."""
        hashes = {path.removeprefix("master/"): h for path, h in accession.hashes().items()}
        where = self.relative(accession.record)
        found: list[Problem] = []
        if not exists(accession.record):
            found.append(
                Problem(ExitCode.RECORD, where, _("目录卡不见了"), _("从备份恢复这个文件"))
            )
        recording = read_recording(accession.record, where, "", tuple(sorted(hashes)), found)
        if found:
            # What cannot be read may be a withdrawal.
            recording = replace(
                recording, description=replace(recording.description, consent=Consent())
            )
        problems += found
        return _with_fixity(recording, hashes, where, problems)

    def read_recordings(self, problems: list[Problem]) -> list[Recording]:
        """All recordings of the archive, ordered by id."""
        return [self.read_recording(accession, problems) for accession in self.accessions()]

    def sweep(self) -> None:
        """Remove what a killed run left half-made. Only under the lock."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        with self.writing():  # or what somebody saves at this moment would be swept away
            for left in self.archive.glob("[!.]*/**/.*.tmp"):
                left.unlink(missing_ok=True)


def _with_fixity(
    recording: Recording, hashes: dict[str, str], where: str, problems: list[Problem]
) -> Recording:
    if recording.master not in hashes:
        problems.append(
            Problem(
                ExitCode.FIXITY,
                where,
                _("manifest-sha256.txt 里没有主文件 {name}").format(name=recording.master),
                _("从备份恢复这个文件夹，不要重写清单"),
            )
        )
    companions = tuple(name for name in recording.companions if name != recording.master)
    return replace(recording, sha256=hashes.get(recording.master, ""), companions=companions)
