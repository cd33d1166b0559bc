"""Tables whose columns know what they hold: what questions about numbers and dates are answered from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

# integer, real; percentage: 12.5 stands for 12.5 %; quantity: a number whose unit is the column's; date: ISO 8601
ColumnType = Literal["integer", "real", "percentage", "quantity", "date", "boolean", "text"]
Value = int | float | bool | str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its name is an SQL identifier that needs no quotes, unique in the table."""

    name: str
    header: str  # as it stands in the document; empty where there is none
    type: ColumnType
    unit: str | None
    examples: tuple[str, ...]  # cells as they stand in the document


@dataclass(frozen=True, slots=True)
class TypedTable:
    """A table; every row has one value a column, None where the cell is empty."""

    title: str  # the caption, heading, sheet or document's own title; empty where there is none
    columns: tuple[Column, ...]
    rows: Collection[Sequence[Value]]
