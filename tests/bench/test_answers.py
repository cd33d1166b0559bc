import gzip
import json
from pathlib import Path

import pytest

from app.settings import Settings
from bench import corpora
from bench.answer_log import Answered, AnswerLog
from bench.answers import Outcome, Scope, _rows, run
from bench.corpora import Question
from retrieval.errors import InvalidRequest


def answered(text: str, *cited: str, abstained: bool = False, short: str | None = None) -> Answered:
    return Answered(text, short or text, abstained, False, cited, 0.9, {"generate": 100.0, "cite": 1.0})


def test_figures_are_of_what_was_asked_and_citations_of_what_was_answered() -> None:
    questions = [
        Question("a", "Where?", ["North Sea"], frozenset({"p1"}), True),
        Question("b", "Who?", ["Ann", "Bob"], frozenset({"p2", "p3"}), True),
        Question("c", "When?", ["1889"], frozenset({"p4"}), True),
        Question("d", "Why?", [], frozenset({"p1"}), False),
    ]
    answers = {
        "a": answered("In the North Sea [1].", "p1", "p9", short="North Sea"),
        "b": answered("Ann [2].", "p2"),
        "c": answered("The documents do not say.", abstained=True),
        "d": answered("The documents do not say.", abstained=True),
    }
    rows = {
        (row.system, row.data, row.metric): row.value
        for row in _rows(Outcome("set", questions, {"service": answers}, {}))
    }
    assert rows["service", "set", "contains the answer"] == pytest.approx(2 / 3)
    assert rows["service", "set", "exact match"] == pytest.approx(1 / 3)
    assert rows["service", "set", "exact match, short answer"] == pytest.approx(2 / 3)
    assert rows["service", "set", "answered"] == pytest.approx(2 / 3)
    assert rows["service", "set", "citation precision"] == pytest.approx((0.5 + 1) / 2)
    assert rows["service", "set", "citation recall"] == pytest.approx((1 + 0.5) / 2)
    assert rows["service", "set, unanswerable", "refused"] == 1
    assert rows["all stages", "set, times", "p50 ms"] == pytest.approx(101)


def test_a_system_that_is_none_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(InvalidRequest, match="quotes by the reader"):
        run(Settings(), Scope(systems=("service", "the oracle")))


def test_a_run_that_was_cut_off_asks_only_what_is_missing(tmp_path: Path) -> None:
    first = AnswerLog(tmp_path / "kept" / "answers.jsonl")
    assert first.answer("one", lambda: answered("Eins.")).text == "Eins."
    again = AnswerLog(tmp_path / "kept" / "answers.jsonl")
    assert again.answer("one", lambda: answered("Anders.")).text == "Eins."
    assert again.answer("two", lambda: answered("Zwei.")).text == "Zwei."


def test_questions_without_an_answer_come_with_the_passage_they_were_written_about(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp1\t1\n")
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps({"_id": f"p{number}", "title": "", "text": "words"}) + "\n" for number in range(9))
    rows = [
        {"_id": "q1", "text": "?", "metadata": {"answers": ["x"], "answerable": True, "split": "test"}},
        {"_id": "q2", "text": "?", "metadata": {"answerable": False, "context_id": "p2", "split": "test"}},
        {"_id": "q3", "text": "?", "metadata": {"answerable": False, "context_id": "p3", "split": "dev"}},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    passages, asked = corpora.asked(tmp_path, "test", 5, 4)
    assert [(question.id, question.passages, question.answerable) for question in asked] == [
        ("q1", {"p1"}, True),
        ("q2", {"p2"}, False),
    ]
    assert len(passages) == 4
    assert {"p1", "p2"} <= {passage.id for passage in passages}
