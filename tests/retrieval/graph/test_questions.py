"""Questions to a graph: what is answered, from where, and what is refused."""

import pytest

from retrieval.errors import InvalidRequest, NotFound, TooLarge
from retrieval.graph.engine import CypherLimits
from retrieval.graph.questions import GraphQuestion, GraphQuestions
from retrieval.graph.source import GraphSource
from tests.retrieval.graph.graphs import Graph, graph

__all__ = ["graph"]


def test_questions_are_answered_with_the_places_that_say_so(graph: Graph) -> None:
    for question, expected in {
        "Who is the chair of Alder Yard Co-operative?": [["Nadia Fenwick", "chair"]],
        "Which items are supplied by Plumb Line?": [["Rim tape"], ["Truing stand"]],
        "How many items are supplied by Plumb Line?": [[2]],
        "What is the quantity of the Brake disc?": [["8", "quantity"]],
        "Who is the contact of the supplier of the Truing stand?": [["Oskar Nyman", "Plumb Line"]],
        "Which documents mention Oskar Nyman?": [["minutes.txt"], ["suppliers.txt"]],
        "List all suppliers": [["Giunta Freni"], ["Plumb Line"]],
        "Giunta Freni的contact是谁？": [["Ilaria Giunta", "contact"]],
    }.items():
        answer = graph.ask(question)
        assert answer.result is not None, question
        assert [list(row) for row in answer.result.rows] == expected, question
        assert answer.provenance, question
        for place in answer.provenance:
            assert place.quote == place.chunk.text[place.start : place.end] != ""


def test_the_place_of_a_relation_is_the_row_or_the_sentence_that_states_it(graph: Graph) -> None:
    answer = graph.ask("What is the quantity of the Brake disc?")
    assert [(place.chunk.document, place.quote) for place in answer.provenance] == [
        ("stock.txt", "Brake disc | Giunta Freni | 8")
    ]


def test_a_path_leads_over_several_documents(graph: Graph) -> None:
    answer = graph.ask("How are the Truing stand and Nadia Fenwick connected?")
    assert answer.result is not None
    names = [node["name"] for node in answer.result.rows[0][0]["nodes"]]
    assert names == ["Truing stand", "Plumb Line", "Oskar Nyman", "Nadia Fenwick"]
    assert {place.chunk.document for place in answer.provenance} == {"stock.txt", "suppliers.txt", "minutes.txt"}


def test_a_misspelt_name_is_repaired_and_said_to_be(graph: Graph) -> None:
    answer = graph.ask("Who is the contact at Giunta Frenni?")
    assert answer.result is not None
    assert answer.result.rows[0][0] == "Ilaria Giunta"
    assert answer.trace.recorded("construct", "linked")["entities"] == [
        {"text": "Giunta Frenni", "name": "Giunta Freni", "repaired": True}
    ]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Why does it rain?", "no template"),
        ("Who is the contact at Acme Corporation?", "nothing linked"),
        ("Who is the wife of Oskar Nyman?", "nothing linked"),
        ("Who is the chair of Plumb Line?", "no rows"),
        ("How are Napoleon and Plumb Line connected?", "nothing linked"),
        ("x" * 5_000, "no template"),
    ],
)
def test_a_question_that_the_graph_does_not_answer_is_refused(graph: Graph, question: str, reason: str) -> None:
    answer = graph.ask(question)
    assert (answer.reason, answer.provenance) == (reason, ())


def test_a_statement_gives_rows_and_places(graph: Graph) -> None:
    answer = graph.run(
        "MATCH (a:Entity)-[:RELATED]->(b:Entity) WHERE b.name = 'Plumb Line' RETURN a.name ORDER BY a.name LIMIT 1"
    )
    assert answer.result is not None
    assert answer.result.rows == (("Rim tape",),)
    assert {place.chunk.document for place in answer.provenance} == {"stock.txt"}


def test_what_the_guard_or_the_engine_refuses_is_an_invalid_request(graph: Graph) -> None:
    for cypher in ("CREATE (:Entity {key: 1})", "MATCH (e:Entity) RETURN e.name + 1 AS x, min(e)"):
        with pytest.raises(InvalidRequest) as refused:
            graph.run(cypher)
        assert refused.value.field == "cypher"


def test_a_statement_that_takes_too_long_is_stopped(graph: Graph) -> None:
    questions = GraphQuestions(graph.library.database, graph.projections, lambda: CypherLimits(seconds=0.2))
    graph.update()
    endless = "MATCH (a:Entity), (b:Entity), (c:Entity), (d:Entity), (e:Entity), (f:Entity), (g:Entity), (h:Entity) "
    spelt = " + ".join(f"{letter}.name" for letter in "abcdefgh")
    with pytest.raises(TooLarge):
        questions.ask(GraphQuestion("default", cypher=f"{endless} WHERE {spelt} = 'x' RETURN count(*)"))


def test_more_rows_than_allowed_are_cut(graph: Graph) -> None:
    questions = GraphQuestions(graph.library.database, graph.projections, lambda: CypherLimits(rows=2))
    graph.update()
    result = questions.ask(GraphQuestion("default", cypher="MATCH (e:Entity) RETURN e.name")).result
    assert result is not None
    assert (len(result.rows), result.cut) == (2, True)


def test_a_collection_that_is_not_there_is_not_found(graph: Graph) -> None:
    with pytest.raises(NotFound):
        graph.questions.ask(GraphQuestion("nowhere", "Who is the chair of Plumb Line?"))


def test_as_a_source_it_gives_chunks_each_once(graph: Graph) -> None:
    graph.update()
    source = GraphSource(graph.questions)
    found = source.find("Which items are supplied by Plumb Line?", "default", 5)
    assert [hit.chunk.document for hit in found.hits] == ["stock.txt"]
    assert found.hits[0].why["graph_rank"] == 1
    assert found.statement is not None
    assert found.details["rows"] == [["Rim tape"], ["Truing stand"]]
    nothing = source.find("Why does it rain?", "default", 5)
    assert (list(nothing.hits), nothing.statement, nothing.details["reason"]) == ([], None, "no template")
