"""List everything that the published form of a recording depends on, as the basis of all stamps.

Add another file that people write about a recording to ``texts_of``, one that the program makes to
``_files``, and what is written about several recordings to ``shared_inputs``. Every stage is then
repeated when it changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.cache.stage_stamps import stamp_of
from cunshi.archive.project import Project
from cunshi.core.files import exists, walk_files
from cunshi.core.yaml_fields import load_fields, read_bytes_of
from cunshi.domain.recording import Kind, Recording, is_text


@dataclass(frozen=True)
class Inputs:
    """Inputs of a result.

    ``values`` were read already. ``texts`` are written by people: their bytes are read for each
    stamp, because a word may be a withdrawal. ``files`` are large or written only by this program:
    they are unchanged if name, size and time are.
    """

    values: tuple[Any, ...] = ()
    texts: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()

    def stamp(self, *parts: Any) -> str:
        """Return the stamp of these and further inputs; empty if a text is unreadable, so that
        nothing is current.
        """
        return stamp_of(self.values, parts, self._names(), texts=self.texts, files=self.files)

    def stamp_as_read(self, words: Mapping[Path, bytes | None], *parts: Any) -> str:
        """Return the same stamp for texts that were read by ``read``."""
        read = [words[path] for path in self.texts]
        return stamp_of(self.values, parts, self._names(), words=read, files=self.files)

    def read(self) -> dict[Path, bytes | None]:
        """Return all texts, None for missing ones; DiskError if one cannot be read."""
        return {path: read_bytes_of(path) if exists(path) else None for path in self.texts}

    def _names(self) -> list[str]:
        return [path.name for path in self.files]


def together(inputs: Iterable[Inputs]) -> Inputs:
    """Combine several inputs."""
    all_ = list(inputs)
    return Inputs(
        tuple(value for one in all_ for value in one.values),
        tuple(path for one in all_ for path in one.texts),
        tuple(path for one in all_ for path in one.files),
    )


def inputs_of(project: Project, recording: Recording) -> Inputs:
    """Return the inputs of a recording's published form that concern no other recording.

    recording.yml and the manifest are included as read: as the recording itself.
    """
    accession = project.accession(recording.id)
    return Inputs((recording,), tuple(texts_of(accession, recording)), tuple(_files(accession)))


def texts_of(accession: Accession, recording: Recording) -> Iterator[Path]:
    """Return what people wrote about a recording besides recording.yml."""
    yield accession.transcript
    if path := motto_path(accession, recording):
        yield path


def _files(accession: Accession) -> Iterator[Path]:
    yield accession.machine
    yield from accession.earlier_machines
    yield from sorted(accession.master.glob("*"))


def motto_path(accession: Accession, recording: Recording) -> Path | None:
    """Return the file with a family's written motto, or None."""
    names = [name for name in (recording.master, *recording.companions) if is_text(name)]
    return accession.master / names[0] if names and recording.kind is Kind.MOTTO else None


def shared_inputs(project: Project) -> Inputs:
    """Return the inputs of every recording's published form; if one changes, everything is made
    again.
    """
    return Inputs(texts=(project.archive / "archive.yml", project.persons))


def site_inputs(project: Project) -> Inputs:
    """Return the inputs of a site besides recordings: settings, glossary, lessons and theme."""
    theme = load_fields(project.root / "mkdocs.yml", "", []).section("theme").text("custom_dir")
    files = sorted(walk_files(project.courses))
    files += sorted(walk_files(project.root / theme)) if theme else []
    texts = [*shared_inputs(project).texts, *project.written()]
    names = [project.relative(path) for path in (*texts, *files)]
    return Inputs((names,), tuple(texts), tuple(files))
