"""Late interaction: how well the first candidates answer each token of the query, and the order that comes of it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import parts
from retrieval.fusion import RANK_CONSTANT
from retrieval.ranking import Ranked
from retrieval.snapshot import Snapshot
from retrieval.token_encoding import TokenEncoder


def scores(encoder: TokenEncoder, snapshot: Snapshot, text: str, keys: Sequence[int]) -> NDArray[np.float64]:
    """MaxSim [candidates] of the query with each candidate; nan for those without token vectors of this model."""
    found = np.full(len(keys), np.nan)
    probe = None
    for part in parts(snapshot, np.array(keys, dtype=np.int64)):
        index = part.segment.late_interaction
        if index.model_id == encoder.model_id:
            probe = encoder.codec.probe(encoder.query_tokens(text)) if probe is None else probe
            found[part.candidates] = index.scores(encoder.codec, probe, part.rows)
    return found


def joined(ranked: Sequence[Ranked], found: NDArray[np.float64]) -> Sequence[Ranked]:
    """Both orders in one, by reciprocal ranks; a candidate without a score keeps its place, the others share theirs."""
    held = np.flatnonzero(np.isfinite(found))
    by_score = np.zeros(len(held))
    by_score[np.argsort(-found[held], kind="stable")] = held
    together = 1 / (RANK_CONSTANT + 1 + held) + 1 / (RANK_CONSTANT + 1 + by_score)
    order = np.arange(len(ranked))
    order[held] = held[np.argsort(-together, kind="stable")]
    return [ranked[place] for place in order.tolist()]
