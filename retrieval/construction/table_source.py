"""The tables in documents as a source of passages: a question becomes SQL, its rows become passages.

A statement that a template wrote is wrong about as often as it is right on tables that it never saw, and does not look
it. So its confidence decides: what is sure answers before any chunk, what is likely stands behind the best of them, and
the rest is not shown.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from retrieval.construction.table_passages import passages
from retrieval.construction.table_questions import TableAnswer, TableQuestion, TableQuestions
from retrieval.sources import Found
from retrieval.store.database import Database
from retrieval.types import Hit, Json

# Fitted with the weights of `sql_confidence` (docs/decisions.md has what is right above each).
SURE = 0.6
LIKELY = 0.45


class TableSource:
    """Answers questions from the tables of a collection."""

    def __init__(self, database: Database, questions: TableQuestions) -> None:
        self._database = database
        self._questions = questions

    def find(self, question: str, collection: str, limit: int) -> Found:
        """The rows that answer, if it is likely that they do. Raises `NotFound`, `TooLarge`."""
        answer = self._questions.ask(TableQuestion(collection, question))
        details: dict[str, Json] = {"stages": answer.trace.as_dict()["stages"]}
        if answer.confidence is None:
            return Found((), None, {**details, "reason": answer.reason})
        details["confidence"] = round(answer.confidence, 4)
        if answer.confidence < LIKELY:
            return Found((), answer.sql, {**details, "reason": f"confidence is below {LIKELY}"})
        with self._database.read() as connection:
            return Found(self._passages(connection, question, answer)[:limit], answer.sql, details)

    def signals(self, question: str, collection: str) -> Mapping[str, float]:
        """What the tables make of the question, for routing. Raises `NotFound`."""
        return self._questions.read(question, collection)

    @staticmethod
    def _passages(connection: Connection, question: str, answer: TableAnswer) -> Sequence[Hit]:
        assert answer.confidence is not None
        return passages(connection, question, answer, answer.confidence, answer.confidence >= SURE)
