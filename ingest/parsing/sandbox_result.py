"""The form in which a parsed document, or the reason to reject it, crosses from the parser process to the worker."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from ingest.parsing.types import Block, BlockKind, ParsedDocument
from ingest.tables.packed_rows import packed, unpacked
from ingest.tables.types import Column, ColumnType, TypedTable
from retrieval.errors import DocumentRejected, UnsupportedFile

_KINDS = frozenset(get_args(BlockKind))
_COLUMN_TYPES = frozenset(get_args(ColumnType))


def result_path(folder: Path, number: int) -> Path:
    """Where the result of a request's file with this number lies in the folder of the request."""
    return folder / f"result-{number}.json"


def rows_path(path: Path) -> Path:
    """Where the rows of a result's tables lie, which may be many."""
    return path.with_suffix(".rows")


def write_document(path: Path, document: ParsedDocument) -> None:
    """Writes a document as JSON; heading paths, which many blocks share, are written once each.

    The rows of its tables go beside it as JSON lines, so that nobody has to hold them all as objects.
    """
    tables = _write_rows(rows_path(path), document.tables)
    paths: dict[tuple[str, ...], int] = {}
    blocks = [
        [block.kind, block.start, block.end, block.page, paths.setdefault(block.headings, len(paths)), block.level]
        for block in document.blocks
    ]
    _write(
        path,
        {
            "text": document.text,
            "blocks": blocks,
            "headings": [list(headings) for headings in paths],
            "pages": document.pages,
            "title": document.title,
            "warnings": list(document.warnings),
            "confidence": document.confidence,
            "tables": tables,
        },
    )


def _write_rows(path: Path, tables: Sequence[TypedTable]) -> list[dict[str, Any]]:
    """The tables without their rows, which go into the file."""
    if not tables:
        return []
    described = []
    with path.open("wb") as file:
        for table in tables:
            size = file.write(packed(table.rows))
            columns = [[item.name, item.header, item.type, item.unit, item.examples] for item in table.columns]
            described.append({"title": table.title, "columns": columns, "bytes": size})
    return described


def write_rejection(path: Path, error: DocumentRejected) -> None:
    """Writes the reason why a file cannot become a document."""
    _write(path, {"rejected": {"code": error.code, "detail": error.detail}})


def read_result(path: Path) -> ParsedDocument:
    """The document that the parser process wrote; raises the DocumentRejected that it wrote instead.

    The process may have been taken over by the file it read, so nothing in its result is trusted: raises ValueError
    where it is not what `write_document` writes.
    """
    try:
        result = json.loads(path.read_bytes())
        if "rejected" in result:
            raise _rejection(str(result["rejected"]["code"]), str(result["rejected"]["detail"]))
        return _document(result, _tables(result["tables"], rows_path(path)))
    except (KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError("not a parsed document") from error


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_bytes(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _rejection(code: str, detail: str) -> DocumentRejected:
    return UnsupportedFile(detail) if code == "unsupported_file" else DocumentRejected(code, detail)


def _tables(described: list[dict[str, Any]], path: Path) -> tuple[TypedTable, ...]:
    """The tables in a decoded result with the rows beside it."""
    lines = path.read_bytes() if path.exists() else b""
    tables = []
    start = 0
    for table in described:
        columns = tuple(map(_column, table["columns"]))
        end = start + int(table["bytes"])
        tables.append(TypedTable(str(table["title"]), columns, unpacked(lines[start:end], len(columns))))
        start = end
    return tuple(tables)


def _column(described: list[Any]) -> Column:
    name, header, kind, unit, examples = described
    if kind not in _COLUMN_TYPES:
        raise ValueError("a column is of no known type")
    return Column(str(name), str(header), kind, None if unit is None else str(unit), tuple(map(str, examples)))


def _document(result: dict[str, Any], tables: tuple[TypedTable, ...]) -> ParsedDocument:
    """The document in a decoded result; raises ValueError where its blocks do not fit its text."""
    text = str(result["text"])
    paths = [tuple(map(str, headings)) for headings in result["headings"]]
    blocks: list[Block] = []
    end = 0
    for kind, start, block_end, page, path, level in result["blocks"]:
        if kind not in _KINDS or not end <= start < block_end <= len(text):
            raise ValueError("a block lies outside of the text or over another")
        end = block_end
        blocks.append(Block(kind, int(start), int(end), _number(page), paths[path], int(level)))
    title = result["title"]
    return ParsedDocument(
        text=text,
        blocks=tuple(blocks),
        pages=_number(result["pages"]),
        title=None if title is None else str(title),
        warnings=tuple(map(str, result["warnings"])),
        confidence=_share(result["confidence"]),
        tables=tables,
    )


def _share(value: Any) -> float:
    if not 0 <= float(value) <= 1:
        raise ValueError("a share lies outside of 0 to 1")
    return float(value)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
