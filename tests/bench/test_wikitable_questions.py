import pytest

from bench.wikitable_questions import CellQuestion, TableChunk, holding, made_of

HEADER = "Station | District | Docks | Opened"
FIRST = TableChunk(
    "t#0", "", f"{HEADER}\nStadium West | Southmead | 30 | 2019\nObservatory Hill | Northfield | 12 | 2021"
)
LATER = TableChunk("t#90", HEADER, "Cinder Lock | Riverside | 18 | 2019\nMill Bridge | Old Town | 24 | 2022")


def found(text: str, answer: str) -> TableChunk | None:
    return holding([FIRST, LATER], CellQuestion("q", text, answer))


def test_a_question_is_kept_with_the_chunk_whose_row_answers_it() -> None:
    assert found("in which district is observatory hill?", "Northfield") is FIRST
    assert found("how was the bridge that opened in 2022 called?", "Mill Bridge") is LATER


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("when did cinder lock open?", "2019"),  # two rows have such a cell
        ("in which district is it?", "Northfield"),  # nothing says which row
        ("which station is next after cinder lock?", "Mill Bridge"),
        ("how many stations are there in old town?", "24"),
        ("in which district is observatory hill?", "Southend"),
    ],
)
def test_a_question_that_no_single_row_answers_is_left_out(text: str, answer: str) -> None:
    assert found(text, answer) is None


@pytest.mark.parametrize("number", range(12))
def test_a_made_question_names_a_row_or_a_cell_of_it_and_asks_for_another_cell(number: int) -> None:
    chunk = TableChunk(f"t#{number}", HEADER, LATER.text)
    rows = [row.split(" | ") for row in LATER.text.split("\n")]
    for question in made_of(chunk):
        (row,) = [row for row in rows if question.answer in row]
        assert any(cell in question.text for cell in row if cell != question.answer)
        assert chunk.text.count(question.answer) == 1
    assert list(made_of(chunk)) == list(made_of(chunk))


def test_questions_are_made_of_most_tables_and_of_none_whose_rows_have_no_names() -> None:
    assert sum(len(list(made_of(TableChunk(f"t#{number}", HEADER, LATER.text)))) for number in range(20)) > 10
    assert not list(made_of(TableChunk("n#0", "", "A | B\n1 | 2\n3 | 4")))
    assert not list(made_of(TableChunk("p#0", "", "A paragraph, and no table.")))
