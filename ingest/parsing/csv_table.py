"""CSV and TSV: one table, read row by row, in whatever encoding and dialect the file is."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

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
_DELIMITERS = (",", ";", "\t", "|")


def parse(path: Path) -> ParsedDocument:
    """The table of a CSV or TSV file; raises DocumentRejected for absurd rows and for files that hold no table."""
    builder = DocumentBuilder()
    with open_text(path) as file:
        delimiter = _delimiter(file.read(_SAMPLE_SIZE))
        file.seek(0)
        builder.table(_rows(file, delimiter))
    return builder.build()


def _delimiter(sample: str) -> str:
    """The delimiter that cuts the first lines most evenly into most cells; a comma where none does."""
    lines = sample.splitlines()[: _SAMPLE_LINES + 1]
    whole = lines[:-1] if len(lines) > 1 and not sample.endswith(("\n", "\r")) else lines

    def evenness(delimiter: str) -> tuple[float, int]:
        """The share of lines with the commonest number of cells, and that number; no cut at all counts nothing."""
        widths = [len(row) for row in csv.reader(whole, delimiter=delimiter) if row]
        commonest = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (widths.count(commonest) / len(widths), commonest) if commonest > 1 else (0.0, 0)

    csv.field_size_limit(MAX_CELL)
    try:
        return max(_DELIMITERS, key=evenness)
    except csv.Error:
        return ","  # the rows are about to say what is wrong


def _rows(file: TextIO, delimiter: str) -> Iterator[list[str]]:
    """The rows of the file; raises DocumentRejected where one is no row that anybody wrote."""
    reader = csv.reader(_lines(file), delimiter=delimiter)
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
