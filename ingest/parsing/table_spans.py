"""Repeats a table cell that spans rows in each of them, so that every row can be read by itself."""

# Column -> (rows still to fill, text) of the cells that reach into the rows below.
Pending = dict[int, tuple[int, str]]


def fill_from_above(row: list[str], pending: Pending) -> None:
    """Adds the cells that reach into this row from rows above, at the row's present end."""
    while len(row) in pending:
        rows_left, text = pending.pop(len(row))
        if rows_left > 1:
            pending[len(row)] = (rows_left - 1, text)
        row.append(text)
