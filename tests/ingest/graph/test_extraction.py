"""What is read from the chunks of a document: names, relations, definitions, tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.graph.extraction import MAX_EDGES, document_graph
from retrieval.graph.types import MENTIONED_WITH, DocumentGraph
from retrieval.store.graph import GraphChunk


def read(*texts: str, document: str = "note.txt", headings: tuple[str, ...] = ()) -> DocumentGraph:
    return document_graph(document, [GraphChunk(key, headings, text) for key, text in enumerate(texts, start=1)])


def stated(found: DocumentGraph) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.relation, edge.target) for edge in found.edges if edge.relation != MENTIONED_WITH}


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("We met Annika Dell, the managing director of Fernhill Roasters.", ("annika dell", "managing director", "fernhill roasters")),
        ("Oslo is the capital of Norway and we like Oslo.", ("oslo", "capital", "norway")),
        ("The bridge was praised. The county archaeologist, Matthias Quarr, dates them.", ("matthias quarr", "county archaeologist", "note")),
        ("The works were led in part by Jonas Weatherby (Rook Heating Engineers) that day.", ("jonas weatherby", "of", "rook heating engineers")),
        ("In spring Gannet Civil Works was founded by Hetty Larkin.", ("gannet civil works", "founded by", "hetty larkin")),
        ("Prepared by Desmond Okafor.", ("desmond okafor", "prepared", "note")),
        ("Client: Eddlesford Borough Council. Designer: Okonjo Structures.", ("okonjo structures", "designer", "note")),
        ("意见请联系馆长沈砚秋，我们在5天内答复。", ("沈砚秋", "馆长", "note")),
        ("归口部门：人事部，负责人：陆清越。", ("陆清越", "负责人", "note")),
        ("《员工手册》是岚溪智能装备有限公司的规定。", ("员工手册", "规定", "岚溪智能装备")),
    ],
)  # fmt: skip
def test_relations_that_sentences_state(text: str, relation: tuple[str, str, str]) -> None:
    assert relation in stated(read("Once upon a time it was so, as people say.", text))


def test_several_people_share_a_role() -> None:
    found = stated(read("Plain words first.", "The auditors, Bertrand Oye and Kirsten Hale, found it in order."))
    assert {("bertrand oye", "auditor", "note"), ("kirsten hale", "auditor", "note")} <= found


def test_what_a_document_is_about_is_whose_role_it_is() -> None:
    found = stated(read("Alder Yard Co-operative: minutes\n\nChair: Nadia Fenwick"))
    assert ("nadia fenwick", "chair", "alder yard co-operative") in found


def test_names_that_only_open_a_sentence_are_none() -> None:
    found = read("Accidents happen. Would you come? I'd rather not. Properly paid, it works.\n- Canteen: a meal")
    assert found.mentions == []


def test_names_have_kinds() -> None:
    text = (
        "We saw Dr Anselm Reyes, the River Eddle, Tanner Street, the Works Council, ISO 9001 and Frances Denholm on "
        "14 November 1959; they read 《出国人员补助表》."
    )
    kinds = {mention.normal: mention.kind for mention in read(text).mentions}
    assert kinds["anselm reyes"] == "person"
    assert kinds["frances denholm"] == "person"
    assert kinds["river eddle"] == "place"
    assert kinds["tanner street"] == "place"
    assert kinds["works council"] == "organisation"
    assert kinds["14 november 1959"] == "date"
    assert kinds["出国人员补助表"] == "document"


def test_short_names_and_acronyms_are_the_full_name_of_their_document() -> None:
    found = read(
        "Today the Active Routes Fund (ARF) pays. We asked Miss Denholm and Frances Denholm.",
        "Later the ARF paid again.",
    )
    names = {(mention.normal, mention.name, mention.chunk_key) for mention in found.mentions}
    assert ("active routes fund", "ARF", 2) in names
    assert ("frances denholm", "Miss Denholm", 1) in names


def test_a_surname_of_two_people_is_neither() -> None:
    found = read("We met Edwin Tarrow and Agnes Tarrow. Then Tarrow spoke, and so did Mr Tarrow.")
    assert {"edwin tarrow", "agnes tarrow", "tarrow"} <= {mention.normal for mention in found.mentions}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('It is so: "child-rich" means three children or more.', ("child-rich", "means", "three children or more")),
        ("本办法所称“加班”是指工作日以外的工作。", ("加班", "means", "工作日以外的工作")),
    ],
)
def test_terms_have_their_definitions(text: str, value: tuple[str, str, str]) -> None:
    assert value in {(item.normal, item.name, item.value) for item in read(text).values}


TABLE = "Item | Supplier | Quantity | Status\nBrake disc | Giunta Freni | 8 | reorder\nTruing stand | Plumb Line | 1,207 | ok"


def test_rows_of_tables_become_relations_and_values_with_their_place() -> None:
    found = read(TABLE)
    assert ("brake disc", "supplier", "giunta freni") in stated(found)
    edge = next(edge for edge in found.edges if edge.source == "truing stand")
    assert TABLE[edge.place.start : edge.place.end] == "Truing stand | Plumb Line | 1,207 | ok"
    values = {(item.normal, item.name): (item.value, item.number) for item in found.values}
    assert values["truing stand", "quantity"] == ("1,207", 1207.0)
    assert values["brake disc", "status"] == ("reorder", None)
    assert ("giunta freni", "is a") in values


def test_a_table_goes_on_in_the_next_chunk_under_its_header() -> None:
    header, *rows = TABLE.split("\n")
    chunks = [GraphChunk(1, (), f"{header}\n{rows[0]}"), GraphChunk(2, (header,), rows[1])]
    found = document_graph("stock.csv", chunks)
    assert ("truing stand", "supplier", "plumb line", 2) in {
        (edge.source, edge.relation, edge.target, edge.place.chunk_key) for edge in found.edges
    }


def test_every_end_of_a_relation_is_mentioned_in_its_chunk() -> None:
    found = read(
        TABLE, "Chair: Nadia Fenwick, of Alder Yard Co-operative. Action: Ivo Brandt.", "Ivo | Nadia\nA1 | Ivo"
    )
    named = {(mention.normal, mention.chunk_key) for mention in found.mentions}
    for edge in found.edges:
        assert {(edge.source, edge.place.chunk_key), (edge.target, edge.place.chunk_key)} <= named
    assert {(item.normal, item.place.chunk_key) for item in found.values} <= named


def test_a_chunk_gives_no_more_than_its_bound() -> None:
    text = "\n\n".join(f"We met Anna{n}a Smith{n}a and Bert{n}b Jones{n}b in Oslo." for n in range(300))
    assert len(read(text).edges) <= MAX_EDGES


@given(
    st.lists(st.text(alphabet=st.sampled_from("AbC dé。，：的是馆长沈\n|.,:\"'()-12 “”《》"), max_size=200), max_size=4)
)
def test_any_text_can_be_read(texts: list[str]) -> None:
    found = read(*texts, document="|")
    for edge in found.edges:
        assert 0 <= edge.place.start < edge.place.end <= len(texts[edge.place.chunk_key - 1])
        assert edge.source != edge.target
