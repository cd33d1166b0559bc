"""What tables say: the entity that a row is about, and what its columns say of it.

Tables are read from the chunks, where a row is a line of cells between bars and a chunk that goes on with a table has
its header as the innermost heading; so every fact has the chunk that says it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.graph.kinds import kind_of_column, kind_of_name
from ingest.graph.mentions import SURNAMES
from retrieval.graph.names import normal_name
from retrieval.graph.types import NAME_LENGTH, RELATION_LENGTH, VALUE_LENGTH, Kind
from retrieval.store.graph import GraphChunk
from retrieval.table_text import CELL_SEPARATOR

# What is read of one table: a graph of a hundred thousand rows says nothing that the table does not.
MAX_ROWS = 1_000
MAX_COLUMNS = 16
_NUMBER = re.compile(r"^[£$€¥￥+-]?\s?-?\d{1,3}(?:[ ,]\d{3})*(?:\.\d+)?$|^[£$€¥￥+-]?\s?-?\d+(?:\.\d+)?$")
_FIGURE = re.compile(r"^[£$€¥￥+-]?\s?-?\d[\d.,:/ -]*\s?(?:%|[^\W\d_]{0,12}\.?)(?:\s?a\s\w+)?$")
_DATE = re.compile(
    r"^\d{4}-\d{2}-\d{2}$|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$|^\d{1,2}\s[A-Z][a-z]+(?:\s\d{4})?$|^\d{4}年\d{1,2}月"
)
_CODE = re.compile(r"^[A-Z]{1,5}-?\d[\w-]*$")
_LETTER = re.compile(r"[^\W\d_]")
# "Lorna Battersby, head of people", "Perpetua Lindqvist (chair)"
_WITH_ROLE = re.compile(r"^(?P<name>[^,(]{2,60}?)\s*[,(]\s*(?P<role>[a-z][^,()]{2,60}?)\)?$")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CHINESE_PERSON = re.compile(rf"^[{SURNAMES}][\u4e00-\u9fff]{{1,2}}$")
_LONGEST_NAME = 60
# A column that repeats itself so often says what group a row belongs to.
_FEW = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table where a chunk has it."""

    chunk_key: int
    start: int
    end: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedCell:
    """A cell that names an entity."""

    name: str
    normal: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a row says of its entity: relations to others, by column, and plain values."""

    row: Row
    entity: NamedCell
    column: str  # what the table calls the entity
    relations: tuple[tuple[str, NamedCell], ...]
    roles: tuple[tuple[NamedCell, str], ...]  # of people in it: "Perpetua Lindqvist (chair)"
    values: tuple[tuple[str, str, float | None], ...]


def is_row(line: str) -> bool:
    """Whether a line may be a row of a table."""
    return CELL_SEPARATOR in line


def row_starts(chunk: GraphChunk) -> frozenset[int]:
    """Where the rows of tables begin in a chunk; a single line with bars is none, it is a title or a footer."""
    if chunk.headings and is_row(chunk.headings[-1]):
        return frozenset(start for start, line in _lines(chunk.text) if is_row(line))
    lines = list(_lines(chunk.text))
    rows = [place for place, (_, line) in enumerate(lines) if is_row(line)]
    return frozenset(lines[place][0] for place in rows if {place - 1, place + 1} & set(rows))


def table_facts(chunks: Sequence[GraphChunk]) -> Iterator[RowFacts]:
    """What the rows of a document's tables say."""
    for header, rows in tables(chunks).items():
        yield from _facts(header[1], rows[:MAX_ROWS])


def tables(chunks: Sequence[GraphChunk]) -> Mapping[tuple[int, tuple[str, ...]], list[Row]]:
    """The rows of each table, by its number and header; one that goes on in another chunk stays one."""
    found: dict[tuple[int, tuple[str, ...]], list[Row]] = {}
    number = 0
    header: tuple[str, ...] = ()
    is_open = False  # the chunk before ended within a table
    for chunk in chunks:
        above = _cells(chunk.headings[-1]) if chunk.headings and is_row(chunk.headings[-1]) else None
        inside = is_open and above is None and _goes_on(chunk.text, header)
        for start, line in _lines(chunk.text):
            if not is_row(line):
                inside = inside and not line.strip() and start == 0
                continue
            cells = _cells(line)
            if not inside and (above is None or start > 0) and cells != header:
                number, header = number + 1, cells
            elif not inside and above is not None:
                header = above if start == 0 else cells
            inside = True
            if cells != header and len(cells) <= len(header):
                row = Row(chunk.key, start, start + len(line), cells)
                found.setdefault((number, header), []).append(row)
        is_open = is_row(chunk.text.rstrip().rpartition("\n")[2])
    return found


