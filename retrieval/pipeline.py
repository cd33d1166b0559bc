"""The search pipeline. `Retriever.search` is the whole of it, in order; each stage lives in a file of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from retrieval.analysis import terms
from retrieval.candidates import tabulate
from retrieval.construction.filter_construction import filter_from_question
from retrieval.deadline import OUT_OF_TIME, Deadline, Pace
from retrieval.errors import InvalidRequest
from retrieval.evidence import calibration_of, coverage, evidence
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.indexes import sparse
from retrieval.last_looks import LastLooks, TimedScorer, TokenEncoders
from retrieval.rankers import CandidateRanker, Rankers
from retrieval.ranking import RANKED_PER_CANDIDATE, Ranked
from retrieval.recall import Candidates, Query, recall
from retrieval.routing.other_sources import OtherSources, with_others
from retrieval.routing.source_router import Routed, SourceRouter
from retrieval.snapshot import Snapshot, Snapshots
from retrieval.store import chunks, filters
from retrieval.store.database import Database
from retrieval.trace import Trace
from retrieval.translation.gate import FirstPass
from retrieval.translation.links import list_of, with_linked
from retrieval.translation.looking import Rewrite
from retrieval.translation.lookups import Lookups, Searching
from retrieval.translation.translate import QueryWriter, Translated, Translator
from retrieval.types import DEFAULT_CANDIDATES, Chunk, Embedder, Hit, Json, SearchRequest, SearchResult

RECALL_DEPTH = DEFAULT_CANDIDATES
RANKING_DEPTH = RANKED_PER_CANDIDATE * RECALL_DEPTH
# Times as many chunks are read as are asked for, so that chunks deleted a moment ago leave no gap.
FETCHED = 2
# Features named in `why`, those that moved the hit most; the trace has all.
REASONS = 5
# Passes of a search whose finds keep vanishing under it. The last one gives what is left.
MAX_PASSES = 4


class Embedders(Protocol):
    """The embedder of a model id."""

    def __getitem__(self, model_id: str, /) -> Embedder: ...


@dataclass(frozen=True, slots=True)
class Searched:
    """What the stages of one search found, in their order."""

    snapshot: Snapshot
    allowed: Sequence[int] | None  # the revisions that the filter lets through; None: there is no filter
    embedder: Embedder
    query: Query
    lists: Mapping[str, Candidates]
    fused: Sequence[tuple[int, float]]
    ranked: Sequence[Ranked]
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True)
class Reworded:
    """What further queries found and how much each list counts in fusion: "dense 2" is of the first of them."""

    lists: Mapping[str, Candidates] = field(default_factory=dict)
    votes: Mapping[str, float] = field(default_factory=dict)
    queries: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Stages:
    """What the stages after recall work with."""

    request: SearchRequest
    query: Query
    snapshot: Snapshot
    lists: Mapping[str, Candidates]  # of the query itself
    deadline: Deadline
    explained: int  # candidates that the ranker gives reasons for
    trace: Trace


class Retriever:
    """Searches collections; holds the database, its indexes' snapshots, the embedders by model id and the rankers."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the stages work with
        self,
        database: Database,
        snapshots: Snapshots,
        embedders: Embedders,
        ranker: CandidateRanker,
        token_encoders: TokenEncoders | None = None,
        last_look: TimedScorer | None = None,
        query_writer: QueryWriter | None = None,
        router: SourceRouter | None = None,
    ) -> None:
        """`ranker` orders wherever a collection has none of its own.

        Without `query_writer` no model writes queries; without a router there are documents only.
        """
        self._database = database
        self._snapshots = snapshots
        self._embedders = embedders
        self._rankers = Rankers(database, ranker)
        self._last_looks = LastLooks(database, token_encoders, last_look)
        self._translator = Translator(query_writer)
        self._pace = Pace()
        self._sources = OtherSources(database, router or SourceRouter())

    def search(self, request: SearchRequest) -> SearchResult:
        """The k best passages for the query, each visible at this moment. Raises `NotFound`, `InvalidRequest`."""
        trace = Trace()
        routed = self._sources.route(request, trace)
        if "documents" not in routed.sources:
            return self._search_elsewhere(request, routed, trace)
        found = self.find(request, trace, FETCHED * request.k)
        evidence_found = self._weigh(found.query, found.snapshot, found.hits, trace)
        others = self._sources.ask(request, routed, found.allowed, trace)
        hits, evidence_found = with_others(found.hits, evidence_found, others, request.k)
        return SearchResult(hits, evidence_found, trace, found.embedder)

    def _search_elsewhere(self, request: SearchRequest, routed: Routed, trace: Trace) -> SearchResult:
        """What other sources give, where no chunk is asked for."""
        embedder = self._embedders[self._follow(request.collection, trace).model_id]
        allowed = self._filter(request.collection, self._construct(request, trace), trace)
        trace.skip("recall", "the route leaves documents out")
        others = self._sources.ask(request, routed, allowed, trace)
        hits, evidence_found = with_others((), 0.0, others, request.k)
        return SearchResult(hits, evidence_found, trace, embedder, asks_nothing=not routed.sources)

    def find(self, request: SearchRequest, trace: Trace, explained: int) -> Searched:
        """All stages up to the hits, with what each of them found; the ranker gives reasons for the first `explained`.

        Raises `NotFound`, `InvalidRequest`.
        """
        deadline = Deadline(request.max_ms, self._pace, _wanted(request))
        for _ in range(MAX_PASSES):
            snapshot = self._follow(request.collection, trace)
            tree = self._construct(request, trace)
            allowed = self._filter(request.collection, tree, trace)
            embedder = self._embedders[snapshot.model_id]
            query = self._embed(request, embedder, trace)
            lists = self._recall(query, snapshot, allowed, request.candidates, trace)
            stages = _Stages(request, query, snapshot, lists, deadline, max(explained, _may_rise(request)), trace)
            searching = self._searching(stages, embedder, allowed)
            alternatives = [Rewrite(text) for text in request.alternatives]
            reworded = self._recall_reworded(Lookups(query, (), searching), alternatives, Reworded(), stages)
            fused, ranked = self._order(stages, reworded)
            look = Lookups(query, [item.key for item in ranked], searching)
            translated = self._translate(stages, ranked, look)
            linked = list_of(translated.links)
            further = self._recall_reworded(look, translated.rewrites, reworded, stages)
            if (linked or further is not reworded) and deadline.allows("rank"):
                every = replace(stages, explained=RANKED_PER_CANDIDATE * request.candidates)  # links lift any of them
                fused, ranked = self._order(every, Reworded({**further.lists, **linked}, further.votes))
            ranked = with_linked(ranked, translated.links)
            ranked = self._last_looks.compare_tokens(request, snapshot, ranked, deadline, trace)
            ranked = self._last_looks.read_pairs(request, ranked, deadline, trace)
            hits = self._fetch(ranked, {**lists, **linked}, request.k, trace)
            if len(hits) == min(request.k, len(ranked)):
                break
            # Documents were replaced or deleted between recall and fetch: look again at what is there now.
        self._pace.note(trace.stages)
        return Searched(snapshot, allowed, embedder, query, lists, fused, ranked, hits)

    def _follow(self, collection: str, trace: Trace) -> Snapshot:
        with trace.stage("snapshot") as stage:
            snapshot = self._snapshots.latest(collection)
            stage.record(
                change=snapshot.change_number,
                chunks=snapshot.chunk_count,
                segments=len(snapshot.segments),
                model=snapshot.model_id,
            )
        return snapshot

    def _construct(self, request: SearchRequest, trace: Trace) -> Mapping[str, Json] | None:
        """The filter of the request, with what the query itself asks of metadata where that is wanted."""
        if not request.construct_filter:
            trace.skip("construct", "the request does not ask for it")
            return request.filter
        with trace.stage("construct") as stage, self._database.read() as connection:
            made = filter_from_question(connection, request.collection, request.query, request.filter, date.today())
            stage.record(conditions=made.kept, dropped=made.dropped, filter=made.tree)
        return made.tree

    def _filter(self, collection: str, tree: Mapping[str, Json] | None, trace: Trace) -> Sequence[int] | None:
        if tree is None:
            trace.skip("filter", "the request has none")
            return None
        with trace.stage("filter") as stage, self._database.read() as connection:
            allowed = filters.matching_revisions(connection, collection, tree)
            stage.record(filter=dict(tree), documents=len(allowed))
        return allowed

    def _embed(self, request: SearchRequest, embedder: Embedder, trace: Trace) -> Query:
        text = request.query
        with trace.stage("embed_query") as stage:
            vector = embedder.embed_query(text)
            query = Query(text, terms(text), vector, request.representations, request.tree_search)
            if not query.terms and not text.strip():
                raise InvalidRequest("The query is empty.", field="query")
            stage.record(queries=[text], terms=query.terms, model=embedder.model_id)
        return query

    def _recall(
        self, query: Query, snapshot: Snapshot, allowed: Sequence[int] | None, depth: int, trace: Trace
    ) -> Mapping[str, Candidates]:
        with trace.stage("recall") as stage:
            lists = recall(query, snapshot, snapshot.allowed(allowed), depth)
            stage.record(
                representations=sorted(query.representations) if query.representations is not None else "all",
                candidates={name: len(found.keys) for name, found in lists.items()},
            )
        return lists

    def _searching(self, stages: _Stages, embedder: Embedder, allowed: Sequence[int] | None) -> Searching:
        """What further queries of this search are looked up with."""

        def read(keys: Sequence[int]) -> Mapping[int, Chunk]:
            with self._database.read() as connection:
                return chunks.visible(connection, keys)

        def order(query: Query, lists: Mapping[str, Candidates]) -> Sequence[int]:
            asked = replace(stages, query=query, lists=lists, explained=0, trace=Trace())
            return [item.key for item in self._order(asked, Reworded())[1]]

        masks = stages.snapshot.allowed(allowed)
        return Searching(stages.snapshot, masks, embedder, stages.request.candidates, read, order)

    def _recall_reworded(
        self, look: Lookups, rewrites: Sequence[Rewrite], before: Reworded, stages: _Stages
    ) -> Reworded:
        """What other queries find, with what was found before; those of strategies only while there is time."""
        if not rewrites:
            return before
        found, votes, queries = dict(before.lists), dict(before.votes), list(before.queries)
        with stages.trace.stage("recall_reworded") as stage:
            for rewrite in rewrites:
                if stages.request.translation and stages.deadline.left_for("translate") <= 0:
                    break
                queries.append(rewrite.text)
                number = len(queries) + 1
                lists = {f"{name} {number}": candidates for name, candidates in look.lists(rewrite).items()}
                found |= lists
                votes |= dict.fromkeys(lists, rewrite.vote)
            own = queries[len(before.queries) :]
            stage.record(
                queries=own,
                out_of_time=len(rewrites) - len(own),
                candidates={name: len(item.keys) for name, item in found.items() if name not in before.lists},
            )
        return Reworded(found, votes, queries)

    def _order(self, stages: _Stages, reworded: Reworded) -> tuple[list[tuple[int, float]], Sequence[Ranked]]:
        """The candidates of all lists, fused and in their final order."""
        fused = self._fuse({**stages.lists, **reworded.lists}, reworded.votes, stages.trace)
        return fused, self._rank(stages, fused)

    def _translate(self, stages: _Stages, ranked: Sequence[Ranked], look: Lookups) -> Translated:
        """Further queries, and passages that the first ones name, where the request asks for them."""
        request, deadline = stages.request, stages.deadline
        if not request.translation:
            stages.trace.skip("translate", "the request does not ask for it")
            return Translated()
        with stages.trace.stage("translate") as stage:
            seen = FirstPass(stages.query, stages.lists, [item.score for item in ranked], look)
            translated = self._translator.translate(
                request.translation, seen, request.max_llm_calls, lambda: deadline.left_for("translate")
            )
            stage.record(**translated.facts)
        return translated

    def _fuse(
        self, lists: Mapping[str, Candidates], votes: Mapping[str, float], trace: Trace
    ) -> list[tuple[int, float]]:
        with trace.stage("fusion") as stage:
            fused = reciprocal_rank_fusion({name: found.keys for name, found in lists.items()}, votes)
            stage.record(method="reciprocal_rank_fusion", candidates=len(fused))
        return fused

    def _rank(self, stages: _Stages, fused: Sequence[tuple[int, float]]) -> Sequence[Ranked]:
        """The candidates in their final order, the first ones with what put them there."""
        request, snapshot, trace = stages.request, stages.snapshot, stages.trace
        ranker = self._rankers.serving(snapshot.ranker_version, snapshot.model_id)
        refused = ""
        if not request.rerank:
            refused = "the request asks for the order of fusion"
        elif ranker is None:
            refused = "the ranker was trained with another embedding model"
        elif not stages.deadline.allows("rank"):
            refused = OUT_OF_TIME
        if refused or ranker is None:
            trace.skip("rank", refused)
            return [Ranked(key, score) for key, score in fused]
        with trace.stage("rank") as stage:
            looked_at = fused[: RANKED_PER_CANDIDATE * request.candidates]
            table = tabulate(stages.query, snapshot, stages.lists, looked_at)
            ranked = ranker.rank([key for key, _ in looked_at], table, stages.explained)
            stage.record(ranker=ranker.name, candidates=len(ranked))
        return ranked

    def _fetch(self, ranked: Sequence[Ranked], lists: Mapping[str, Candidates], k: int, trace: Trace) -> Sequence[Hit]:
        """Reads the chunks from the database, which has the last word on what is still visible."""
        with trace.stage("fetch") as stage, self._database.read() as connection:
            best = ranked[: FETCHED * k]
            found = chunks.visible(connection, [item.key for item in best])
            kept = [item for item in best if item.key in found][:k]
            hits = [Hit(found[item.key], item.score, _why(item, lists), item.features) for item in kept]
            stage.record(
                hits=[
                    {"chunk_id": hit.chunk.id, "score": hit.score, **hit.why, "features": item.features}
                    for hit, item in zip(hits, kept, strict=True)
                ]
            )
        return hits

    def _weigh(self, query: Query, snapshot: Snapshot, hits: Sequence[Hit], trace: Trace) -> float:
        with trace.stage("evidence") as stage:
            indexes = [segment.sparse for segment in snapshot.segments]
            rarity = sparse.rarity(indexes, snapshot.alive, query.terms)
            covered = coverage(rarity, [hit.chunk.text for hit in hits])
            cosine = max((hit.why.get("dense_score", 0.0) for hit in hits), default=0.0)
            calibration = calibration_of(snapshot.model_id)
            found = evidence(calibration, cosine, covered) if hits else 0.0
            stage.record(
                evidence=round(found, 4),
                cosine=round(cosine, 4),
                coverage=round(covered, 4),
                calibration=calibration.name,
            )
        return found


def _wanted(request: SearchRequest) -> frozenset[str]:
    """The stages that give way without time, of those that the request asks for."""
    asked = {
        "translate": bool(request.translation),
        "cross_encoder": bool(request.cross_encoder),
        "late_interaction": request.late_interaction,
        "rank": request.rerank,
    }
    return frozenset(stage for stage, wanted in asked.items() if wanted)


def _may_rise(request: SearchRequest) -> int:
    """Candidates of which the stages after the ranker may make hits, so that each has its features."""
    return RANKED_PER_CANDIDATE * request.candidates if request.late_interaction else request.cross_encoder


def _why(item: Ranked, lists: Mapping[str, Candidates]) -> dict[str, float]:
    """Rank (from 1) and score of the chunk in every list that has it, and what moved it most in the final order."""
    why: dict[str, float] = {}
    for name, found in lists.items():
        if item.key in found.keys:
            position = found.keys.index(item.key)
            why |= {f"{name}_rank": position + 1, f"{name}_score": found.scores[position]}
    strongest = sorted(item.contributions.items(), key=lambda reason: -abs(reason[1]))[:REASONS]
    return why | {f"because_{name}": round(moved, 4) for name, moved in strongest}
