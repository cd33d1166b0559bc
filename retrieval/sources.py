"""What a source other than the chunk indexes gives: passages with ids of their own, which fusion and citations treat
like chunks, and the statement that found them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from retrieval.types import Hit, Json


@dataclass(frozen=True, slots=True)
class Found:
    """Passages of one source, best first; none where it has nothing to say to the question."""

    hits: Sequence[Hit]
    statement: str | None  # the SQL or Cypher that was run
    details: Mapping[str, Json] = field(default_factory=dict)  # for the trace: what was tried, dropped, and why


class Source(Protocol):
    """Answers a question from something else than chunks: tables or the graph."""

    def find(self, question: str, collection: str, limit: int) -> Found: ...
