"""All that the published form of a recording depends on: the one list that every stamp is made of.

Another file that people write about a recording is added to ``texts_of``, another that the program
makes to ``_files``, and what is written about several recordings to ``shared_inputs``. Every stage
then does its work again when it changes.
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
    """What something depends on.

    ``values`` have been read already. ``texts`` are what people write: they are read byte for byte
    for each stamp, since a word in them may withdraw something. ``files`` are written by this
    program alone, or large: with the same name, size and time they count as unchanged.
    """

    values: tuple[Any, ...] = ()
    texts: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()

    def stamp(self, *parts: Any) -> str:
        """The stamp of all this and of what else a stage depends on; empty if a text is unreadable,
        and nothing is current then."""
        return stamp_of(self.values, parts, self._names(), texts=self.texts, files=self.files)

    def stamp_as_read(self, words: Mapping[Path, bytes | None], *parts: Any) -> str:
        """The same stamp, of the texts as ``read`` has found them."""
        read = [words[path] for path in self.texts]
        return stamp_of(self.values, parts, self._names(), words=read, files=self.files)

    def read(self) -> dict[Path, bytes | None]:
        """Every text; None for one that is not there. DiskError if one cannot be read."""
        return {path: read_bytes_of(path) if exists(path) else None for path in self.texts}

    def _names(self) -> list[str]:
        return [path.name for path in self.files]


def together(inputs: Iterable[Inputs]) -> Inputs:
    """What something depends on that is made of several things."""
    all_ = list(inputs)
    return Inputs(
        tuple(value for one in all_ for value in one.values),
        tuple(path for one in all_ for path in one.texts),
        tuple(path for one in all_ for path in one.files),
    )


def inputs_of(project: Project, recording: Recording) -> Inputs:
    """What the published form of a recording depends on, and of no other one.

    Its recording.yml and manifest are in it as they were read: the recording itself.
    """
    accession = project.accession(recording.id)
    return Inputs((recording,), tuple(texts_of(accession, recording)), tuple(_files(accession)))


def texts_of(accession: Accession, recording: Recording) -> Iterator[Path]:
    """What people have written about a recording besides recording.yml."""
    yield accession.transcript
    if path := motto_path(accession, recording):
        yield path


def _files(accession: Accession) -> Iterator[Path]:
    yield accession.machine
    yield from accession.earlier_machines
    yield from sorted(accession.master.glob("*"))


def motto_path(accession: Accession, recording: Recording) -> Path | None:
    """The file in which a family wrote its motto down, if it did."""
    names = [name for name in (recording.master, *recording.companions) if is_text(name)]
    return accession.master / names[0] if names and recording.kind is Kind.MOTTO else None


def shared_inputs(project: Project) -> Inputs:
    """What the published form of every recording depends on. Few files: all is made anew with
    each of their changes."""
    return Inputs(texts=(project.archive / "archive.yml",))


def site_inputs(project: Project) -> Inputs:
    """What a site depends on besides its recordings: settings, words, lessons and theme."""
    theme = load_fields(project.root / "mkdocs.yml", "", []).section("theme").text("custom_dir")
    files = sorted(walk_files(project.courses))
    files += sorted(walk_files(project.root / theme)) if theme else []
    texts = [*shared_inputs(project).texts, *project.written()]
    names = [project.relative(path) for path in (*texts, *files)]
    return Inputs((names,), tuple(texts), tuple(files))
