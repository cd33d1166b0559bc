"""Finds the tables of a parsed document again: blocks that continue a table are joined, lines are cut into cells.

The reverse of `DocumentBuilder.table`, which repeats the header at the top of every block of a long table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.parsing.builder import MAX_TABLE_CHARACTERS, MAX_TABLE_ROWS
from ingest.parsing.types import Block, ParsedDocument
from retrieval.table_text import cells_of


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as text; rows may be shorter or longer than the header."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def raw_tables(document: ParsedDocument) -> Sequence[RawTable]:
    """The tables of the document in reading order."""
    found: list[RawTable] = []
    last: Block | None = None  # the block before, if it is a table that may go on
    rows: list[Sequence[str]] = []
    for position, block in enumerate(document.blocks):
        if block.kind != "table":
            last = None
            continue
        lines = _lines(document, block)
        if last is None or not _continues(document, last, block):
            rows = []
            found.append(RawTable(_title(document, position), cells_of(lines[0]), rows))
        rows += [cells_of(line) for line in lines[1:]]
        last = block
    return found


def _continues(document: ParsedDocument, last: Block, block: Block) -> bool:
    """True if the builder ended the last block because it was full, and not because the table ended."""
    header, *lines = _lines(document, last)
    size = sum(map(len, lines))
    full = len(lines) == MAX_TABLE_ROWS - 1 or size > max(MAX_TABLE_CHARACTERS, 4 * len(header))
    place = (last.page, last.headings) == (block.page, block.headings)
    return full and place and _lines(document, block)[0] == header


def _lines(document: ParsedDocument, block: Block) -> Sequence[str]:
    return document.text[block.start : block.end].split("\n")


def _title(document: ParsedDocument, position: int) -> str:
    """The caption beside the table, else the heading above it (a sheet's name is one), else the document's title."""
    before = document.blocks[position - 1] if position else None
    if before is not None and before.kind == "caption":
        return document.text[before.start : before.end]
    headings = document.blocks[position].headings
    return headings[-1] if headings else document.title or ""
