"""List how to cite each recording."""

from collections.abc import Iterator

from cunshi.exports.archival import ExportFile, ExportSource


def export(source: ExportSource) -> Iterator[ExportFile]:
    """Return a line for each recording."""
    yield "citations.txt", "".join(f"{entry.citation}\n" for entry in source.described)
