"""The labelled data the ranker is trained and judged on: which splits, how much of each, and what must not meet.

A sample of each, because embedding all of them takes hours on two cores: the passages judged for the sampled queries,
and others up to a number.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import corpora
from bench.corpora import Corpus


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """One pool of passages and the queries that are asked of it."""

    folder: str
    passages: int  # the judged ones and others, up to so many
    train: Mapping[str, int] = field(default_factory=dict)  # queries by split
    test: Mapping[str, int] = field(default_factory=dict)
    kin: frozenset[str] = frozenset()  # sets with the same texts or of the same makers


SETS: Mapping[str, JudgedSet] = {
    "squad": JudgedSet("squad", 2060, {"train": 300, "dev": 100}, {"test": 300}, frozenset({"xquad"})),
    "nq_gold": JudgedSet("nq_gold", 1000, {"train": 300, "dev": 100}, {"test": 300}),
    "hotpotqa200": JudgedSet("hotpotqa200", 1000, {"dev": 100}, {"test": 100}),
    "wikimultihop2": JudgedSet("wikimultihop2", 1200, {"train": 200, "dev": 81}, {"test": 83}),
    "medquad": JudgedSet("medquad", 500, {"train": 200}, {"dev": 100}),
    "cmrc_train": JudgedSet("cmrc2018", 400, {"train": 250, "dev": 100}, {}, frozenset({"cmrc_test"})),
    "cmrc_test": JudgedSet("cmrc2018", 0, {}, {"test": 800}, frozenset({"cmrc_train"})),
    "xquad": JudgedSet("xquad_en_zh", 480, {}, {"test_mono": 500}, frozenset({"squad"})),
    "cranfield": JudgedSet("cranfield", 900, {}, {"test": 225}),
    "cacm": JudgedSet("cacm", 1200, {}, {"test": 52}),
    "pydocs_faq": JudgedSet("pydocs_faq", 400, {}, {"test": 171}),
}


def load(name: str, data: Path, seed: int = 0, sets: Mapping[str, JudgedSet] = SETS) -> Mapping[str, Corpus]:
    """The set's splits, each with its own queries and all with the same passages."""
    chosen = sets[name]
    parts = {
        split: corpora.sample(corpora.load(data / chosen.folder, split), queries, 0, seed)
        for split, queries in {**chosen.train, **chosen.test}.items()
    }
    whole = corpora.load(data / chosen.folder, next(iter(parts))).passages  # whatever the split
    judged = {passage.id for part in parts.values() for passage in part.passages}
    others = [passage.id for passage in whole if passage.id not in judged]
    kept = judged | set(random.Random(seed).sample(others, min(len(others), max(chosen.passages - len(judged), 0))))
    passages = [passage for passage in whole if passage.id in kept]
    return {split: Corpus(name, passages, part.queries, part.judgements) for split, part in parts.items()}


def trained_for(judged: str, available: Sequence[str]) -> Sequence[str]:
    """The sets to train on before the set is judged: all but itself and its kin."""
    return [name for name in available if SETS[name].train and name != judged and name not in SETS[judged].kin]
