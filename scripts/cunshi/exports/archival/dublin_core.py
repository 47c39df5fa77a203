"""The catalogue as a table of Dublin Core elements, for machines."""

import csv
import io
from collections.abc import Iterable, Iterator

from cunshi.exports.archival import ExportFile, ExportSource
from cunshi.exports.archival.description import NOTHING, Described

# A spreadsheet takes a cell that begins with one of these for a formula
# (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def export(source: ExportSource) -> Iterator[ExportFile]:
    """One table of all recordings."""
    yield "dublin-core.csv", dublin_core(source.described)


def dublin_core(described: Iterable[Described]) -> str:
    """CSV (RFC 4180) with a column for each element; several values are parted by `` | ``."""
    stream = io.StringIO()
    rows = [_elements(entry) for entry in described]
    columns = list(_elements(NOTHING))
    writer = csv.DictWriter(stream, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: escape_formula(value) for name, value in row.items()} for row in rows)
    return stream.getvalue()


def escape_formula(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _elements(entry: Described) -> dict[str, str]:
    return {
        "dc:identifier": entry.id,
        "dc:title": entry.title,
        "dc:creator": entry.narrator,
        "dc:publisher": entry.holder,
        "dc:date": entry.date,
        "dc:type": "Sound" if entry.length else "Text",
        "dc:format": entry.form,
        "dcterms:extent": _extent(entry),
        "dc:language": entry.language,
        "dc:coverage": entry.village,
        "dc:subject": " | ".join(entry.words),
        "dc:description": entry.summary,
        "dcterms:isPartOf": " | ".join(entry.lessons),
        "dc:rights": entry.rights,
        "dcterms:accessRights": entry.access,
        "dcterms:bibliographicCitation": entry.citation,
        "dc:source": f"sha256:{entry.sha256}" if entry.sha256 else "",
        "dc:relation": entry.address,
    }


def _extent(entry: Described) -> str:
    """ISO 8601 duration."""
    return f"PT{round(entry.length)}S" if entry.length else ""
