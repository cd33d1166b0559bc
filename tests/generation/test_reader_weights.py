from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generation.reader_network import new_heads
from generation.reader_weights import AnswerableCalibration, ReaderWeights
from retrieval.errors import ModelUnavailable

CALIBRATION = AnswerableCalibration(0.2, 0.8, -0.1)


def made() -> ReaderWeights:
    before = {"a.weight": torch.randn(8, 16), "a.bias": torch.randn(8)}
    after = {name: value + torch.randn_like(value) * 0.01 for name, value in before.items()} | new_heads(16, 0)
    return ReaderWeights.trained("abc", before, after, CALIBRATION)


def test_what_is_written_comes_back_to_within_half_a_step_of_its_row(tmp_path: Path) -> None:
    written = made()
    written.save(tmp_path / "reader")
    found = ReaderWeights.read(tmp_path / "reader")
    assert (found.base, found.calibration) == ("abc", CALIBRATION)
    assert found.differences.keys() == written.differences.keys()
    matrix = written.differences["a.weight"]
    half_steps = matrix.abs().amax(dim=1, keepdim=True) / 127 * 0.51
    assert bool(((found.differences["a.weight"] - matrix).abs() <= half_steps).all())
    assert found.heads.keys() == written.heads.keys()
    for name, value in written.heads.items():
        torch.testing.assert_close(found.heads[name], value, rtol=1e-2, atol=1e-4)


def test_a_row_that_did_not_change_stays_as_it_was(tmp_path: Path) -> None:
    before = {"a.weight": torch.randn(4, 4)}
    ReaderWeights.trained("abc", before, before | new_heads(4, 0), CALIBRATION).save(tmp_path / "reader")
    assert not ReaderWeights.read(tmp_path / "reader").differences["a.weight"].any()


def test_the_mean_of_readers_has_the_mean_of_every_weight() -> None:
    first, second = made(), made()
    mean = ReaderWeights.averaged([first, second])
    for name, value in mean.differences.items():
        torch.testing.assert_close(value, (first.differences[name] + second.differences[name]) / 2)
    for name, value in mean.heads.items():
        torch.testing.assert_close(value, (first.heads[name] + second.heads[name]) / 2)


@pytest.mark.parametrize(
    "other",
    [
        replace(made(), base="def"),
        replace(made(), differences={}),
        replace(made(), differences=dict.fromkeys(made().differences, torch.zeros(2, 2))),
        replace(made(), heads={}),
    ],
)
def test_readers_of_different_embedders_or_layers_have_no_mean(other: ReaderWeights) -> None:
    with pytest.raises(ModelUnavailable, match="no mean"):
        ReaderWeights.averaged([made(), other])


@pytest.mark.parametrize("keep", [0, 20, 0.5, 0.99])
def test_a_damaged_file_is_told(tmp_path: Path, keep: float) -> None:
    made().save(tmp_path / "reader")
    content = (tmp_path / "reader").read_bytes()
    (tmp_path / "reader").write_bytes(content[: int(keep * len(content)) if keep < 1 else int(keep)])
    with pytest.raises(ModelUnavailable, match="reader"):
        ReaderWeights.read(tmp_path / "reader")


def test_chances_rise_with_both_scores() -> None:
    assert CALIBRATION.chance(5, 1) > CALIBRATION.chance(0, 1) > CALIBRATION.chance(0, 0) > CALIBRATION.chance(-9, 0)
