"""Finds for a question its own passage among others that search takes for the nearest: how much noise can be borne."""

import random
from collections.abc import Mapping

from bench.library import COLLECTION, Library
from retrieval.store import chunks
from retrieval.types import Hit, SearchRequest, SearchResult

# Hits that distractors are taken from.
_DEPTH = 20


class AmongDistractors:
    """A searcher: the gold passages and `count` of the nearest others, in an order that the question decides."""

    def __init__(self, library: Library, names: Mapping[str, str], count: int) -> None:
        self._library = library
        self._documents = {passage: document for document, passage in names.items()}
        self._count = count
        self.gold: frozenset[str] = frozenset()  # ids of the passages that the next question is about

    def search(self, request: SearchRequest) -> SearchResult:
        """As the retriever, with evidence 1: whether to answer at all is not what is asked here."""
        found = self._library.retriever.search(SearchRequest(request.query, COLLECTION, _DEPTH))
        own = {self._documents[passage] for passage in self.gold}
        others = [hit for hit in found.hits if hit.chunk.document_id not in own][: self._count]
        with self._library.database.read() as connection:
            gold = [
                Hit(chunk, 1.0, {})
                for document in sorted(own)
                for chunk in chunks.of_document(connection, document, 1, 0)
            ]
        hits = [*gold, *others]
        random.Random(request.query).shuffle(hits)
        return SearchResult(hits, 1.0, found.trace, found.embedder)
