"""Find the deposits in recordings/ with their descriptions."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from cunshi.archive.accession import Accession
from cunshi.archive.events import TRANSFER
from cunshi.archive.project import Project
from cunshi.archive.records import load_description
from cunshi.core.errors import CunshiError, DiskError, ExitCode
from cunshi.core.files import exists, is_ignored, to_nfc, unicode_variants
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.consent import Consent
from cunshi.domain.description_merge import merge, strictest
from cunshi.domain.file_names import describe_folder, describe_name
from cunshi.domain.recording import Description, Kind, is_photo, is_text
from cunshi.domain.settings import Archive

MOTTOES = "mottoes"
FOLDER_FILE = "folder.yml"
_SIDECAR = ".yml"
# Wrong suffixes of sidecars that editors add.
_MISNAMED = (".yml.txt", ".yaml.txt", ".yaml")
READMES = ("readme.md", "readme.txt")
_SOUND = {".m4a", ".mp3", ".wav", ".amr", ".ogg", ".opus", ".mp4", ".aac", ".silk", ".wma"}


@dataclass(frozen=True)
class Deposit:
    """A file dropped by a volunteer, its companions and its description.

    ``doubtful`` means that a part of the description is invalid. As it may be a withdrawal, a
    doubtful deposit has no consent.
    """

    path: Path
    kind: Kind
    description: Description
    companions: tuple[Path, ...] = ()
    doubtful: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path, *self.companions)


def find_deposits(project: Project, archive: Archive, problems: list[Problem]) -> list[Deposit]:
    """Return every deposit in recordings/, sorted by path; other files are reported."""
    return DepositWalk(project, archive, problems).find()


def combine(copies: Sequence[Deposit]) -> Deposit:
    """Return the first of several deposits of the same content, with the restrictions of all."""
    first, *others = copies
    description = strictest(deposit.description for deposit in (first, *others))
    doubtful = any(deposit.doubtful for deposit in (first, *others))
    return replace(first, description=description, doubtful=doubtful)


def is_description(name: str) -> bool:
    """Check whether a name is that of a folder.yml, a sidecar, or similar."""
    return name.lower().endswith((_SIDECAR, *_MISNAMED))


def described_by(name: str) -> str:
    """Return what a folder.yml, sidecar or similar describes: its name without the ending."""
    return next(name[: -len(e)] for e in (*_MISNAMED, _SIDECAR) if name.lower().endswith(e))


@dataclass(frozen=True)
class _Said:
    """A description so far, and whether a part of it is invalid."""

    description: Description
    doubtful: bool = False

    def then(self, more: "_Said") -> "_Said":
        return _Said(merge(self.description, more.description), self.doubtful or more.doubtful)


@dataclass(frozen=True)
class DepositWalk:
    """A walk through recordings/, which adds to ``problems``; it reads each folder.yml once."""

    project: Project
    archive: Archive
    problems: list[Problem]
    _folders: dict[Path, "_Said"] = field(default_factory=dict)

    def find(self) -> list[Deposit]:
        """Return every deposit in recordings/, sorted by path; other files are reported."""
        return list(self.folder(self.project.recordings, _Said(Description())))

    def describe(self, name: str) -> tuple[Description, bool]:
        """Return what is written about a file below recordings/ that may be gone, without its
        name; and whether a part of it is invalid.
        """
        path = self.project.recordings / name
        folders = [f for f in path.parents if f.is_relative_to(self.project.recordings)]
        said = _Said(Description())
        for folder in reversed(folders):
            said = said.then(self._load_folder(folder))
        for sidecar in self._sidecars(path):
            said = said.then(self._load(sidecar))
        return said.description, said.doubtful

    def folder(self, folder: Path, said: _Said) -> Iterator[Deposit]:
        try:
            entries = sorted(Path(entry.path) for entry in os.scandir(folder))
            usable = [entry for entry in entries if self._is_usable(entry)]
            files = [entry for entry in usable if entry.is_file()]
            folders = [entry for entry in usable if entry.is_dir()]
        except OSError as error:
            failure = DiskError(error)
            self._report(folder, failure.cause, failure.remedy)
            return
        said = said.then(self._load_folder(folder))
        beside = any(_may_be_sidecar(entry.name) for entry in entries)
        yield from self._files(files, folder, said, beside)
        for entry in folders:
            yield from self._subfolder(entry, said)

    def _subfolder(self, folder: Path, said: _Said) -> Iterator[Deposit]:
        if folder.suffix.lower() in _SOUND:
            self._report(
                folder,
                _("这是一个文件夹，名字却像录音"),
                _("把里面的录音移到课的文件夹里，再删去这个文件夹"),
            )
        number, title = describe_folder(folder.name)
        if number is not None:
            said = replace(said, description=replace(said.description, lesson=number, title=title))
        yield from self.folder(folder, said)

    def _is_usable(self, path: Path) -> bool:
        if is_ignored(path.name) or path.name.lower() in READMES:
            return False
        if path.is_symlink() and not self._stays_inside(path):
            self._report(
                path,
                _("这是一个指向别处的链接，没有收"),
                _("把录音文件本身复制到 recordings 里"),
            )
            return False
        if path.is_symlink() and path.is_dir():
            return False  # its target is visited at its real path
        return path.is_file() or path.is_dir() or self._strange(path)

    def _stays_inside(self, link: Path) -> bool:
        try:
            return link.resolve().is_relative_to(self.project.recordings)
        except (OSError, RuntimeError):  # a cyclic link; RuntimeError
            return False

    def _strange(self, path: Path) -> bool:
        self._report(path, _("这不是普通文件"), _("把它移出 recordings 文件夹"))
        return False

    def _files(
        self, files: list[Path], folder: Path, said: _Said, beside: bool
    ) -> Iterator[Deposit]:
        sidecars = {path for path in files if is_description(path.name)}
        files = [path for path in files if path not in sidecars]
        in_mottoes = MOTTOES in folder.relative_to(self.project.recordings).parts
        main, companions = _group(files, Kind.MOTTO if in_mottoes else Kind.TALK)
        for path in main:
            own = companions.pop(to_nfc(path.stem), ())
            kind = Kind.MOTTO if in_mottoes else Kind.TALK
            yield self._deposit(path, kind, own, said, beside)
        for path in (path for left in companions.values() for path in left):
            self._report(
                path,
                _("旁边没有同名的录音"),
                _("照片和文字要与录音同名；家训的文字放进 mottoes 文件夹"),
            )
        self._check_sidecars(sidecars, main)

    def _deposit(
        self, path: Path, kind: Kind, companions: tuple[Path, ...], said: _Said, beside: bool
    ) -> Deposit:
        """Return a deposit; ``beside`` is true if there may be sidecars in its folder."""
        said = said.then(_Said(describe_name(path.stem, self.archive.villages)))
        for sidecar in self._sidecars(path) if beside else ():
            said = said.then(self._load(sidecar))
        description = said.description
        if said.doubtful:
            description = replace(description, consent=Consent())
        return Deposit(path, kind, description, companions, said.doubtful)

    def _sidecars(self, path: Path) -> Iterator[Path]:
        for name in _sidecar_names(path):
            yield from unicode_variants(path.with_name(name))

    def _load_folder(self, folder: Path) -> _Said:
        if folder not in self._folders:
            self._folders[folder] = self._load(folder / FOLDER_FILE)
        return self._folders[folder]

    def _load(self, path: Path) -> _Said:
        """Read a folder.yml or sidecar; doubtful if the file or its name is invalid."""
        before = len(self.problems)
        said = load_description(path, self.project.relative(path), self.problems)
        for ending in _MISNAMED:
            name = path.name.removesuffix(_SIDECAR) + ending
            for misnamed in filter(exists, unicode_variants(path.with_name(name))):
                self._report(
                    misnamed,
                    _("说明文件的名字不对，没有读"),
                    _("改名为 {name}（在资源管理器里先打开“显示文件扩展名”）").format(
                        name=path.name
                    ),
                )
        return _Said(said, doubtful=len(self.problems) > before)

    def _check_sidecars(self, sidecars: Iterable[Path], main: Iterable[Path]) -> None:
        """Report sidecars that belong to no recording: a misspelt one may be a withdrawal."""
        names = {FOLDER_FILE, *(name for path in main for name in _sidecar_names(path))}
        stems = {to_nfc(name.removesuffix(_SIDECAR)) for name in names}
        for path in sorted(sidecars):
            if to_nfc(described_by(path.name)) not in stems and not self._is_archived(path):
                self._report(
                    path,
                    _("旁边没有同名的录音，这份说明没有用上"),
                    _("把它改成与录音同名，例如 录音.m4a 配 录音.yml"),
                )

    def _is_archived(self, sidecar: Path) -> bool:
        """Check whether a sidecar belongs to an accession whose file is no longer beside it."""
        for name in filter(None, map(original_name, self.project.accessions())):
            path = self.project.recordings / name
            names = map(to_nfc, _sidecar_names(path))
            if path.parent == sidecar.parent and to_nfc(sidecar.name) in names:
                return True
        return False

    def _report(self, path: Path, cause: str, remedy: str = "") -> None:
        where = self.project.relative(path)
        self.problems.append(Problem(ExitCode.DEPOSIT, where, cause, remedy))


def _may_be_sidecar(name: str) -> bool:
    """Check whether a name is that of a sidecar or similar.

    Looking for sidecars of each of thousands of recordings would take longer than everything else.
    """
    return name.lower() != FOLDER_FILE and is_description(name)


def _sidecar_names(path: Path) -> tuple[str, str]:
    """Return the names of a file's sidecar: ``<name>.yml`` with and without its suffix."""
    return path.stem + _SIDECAR, path.name + _SIDECAR


