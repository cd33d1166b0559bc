"""Evidence is calibrated for each embedding model; without a calibration the words decide alone."""

import pytest

from app.models.catalogue import CATALOGUE
from retrieval.evidence import CALIBRATIONS, calibration_of, evidence


def test_every_embedder_of_the_catalogue_is_calibrated() -> None:
    assert set(CALIBRATIONS) == {model.name for model in CATALOGUE.values() if model.role == "embedder"}


@pytest.mark.parametrize(
    ("model_id", "near", "far"), [("multilingual-e5-small@1", 0.88, 0.76), ("all-MiniLM-L6-v2@1", 0.6, 0.1)]
)
def test_what_counts_as_near_differs_between_models(model_id: str, near: float, far: float) -> None:
    calibration = calibration_of(model_id)
    assert evidence(calibration, near, 0.6) > 0.8
    assert evidence(calibration, far, 0.1) < 0.05


def test_without_a_calibration_only_the_words_count() -> None:
    calibration = calibration_of("mine@1")
    assert calibration.name == "coverage alone"
    assert evidence(calibration, 0.1, 0.7) == evidence(calibration, 0.9, 0.7) > 0.9
    assert evidence(calibration, 0.9, 0.0) < 0.01
