from collections.abc import Sequence

import pytest

from generation.direct_answer import MAX_CHARACTERS, direct_answer
from generation.reader import Text
from retrieval.types import Hit
from tests.fakes_generation import MarkingReader, passage

DANUBE = passage("The Danube passes through ten countries. It ends in the Black Sea.", start=40, number=1)
RHINE = passage("The Rhine flows into the North Sea near Rotterdam.", start=400, number=2, heading="Rivers")
QUESTION = "Where does the Rhine end?"


def test_the_span_is_the_answer_and_the_sentence_around_it_the_citation() -> None:
    found = direct_answer(MarkingReader({"North Sea": 0.9, "ten": 0.2}), QUESTION, [DANUBE, RHINE])
    assert found is not None
    assert (found.text, found.chance) == ("North Sea", 0.9)
    assert (found.citation.n, found.citation.quote, found.citation.start) == (2, RHINE.chunk.text, 400)


def test_a_span_over_two_sentences_cites_both() -> None:
    found = direct_answer(MarkingReader({"countries. It ends": 0.9}), QUESTION, [RHINE, DANUBE])
    assert found is not None
    assert found.citation.quote == DANUBE.chunk.text
    assert found.citation.start == 40


def test_of_two_passages_alike_the_one_that_search_put_first_answers() -> None:
    reader = MarkingReader({"Black Sea": 0.7, "North Sea": 0.71})
    for passages, expected in (([DANUBE, RHINE], "Black Sea"), ([RHINE, DANUBE], "North Sea")):
        found = direct_answer(reader, QUESTION, passages)
        assert found is not None
        assert found.text == expected


def test_a_sentence_that_is_as_long_as_a_table_is_not_cited_whole() -> None:
    row = passage("cell " * MAX_CHARACTERS + "North Sea " + "cell " * 20)
    found = direct_answer(MarkingReader({"North Sea": 0.9}), QUESTION, [row])
    assert found is not None
    assert found.citation.quote == found.text == "North Sea"


def test_the_reader_is_told_what_a_passage_belongs_to() -> None:
    reader = MarkingReader({"North Sea": 0.9})
    direct_answer(reader, QUESTION, [RHINE, DANUBE])
    assert reader.asked == [Text("Rivers", RHINE.chunk.text), Text("Notes", DANUBE.chunk.text)]


@pytest.mark.parametrize("passages", [[], [passage("")]])
def test_passages_without_text_have_no_answer(passages: Sequence[Hit]) -> None:
    assert direct_answer(MarkingReader({}), QUESTION, passages) is None


def test_chances_of_nought_and_one_can_be_compared() -> None:
    found = direct_answer(MarkingReader({"Black Sea": 0.0, "North Sea": 1.0}), QUESTION, [DANUBE, RHINE])
    assert found is not None
    assert found.text == "North Sea"
