"""Trains a ranker on a collection before anybody has used it, by questions made from its documents.

What recall finds for a question beside the chunk that it was made of are the hard negatives. Where a cross-encoder is
at hand it looks at the first of them: one that answers better than that chunk is no negative. The questions of one
document in three are held out, so that the gate asks about documents that the challenger learnt nothing from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from retrieval import gate
from retrieval.analysis import terms
from retrieval.candidates import tabulate
from retrieval.click_log import ClickLog, of_answers
from retrieval.cross_encoder import PairScorer
from retrieval.errors import Conflict
from retrieval.features import matrix
from retrieval.fusion import reciprocal_rank_fusion
from retrieval.indexes import sparse
from retrieval.learning import is_held_out
from retrieval.pipeline import RECALL_DEPTH, Embedders
from retrieval.pseudo_questions import PseudoQuestion, extracted, written
from retrieval.ranker_training import champion_of, keep
from retrieval.rankers import stored_ranker
from retrieval.ranking import Ranker
from retrieval.recall import Query, recall
from retrieval.snapshot import Snapshot, Snapshots
from retrieval.store import chunks
from retrieval.store.database import Database
from retrieval.store.ranker_versions import RankerVersion
from retrieval.train_ranker import JudgedCandidates, train
from retrieval.types import Embedder

# Candidates of a question that are learnt from and judged: deeper ones are easy to tell from the right one.
DEPTH = 60
# Candidates that a teacher looks at: an answer that was overlooked stands at the top.
TAUGHT = 10
# Questions below which there is nothing to learn.
ENOUGH = 40


@dataclass(frozen=True, slots=True)
class Teacher:
    """Grades the candidates of a question, with a model or without."""

    database: Database
    scorer: PairScorer | None

    def grades(self, question: PseudoQuestion, keys: Sequence[int], right: NDArray[np.bool_]) -> NDArray[np.int64]:
        """By candidate: 2 for the right one, 1 for others that the model likes better, 0 for the rest."""
        found = 2 * right.astype(np.int64)
        if self.scorer is None:
            return found
        looked_at = [*range(min(TAUGHT, len(keys)))]
        looked_at += [place for place in np.flatnonzero(right).tolist() if place >= TAUGHT]
        with self.database.read() as connection:
            known = chunks.visible(connection, [keys[place] for place in looked_at])
        looked_at = [place for place in looked_at if keys[place] in known]
        texts = [chunks.represented_by(known[keys[place]].headings, known[keys[place]].text) for place in looked_at]
        scores = self.scorer.score(question.text, texts)
        liked = scores > max(scores[right[looked_at]], default=np.inf)
        found[np.array(looked_at, dtype=np.int64)[liked]] = 1
        return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """The candidates of all questions, and which question is of a document that is held out."""

    log: ClickLog  # `clicks` are the chunks that the questions were made of
    grades: NDArray[np.int64]  # [rows]: 2 for those, 1 for what the teacher likes better, 0 for the rest
    held_out: Sequence[bool]


def train_from_documents(
    database: Database,
    snapshots: Snapshots,
    embedders: Embedders,
    shipped: Ranker,
    collection: str,
    count: int,
    teacher: PairScorer | None = None,
) -> RankerVersion:
    """Makes up to `count` questions, learns from two thirds of the documents and lets the gate ask about the others.

    The gate judges by the chunks that the questions were made of, whatever the teacher says.
    Raises `NotFound`, `Conflict` where the documents give too few questions, `ModelUnavailable`.
    """
    with database.read() as connection:
        champion = champion_of(connection, collection, shipped)
    snapshot = snapshots.latest(collection)
    questions = _questions(database, snapshot, count)
    asked = _ask(
        questions, snapshot, embedders[snapshot.model_id], champion.ranker.features, Teacher(database, teacher)
    )
    held_out = np.array(asked.held_out, dtype=np.bool_)
    if asked.log.count < ENOUGH or held_out.all() or not held_out.any():
        raise Conflict(
            f"The documents of '{collection}' give {asked.log.count} questions whose answer recall finds; {ENOUGH}, of "
            "several documents, are needed to learn from."
        )
    learnt_from, judged = asked.log.part(~held_out), asked.log.part(held_out)
    rows = JudgedCandidates(
        learnt_from.features,
        asked.grades[~held_out[asked.log.impressions]],
        np.bincount(learnt_from.impressions).tolist(),
        np.ones(learnt_from.count),
    )
    text = train(champion.ranker.features, rows, champion.ranker.text)
    challenger = stored_ranker(collection, 0, champion.ranker.embedder, text)
    worth = [gate.ndcg(judged, ranker.score(judged.features)) for ranker in (champion.ranker, challenger)]
    verdict = gate.by_questions(worth[1] - worth[0])
    return keep(database, collection, "documents", champion, challenger, verdict)


def _questions(database: Database, snapshot: Snapshot, count: int) -> Sequence[PseudoQuestion]:
    """Written ones first, then extracted ones of other chunks; the same collection gives the same questions."""
    coin = Random(0)  # noqa: S311 - repeatable, not secret
    keys = [
        key for part, alive in zip(snapshot.segments, snapshot.alive, strict=True) for key in part.chunk_keys[alive]
    ]
    coin.shuffle(keys)
    with database.read() as connection:
        # More than are wanted, because not every chunk gives a question.
        sampled = chunks.visible(connection, [int(key) for key in keys[: 2 * count]])
        texts = chunks.represented_as(connection, list(sampled), "questions")
    found = written(texts, sampled, coin)
    others = [chunk for key, chunk in sampled.items() if not texts.get(key)]
    found += extracted(others, _rarity(snapshot), coin)
    return found[:count]


def _rarity(snapshot: Snapshot) -> Mapping[str, float]:
    indexes = [part.sparse for part in snapshot.segments]
    words = dict.fromkeys(word for index in indexes for word in index.words)
    return sparse.rarity(indexes, snapshot.alive, list(words))


def _ask(
    questions: Sequence[PseudoQuestion],
    snapshot: Snapshot,
    embedder: Embedder,
    names: Sequence[str],
    teacher: Teacher,
) -> _Asked:
    """The first candidates of every question that recall answers, by text alone: the question may be indexed itself."""
    features, answers, grades, sizes, held_out = [], [], [], [], []
    for question in questions:
        query = Query(
            question.text, terms(question.text), embedder.embed_query(question.text), frozenset({"text", "tree"})
        )
        lists = recall(query, snapshot, snapshot.alive, RECALL_DEPTH)
        fused = reciprocal_rank_fusion({name: found.keys for name, found in lists.items()})[:DEPTH]
        right = np.array([key == question.chunk_key for key, _ in fused], dtype=np.bool_)
        if right.any() and len(fused) > 1:
            features.append(matrix(tabulate(query, snapshot, lists, fused), names))
            answers.append(right)
            grades.append(teacher.grades(question, [key for key, _ in fused], right))
            sizes.append(len(fused))
            held_out.append(is_held_out(question.document_id))
    log = of_answers(
        np.concatenate(features) if features else np.zeros((0, len(names))),
        np.concatenate(answers) if answers else np.zeros(0, dtype=np.bool_),
        sizes,
    )
    return _Asked(log, np.concatenate(grades) if grades else np.zeros(0, dtype=np.int64), held_out)
