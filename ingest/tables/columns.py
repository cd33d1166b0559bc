"""Decides what a column holds from all of its cells: a type fits if every cell that says anything is of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.tables.dates import Order, evident_order, read_dates
from ingest.tables.numbers import Convention, evidence, read_numbers
from ingest.tables.types import ColumnType, Value
from ingest.tables.units import part_units, unit_of_header

# What people write where there is nothing to say. In a column of text it may mean something, and stays.
_NOTHING_WORDS = "- – — -- --- / ./. . .. … ... ? * n/a #n/a n.a. na nan null none nil k.a. entfällt 无 暂无 不适用"
_NOTHING = frozenset([*_NOTHING_WORDS.split(), "k. a.", "n. a."])
_BOOLEANS = (
    {"true": True, "false": False},
    {"yes": True, "no": False},
    {"y": True, "n": False},
    {"wahr": True, "falsch": False},
    {"ja": True, "nein": False},
    {"是": True, "否": False},
    {"有": True, "无": False},
    {"✓": True, "✗": False},
    {"✔": True, "✘": False},
)


@dataclass(frozen=True, slots=True)
class Customs:
    """How numbers and dates are written around a column, for what the column itself leaves open."""

    numbers: Convention | None = None
    dates: Order | None = None


@dataclass(frozen=True, slots=True)
class TypedCells:
    """The cells of a column as values of one type."""

    type: ColumnType
    unit: str | None
    values: Sequence[Value]


def observe(cells: Sequence[str]) -> Customs:
    """What this column shows of the customs of its table."""
    said = _said(cells)
    measured = part_units(said) if said else None
    return Customs(evidence(measured.numbers if measured else said) if said else None, evident_order(said))


def type_cells(header: str, cells: Sequence[str], customs: Customs) -> TypedCells:
    """The cells with their type; as text if no other fits."""
    said = _said(cells)
    if said:
        for read in (_booleans, _numbers, _quantities, _dates):
            if (typed := read(header, said, customs)) is not None:
                return TypedCells(typed.type, typed.unit, _spread(cells, typed.values))
    return TypedCells("text", None, [cell or None for cell in cells])


def _said(cells: Sequence[str]) -> Sequence[str]:
    return [cell for cell in cells if _says_something(cell)]


def _says_something(cell: str) -> bool:
    return bool(cell) and cell.lower() not in _NOTHING


def _spread(cells: Sequence[str], values: Sequence[Value]) -> Sequence[Value]:
    """The values at the places of the cells that say something."""
    coming = iter(values)
    return [next(coming) if _says_something(cell) else None for cell in cells]


def _booleans(_header: str, cells: Sequence[str], _customs: Customs) -> TypedCells | None:
    folded = [cell.lower() for cell in cells]
    distinct = set(folded)
    for words in _BOOLEANS:
        if words.keys() >= distinct:
            return TypedCells("boolean", None, [words[cell] for cell in folded])
    return None


def _numbers(header: str, cells: Sequence[str], customs: Customs) -> TypedCells | None:
    numbers = read_numbers(cells, customs.numbers)
    if numbers is None:
        return None
    unit = unit_of_header(header)
    if unit == "%":
        return TypedCells("percentage", unit, [float(number) for number in numbers])
    if all(isinstance(number, int) for number in numbers):
        return TypedCells("integer", unit, numbers)
    return TypedCells("real", unit, [float(number) for number in numbers])


def _quantities(_header: str, cells: Sequence[str], customs: Customs) -> TypedCells | None:
    measured = part_units(cells)
    numbers = read_numbers(measured.numbers, customs.numbers) if measured else None
    if measured is None or numbers is None:
        return None
    if measured.unit == "%":
        return TypedCells("percentage", measured.unit, [float(number) for number in numbers])
    return TypedCells("quantity", measured.unit, numbers)


def _dates(_header: str, cells: Sequence[str], customs: Customs) -> TypedCells | None:
    dates = read_dates(cells, customs.dates)
    return TypedCells("date", None, dates) if dates is not None else None
