"""The catalogue as a sheet for the town's archivist, 参照 DA/T 59."""

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter

from cunshi.core.text import clean
from cunshi.core.timecode import format_timecode
from cunshi.exports.archival import ExportFile, ExportSource
from cunshi.exports.archival.description import NOTHING, Described

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


def export(source: ExportSource) -> Iterator[ExportFile]:
    """One sheet of all recordings."""
    title = clean(source.catalogue.course.title)
    yield "目录.xlsx", catalogue_sheet(source.described, title)


def _columns(number: int, entry: Described) -> dict[str, str | int]:
    """Return the archivist's columns in the usual order of a catalogue of recordings."""
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
    """An .xlsx; every cell is text, so that nothing is a formula."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options | {"strings_to_numbers": False}) as book:
        # A creation date would make exports of the same catalogue differ.
        book.set_properties({"title": title, "created": _EPOCH})
        sheet = book.add_worksheet("目录")
        rows = [_columns(n, entry) for n, entry in enumerate(described, 1)]
        names = list(_columns(0, NOTHING))
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
