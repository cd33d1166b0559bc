import json
import random
from pathlib import Path

import pytest

from generation.reader_examples import Epochs, LabelledSet, ReaderExample, labelled, place_of, shortened
from retrieval.errors import InvalidRequest

PASSAGES = {
    "p1": ("Rhine", "The Rhine rises in 1900 glaciers of the Alps. It ends in the North Sea. Rotterdam lies there."),
    "p2": (
        "Danube",
        "The Danube begins in the Black Forest. It passes through ten countries and ends in the Black Sea.",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\nq2\tp2\t1\nq4\tp2\t0\n")
    corpus = [{"_id": key, "title": title, "text": text} for key, (title, text) in PASSAGES.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)) + "\n")
    queries = [
        {
            "_id": "q1",
            "text": "Where does the Rhine end?",
            "metadata": {"answers": ["the North Sea"], "split": "train"},
        },
        {"_id": "q2", "text": "How many countries does the Danube pass?", "metadata": {"answers": ["ten"]}},
        {
            "_id": "q3",
            "text": "Who owns the Rhine?",
            "metadata": {"answers": [], "answerable": False, "context_id": "p1", "split": "train"},
        },
        {"_id": "q4", "text": "Judged useless?", "metadata": {"answers": ["ten"]}},
        {
            "_id": "q5",
            "text": "Of another split?",
            "metadata": {"answers": [], "answerable": False, "context_id": "p1", "split": "dev"},
        },
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)) + "\n")
    return tmp_path


def test_a_split_has_the_questions_judged_in_it_and_those_written_for_it_without_an_answer(folder: Path) -> None:
    found = labelled(folder, "train")
    assert [(question.id, question.passage, list(question.answers)) for question in found.questions] == [
        ("q1", "p1", ["the North Sea"]),
        ("q2", "p2", ["ten"]),
        ("q3", "p1", []),
    ]
    assert found.passages == PASSAGES


def test_a_folder_without_the_set_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="BEIR"):
        labelled(tmp_path, "train")


def test_an_answer_is_found_where_the_question_s_words_are() -> None:
    passage = (
        "Ann was born in 1901 in Bern. " + "Much else happened to many others. " * 8 + "Bob moved to Rome in 1901."
    )
    start, end = place_of("1901", passage, "When did Bob move to Rome?") or (0, 0)
    assert (passage[start:end], start > 200) == ("1901", True)
    assert place_of("1901", passage, "When was Ann born in Bern?") == (16, 20)


@pytest.mark.parametrize(
    ("answer", "passage"), [("10", "In 2010 or 100."), ("art", "Parts of a cart."), ("Rome", "Paris.")]
)
def test_a_part_of_a_word_or_number_is_no_answer(answer: str, passage: str) -> None:
    assert place_of(answer, passage, "?") is None


def test_an_answer_in_other_case_or_in_chinese_is_found() -> None:
    assert place_of("the north sea", "It ends in The North Sea.", "?") == (11, 24)
    assert place_of("1963年", "他于1963年被任为主教。", "什么时候？") == (2, 7)


@pytest.mark.parametrize("seed", range(30))
def test_a_shortened_passage_keeps_its_answer_in_place(seed: int) -> None:
    sentences = [f"Sentence number {place} speaks of thing {place} and of little else besides." for place in range(25)]
    passage = " ".join(sentences)
    place = place_of("thing 17", passage, "?")
    assert place is not None
    example = shortened(ReaderExample("?", "", passage, place), 0.7, random.Random(seed))
    assert example.answer is not None
    assert example.passage[slice(*example.answer)] == "thing 17"
    assert len(example.passage) < len(passage)


def test_rows_that_are_left_of_a_table_keep_the_names_of_its_columns_in_the_title() -> None:
    passage = "\n".join(["Part | Shelf", *(f"spare part of kind {number} | B{number:02}" for number in range(60))])
    place = place_of("B40", passage, "?")
    assert place is not None
    for title, read_under in (("Stores", "Part | Shelf > Stores"), ("", "Part | Shelf")):
        example = shortened(ReaderExample("?", title, passage, place), 1.0, random.Random(1))
        assert example.answer is not None
        assert example.passage[slice(*example.answer)] == "B40"
        assert not example.passage.startswith("Part | Shelf")
        assert example.title == read_under


def test_an_epoch_takes_the_share_of_a_set_that_it_is_told(folder: Path) -> None:
    sets = {"squad": labelled(folder, "train")}

    def asked(share: float) -> float:
        return sum(len(Epochs(sets, 1, {"squad": share}).epoch(number)) for number in range(200))

    assert 0.15 < asked(0.25) / asked(1.0) < 0.35


def test_an_epoch_is_the_same_for_its_seed_and_number_and_another_for_others(folder: Path) -> None:
    sets = {"squad": labelled(folder, "train")}
    assert Epochs(sets, 1).epoch(3) == Epochs(sets, 1).epoch(3)
    orders = {tuple(one.question for one in Epochs(sets, 1).epoch(number)) for number in range(12)}
    assert len(orders) > 1


def test_what_is_said_to_have_no_answer_lacks_it_or_asks_something_else(folder: Path) -> None:
    found = labelled(folder, "train")
    asked = {question.text: question for question in found.questions}
    epochs = Epochs({"squad": LabelledSet(found.passages, found.questions)}, 0)
    unanswerable = [one for number in range(80) for one in epochs.epoch(number) if one.answer is None]
    answered = [one for one in epochs.epoch(0) if one.answer is not None]
    assert {one.passage[slice(*one.answer)] for one in answered if one.answer} == {"the North Sea", "ten"}
    with_answers = [one for one in unanswerable if one.question in asked and asked[one.question].answers]
    assert with_answers
    for one in with_answers:
        assert not any(answer in one.passage for answer in asked[one.question].answers)
    assert any(one.question not in asked for one in unanswerable)


@pytest.mark.parametrize("seed", range(20))
def test_a_shortened_paragraph_of_one_line_keeps_its_title(seed: int) -> None:
    paragraph = " ".join(f"Sentence number {number} tells of the Rhine and of its many boats." for number in range(14))
    example = shortened(ReaderExample("?", "Rhine", paragraph, None), 1.0, random.Random(seed))
    assert len(example.passage) < len(paragraph)
    assert example.title == "Rhine"
