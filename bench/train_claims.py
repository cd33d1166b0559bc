"""Trains the judge of claims that ships and judges it on articles it never saw.

Run by hand when features or sentence splitting change: `python -m bench.train_claims FOLDER`, where the folder holds
`beir/` (squad, cmrc2018, nq_gold) and `tasks/grounding/wice_claim_dev.jsonl.gz`. Writes generation/claim_model.txt and
generation/claim_calibration.json, and prints AUROC by kind of fault, on people's labels, and what the calibration is
worth. The same data give the same files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import lightgbm
import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from bench.claim_examples import ClaimExample, constructed, labelled
from generation.claim_evidence import EvidenceFinder
from generation.claim_features import FEATURES, matrix
from generation.claims import CALIBRATION, CLAIM_MODEL, Calibration
from retrieval import tree_ensemble

# Questions by corpus and split; SQuAD's splits are by article, the others' by passage.
QUESTIONS: Mapping[str, Mapping[str, int]] = {
    "squad": {"train": 500, "dev": 200, "test": 250},
    "cmrc2018": {"train": 350, "dev": 150, "test": 200},
    "nq_gold": {"train": 150, "dev": 60, "test": 100},
}
WICE = Path("tasks/grounding/wice_claim_dev.jsonl.gz")
# WiCE's claims are few, and the only ones that people labelled.
WICE_WEIGHT = 3.0
TREES = 80
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.08,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": 0,
    "verbose": -1,
}
# A claim is called supported, or at least partly supported, from the chance on that this share of such claims is.
SUPPORTED, PARTLY = 0.6, 0.3

Floats = NDArray[np.float64]


class Rows:
    """Examples with their features."""

    def __init__(self, examples: Sequence[ClaimExample]) -> None:
        self.examples, compared = [], []
        passages, finder = None, EvidenceFinder(())
        for example in examples:
            if example.passages is not passages:  # examples of one question share them
                passages, finder = example.passages, EvidenceFinder(example.passages)
            if (found := finder.find(example.claim)) is not None:
                self.examples.append(example)
                compared.append(found)
        self.features = matrix(compared, list(FEATURES))
        self.labels = np.array([example.supported for example in self.examples])
        self.kinds = np.array([example.kind for example in self.examples])
        self.found_gold = [
            example.passages[one.window.passage].chunk.id == example.gold
            for example, one in zip(self.examples, compared, strict=True)
            if example.gold
        ]


def main(
    data: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder with `beir/` and `tasks/`.")],
    out: Annotated[Path, typer.Option(help="File for the trees; the calibration goes beside it.")] = CLAIM_MODEL,
) -> None:
    """Trains on `train`, calibrates on `dev`, reports on `test` and on the half of WiCE that was held out."""
    sets = {
        (name, split): Rows(constructed(data / "beir" / name, split, count))
        for name, splits in QUESTIONS.items()
        for split, count in splits.items()
    }
    taught, held_out = Rows(labelled(data / WICE, held_out=False)), Rows(labelled(data / WICE, held_out=True))
    training = [*(sets[name, "train"] for name in QUESTIONS), taught]
    booster = lightgbm.train(
        PARAMETERS,
        lightgbm.Dataset(
            np.concatenate([rows.features for rows in training]),
            np.concatenate([rows.labels for rows in training]),
            weight=np.concatenate(
                [np.full(len(rows.labels), WICE_WEIGHT if rows is taught else 1.0) for rows in training]
            ),
            feature_name=list(FEATURES),
        ),
        TREES,
    )
    text: str = booster.model_to_string()
    trees = tree_ensemble.read(text)
    calibration = _calibrated(trees, [sets[name, "dev"] for name in QUESTIONS])
    out.write_text(text)
    out.with_name(CALIBRATION.name).write_text(json.dumps(asdict(calibration), indent=1) + "\n")
    for name in QUESTIONS:
        _report(name, sets[name, "test"], trees, calibration)
    _report_labelled(held_out, trees, calibration)


def _calibrated(trees: tree_ensemble.TreeEnsemble, rows: Sequence[Rows]) -> Calibration:
    """Platt's two numbers, with supported and unsupported claims counted as equally frequent."""
    scores = np.concatenate([trees.predict(one.features) for one in rows])
    labels = np.concatenate([one.labels for one in rows])
    fitted: Any = LogisticRegression(C=1e4, class_weight="balanced").fit(scores[:, None], labels)
    return Calibration(round(float(fitted.coef_[0, 0]), 4), round(float(fitted.intercept_[0]), 4), SUPPORTED, PARTLY)


def _report(name: str, rows: Rows, trees: tree_ensemble.TreeEnsemble, calibration: Calibration) -> None:
    chances = _chances(rows, trees, calibration)
    print(f"\n{name} test, {len(rows.labels)} claims: AUROC {roc_auc_score(rows.labels, chances):.3f}", end=", ")
    balanced = np.where(rows.labels, 1 / rows.labels.sum(), 1 / (~rows.labels).sum())
    print(f"Brier {brier_score_loss(rows.labels, chances, sample_weight=balanced):.3f} with both kinds as frequent")
    if rows.found_gold:
        print(f"  evidence of a supported claim lies in the right passage of three: {np.mean(rows.found_gold):.3f}")
    for kind in sorted(set(rows.kinds) - {"supported"}):
        own = rows.kinds == kind
        found = roc_auc_score(rows.labels[rows.labels | own], chances[rows.labels | own])
        print(f"  {kind}: AUROC {found:.3f}, {own.sum()} claims, {_verdicts(chances[own], calibration)}")
    print(f"  supported: {_verdicts(chances[rows.labels], calibration)}")
    for low in np.arange(0, 1, 0.2):
        inside = (chances >= low) & (chances < low + 0.2 + 1e-9 * (low > 0.7))
        if inside.any():
            share = np.average(rows.labels[inside], weights=balanced[inside])
            print(f"  score {low:.1f} to {low + 0.2:.1f}: {share:.2f} supported, {int(inside.sum())} claims")


def _report_labelled(rows: Rows, trees: tree_ensemble.TreeEnsemble, calibration: Calibration) -> None:
    chances = _chances(rows, trees, calibration)
    supported, refuted = rows.kinds == "supported", rows.kinds == "not_supported"
    clear = supported | refuted
    print(f"\nWiCE, {len(chances)} claims of articles held out:")
    print(f"  supported against not supported: AUROC {roc_auc_score(supported[clear], chances[clear]):.3f}")
    print(f"  supported against all others: AUROC {roc_auc_score(supported, chances):.3f}")
    print(f"  not supported against all others: AUROC {roc_auc_score(~refuted, chances):.3f}")
    for kind in sorted(set(rows.kinds)):
        own = rows.kinds == kind
        print(f"  {kind}: {own.sum()} claims, {_verdicts(chances[own], calibration)}")


def _chances(rows: Rows, trees: tree_ensemble.TreeEnsemble, calibration: Calibration) -> Floats:
    return np.array([calibration.chance(score) for score in trees.predict(rows.features).tolist()])


def _verdicts(chances: Floats, calibration: Calibration) -> str:
    said = [calibration.verdict(chance) for chance in chances.tolist()]
    return ", ".join(f"{verdict} {said.count(verdict) / len(said):.2f}" for verdict in dict.fromkeys(sorted(said)))


if __name__ == "__main__":
    typer.run(main)
