"""The published recordings in archival formats: captions, OHMS, IIIF, RO-Crate, tables.

It may import what `exports` may. Each format is one file of this folder, an ``Exporter``: to add
one, write a module with a function ``export`` and name it in ``EXPORTERS`` in `bundle`, which makes
the bag of all of them. tests/exports/test_exporters.py tests whatever is named there, and wants its
paths in docs/formats.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cunshi.domain.course import Catalogue
from cunshi.exports.archival.description import Described

# A path in the export, with slashes, and what is in the file.
ExportFile = tuple[str, str | bytes]


@dataclass(frozen=True)
class ExportSource:
    """What exporters write from: all that may be shown, and nothing that is withheld.

    ``described`` has each recording in the terms of the field. ``written`` are the files that are
    in the export already, media and those of the exporters before: path → bytes.
    """

    catalogue: Catalogue
    described: Sequence[Described]
    written: Mapping[str, int]


class Exporter(Protocol):
    """Writes the holdings in one format. The same source makes the same bytes at any time."""

    def export(self, source: ExportSource) -> Iterator[ExportFile]:
        """The files of the format, one after the other, with names that any disk takes."""
