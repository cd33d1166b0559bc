"""Fits the evidence model: questions put to their own corpus against questions put to a foreign one.

Run by hand when embedder, analyser or chunking change: `python -m bench.evidence FOLDER_OF_CORPORA`. Prints the
coefficients for retrieval/evidence.py, and how well they tell the two apart on held-out questions.
"""

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from app.settings import Settings
from bench.corpora import Corpus, load
from retrieval.analysis import terms
from retrieval.embedding import SentenceEmbedder
from retrieval.evidence import coverage
from retrieval.indexes import dense, sparse

# Corpus -> split to fit on; two languages, short and long questions.
FITTED_ON = {"squad": "dev", "nq_gold": "dev", "cmrc2018": "dev", "medquad": "dev"}
POOL = 200
QUESTIONS = 60


def main() -> None:
    """Fits on half of the questions and reports on the other half."""
    settings = Settings()
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    corpora = [load(Path(sys.argv[1]) / name, split) for name, split in FITTED_ON.items()]
    generator = random.Random(0)
    questions = {
        corpus.name: generator.sample(sorted(corpus.queries), min(QUESTIONS, len(corpus.queries))) for corpus in corpora
    }
    rows: list[tuple[float, float, int]] = []
    for corpus in corpora:
        own = [corpus.queries[query_id] for query_id in questions[corpus.name]]
        foreign = [
            other.queries[query_id]
            for other in corpora
            if other is not corpus
            for query_id in questions[other.name][: QUESTIONS // 2]
        ]
        found = _signals(embedder, corpus, questions[corpus.name], [*own, *foreign])
        labels = [1] * len(own) + [0] * len(foreign)
        rows += [(cosine, covered, label) for (cosine, covered), label in zip(found, labels, strict=True)]
    _report(np.array(rows), generator)


def _signals(
    embedder: SentenceEmbedder, corpus: Corpus, kept: Sequence[str], asked: Sequence[str]
) -> list[tuple[float, float]]:
    """Cosine and coverage of every question over a pool that holds the answers to the corpus's own questions."""
    gold = {passage_id for query_id in kept for passage_id in corpus.judgements[query_id]}
    pool = [passage for passage in corpus.passages if passage.id in gold]
    pool += [passage for passage in corpus.passages if passage.id not in gold][: max(POOL - len(pool), 0)]
    texts = [f"{passage.title}\n{passage.text}"[:1500] for passage in pool]
    index = dense.build(embedder.embed_passages(texts))
    words = sparse.build([" ".join(terms(text)) for text in texts])
    every = np.ones(len(texts), dtype=np.bool_)
    found = []
    for question in asked:
        rows, scores = index.search(embedder.embed_query(question), every, 5)
        ranked = np.argsort(-sparse.bm25([words], [every], terms(question))[0], kind="stable")[:5]
        nearest = [texts[row] for row in dict.fromkeys([*rows[:3].tolist(), *ranked[:2].tolist()])]
        rarity = sparse.rarity([words], [every], terms(question))
        found.append((float(scores[0]), coverage(rarity, nearest)))
    return found


def _report(rows: NDArray[np.float64], generator: random.Random) -> None:
    order = list(range(len(rows)))
    generator.shuffle(order)
    fitted, held_out = rows[order[::2]], rows[order[1::2]]
    model = LogisticRegression(C=1e4).fit(fitted[:, :2], fitted[:, 2])
    chances = model.predict_proba(held_out[:, :2])[:, 1]
    print(f"INTERCEPT = {model.intercept_[0]:.2f}")
    print(f"WEIGHT_COSINE = {model.coef_[0, 0]:.2f}")
    print(f"WEIGHT_COVERAGE = {model.coef_[0, 1]:.2f}")
    print(f"held out: {len(held_out)} questions, AUROC {roc_auc_score(held_out[:, 2], chances):.3f}")
    for name, column in (("cosine", 0), ("coverage", 1)):
        print(f"  {name} alone: AUROC {roc_auc_score(held_out[:, 2], held_out[:, column]):.3f}")
    for threshold in (0.2, 0.3, 0.5):
        kept = chances >= threshold
        own = held_out[:, 2] == 1
        print(f"  at {threshold}: {kept[own].mean():.3f} of own kept, {(~kept[~own]).mean():.3f} of foreign refused")


if __name__ == "__main__":
    main()
