"""Why a chunk is not among the hits of a search: at which stage and rank it fell out, and what would change that.

Runs the search itself (`Retriever.find`) and looks at what its stages found; what would change the outcome is not
guessed but tried (`retrieval/what_if.py`). Knows nothing of how any stage works.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from retrieval.construction.filter_construction import with_filter_of_question
from retrieval.errors import InvalidRequest
from retrieval.pipeline import Retriever, Searched
from retrieval.ranking import DOCUMENT_NAME, RANKED_PER_CANDIDATE, Ranked
from retrieval.recall import Candidates, recall
from retrieval.store import chunks, documents, filters
from retrieval.store.database import Database
from retrieval.store.documents import Document
from retrieval.trace import Trace
from retrieval.types import Hit, Json, SearchRequest
from retrieval.what_if import Change, Target, changes_for

FellOut = Literal["document", "filter", "recall", "fusion", "cut"]
# How deep the lists of recall are looked through: deeper takes seconds in a collection of a million chunks, and nobody
# asks for so many candidates.
LOOKED_THROUGH = 10_000
# What to say where a list cannot have the chunk at all.
_ABSENT = {
    "dense": "It has no vector of the representations that dense recall looked at.",
    "sparse": "It shares no word with the query.",
    "tree": "No summary that speaks to the query leads to it.",
}


@dataclass(frozen=True, slots=True)
class StageVerdict:
    """What became of the chunk at one stage."""

    stage: str
    kept: bool  # whether this stage passed it on
    detail: str  # a sentence
    rank: int | None = None  # from 1, also beyond what the stage passes on; None where it has none
    score: float | None = None
    depth: int | None = None  # how many the stage passed on
    last_score: float | None = None  # of the last that it passed on


@dataclass(frozen=True, slots=True)
class FeatureComparison:
    """A ranking feature of the chunk beside that of the last hit, and what each of them added to the score."""

    name: str
    value: float
    contribution: float
    last_value: float
    last_contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a chunk fell out of a search, or its rank among the hits."""

    document_id: str
    chunk_id: str | None  # of a document the chunk that came farthest; None if it has none that could be found
    fell_out: FellOut | None  # None: it is a hit
    rank: int | None  # in the final order, also beyond the hits
    sentences: Sequence[str]
    stages: Sequence[StageVerdict]
    last_hit: Hit | None = None
    features: Sequence[FeatureComparison] = ()  # what put the chunk farthest below the last hit comes first
    changes: Sequence[Change] = ()
    trace: Trace = field(default_factory=Trace, repr=False)


@dataclass(frozen=True, slots=True)
class _Followed:
    """A chunk that is explained, and what the search found."""

    key: int
    request: SearchRequest
    searched: Searched
    everything: Mapping[str, Candidates]  # the lists of recall, far beyond where the search cuts them off
    places: Mapping[
        str, Mapping[int, int]
    ]  # of every chunk, from 0: in these lists, after fusion and in the final order
    limit: int  # how deep the lists were looked through

    def place(self, order: str) -> int | None:
        """Its place in a list of recall, in `fused` or in `ranked`; None where it is not."""
        return self.places[order].get(self.key)

    @property
    def recalled(self) -> int | None:
        """Its best place in any list of recall."""
        return min((place for name in self.everything if (place := self.place(name)) is not None), default=None)

    @property
    def is_hit(self) -> bool:
        """Whether it made it."""
        return any(hit.chunk.key == self.key for hit in self.searched.hits)


def why_not(
    database: Database,
    retriever: Retriever,
    request: SearchRequest,
    document_id: str | None,
    chunk_id: str | None,
    limit: int = LOOKED_THROUGH,
) -> Explanation:
    """Explains what the search made of one chunk, or of the chunk of a document that came farthest.

    `limit` is how deep the lists of recall are looked through, at least as deep as the search itself does.
    Raises `InvalidRequest` unless exactly one of both is named, `NotFound` if there is no such thing (any more).
    """
    if (document_id is None) == (chunk_id is None):
        raise InvalidRequest("Name either a document or a chunk.", field="document", allowed=("document", "chunk"))
    with database.read() as connection:
        request = with_filter_of_question(connection, request, date.today())
        chunk = chunks.by_id(connection, chunk_id) if chunk_id is not None else None
        document = documents.get(connection, chunk.document_id if chunk is not None else str(document_id))
        keys = [chunk.key] if chunk is not None else chunks.keys_of_document(connection, document.id)
        unmet = filters.failing(connection, document.id, request.filter) if request.filter is not None else ()
    barred: Mapping[FellOut, Iterator[StageVerdict]] = {
        "document": _hidden(document, request, keys),
        "filter": _filtered(document, unmet),
    }
    for fell_out, verdicts in barred.items():
        for verdict in verdicts:
            tried = changes_for(retriever, request, Target(frozenset(keys), document.collection), fell_out)
            sentences = [verdict.detail, *(change.sentence for change in tried)]
            return Explanation(document.id, chunk_id, fell_out, None, sentences, [verdict], changes=tried)
    return _explained(database, retriever, request, document, keys, max(limit, request.candidates))


