"""The two looks after the ranker, each on request: the tokens of query and candidates, and both read as one text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from retrieval import late_interaction
from retrieval.cross_encoder import PairScorer, read_again
from retrieval.deadline import OUT_OF_TIME, Deadline
from retrieval.ranking import RANKED_PER_CANDIDATE, Ranked
from retrieval.snapshot import Snapshot
from retrieval.store import chunks
from retrieval.store.database import Database
from retrieval.token_encoding import TokenEncoder
from retrieval.trace import Trace
from retrieval.types import SearchRequest


@dataclass(frozen=True, slots=True)
class TimedScorer:
    """A cross-encoder and its time."""

    scorer: Callable[[], PairScorer]  # loads it when first asked; may raise `ModelUnavailable`
    milliseconds: float  # that it may take for a search


class TokenEncoders(Protocol):
    """What makes token vectors beside the embedding model of an id."""

    def __call__(self, model_id: str, /) -> TokenEncoder: ...


class LastLooks:
    """Takes them where there is a model for it; holds the models and where the candidates' texts are."""

    def __init__(self, database: Database, token_encoders: TokenEncoders | None, pairs: TimedScorer | None) -> None:
        self._database = database
        self._token_encoders = token_encoders
        self._pairs = pairs

    def compare_tokens(
        self, request: SearchRequest, snapshot: Snapshot, ranked: Sequence[Ranked], deadline: Deadline, trace: Trace
    ) -> Sequence[Ranked]:
        """The candidates in the order that the ranker and the tokens give together."""
        held = any(segment.late_interaction.model_id for segment in snapshot.segments)
        if not request.late_interaction or self._token_encoders is None or not held:
            asked = "the collection keeps no token vectors" if request.late_interaction else "the request asks for none"
            trace.skip("late_interaction", asked)
            return ranked
        if not deadline.allows("late_interaction"):
            trace.skip("late_interaction", OUT_OF_TIME)
            return ranked
        with trace.stage("late_interaction") as stage:
            encoder = self._token_encoders(snapshot.model_id)
            first = ranked[: RANKED_PER_CANDIDATE * request.candidates]
            scores = late_interaction.scores(encoder, snapshot, request.query, [item.key for item in first])
            stage.record(model=encoder.model_id, candidates=len(first), compared=int(np.isfinite(scores).sum()))
        return [*late_interaction.joined(first, scores), *ranked[len(first) :]]

    def read_pairs(
        self, request: SearchRequest, ranked: Sequence[Ranked], deadline: Deadline, trace: Trace
    ) -> Sequence[Ranked]:
        """The first candidates in the order of a model that reads each with the query, as far as its time goes."""
        if not request.cross_encoder or self._pairs is None:
            reason = "no model is named: SCHOLIAST_CROSS_ENCODER_MODEL"
            trace.skip("cross_encoder", reason if request.cross_encoder else "the request does not ask for it")
            return ranked
        left = deadline.left_for("cross_encoder")
        if left <= 0:
            trace.skip("cross_encoder", OUT_OF_TIME)
            return ranked
        with trace.stage("cross_encoder") as stage:
            scorer = self._pairs.scorer()
            first = [item.key for item in ranked[: request.cross_encoder]]
            with self._database.read() as connection:
                texts = {
                    key: chunks.represented_by(chunk.headings, chunk.text)
                    for key, chunk in chunks.visible(connection, first).items()
                }
            found, read = read_again(scorer, request.query, ranked, texts, min(self._pairs.milliseconds, left))
            stage.record(model=scorer.name, wanted=len(texts), read=read, in_time=read == len(texts))
        return found
