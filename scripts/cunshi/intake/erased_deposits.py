"""Find and remove the deposits of an erased recording in recordings/."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.core.files import exists, is_ignored, remove_file, to_nfc, walk_files
from cunshi.domain.recording import is_photo, is_text
from cunshi.intake.deposit_cache import DepositCache
from cunshi.intake.deposits import FOLDER_FILE, READMES, described_by, is_description, original_name


def deposits_of(
    project: Project, accession: Accession, is_erased: Callable[[str], bool], *, whole: bool
) -> list[Path]:
    """Return every file in recordings/ with erased bytes, and if ``whole`` the files beside it.

    These are sidecars, photos and texts of the same name, unless another recording has this name,
    too. They come first: a run that is killed in between finds the rest by the bytes.
    """
    if not exists(project.recordings):
        return []
    cache = DepositCache(project)
    same = [path for path in walk_files(project.recordings) if is_erased(cache.sha256(path))]
    named = {*same, *(_gone(project, accession) if whole else ())}
    beside = {path for one in named for path in _beside(one, named)} if whole else set[Path]()
    return [*sorted(beside - set(same)), *sorted(same)]


def _gone(project: Project, accession: Accession) -> list[Path]:
    """Return where the deposit was, if nothing is there now: its sidecar may be left."""
    told = original_name(accession) if accession.folder.is_dir() else ""
    path = project.recordings / told
    return [path] if told and not exists(path) else []


def remove_deposits(paths: Iterable[Path]) -> None:
    """Remove files in their order."""
    for path in paths:
        remove_file(path)


def _beside(path: Path, erased: set[Path]) -> Iterator[Path]:
    """Yield sidecars and companions of a file that may be gone."""
    folder, stem = path.parent, to_nfc(path.stem)
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    files = [entry for entry in entries if entry.is_file() and not is_ignored(entry.name)]
    is_shared = any(
        _is_recording(other) and to_nfc(other.stem) == stem and other not in erased
        for other in files
    )
    for other in files:
        name = to_nfc(other.name)
        if is_description(name) and name.lower() != FOLDER_FILE:
            described = to_nfc(described_by(name))
            if described == to_nfc(path.name) or (described == stem and not is_shared):
                yield other
        elif (is_photo(name) or is_text(name)) and to_nfc(other.stem) == stem and not is_shared:
            yield other


def _is_recording(path: Path) -> bool:
    name = path.name.lower()
    return not (is_photo(name) or is_text(name) or is_description(name) or name in READMES)
