"""What a search depends on, with a hash: figures with the same hash were measured on the same pipeline."""

import hashlib
import json

from ingest.chunking.strategies import DEFAULT_CHUNK_TOKENS, DEFAULT_CHUNKING
from retrieval import fusion
from retrieval.analysis import ANALYSER
from retrieval.indexes import fields, sparse
from retrieval.pipeline import RANKING_DEPTH, RECALL_DEPTH
from retrieval.ranking import DEFAULT_RANKER
from retrieval.types import Json


def configuration(model_id: str) -> Json:
    """The facts by name, and `hash` over all of them."""
    facts = {
        "model": model_id,
        "analyser": ANALYSER,
        "chunking": f"{DEFAULT_CHUNKING}, {DEFAULT_CHUNK_TOKENS} tokens",
        "bm25": {"k1": sparse.K1, "b": sparse.B, "fields": dict(fields.WEIGHTS)},
        "recall_depth": RECALL_DEPTH,
        "fusion": {"rank_constant": fusion.RANK_CONSTANT, "weights": dict(fusion.WEIGHTS)},
        "ranking_depth": RANKING_DEPTH,
        "ranker": hashlib.sha256(DEFAULT_RANKER.read_bytes()).hexdigest()[:16],
    }
    return {**facts, "hash": hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]}
