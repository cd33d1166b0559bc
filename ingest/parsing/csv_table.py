"""CSV and TSV: one table, read row by row, in whatever encoding and dialect the file is."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import open_text
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = ()  # what csv raises is told more precisely here

MAX_COLUMNS = 5_000
MAX_CELL = 1_000_000  # characters; a larger cell is nearly always a quotation mark that is never closed
MAX_LINE = 10_000_000  # characters, so that a file without line ends is refused before it is held in memory
_SAMPLE_SIZE = 64 * 1024
_SAMPLE_LINES = 20
_Fit = tuple[float, int]


class _Dialect(NamedTuple):
    """How the cells of a file are parted, and whether quotation marks hold a cell together."""

    delimiter: str
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL


_COMMAS = tuple(map(_Dialect, (",", ";", "\t", "|")))
# The registration of the format (text/tab-separated-values) knows no quotation marks; spreadsheets write them.
_TABS = (_Dialect("\t"), _Dialect("\t", csv.QUOTE_NONE))


def parse(path: Path) -> ParsedDocument:
    """The table of a CSV file; raises DocumentRejected for absurd rows and for files that hold no table."""
    return _parse(path, _COMMAS, _evenness)


def parse_tabs(path: Path) -> ParsedDocument:
    """The table of a TSV file, whose cells may hold commas and lone quotation marks; raises as `parse` does."""
    return _parse(path, _TABS, _even_rows)


def _parse(path: Path, dialects: Sequence[_Dialect], fit: Callable[[Sequence[int]], _Fit]) -> ParsedDocument:
    builder = DocumentBuilder()
    with open_text(path) as file:
        sample = file.read(_SAMPLE_SIZE)
        file.seek(0)
        builder.table(_rows(file, _best(sample, dialects, fit)))
    return builder.build()


def _best(sample: str, dialects: Sequence[_Dialect], fit: Callable[[Sequence[int]], _Fit]) -> _Dialect:
    """The dialect whose numbers of cells in the first lines fit best; the first one where none stands out."""
    lines = sample.splitlines()[: _SAMPLE_LINES + 1]
    whole = lines[:-1] if len(lines) > 1 and not sample.endswith(("\n", "\r")) else lines
    csv.field_size_limit(MAX_CELL)
    try:
        return max(dialects, key=lambda dialect: fit(_widths(whole, dialect)))
    except csv.Error:
        return dialects[0]  # the rows are about to say what is wrong


def _widths(lines: Iterable[str], dialect: _Dialect) -> list[int]:
    """The number of cells of each row that is not empty."""
    return [len(row) for row in csv.reader(lines, delimiter=dialect.delimiter, quoting=dialect.quoting) if row]


def _evenness(widths: Sequence[int]) -> _Fit:
    """The share of rows with the commonest number of cells, and that number; no cut at all counts nothing."""
    commonest = _commonest(widths)
    return (widths.count(commonest) / len(widths), commonest) if commonest > 1 else (0.0, 0)


def _even_rows(widths: Sequence[int]) -> _Fit:
    """How many rows have the commonest number of cells: a quotation mark that is none swallows rows."""
    return (widths.count(_commonest(widths)), 0)


def _commonest(widths: Sequence[int]) -> int:
    return max(set(widths), key=lambda width: (widths.count(width), width), default=1)


def _rows(file: TextIO, dialect: _Dialect) -> Iterator[list[str]]:
    """The rows of the file; raises DocumentRejected where one is no row that anybody wrote."""
    reader = csv.reader(_lines(file), delimiter=dialect.delimiter, quoting=dialect.quoting)
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS:
                raise DocumentRejected(
                    "too_many_columns",
                    f"Row {reader.line_num:,} has {len(row):,} columns; at most {MAX_COLUMNS:,} are read. "
                    "Check the delimiter, or upload the columns that matter.",
                )
            yield row
    except csv.Error as error:
        raise DocumentRejected(
            "damaged",
            f"The table cannot be read at line {reader.line_num:,} ({error}). "
            "A quotation mark that is never closed is the usual cause.",
        ) from error


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of the file without NULs; raises DocumentRejected for one too long to be a row."""
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise DocumentRejected(
                "too_many_columns",
                f"A line of the file is longer than {MAX_LINE:,} characters, so it is no table. Check its line ends.",
            )
        yield line.replace("\0", "")
