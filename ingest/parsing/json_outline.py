"""Writes JSON values as a document: tables for records, `key: value` lines for what is flat, headings for nesting."""

from collections.abc import Iterator, Sequence
from typing import Any

from ingest.parsing.builder import DEEPEST_HEADING, DocumentBuilder

MAX_COLUMNS = 200  # of one table; records with more keys are written one by one
MAX_CELL = 300  # characters; longer values read better as text than in a row
_SHORT_LIST = 120  # characters of a list that is written on one line
_MAX_PARAGRAPH = 2_000  # characters, so that most paragraphs of values fit a chunk
_NAMES = ("title", "name", "label", "id", "_id", "key")


def add_value(builder: DocumentBuilder, value: Any, level: int = 1, path: str = "") -> None:
    """Adds a value; what nests in it stands under headings from `level` on that give its path."""
    if isinstance(value, dict):
        _add_object(builder, value, level, path)
    elif isinstance(value, list) and _one_line(value) is None:
        _add_list(builder, value, level, path)
    else:
        builder.paragraph(_one_line(value) or "")


def add_records(builder: DocumentBuilder, records: Sequence[Any], first: int = 0) -> None:
    """Adds the values of a list of which `first` have been added before: a table, or one section each."""
    _add_list(builder, records, 1, "", first)


def _add_list(builder: DocumentBuilder, values: Sequence[Any], level: int, path: str, first: int = 0) -> None:
    """Adds a list: a table where its values are flat records or rows, items where they are plain, else sections."""
    if rows := _rows(values):
        builder.table(rows)
    elif all(_is_plain(value) for value in values):
        for value in values:
            builder.list_item(_plain(value))
    elif len(values) == 1 and path:
        add_value(builder, values[0], level, f"{path}[0]")  # one record needs no number
    else:
        for position, value in enumerate(values, start=first):
            place = f"{path}[{position}]"
            name = _name(value)
            _open_section(builder, level, f"{place} {name}" if name else place)
            add_value(builder, value, level + 1, place)


def _add_object(builder: DocumentBuilder, value: dict[str, Any], level: int, path: str) -> None:
    """Adds the flat entries of an object as lines, then each nested one as a section."""
    lines: list[str] = []
    nested: list[tuple[str, Any]] = []
    for key, entry in value.items():
        line = _one_line(entry)
        if line is None:
            nested.append((key, entry))
        elif line:
            lines.append(f"{key}: {line}")
    for paragraph in _paragraphs(lines):
        builder.paragraph(paragraph)
    for key, entry in nested:
        place = f"{path}.{key}" if path else key
        _open_section(builder, level, key if level <= DEEPEST_HEADING else place)
        add_value(builder, entry, level + 1, place)


def _open_section(builder: DocumentBuilder, level: int, name: str) -> None:
    """Adds a heading; below the deepest level, where headings would replace each other, a line with the whole path."""
    if level <= DEEPEST_HEADING:
        builder.heading(level, name)
    else:
        builder.paragraph(f"{name}:")


def _rows(values: Sequence[Any]) -> list[list[str]]:
    """The header and rows of a list of flat records, or of a list of lists; empty for any other."""
    if not values:
        return []
    if all(isinstance(value, list) for value in values):
        grid = [[_cell(cell) for cell in value] for value in values]
        filled = [[cell for cell in row if cell is not None] for row in grid]
        is_grid = len(values) > 1 and all(len(row) == len(cells) for row, cells in zip(filled, grid, strict=True))
        return filled if is_grid and max(map(len, filled)) <= MAX_COLUMNS else []
    if not all(isinstance(value, dict) for value in values):
        return []
    records = [dict(_flattened(value)) for value in values]
    columns = list(dict.fromkeys(column for record in records for column in record))
    if not columns or len(columns) > MAX_COLUMNS or any(cell is None for record in records for cell in record.values()):
        return []
    if len(values) == 1 and len(columns) == 1:
        return []
    return [columns, *([record.get(column) or "" for column in columns] for record in records)]


def _flattened(record: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The cells of a record by column, objects within it one level deep; None for what fits no cell."""
    for key, value in record.items():
        if isinstance(value, dict) and value:
            for inner, inner_value in value.items():
                yield f"{key}.{inner}", _cell(inner_value)
        else:
            yield key, _cell(value)


def _cell(value: Any) -> str | None:
    """A value as a cell; None where it is too long or not flat."""
    line = _one_line(value)
    return None if line is None or len(line) > MAX_CELL else line


def _one_line(value: Any) -> str | None:
    """A plain value, or a short list of such, as text; None for what nests."""
    if _is_plain(value):
        return _plain(value)
    if isinstance(value, dict):
        return None if value else ""
    if all(_is_plain(item) for item in value):
        line = ", ".join(filter(None, map(_plain, value)))
        return line if len(line) <= _SHORT_LIST else None
    return None


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _plain(value: Any) -> str:
    """A string, number, truth value or null as JSON writes it, without quotation marks; nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(value: Any) -> str:
    """What a record is called, to be told from its neighbours."""
    if not isinstance(value, dict):
        return ""
    found = (value[key] for key in _NAMES if isinstance(value.get(key), str))
    return next((name for name in found if 0 < len(name) <= _SHORT_LIST), "")


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """The lines in groups of a paragraph's length."""
    group: list[str] = []
    size = 0
    for line in lines:
        if group and size + len(line) > _MAX_PARAGRAPH:
            yield "\n".join(group)
            group, size = [], 0
        group.append(line)
        size += len(line)
    if group:
        yield "\n".join(group)
