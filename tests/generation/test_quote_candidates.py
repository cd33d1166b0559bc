from collections.abc import Sequence

import pytest

from generation.quote_candidates import MAX_CHARACTERS, UNREAD, Gathered, gather, under_headings
from generation.reader import Text
from retrieval.types import Hit
from tests.fakes import HashEmbedder
from tests.fakes_generation import MarkingReader, passage

DANUBE = passage("The Danube passes through ten countries. It ends in the Black Sea.", start=40, number=1)
RHINE = passage("The Rhine flows into the North Sea near Rotterdam.", start=400, number=2, heading="Rivers")
QUESTION = "Where does the Rhine end?"


def gathered(*passages: Hit, marked: float = 0.9) -> Gathered:
    return gather(HashEmbedder(), MarkingReader({"Black Sea": marked}), QUESTION, passages, 0.5)


def test_every_sentence_stands_at_its_place_in_its_passage() -> None:
    found = gathered(RHINE, DANUBE)
    assert [(one.passage, one.position) for one in found.sentences] == [(0, 0), (1, 0), (1, 1)]
    for one in found.sentences:
        assert (RHINE, DANUBE)[one.passage].chunk.text[one.start : one.end] == one.text


def test_what_the_reader_marks_belongs_to_the_sentence_that_holds_it_alone() -> None:
    found = gathered(RHINE, DANUBE)
    assert [one.margin for one in found.sentences] == [UNREAD, UNREAD, 1.0]
    assert [one.span for one in found.sentences[:2]] == [None, None]
    assert found.sentences[2].span is not None
    assert found.sentences[2].text[slice(*found.sentences[2].span)] == "Black Sea"
    assert list(found.chances) == [0.0, 0.9]


def test_the_reader_is_told_what_a_passage_belongs_to_and_where_its_sentences_are() -> None:
    reader = MarkingReader({})
    gather(HashEmbedder(), reader, QUESTION, [RHINE, DANUBE], 0.5)
    second = DANUBE.chunk.text.index("It ends")
    assert reader.asked == [
        Text("Rivers", RHINE.chunk.text, [(0, len(RHINE.chunk.text))]),
        Text("Notes", DANUBE.chunk.text, [(0, second - 1), (second, len(DANUBE.chunk.text))]),
    ]


def test_a_row_is_embedded_below_the_names_of_the_columns_of_its_own_table() -> None:
    text = "Part | Shelf\nHub | B04\n\nWho to ask:\n\nName | Town\nAnn | Kassel"
    whole = passage(text, document="Stock")
    row = text.index("Ann")
    assert under_headings(whole, row, len(text)) == "Stock\nName | Town\nAnn | Kassel"
    assert under_headings(whole, 0, 12) == "Stock\nPart | Shelf"
    later = passage("Ann | Kassel", document="Stock", heading="Name | Town")
    assert under_headings(later, 0, 12) == "Stock > Name | Town\nAnn | Kassel"


def test_rare_terms_of_the_question_count_for_more() -> None:
    found = gathered(RHINE, DANUBE)
    assert found.covered(frozenset()) == 0
    assert found.covered(found.asked) == pytest.approx(1)
    assert found.covered(frozenset(["rhine"])) < found.covered(found.asked)


def test_neighbours_end_with_the_passage() -> None:
    found = gathered(RHINE, DANUBE)
    assert found.neighbour(1, 1) == found.sentences[2].terms
    assert found.neighbour(2, -1) == found.sentences[1].terms
    assert found.neighbour(1, -1) == found.neighbour(2, 1) == found.neighbour(0, -1) == frozenset()


def test_crumbs_and_whole_tables_cannot_be_quoted() -> None:
    texts = ["Page 1", "cell " * MAX_CHARACTERS, "Lunch is at noon."]
    found = gathered(*(passage(text, number=number) for number, text in enumerate(texts)))
    assert [one.quotable for one in found.sentences] == [False, False, True]


@pytest.mark.parametrize("passages", [[], [passage("")]])
def test_passages_without_text_hold_nothing(passages: Sequence[Hit]) -> None:
    assert not gathered(*passages).sentences