def _group(files: Iterable[Path], kind: Kind) -> tuple[list[Path], dict[str, tuple[Path, ...]]]:
    """Return recordings, and companions by stem; a motto may consist of a text alone."""
    main, companions = [], dict[str, tuple[Path, ...]]()
    for path in files:
        if is_photo(path.name) or is_text(path.name):
            stem = to_nfc(path.stem)
            companions[stem] = (*companions.get(stem, ()), path)
        else:
            main.append(path)
    if kind is Kind.MOTTO:
        spoken = {to_nfc(path.stem) for path in main}
        for stem in [stem for stem in companions if stem not in spoken]:
            texts = [path for path in companions[stem] if is_text(path.name)]
            if texts:
                main.append(texts[0])
                companions[stem] = tuple(p for p in companions[stem] if p != texts[0])
    return sorted(main), companions


def original_name(accession: Accession) -> str:
    """Return the path below recordings/ from which it was accessioned; empty if it came with
    another archive, or if its events cannot be read, which is reported elsewhere.
    """
    try:
        events = accession.read_events()
    except CunshiError:
        return ""
    if any(event.kind == TRANSFER for event in events):
        return ""
    name = next((event.original_name for event in events if event.original_name), "")
    path = PurePosixPath(name)
    return "" if path.is_absolute() or ".." in path.parts else name
