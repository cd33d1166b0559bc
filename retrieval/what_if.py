"""What would make a chunk a hit: the same search with one thing changed, run and looked at, never guessed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from retrieval.ranking import Ranked
from retrieval.trace import Trace
from retrieval.types import Json, SearchRequest

# What a request may ask for at most: nothing beyond is proposed.
MAX_CANDIDATES = 1000
MAX_HITS = 100


class Ranking(Protocol):
    """What a search found; here only its final order."""

    @property
    def ranked(self) -> Sequence[Ranked]: ...


class Finder(Protocol):
    """Runs the stages of a search."""

    def find(self, request: SearchRequest, trace: Trace, explained: int) -> Ranking: ...


@dataclass(frozen=True, slots=True)
class Target:
    """What somebody expected to find, and how far it came; places count from 0, None where it is not."""

    keys: frozenset[int]  # of the chunks, any of which would do
    collection: str
    recalled: int | None = None  # best place in a list of recall without an end
    fused: int | None = None
    ranked: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing changed in the request, and the rank that the target then has."""

    request: Mapping[str, Json]
    rank: int
    is_hit: bool
    sentence: str


def changes_for(finder: Finder, request: SearchRequest, target: Target, fell_out: str) -> Sequence[Change]:
    """Changes after which the target is in the final order, for one that fell out at the given stage."""
    found = []
    for said, values in _PROPOSALS[fell_out](request, target):
        changed = replace(request, **values)
        ranked = finder.find(changed, Trace(), explained=0).ranked
        rank = next((place for place, item in enumerate(ranked, start=1) if item.key in target.keys), None)
        if rank is not None and (target.ranked is None or rank <= changed.k):
            found.append(_change(said, values, rank, changed.k))
    return found


def _change(said: str, values: Mapping[str, Json], rank: int, k: int) -> Change:
    if rank <= k:
        sentence = f"{said} it is a hit, at rank {rank}."
    else:
        sentence = f"{said} it is at {rank} in the final order, where {k} are hits."
    return Change(values, rank, rank <= k, sentence)


Proposal = tuple[str, Mapping[str, Any]]


def _elsewhere(request: SearchRequest, target: Target) -> Iterator[Proposal]:
    if target.keys and target.collection != request.collection:
        yield f"In collection '{target.collection}'", {"collection": target.collection}


def _unfiltered(_request: SearchRequest, _target: Target) -> Iterator[Proposal]:
    yield "Without the filter", {"filter": None}


def _recalled(request: SearchRequest, target: Target) -> Iterator[Proposal]:
    if request.representations is not None:
        yield "With all representations", {"representations": None}
    if target.recalled is not None and request.candidates <= target.recalled < MAX_CANDIDATES:
        yield f"With `candidates` {target.recalled + 1}", {"candidates": target.recalled + 1}


def _looked_at(request: SearchRequest, target: Target) -> Iterator[Proposal]:
    if (target.fused or 0) < MAX_CANDIDATES:
        yield f"With `candidates` {(target.fused or 0) + 1}", {"candidates": (target.fused or 0) + 1}
    yield "In the order of fusion (`rerank` off)", {"rerank": not request.rerank}


def _within(request: SearchRequest, target: Target) -> Iterator[Proposal]:
    rank = (target.ranked or 0) + 1
    if request.k < rank <= MAX_HITS:
        yield f"With `k` {rank}", {"k": rank}
    order = "In the order of fusion (`rerank` off)" if request.rerank else "Ordered by the ranker (`rerank` on)"
    yield order, {"rerank": not request.rerank}


_PROPOSALS: Mapping[str, Callable[[SearchRequest, Target], Iterator[Proposal]]] = {
    "document": _elsewhere,
    "filter": _unfiltered,
    "recall": _recalled,
    "fusion": _looked_at,
    "cut": _within,
}