def _explained(
    database: Database,
    retriever: Retriever,
    request: SearchRequest,
    document: Document,
    keys: Sequence[int],
    limit: int,
) -> Explanation:
    trace = Trace()
    searched = retriever.find(request, trace, explained=RANKED_PER_CANDIDATE * request.candidates)
    everything = _everything(searched, limit)
    orders = {
        **{name: found.keys for name, found in everything.items()},
        "fused": [key for key, _ in searched.fused],
        "ranked": [item.key for item in searched.ranked],
    }
    places = {name: {key: place for place, key in enumerate(order)} for name, order in orders.items()}
    followed = min((_Followed(key, request, searched, everything, places, limit) for key in keys), key=_how_far)
    fused, ranked = followed.place("fused"), followed.place("ranked")
    stages = [*_passed_filter(request), *_recalled(followed), *_fused(followed), *_ranked(followed), *_cut(followed)]
    fell_out = _fell_out(followed)
    tried: Sequence[Change] = ()
    if fell_out is not None:
        target = Target(frozenset(keys), document.collection, followed.recalled, fused, ranked)
        tried = changes_for(retriever, request, target, fell_out)
    with database.read() as connection:
        seen = chunks.visible(connection, [followed.key])
    return Explanation(
        document.id,
        seen[followed.key].id if followed.key in seen else None,
        fell_out,
        None if ranked is None else ranked + 1,
        _sentences(fell_out, followed, stages, tried),
        stages,
        searched.hits[-1] if searched.hits else None,
        _comparisons(followed),
        tried,
        trace,
    )


def _hidden(document: Document, request: SearchRequest, keys: Sequence[int]) -> Iterator[StageVerdict]:
    """Why no search of this kind could find the document at all."""
    if document.collection != request.collection:
        detail = f"It is in collection '{document.collection}'; the search looked in '{request.collection}'."
    elif document.active_revision is None and document.status == "failed":
        detail = f"It could not be ingested: {document.error_detail}"
    elif document.active_revision is None:
        detail = f"It is not ready yet: it is {document.status}."
    elif not keys:
        detail = "No text was found in it, so there is nothing to search."
    else:
        return
    yield StageVerdict("document", kept=False, detail=detail)


def _filtered(document: Document, unmet: Sequence[Mapping[str, Json]]) -> Iterator[StageVerdict]:
    if unmet:
        reasons = " ".join(_unmet(document, condition) for condition in unmet)
        yield StageVerdict("filter", kept=False, detail=f"The filter excludes it. {reasons}")


def _unmet(document: Document, condition: Mapping[str, Json]) -> str:
    ((name, asked),) = condition.items()
    if name in ("or", "not"):
        return f"It does not satisfy {dict(condition)}."
    own = {"document_id": document.id, "name": document.name, "media_type": document.media_type}
    known = {**document.metadata, **own}
    has = f"is {known[name]!r}" if name in known else "is missing"
    return f"Its '{name}' {has}, the filter asks for {asked!r}."


def _passed_filter(request: SearchRequest) -> Iterator[StageVerdict]:
    if request.filter is not None:
        yield StageVerdict("filter", kept=True, detail="The filter lets it through.")


def _everything(searched: Searched, limit: int) -> Mapping[str, Candidates]:
    """The lists of recall as deep as they are looked through."""
    depth = sum(max(len(part.chunk_keys), part.dense.count) for part in searched.snapshot.segments)
    masks = searched.snapshot.allowed(searched.allowed)
    return recall(searched.query, searched.snapshot, masks, min(max(depth, 1), limit))


