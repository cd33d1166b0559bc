"""Trees read from LightGBM's text give what LightGBM gives, and explain it."""

import lightgbm
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval import tree_ensemble
from retrieval.errors import ModelUnavailable


def rows(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, 4))


@pytest.fixture(scope="module")
def booster() -> lightgbm.Booster:
    features = rows(2000)
    wanted = features[:, 0] * (features[:, 1] > 0) + features[:, 2]
    data = lightgbm.Dataset(features, wanted, feature_name=["a", "b", "c", "d"])
    return lightgbm.train({"use_missing": False, "verbosity": -1, "num_leaves": 9, "seed": 1}, data, 25)


def test_predictions_equal_those_of_the_library(booster: lightgbm.Booster) -> None:
    ensemble = tree_ensemble.read(booster.model_to_string())
    asked = rows(500, seed=1)
    np.testing.assert_allclose(ensemble.predict(asked), booster.predict(asked), atol=1e-12)


def test_a_value_on_a_threshold_goes_where_the_library_sends_it(booster: lightgbm.Booster) -> None:
    ensemble = tree_ensemble.read(booster.model_to_string())
    asked = np.tile(ensemble.thresholds.ravel()[:200, None], (1, 4))
    np.testing.assert_allclose(ensemble.predict(asked), booster.predict(asked), atol=1e-12)


@pytest.mark.parametrize("leaves", [2, 16, 17, 33, 64])
def test_trees_of_any_number_of_leaves_up_to_64(leaves: int) -> None:
    features = rows(4000)
    data = lightgbm.Dataset(features, features[:, 0] * features[:, 1] + features[:, 2] ** 2)
    options = {"use_missing": False, "verbosity": -1, "num_leaves": leaves, "min_data_in_leaf": 5, "seed": 1}
    booster = lightgbm.train(options, data, 5)
    ensemble = tree_ensemble.read(booster.model_to_string())
    asked = rows(1100, seed=3)  # more than one block
    np.testing.assert_allclose(ensemble.predict(asked), booster.predict(asked), atol=1e-12)
    np.testing.assert_allclose(ensemble.contributions(asked).sum(axis=1), booster.predict(asked), atol=1e-9)


def test_larger_trees_are_refused() -> None:
    features = rows(4000)
    data = lightgbm.Dataset(features, features[:, 0] * features[:, 1])
    booster = lightgbm.train({"use_missing": False, "verbosity": -1, "num_leaves": 65, "min_data_in_leaf": 5}, data, 1)
    with pytest.raises(ModelUnavailable, match="at most 64"):
        tree_ensemble.read(booster.model_to_string())


def test_contributions_sum_to_the_prediction(booster: lightgbm.Booster) -> None:
    ensemble = tree_ensemble.read(booster.model_to_string())
    asked = rows(100, seed=2)
    found = ensemble.contributions(asked)
    np.testing.assert_allclose(found.sum(axis=1), ensemble.predict(asked), atol=1e-9)
    assert np.abs(found[:, 3]).max() < np.abs(found[:, 2]).max()  # noise explains less than what the target is made of


def test_a_tree_without_splits_is_a_constant() -> None:
    data = lightgbm.Dataset(rows(30), np.ones(30), feature_name=["a", "b", "c", "d"])
    constant = lightgbm.train({"use_missing": False, "verbosity": -1}, data, 2)
    ensemble = tree_ensemble.read(constant.model_to_string())
    np.testing.assert_allclose(ensemble.predict(rows(5)), constant.predict(rows(5)), atol=1e-12)


def test_no_rows_give_no_scores(booster: lightgbm.Booster) -> None:
    ensemble = tree_ensemble.read(booster.model_to_string())
    assert ensemble.predict(np.zeros((0, 4))).shape == (0,)
    assert ensemble.contributions(np.zeros((0, 4))).shape == (0, 5)


@pytest.mark.parametrize("text", ["", "tree\n", "not a model", "tree\nfeature_names=a\n\nTree=0\nnum_leaves=2\n"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ModelUnavailable, match="not a LightGBM text model"):
        tree_ensemble.read(text)


def test_splits_that_treat_missing_values_are_refused(booster: lightgbm.Booster) -> None:
    text = booster.model_to_string().replace("decision_type=2", "decision_type=10", 1)
    with pytest.raises(ModelUnavailable, match="decision types"):
        tree_ensemble.read(text)
