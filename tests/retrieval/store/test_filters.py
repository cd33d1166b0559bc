"""Metadata filters: what they match, and what they say about bad input."""

from typing import Any

import pytest

from retrieval.errors import InvalidRequest
from retrieval.store import documents, filters
from tests.fakes import Library


@pytest.fixture
def shelf(library: Library) -> Library:
    library.add("a", name="a.txt", year=2020, author="Ann", tags=["red", "blue"], draft=True)
    library.add("b", name="b.txt", year=2021, author="Bob", tags=["blue"])
    library.add("c", name="c.md", year=2022, author="Ann")
    library.add("d", name="d.txt")
    return library


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"year": 2021}, "b"),
        ({"year": {"gte": 2021}}, "bc"),
        ({"year": {"gt": 2020, "lt": 2022}}, "b"),
        ({"author": "Ann", "year": {"lte": 2020}}, "a"),
        ({"author": {"ne": "Ann"}}, "bd"),
        ({"author": {"in": ["Bob", "Cem"]}}, "b"),
        ({"author": {"contains": "n"}}, "ac"),
        ({"tags": "blue"}, "ab"),
        ({"tags": {"ne": "red"}}, "bcd"),
        ({"draft": True}, "a"),
        ({"year": {"exists": False}}, "d"),
        ({"year": {"exists": True}}, "abc"),
        ({"or": [{"year": 2020}, {"name": {"contains": ".md"}}]}, "ac"),
        ({"not": {"author": "Ann"}}, "bd"),
        ({"and": [{"author": "Ann"}, {"not": {"year": 2022}}]}, "a"),
        ({"author": {"contains": "%"}}, ""),
        ({"author": "' OR 1=1 --"}, ""),
        ({"year": "2020"}, ""),
    ],
)
def test_a_filter_matches(shelf: Library, tree: Any, expected: str) -> None:
    with shelf.database.read() as connection:
        keys = filters.matching_revisions(connection, "default", tree)
        names = {document.active_revision: document.name for document in _all(shelf)}
    assert "".join(sorted(names[key][0] for key in keys)) == expected


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        "year",
        {"year": {}},
        {"year": {"above": 3}},
        {"year": None},
        {"year": {"in": []}},
        {"year": {"in": [1, "a"]}},
        {"year": {"in": 3}},
        {"year": {"gt": [1]}},
        {"year": {"exists": 1.5}},
        {"author": {"contains": 3}},
        {"name": 3},
        {"and": []},
        {"or": {"year": 1}},
        {"not": 3},
        {"year": float("nan")},
        {"year": 10**400},
        {"author": "\ud800"},
        {"\ud800": 1},
        {"or": [{"year": 1}] * (filters.MAX_CONDITIONS + 1)},
    ],
)
def test_a_bad_filter_is_refused_in_words(tree: Any) -> None:
    with pytest.raises(InvalidRequest):
        filters.condition(tree)


def test_a_filter_of_any_depth_is_refused_before_it_can_exhaust_the_stack() -> None:
    tree: Any = {"year": 1}
    for _ in range(50_000):
        tree = {"not": tree}
    with pytest.raises(InvalidRequest, match="deep"):
        filters.condition(tree)


def test_an_unknown_comparison_lists_the_known_ones() -> None:
    with pytest.raises(InvalidRequest) as caught:
        filters.condition({"year": {"above": 3}})
    assert set(caught.value.allowed) == set(filters.COMPARISONS)


def _all(library: Library) -> Any:
    with library.database.read() as connection:
        return documents.list_page(connection, None, None, 100, None)