def _goes_on(text: str, header: Sequence[str]) -> bool:
    """Whether a chunk begins with a row of the table that the one before ended in."""
    first = text.partition("\n")[0]
    return is_row(first) and len(_cells(first)) == len(header)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split("|"))


def _facts(header: Sequence[str], rows: Sequence[Row]) -> Iterator[RowFacts]:
    columns = [[row.cells[place] if place < len(row.cells) else "" for row in rows] for place in range(len(header))]
    subject = _subject(header, columns)
    if subject is None:
        return
    kinds = [_entity_kind(name, column) for name, column in zip(header, columns, strict=True)]
    for row in rows:
        name = row.cells[subject] if subject < len(row.cells) else ""
        entity = _named(name, header[subject], kinds[subject])
        if entity is None:
            continue
        relations, values, roles = [], [], []
        for place, cell in enumerate(row.cells[:MAX_COLUMNS]):
            label = _label(header[place])
            if place == subject or not cell or not label:
                continue
            kind = kinds[place]
            other = _named(cell, header[place], kind) if kind is not None else None
            if other is not None and other.normal != entity.normal:
                relations.append((label, other))
                if kind == "person" and (match := _WITH_ROLE.match(cell)):
                    roles.append((other, match["role"].casefold()))
            else:
                values.append((label, cell[:VALUE_LENGTH], _number(cell)))
        yield RowFacts(row, entity, _label(header[subject]), tuple(relations), tuple(roles), tuple(values))


def _subject(header: Sequence[str], columns: Sequence[Sequence[str]]) -> int | None:
    """The column that says what a row is about: names, all different, rather than codes; else codes, else the first."""
    named = [place for place, column in enumerate(columns) if _names_something(column)]
    distinct = [place for place in named if len(set(columns[place])) == len(columns[place])]
    words = [place for place in distinct if not _is_code(columns[place])]
    near = [place for place in words if place <= 1]
    for candidates in (near, [place for place in distinct if _is_code(columns[place])][:1], words, named[:1]):
        if candidates and candidates[0] < len(header):
            return candidates[0]
    return None


def _names_something(column: Sequence[str]) -> bool:
    filled = [cell for cell in column if cell]
    naming = [
        cell
        for cell in filled
        if len(cell) <= _LONGEST_NAME and _LETTER.search(cell) and not _DATE.match(cell) and not _is_figure(cell)
    ]
    return len(naming) > len(column) / 2


def _is_figure(cell: str) -> bool:
    return _NUMBER.match(cell) is not None or (_FIGURE.match(cell) is not None and not _CODE.match(cell))


def _is_code(column: Sequence[str]) -> bool:
    filled = [cell for cell in column if cell]
    return bool(filled) and sum(_CODE.match(cell) is not None for cell in filled) > len(filled) / 2


def _entity_kind(header: str, column: Sequence[str]) -> Kind | None:
    """What the cells of a column name; None where they are figures, states or remarks."""
    filled = [cell for cell in column if cell]
    if not filled or not _names_something(column):
        return None
    kind = kind_of_column(header)
    if kind == "date":
        return None
    capital = sum(cell[:1].isupper() or not cell[:1].isascii() for cell in filled) > len(filled) / 2
    short = sum(len(cell.split()) <= 5 for cell in filled) > len(filled) / 2  # noqa: PLR2004 - longer ones are remarks
    if not capital or not short:
        return None
    repeated = len(set(filled)) <= _FEW * len(filled)
    return kind or ("term" if repeated else "thing")


def _named(cell: str, header: str, kind: Kind | None) -> NamedCell | None:
    """The entity that a cell names; None where it names none."""
    match = _WITH_ROLE.match(cell) if kind == "person" else None
    name = match["name"] if match else cell
    normal = normal_name(name)
    if kind == "person" and _CHINESE.search(name) and not _CHINESE_PERSON.match(name):
        return None  # a post, not a person
    if not normal or len(name) > NAME_LENGTH or not _LETTER.search(name) or _is_figure(cell) or _DATE.match(cell):
        return None
    found = kind_of_column(header) or kind or kind_of_name(name, "", "")
    return NamedCell(name, normal, "thing" if found == "date" else found)


def _label(header: str) -> str:
    return " ".join(header.casefold().replace("_", " ").split())[:RELATION_LENGTH]


def _number(cell: str) -> float | None:
    text = cell.strip("£$€¥￥+ ").replace(",", "").replace(" ", "")
    try:
        return float(text) if _NUMBER.match(cell) else None
    except ValueError:
        return None