def _how_far(followed: _Followed) -> list[float]:
    """Orders the chunks of a document: the one that came farthest first."""
    places = (followed.place("ranked"), followed.place("fused"), followed.recalled)
    return [float("inf") if place is None else place for place in places]


def _recalled(followed: _Followed) -> Iterator[StageVerdict]:
    for name, found in followed.searched.lists.items():
        place = followed.place(name)
        depth, last = len(found.keys), (found.scores[-1] if found.scores else None)
        if place is None:
            detail = _ABSENT.get(name, "It is not in this list.")
            if len(followed.everything[name].keys) >= followed.limit:
                detail = f"It is not among the first {followed.limit} of the {name} list; it was not looked for beyond."
            yield StageVerdict(name, kept=False, detail=detail, depth=depth)
            continue
        kept = followed.key in found.keys
        ends = "" if kept else f", and the list ends at {depth}: more `candidates` make it longer"
        detail = f"The {name} list has it at {place + 1}{ends}."
        yield StageVerdict(name, kept, detail, place + 1, followed.everything[name].scores[place], depth, last)


def _fused(followed: _Followed) -> Iterator[StageVerdict]:
    place, fused = followed.place("fused"), followed.searched.fused
    if place is None:
        return
    depth = len(followed.searched.ranked)
    kept = followed.place("ranked") is not None
    ends = "" if kept else f", and only the first {depth} are ranked"
    detail = f"Fusion put it at {place + 1} of {len(fused)}{ends}."
    yield StageVerdict("fusion", kept, detail, place + 1, fused[place][1], depth, fused[depth - 1][1])


def _ranked(followed: _Followed) -> Iterator[StageVerdict]:
    place, ranked = followed.place("ranked"), followed.searched.ranked
    if place is not None and ranked[0].features:
        detail = f"The ranker put it at {place + 1} of {len(ranked)}."
        yield StageVerdict("rank", True, detail, place + 1, ranked[place].score, len(ranked), ranked[-1].score)


def _cut(followed: _Followed) -> Iterator[StageVerdict]:
    place = followed.place("ranked")
    if place is None:
        return
    k, hits = followed.request.k, followed.searched.hits
    if followed.is_hit:
        detail = f"It is among the {len(hits)} hits."
    elif place >= k:
        detail = f"It is at {place + 1} in the final order, and the search asked for {k} hits."
    else:
        detail = "It was replaced or deleted while the search ran."
    score, last = followed.searched.ranked[place].score, (hits[-1].score if hits else None)
    yield StageVerdict("cut", followed.is_hit, detail, place + 1, score, k, last)


def _fell_out(followed: _Followed) -> FellOut | None:
    if followed.is_hit:
        return None
    if followed.place("fused") is None:
        return "recall"
    if followed.place("ranked") is None:
        return "fusion"
    return "cut"


def _sentences(
    fell_out: FellOut | None, followed: _Followed, stages: Sequence[StageVerdict], tried: Sequence[Change]
) -> Sequence[str]:
    if fell_out is None:
        return [f"It is a hit, at rank {(followed.place('ranked') or 0) + 1}."]
    told = {fell_out} if fell_out != "recall" else set(followed.searched.lists)
    return [
        *(verdict.detail for verdict in stages if verdict.stage in told),
        *(change.sentence for change in tried),
    ]


def _comparisons(followed: _Followed) -> Sequence[FeatureComparison]:
    """Its features beside those of the last hit; none where the ranker did not order both."""
    by_key = {item.key: item for item in followed.searched.ranked}
    hits = followed.searched.hits
    if followed.key not in by_key or not hits:
        return ()
    own, last = by_key[followed.key], by_key[hits[-1].chunk.key]
    compared = [*own.features, DOCUMENT_NAME] if own.features else ()  # fusion's order has none
    found = [_comparison(name, own, last) for name in compared if name in last.contributions]
    return sorted(found, key=lambda item: item.contribution - item.last_contribution)


def _comparison(name: str, own: Ranked, last: Ranked) -> FeatureComparison:
    added, last_added = own.contributions[name], last.contributions[name]
    # The document's name is no feature of the trees: what stands for it is what it adds.
    return FeatureComparison(
        name, own.features.get(name, added), added, last.features.get(name, last_added), last_added
    )
