import pytest

from generation.quote_candidates import Gathered, gather
from generation.quote_features import FEATURES, matrix
from retrieval.types import Hit
from tests.fakes import HashEmbedder
from tests.fakes_generation import MarkingReader, passage

MILL = passage("The Harlow mill is old. It opened in 1889. Who closed it? Margaret Doyle closed the Harlow mill.")
INN = passage("The inn serves supper until nine.", number=2)


def gathered(question: str, *passages: Hit) -> Gathered:
    return gather(HashEmbedder(), MarkingReader({"1889": 0.9}), question, passages or (MILL, INN), 0.4)


def values(name: str, question: str) -> list[float]:
    found = gathered(question)
    return [FEATURES[name](found, place) for place in range(len(found.sentences))]


@pytest.mark.parametrize(
    ("name", "question", "best"),
    [
        ("held", "Who closed the Harlow mill?", 3),
        ("held_before", "Is the Harlow mill old?", 1),
        ("margin", "When did it open?", 1),
        ("date_wanted", "When did the mill open?", 1),
        ("number_wanted", "How old is the inn?", 1),
        ("person_wanted", "Who was it?", 3),
        ("is_question", "Who was it?", 2),
        ("new_terms", "How old is the Harlow mill?", 4),
    ],
)
def test_a_feature_is_highest_where_it_should_be(name: str, question: str, best: int) -> None:
    found = values(name, question)
    assert found[best] == max(found)
    assert min(found) < found[best]


@pytest.mark.parametrize("name", ["cosine_behind", "margin_behind", "margin_behind_in_passage", "answerable_behind"])
def test_the_best_is_behind_nobody(name: str) -> None:
    found = values(name, "When did the Harlow mill open?")
    assert min(found) == 0
    assert max(found) > 0


def test_nothing_is_wanted_where_nothing_is_asked_for() -> None:
    for name in ("number_wanted", "date_wanted", "person_wanted", "place_wanted"):
        assert values(name, "Tell me of the mill.") == [0.0] * 5


def test_chinese_questions_ask_for_numbers_and_dates_too() -> None:
    found = gathered("磨坊有多少人？", passage("磨坊在1889年开业。它有二百四十人。"))
    assert [FEATURES["number_wanted"](found, place) for place in range(2)] == [1, 1]
    assert FEATURES["is_chinese"](found, 0) == 1


def test_a_row_holds_the_names_of_its_columns_too_wherever_its_table_begins() -> None:
    table = "River | Length in km | Mouth"
    rows = "Rhine | 1,230 | North Sea\nDanube | 2,850 | Black Sea"
    whole, later = passage(f"Of rivers.\n\n{table}\n{rows}"), passage(rows, heading=table)
    for place, hit in ((2, whole), (0, later)):
        found = gathered("How long is the length of the Rhine?", hit)
        assert found.sentences[place].text.startswith("Rhine")
        assert FEATURES["held_with_columns"](found, place) > FEATURES["held"](found, place)
        assert FEATURES["held_with_columns"](found, place) > FEATURES["held_with_columns"](found, place + 1)
    prose = gathered("How long is the length of the Rhine?", whole)
    assert FEATURES["held_with_columns"](prose, 0) == FEATURES["held_with_headings"](prose, 0)


def test_the_matrix_has_a_row_a_sentence_and_a_column_a_feature() -> None:
    found = gathered("When did the Harlow mill open?")
    assert matrix(found, [0, 2], ["cosine", "margin"]).shape == (2, 2)
