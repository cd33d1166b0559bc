"""Metadata filters: a JSON tree becomes a condition on documents, before anything is ranked.

    {"year": 2024}                                    equals
    {"year": {"gte": 2020, "lt": 2024}}               eq ne gt gte lt lte in contains exists, all must hold
    {"and": [...]}, {"or": [...]}, {"not": {...}}      combine
Fields are metadata fields; `document_id`, `name` and `media_type` speak of the document itself. A document without a
field satisfies only `ne`, `not` and `{"exists": false}`.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select

from retrieval.errors import InvalidRequest
from retrieval.store.schema import documents, metadata_values, revisions
from retrieval.types import Json

MAX_DEPTH = 8
MAX_CONDITIONS = 100
# Whole numbers up to here are exact as floats; NaN and infinities are not below it.
MAX_NUMBER = 2**53
_COMBINERS: dict[str, Callable[..., ColumnElement[bool]]] = {"and": and_, "or": or_}
_OWN_FIELDS = {"document_id": documents.c.id, "name": documents.c.name, "media_type": revisions.c.media_type}

Comparison = Callable[[ColumnElement[Json], Json], ColumnElement[bool]]
COMPARISONS: dict[str, Comparison] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column == value,  # negated over the whole document, below
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "in": lambda column, value: column.in_(value),
    "contains": lambda column, value: column.contains(value, autoescape=True),
    "exists": lambda column, value: column.is_not(None),
}


def matching_revisions(connection: Connection, collection: str, tree: Mapping[str, Json]) -> Sequence[int]:
    """Keys of the visible revisions whose document satisfies the filter; raises `InvalidRequest`."""
    statement = (
        select(documents.c.active_revision)
        .join(revisions, revisions.c.key == documents.c.active_revision)
        .where(documents.c.collection == collection, condition(tree))
    )
    return [key for key in connection.scalars(statement) if key is not None]


def failing(connection: Connection, document_id: str, tree: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    """The parts of the filter that the visible document does not satisfy, each a filter of its own; of `and` its parts.

    Raises `InvalidRequest`.
    """
    return [part for part in _conjuncts(tree) if not _satisfies(connection, document_id, part)]


def _conjuncts(tree: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    """Filters that hold together exactly where this one does."""
    condition(tree)  # what is taken apart below has been found sound
    parts: list[Mapping[str, Json]] = []
    for name, value in tree.items():
        parts += [inner for item in value for inner in _conjuncts(item)] if name == "and" else [{name: value}]
    return parts


def _satisfies(connection: Connection, document_id: str, tree: Mapping[str, Json]) -> bool:
    statement = (
        select(documents.c.key)
        .join(revisions, revisions.c.key == documents.c.active_revision)
        .where(documents.c.id == document_id, condition(tree))
    )
    return connection.scalar(statement) is not None


def condition(tree: Json) -> ColumnElement[bool]:
    """The filter as a condition on `documents` joined with `revisions`; raises `InvalidRequest`."""
    if _size(tree) > MAX_CONDITIONS:
        raise InvalidRequest(f"A filter has at most {MAX_CONDITIONS} conditions.", field="filter")
    return _condition(tree, 0)


def _condition(tree: Json, depth: int) -> ColumnElement[bool]:
    if not isinstance(tree, Mapping) or not tree:
        raise InvalidRequest('A filter is an object such as {"year": {"gte": 2020}} or {"and": [...]}.', field="filter")
    if depth > MAX_DEPTH:
        raise InvalidRequest(f"A filter is at most {MAX_DEPTH} levels deep.", field="filter")
    return and_(*(_entry(name, value, depth) for name, value in tree.items()))


def _entry(name: str, value: Json, depth: int) -> ColumnElement[bool]:
    if name in _COMBINERS:
        if not isinstance(value, list) or not value:
            raise InvalidRequest(f'"{name}" takes a list of filters.', field="filter")
        return _COMBINERS[name](*(_condition(item, depth + 1) for item in value))
    if name == "not":
        return not_(_condition(value, depth + 1))
    comparisons = value if isinstance(value, Mapping) else {"eq": value}
    unknown = sorted(set(comparisons) - set(COMPARISONS))
    if unknown or not comparisons:
        raise InvalidRequest(
            f"Unknown comparison {', '.join(unknown) or '(none)'} for field '{name}'.",
            field="filter",
            allowed=sorted(COMPARISONS),
        )
    return and_(*(_comparison(name, operator, operand) for operator, operand in comparisons.items()))


def _comparison(name: str, operator: str, operand: Json) -> ColumnElement[bool]:
    numbers = _check_operand(name, operator, operand)
    if name in _OWN_FIELDS:
        if numbers:
            raise InvalidRequest(f"'{name}' is text; compare it with text.", field="filter")
        found = COMPARISONS[operator](_OWN_FIELDS[name], operand)
    else:
        column = metadata_values.c.number_value if numbers else metadata_values.c.text_value
        test = COMPARISONS[operator](column, operand) if operator != "exists" else metadata_values.c.key.is_not(None)
        found = exists().where(metadata_values.c.document_key == documents.c.key, metadata_values.c.field == name, test)
    return not_(found) if operator == "ne" or (operator == "exists" and operand is False) else found


def _check_operand(name: str, operator: str, operand: Json) -> bool:
    """Whether the operand is numeric; raises `InvalidRequest` if the comparison cannot take it."""
    if operator == "exists" and not isinstance(operand, bool):
        raise InvalidRequest(f"\"exists\" of field '{name}' takes true or false.", field="filter")
    if operator == "contains" and not isinstance(operand, str):
        raise InvalidRequest(f"\"contains\" of field '{name}' takes text.", field="filter")
    values = operand if operator == "in" else [operand]
    if not isinstance(values, list) or not values:
        raise InvalidRequest(f"\"in\" of field '{name}' takes a list of values.", field="filter")
    kinds = {isinstance(item, bool | int | float) for item in values}
    if len(kinds) != 1 or not all(map(is_plain, [name, *values])):
        raise InvalidRequest(f"Field {name[:100]!a} is compared with text or with finite numbers.", field="filter")
    return kinds.pop() and operator != "exists"


def is_plain(value: Json) -> bool:
    """Whether the value is valid Unicode text, a boolean, or a number that a database and JSON can both hold."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, bool | int | float) and abs(value) < MAX_NUMBER


def _size(tree: Json) -> int:
    """Leaves of a JSON value, counted without recursion: depth is checked only afterwards."""
    todo, count = [tree], 0
    while todo:
        item = todo.pop()
        children = list(item.values()) if isinstance(item, Mapping) else item if isinstance(item, list) else None
        count += children is None
        todo += children or []
    return count
