"""The sample documents and the questions about them belong together: every gold answer stands in its document."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest.parsing.detect import HEAD_SIZE, detect_media_type
from ingest.parsing.parsers import parse

EXAMPLES = Path(__file__).parent.parent / "examples"
DOCUMENTS = {path.name: path for path in sorted((EXAMPLES / "documents").iterdir())}
QUESTIONS: list[dict[str, Any]] = json.loads((EXAMPLES / "questions.json").read_text(encoding="utf-8"))
ANSWERABLE = [question for question in QUESTIONS if question["kind"] != "unanswerable"]
UNANSWERABLE = [question for question in QUESTIONS if question["kind"] == "unanswerable"]
KINDS = {"fact", "table", "list", "definition", "how-to", "comparison", "unanswerable"}
CHINESE = r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"  # characters and full-width punctuation
MOST_BYTES = 2_000_000  # of all documents together: they are part of every clone


@cache
def text_of(name: str) -> str:
    """The text of a sample document, as ingestion extracts it, on one line."""
    path = DOCUMENTS[name]
    with path.open("rb") as file:
        media_type = detect_media_type(name, file.read(HEAD_SIZE))
    return one_line(parse(path, media_type).text)


def one_line(text: str) -> str:
    """The text with line ends as spaces, and without them inside Chinese, where a line may end between any two."""
    without = re.sub(rf"(?<={CHINESE})\s+(?={CHINESE})", "", text)
    return " ".join(without.split()).casefold()


def occurs(answer: str, text: str) -> bool:
    """Whether the answer stands in the text as whole words: 27 does not occur in 2027."""
    pattern = re.escape(one_line(answer))
    return re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", text) is not None


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: str(question["id"]))
def test_the_gold_answer_stands_in_the_document(question: dict[str, Any]) -> None:
    text = text_of(question["document"])

    assert any(occurs(answer, text) for answer in question["answer_any"]), question


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_read_without_a_warning(name: str) -> None:
    path = DOCUMENTS[name]

    parsed = parse(path, detect_media_type(name, path.read_bytes()[:HEAD_SIZE]))

    assert parsed.warnings == ()
    assert parsed.blocks


def test_the_ids_of_the_questions_are_unique() -> None:
    ids = [question["id"] for question in QUESTIONS]

    assert len(set(ids)) == len(ids)


def test_every_document_answers_a_question_and_no_question_names_a_missing_one() -> None:
    named = {name for question in QUESTIONS for name in question["documents"]}

    assert named == set(DOCUMENTS)


def test_there_are_enough_questions_of_every_sort() -> None:
    languages = [question["language"] for question in QUESTIONS]

    assert len(QUESTIONS) >= 40
    assert languages.count("en") >= 28
    assert languages.count("zh") >= 10
    assert len(UNANSWERABLE) >= 4
    assert {question["kind"] for question in QUESTIONS} == KINDS


def test_the_questions_of_the_demo_are_answerable_and_in_both_languages() -> None:
    languages = [question["language"] for question in ANSWERABLE if question.get("demo")]

    assert sorted(languages) == ["en"] * 4 + ["zh"] * 2
    assert not any(question.get("demo") for question in UNANSWERABLE)


def test_only_an_answerable_question_has_a_document_and_an_answer() -> None:
    for question in ANSWERABLE:
        assert question["document"] in question["documents"]
        assert question["answer"] in question["answer_any"]
    for question in UNANSWERABLE:
        assert question["document"] is None
        assert question["answer"] is None
        assert question["documents"] == question["answer_any"] == []


def test_every_document_is_described() -> None:
    description = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    assert [name for name in DOCUMENTS if f"`{name}`" not in description] == []


def test_the_documents_stay_small() -> None:
    assert sum(path.stat().st_size for path in DOCUMENTS.values()) < MOST_BYTES
