"""A table of orders in a document, as ingest would have stored it."""

from collections.abc import Sequence

from retrieval.store import tables
from retrieval.store.tables import NewTable
from retrieval.types import Json
from tests.fakes import Library

COLUMNS = (
    {"name": "order_id", "header": "Order", "type": "text", "unit": None, "examples": []},
    {"name": "customer", "header": "Customer", "type": "text", "unit": None, "examples": []},
    {"name": "country", "header": "Country", "type": "text", "unit": None, "examples": []},
    {"name": "order_date", "header": "Order date", "type": "date", "unit": None, "examples": []},
    {"name": "quantity", "header": "Quantity", "type": "integer", "unit": None, "examples": []},
    {"name": "total_eur", "header": "Total EUR", "type": "real", "unit": "EUR", "examples": []},
)
ROWS: Sequence[Sequence[Json]] = (
    ("A1", "Blattwerk", "Germany", "2025-04-02", 3, 30.0),
    ("A2", "Kontor Nord", "Norway", "2025-04-20", 10, 250.5),
    ("A3", "Blattwerk", "Germany", "2025-05-05", 1, 9.5),
    ("A4", "Quire & Co", "UK", "2025-05-30", 7, 70.0),
    ("A5", "Studio Hvid", "Denmark", "2025-06-11", None, 0.0),
)


def add_orders(library: Library, name: str = "orders.csv", table: str = "orders") -> str:
    """Adds a document with the table; gives its id."""
    document = library.add(f"The orders of {name}.", name=name)
    with library.database.write() as connection:
        assert document.active_revision is not None
        keys = tables.replace(connection, document.active_revision, [NewTable(table, "Orders", COLUMNS, ROWS)])
        tables.add_rows(connection, [(keys[0], ordinal, row) for ordinal, row in enumerate(ROWS)])
    return document.id
