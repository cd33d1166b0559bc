"""The filter of a search with what its question asks of metadata, relaxed until documents are left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from retrieval.construction.metadata_filter import Tree, combined, conditions, field_facts, relaxations
from retrieval.store import collections, filters
from retrieval.types import Json, SearchRequest

# Distinct values of a field that a question may name, the most frequent first.
_VALUES = 500


@dataclass(frozen=True, slots=True)
class ConstructedFilter:
    """A filter, and which conditions of the question are in it."""

    tree: Tree | None
    kept: Sequence[Json]  # {"words", "condition"}
    dropped: Sequence[Json]  # the same, of those that would have left no document


def filter_from_question(
    connection: Connection, collection: str, question: str, given: Mapping[str, Json] | None, today: date
) -> ConstructedFilter:
    """The given filter and the question's conditions together, as many of them as leave a document.

    What is given is never relaxed. Numbers are given up first, then times, then values. Raises `InvalidRequest` for a
    given filter that is none.
    """
    facts = [
        field_facts(field.name, field.type, field.examples)
        for field in collections.metadata_fields(connection, collection, _VALUES)
    ]
    made = conditions(question, facts, today)
    tree, kept = given, made
    for kept in relaxations(made):
        tree = _joined(given, combined(kept))
        if not kept or filters.matching_revisions(connection, collection, tree or {}):
            break
    shown = [{"words": item.words, "condition": dict(item.tree)} for item in made]
    return ConstructedFilter(tree, shown[: len(kept)], shown[len(kept) :])


def with_filter_of_question(connection: Connection, request: SearchRequest, today: date) -> SearchRequest:
    """The search with its question's conditions written into its filter, where it asks for that."""
    if not request.construct_filter:
        return request
    made = filter_from_question(connection, request.collection, request.query, request.filter, today)
    return replace(request, filter=made.tree, construct_filter=False)


def _joined(given: Tree | None, constructed: Tree | None) -> Tree | None:
    """Both filters, or the one there is."""
    if given is None or constructed is None:
        return constructed if given is None else given
    return {"and": [dict(given), dict(constructed)]}
