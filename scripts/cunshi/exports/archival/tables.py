"""The catalogue as tables: Dublin Core for machines, a sheet for the town's archivist."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter

from cunshi.core.timecode import format_timecode
from cunshi.exports.archival.description import Described

# A spreadsheet takes a cell that begins with one of these for a formula
# (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTHS = {
    "题名": 30,
    "内容提要": 40,
    "主题词": 30,
    "引用": 50,
    "网址": 40,
    "校验码（SHA-256）": 20,
}
_WIDTH = 16
_EPOCH = dt.datetime(2000, 1, 1)


def dublin_core(described: Iterable[Described]) -> str:
    """CSV (RFC 4180) with a column for each element; several values are parted by `` | ``."""
    stream = io.StringIO()
    rows = [_elements(entry) for entry in described]
    columns = list(_elements(_NOTHING))
    writer = csv.DictWriter(stream, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)
    return stream.getvalue()


def harmless(value: str) -> str:
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


_NOTHING = Described(
    *("",) * 7,
    0.0,
    (),
    (),
    *("",) * 10,  # the positions of length, lessons and words
)


def _columns(number: int, entry: Described) -> dict[str, str | int]:
    """The archivist's columns, in the order in which a catalogue of recordings has them."""
    return {
        "序号": number,
        "档号": entry.id,
        "题名": entry.title,
        "类别": entry.kind,
        "口述者": entry.narrator,
        "地点": entry.village,
        "采集日期": entry.date,
        "时长": format_timecode(entry.length).partition(".")[0] if entry.length else "",
        "语言": entry.language,
        "课程": "；".join(entry.lessons),
        "主题词": "；".join(entry.words),
        "内容提要": entry.summary,
        "文稿": entry.transcript,
        "开放": entry.access,
        "权利": entry.rights,
        "保管单位": entry.holder,
        "载体格式": entry.form,
        "校验码（SHA-256）": entry.sha256,
        "网址": entry.address,
        "引用": entry.citation,
    }


def catalogue_sheet(described: Sequence[Described], title: str) -> bytes:
    """The catalogue as an .xlsx, 参照 DA/T 59; every cell is text, so that nothing is a formula."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options | {"strings_to_numbers": False}) as book:
        # The creation date would make two exports of the same catalogue differ.
        book.set_properties({"title": title, "created": _EPOCH})
        sheet = book.add_worksheet("目录")
        rows = [_columns(n, entry) for n, entry in enumerate(described, 1)]
        names = list(_columns(0, _NOTHING))
        _write(book, sheet, names, rows)
    return stream.getvalue()


def _write(book: Any, sheet: Any, names: list[str], rows: list[dict[str, str | int]]) -> None:
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    cell = book.add_format({"text_wrap": True, "valign": "top"})
    for column, name in enumerate(names):
        sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH if column else 6))
        sheet.write_string(0, column, name, head)
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row.values()):
            write = sheet.write_number if isinstance(value, int) else sheet.write_string
            write(line, column, value, cell)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, max(1, len(rows)), len(names) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
