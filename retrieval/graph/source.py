"""The graph as a source beside the chunk indexes: what it answers becomes hits that are chunks of documents."""

from collections.abc import Sequence

from retrieval.graph.questions import GraphAnswer, GraphQuestion, GraphQuestions, Provenance
from retrieval.sources import Found
from retrieval.types import Hit

_SHOWN_ROWS = 20


class GraphSource:
    """Satisfies `Source`: the chunks in which documents say what the graph answers a question with."""

    def __init__(self, questions: GraphQuestions) -> None:
        self._questions = questions

    def find(self, question: str, collection: str, limit: int) -> Found:
        """The chunks that an answer stands on, those of its first rows first; none where the graph has no answer.

        Raises `NotFound` and `TooLarge`.
        """
        answer = self._questions.ask(GraphQuestion(collection, question))
        if answer.reason is not None or answer.result is None:
            return Found((), answer.cypher, {"reason": answer.reason})
        rows = [list(row) for row in answer.result.rows[:_SHOWN_ROWS]]
        details = {"columns": list(answer.result.columns), "rows": rows, "cut": answer.result.cut}
        return Found(_hits(answer, limit), answer.cypher, details)


def _hits(answer: GraphAnswer, limit: int) -> Sequence[Hit]:
    """Each chunk once, with the place in it that says so."""
    first: dict[int, Provenance] = {}
    for place in answer.provenance:
        first.setdefault(place.chunk.key, place)
    return [
        Hit(place.chunk, 1.0 / rank, {"graph_rank": rank, "graph_start": place.start, "graph_end": place.end})
        for rank, place in enumerate(list(first.values())[:limit], start=1)
    ]
