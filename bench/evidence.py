"""Fits the evidence model: questions put to their own corpus against questions put to a foreign one.

Run by hand when embedder, analyser or chunking change: `python -m bench.evidence FOLDER_OF_CORPORA [CORPUS ...]`, for a
model that knows one language with the corpora in that language. Prints the coefficients for retrieval/evidence.py, with
the cosine and without it, and how well they tell the two apart on held-out questions.
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
_COLUMNS = ("cosine", "coverage")  # of the rows that are fitted; the label follows


def main() -> None:
    """Fits on half of the questions and reports on the other half."""
    settings = Settings()
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    chosen = sys.argv[2:] or FITTED_ON
    corpora = [load(Path(sys.argv[1]) / name, FITTED_ON[name]) for name in chosen]
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
    own = held_out[:, 2] == 1
    print(f"held out: {len(held_out)} questions")
    for signals in (["cosine", "coverage"], ["cosine"], ["coverage"]):
        columns = [_COLUMNS.index(signal) for signal in signals]
        model = LogisticRegression(C=1e4).fit(fitted[:, columns], fitted[:, 2])
        chances = model.predict_proba(held_out[:, columns])[:, 1]
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(signals, model.coef_[0], strict=True))
        print(f"intercept {model.intercept_[0]:.2f}, {weights}: AUROC {roc_auc_score(held_out[:, 2], chances):.3f}")
        for threshold in (0.2, 0.3, 0.5):
            kept = chances >= threshold
            print(
                f"  at {threshold}: {kept[own].mean():.3f} of own kept, {(~kept[~own]).mean():.3f} of foreign refused"
            )


if __name__ == "__main__":
    main()
