"""Puts a question to the sources it is meant for, and joins what they give with the chunks that were found.

Documents are always asked where a search leaves the choice open, so that a wrong route costs time and not the answer.
A source that fails then is left out, and the trace says why; one that was asked for by name raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from retrieval.errors import InvalidRequest, ScholiastError
from retrieval.fusion import RANK_CONSTANT
from retrieval.routing.logical import chances
from retrieval.routing.names import AnyRouteName, SourceName
from retrieval.routing.small_talk import is_small_talk
from retrieval.sources import Found, Source
from retrieval.types import Hit, Json

# From these chances on a source is asked beside the documents. That of tables is low, because what they say is judged
# once more by the confidence of its statement.
CONSULTED: Mapping[SourceName, float] = {"tables": 0.25, "graph": 0.4}
# A source's first passage stands before the first chunk if it is sure, else right behind it.
_SURE, _UNSURE = 1.02, 0.99
_LIMIT = 5  # passages of a source


class TableSignals(Protocol):
    """Says what the tables of a collection make of a question, without running anything."""

    def signals(self, question: str, collection: str) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Routed:
    """The sources that a question is put to; none for small talk."""

    sources: tuple[SourceName, ...]
    by_name: bool  # the request named them
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceRouter:
    """Holds the sources beside the chunks; any of them may be absent."""

    sources: Mapping[SourceName, Source] = field(default_factory=dict)
    tables: TableSignals | None = None

    def route(self, question: str, collection: str, wanted: AnyRouteName) -> Routed:
        """Where the question goes. Raises `InvalidRequest` for a source that is not there."""
        if wanted == "documents":
            return Routed(("documents",), by_name=True)
        if wanted == "none":
            return Routed((), by_name=True)
        if wanted != "auto":
            if wanted not in self.sources:
                raise InvalidRequest(
                    f"This service has no source '{wanted}'.",
                    field="route",
                    allowed=["auto", "documents", *self.sources],
                )
            return Routed((wanted,), by_name=True)
        if is_small_talk(question):
            return Routed((), by_name=False, details={"reason": "small talk"})
        if not self.sources:
            return Routed(("documents",), by_name=False, details={"reason": "there is no other source"})
        of_tables = self.tables.signals(question, collection) if self.tables else {}
        found = chances(question, of_tables)
        asked = [
            name
            for name in self.sources
            if found[name] >= CONSULTED[name] and (name != "tables" or of_tables.get("tables"))
        ]
        shown = {name: round(chance, 4) for name, chance in found.items()}
        return Routed(("documents", *asked), by_name=False, details={"chances": shown, "tables": dict(of_tables)})

    def find(self, routed: Routed, question: str, collection: str) -> Mapping[SourceName, Found]:
        """What each of the sources beside the documents gives. Raises what a source that was named raises."""
        found: dict[SourceName, Found] = {}
        for name in routed.sources:
            if name == "documents":
                continue
            try:
                found[name] = self.sources[name].find(question, collection, _LIMIT)
            except ScholiastError as error:
                if routed.by_name:
                    raise
                found[name] = Found((), None, {"failed": error.detail})
        return found


def joined(hits: Sequence[Hit], others: Mapping[SourceName, Sequence[Hit]]) -> Sequence[Hit]:
    """Chunks and passages of other sources in one order: reciprocal ranks, and what is sure stands first.

    A chunk that a source found as well moves up, and is shown once, with the reasons of both.
    """
    scores: dict[int, float] = {}
    by_key: dict[int, Hit] = {}
    for name, found in {"documents": hits, **others}.items():
        for rank, hit in enumerate(found, start=1):
            key = hit.chunk.key
            sure = hit.computed is not None and hit.computed.is_sure
            weight = 1.0 if name == "documents" else _SURE if sure else _UNSURE
            scores[key] = scores.get(key, 0.0) + weight / (RANK_CONSTANT + rank)
            shown = hit if name == "documents" else _with_rank(hit, name, rank)
            by_key[key] = _both(by_key[key], shown) if key in by_key else shown
    return [by_key[key] for key in sorted(scores, key=lambda key: -scores[key])]


def _with_rank(hit: Hit, name: str, rank: int) -> Hit:
    return Hit(hit.chunk, hit.score, {f"{name}_rank": rank, **hit.why}, hit.features, hit.computed)


def _both(chunk: Hit, other: Hit) -> Hit:
    """The chunk as the search found it, with the reasons of the other source beside its own."""
    return Hit(chunk.chunk, chunk.score, {**chunk.why, **other.why}, chunk.features, chunk.computed)
