"""Excel workbooks: each sheet is a page with its name as heading and its filled regions as tables."""

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from ingest.parsing import xlsx_notes
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.detect import XLSX
from ingest.parsing.ooxml_chart import add_chart
from ingest.parsing.preflight import check_archive
from ingest.parsing.types import ParsedDocument
from ingest.parsing.xlsx_notes import SheetNotes, read_notes
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = (CalamineError, *xlsx_notes.DAMAGED)

MAX_CELLS = 20_000_000  # of one sheet, empty ones included: some 8 bytes each before any text
_SHOWN = (SheetTypeEnum.WorkSheet, SheetTypeEnum.ChartSheet)
_Value = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def parse(path: Path) -> ParsedDocument:
    """The sheets of a workbook; raises DocumentRejected where it is encrypted, unsafe, too large or without text."""
    check_archive(path, XLSX)
    builder = DocumentBuilder()
    with CalamineWorkbook.from_path(str(path)) as workbook:
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ in _SHOWN]
        notes = _notes(builder, path)
        for number, sheet in enumerate(sheets, start=1):
            is_grid = sheet.typ == SheetTypeEnum.WorkSheet
            rows = _rows(workbook.get_sheet_by_name(sheet.name)) if is_grid else iter(())
            _add_sheet(builder, number, sheet.name, rows, notes.get(sheet.name, SheetNotes()))
    return builder.build()


def _notes(builder: DocumentBuilder, path: Path) -> dict[str, SheetNotes]:
    """The comments and charts by sheet; none, with a warning, where they are damaged: the cells can be read."""
    try:
        return read_notes(path)
    except xlsx_notes.DAMAGED:
        builder.warn("The comments and charts of the workbook are damaged and were left out.")
        return {}


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    """The rows of a sheet; raises DocumentRejected for one whose empty cells alone would fill the memory."""
    if sheet.height * sheet.width > MAX_CELLS:
        raise DocumentRejected(
            "too_large_sheet",
            f"The sheet {sheet.name} spans {sheet.height:,} rows and {sheet.width:,} columns, more than {MAX_CELLS:,} "
            "cells. Delete the empty rows and columns after its data, or split it.",
        )
    return ([_text(value) for value in row] for row in sheet.iter_rows())


def _add_sheet(builder: DocumentBuilder, number: int, name: str, rows: Iterator[list[str]], notes: SheetNotes) -> None:
    """Adds the regions of a sheet, its charts and its comments under its name; an empty sheet adds nothing."""
    is_empty = True
    for region in _regions(rows):
        if is_empty:
            _begin_sheet(builder, number, name)
        is_empty = False
        _add_region(builder, region)
    if is_empty and (notes.charts or notes.comments):
        _begin_sheet(builder, number, name)
    for chart in notes.charts:
        if is_empty:
            add_chart(builder, chart.part)
        else:  # its figures are in the cells
            builder.caption(chart.title)
    for comment in notes.comments:
        builder.footnote(comment)


def _begin_sheet(builder: DocumentBuilder, number: int, name: str) -> None:
    builder.page(number)
    builder.heading(1, name)


def _regions(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    """Groups of rows between empty ones, without the columns that are empty in the whole group."""
    region: list[list[str]] = []
    for row in rows:
        if any(row):
            region.append(row)
        elif region:
            yield _without_empty_columns(region)
            region = []
    if region:
        yield _without_empty_columns(region)


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    filled = sorted({column for row in rows for column, cell in enumerate(row) if cell})
    return [[row[column] for column in filled] for row in rows]


def _add_region(builder: DocumentBuilder, rows: list[list[str]]) -> None:
    """Adds a region: rows of a single cell above the table are its title, the first row of more is its header."""
    start = 0
    is_list = len(rows) > 1 and len(rows[0]) == 1
    while start < len(rows) and not is_list and sum(map(bool, rows[start])) == 1:
        builder.paragraph(" ".join(filter(None, rows[start])))
        start += 1
    if start < len(rows):
        builder.table(rows[start:])


def _text(value: _Value) -> str:
    """A cell as a person would write it: whole numbers without a fraction, dates in ISO form."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
        case datetime.datetime():
            at_midnight = value.time() == datetime.time()
            return value.date().isoformat() if at_midnight else value.isoformat(sep=" ", timespec="seconds")
        case datetime.date():
            return value.isoformat()
        case datetime.time():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value).strip()
