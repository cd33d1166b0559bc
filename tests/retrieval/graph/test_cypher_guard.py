"""What the guard lets through, and what never."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hostile_cypher import HOSTILE
from retrieval.errors import InvalidRequest
from retrieval.graph.cypher_guard import MAX_CHARACTERS, checked

GOOD = [
    "MATCH (a:Entity)-[r:RELATED]->(b:Entity) WHERE r.relation = 'supplier' RETURN a.name, b.name",
    "MATCH (a:Entity {kind: 'person'}) RETURN a.name ORDER BY a.name SKIP 1 LIMIT 3",
    "MATCH (a:Entity)-[r:RELATED]->(b) RETURN b.name AS name, count(*) AS n ORDER BY n DESC LIMIT 3",
    "MATCH p = (a:Entity {key: 1})-[e:RELATED* ALL SHORTEST 1..6 (r, n | WHERE n.kind <> 'date')]-(b:Entity) RETURN p",
    "MATCH p=(a:Entity)-[:RELATED*1..3]-(b:Entity) RETURN [n IN nodes(p) | n.name] AS names",
    "MATCH (a:Entity)-[:RELATED|HAS]->(v) WITH a, count(*) AS n WHERE n > 3 RETURN a.name, n",
    "UNWIND ['a', 'b'] AS x MATCH (e:Entity {name: x}) RETURN e",
    "MATCH (e:Entity) OPTIONAL MATCH (e)-[:HAS]->(v:Value) RETURN e.name, v.value",
    "MATCH (e:Entity) WHERE e.kind IN ['person', 'place'] AND NOT (e)-[:HAS]->() RETURN e",
    "MATCH (e:Entity)-[h:HAS]->(v:Value) WHERE lower(h.name) CONTAINS 'create' RETURN v.number * 2 AS doubled",
    "match (e:Entity) where e.name starts with 'DROP TABLE' return case when e.kind = 'x' then 1 else 2 end as n",
    "MATCH (a)-->(b)<--(c) RETURN a.name, c.name",
    "MATCH (e:Entity) WHERE e.name = 'drop table Entity; delete' RETURN count(DISTINCT e.kind) AS kinds",
    "MATCH (人:Entity) RETURN 人.name",
]


@pytest.mark.parametrize("statement", GOOD)
def test_statements_that_only_read_pass(statement: str) -> None:
    assert checked(statement, 20).cypher == statement


def test_no_hostile_statement_passes() -> None:
    assert len(set(HOSTILE)) >= 150
    for statement in HOSTILE:
        with pytest.raises(InvalidRequest):
            checked(statement, 20)


@given(st.sampled_from(GOOD), st.sampled_from(HOSTILE), st.sampled_from([" ", "\n", "; ", " UNION ", " WITH * "]))
def test_a_hostile_statement_is_not_saved_by_a_good_one_before_it(good: str, hostile: str, between: str) -> None:
    writing = {"CREATE", "SET", "DELETE", "MERGE", "COPY", "LOAD", "CALL", "DROP", "ALTER", "ATTACH", "INSTALL"}
    if any(word.strip("(){}=;") in writing for word in hostile.upper().split()):
        with pytest.raises(InvalidRequest):
            checked(f"{good}{between}{hostile}", 20)


@given(st.text(max_size=200))
def test_any_text_is_checked_or_refused(text: str) -> None:
    statement = f"MATCH (e:Entity) {text} RETURN e"
    with suppress(InvalidRequest):
        assert checked(statement, 20).cypher == statement.strip()


def test_statements_that_are_too_long_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        checked("MATCH (e:Entity) RETURN e" + " " * MAX_CHARACTERS, 20)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("MATCH (e:Entity) WHERE e.name = '\ud800' RETURN e", "not valid text"),
        ("MATCH (e:Entity) WHERE e.name = '\x00' RETURN e", "not valid text"),
        ("MATCH (e:Entity) WHERE e.name = '\\' RETURN e", "backslash"),
        ("MATCH (e:Entity)", "returns nothing"),
        ("MATCH (e:Entity) RETURN e.key // 2", "cannot stand there"),
        ("MATCH (e:Entity) RETURN e.key /* 2 */ * 3", "cannot stand there"),
        ("MATCH (e:Entity) RETURN e.key + 12345678901234567890", "too many digits"),
    ],
)
def test_it_is_said_what_is_not_allowed(statement: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        checked(statement, 20)


def test_the_relations_of_a_pattern_can_be_asked_for() -> None:
    found = checked("MATCH (a:Entity)-[:RELATED]->(b)-[r:HAS]->(v) WHERE b.name = 'x' RETURN v.value LIMIT 1", 7)
    expected = "MATCH (a:Entity)-[_r0:RELATED]->(b)-[r:HAS]->(v) WHERE b.name = 'x' RETURN _r0, r LIMIT 7"
    assert found.provenance == expected
    assert checked(expected, 7).cypher == expected
    assert checked("MATCH (a:Entity)-[:RELATED]->(b) WITH a RETURN a.name", 7).provenance is None
