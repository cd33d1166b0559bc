from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generation.training_checkpoint import BEFORE_DECAY, LATEST, Progress, load, resumable, save
from retrieval.errors import ModelUnavailable

PROGRESS = Progress(step=40, steps=100, seed=0, examples=640, seconds=12.0)


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    tensors = {"weight": torch.randn(3, 4), "mean/weight": torch.randn(3, 4)}
    save(tmp_path / "run", LATEST, PROGRESS, tensors)
    progress, found = load(tmp_path / "run", LATEST)
    assert progress == PROGRESS
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_a_power_cut_while_saving_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    save(tmp_path, LATEST, PROGRESS, {"weight": torch.ones(2)})
    (tmp_path / f"{LATEST}.unfinished").write_bytes(b"half a file")
    assert load(tmp_path, LATEST)[0] == PROGRESS
    save(tmp_path, LATEST, replace(PROGRESS, step=50), {"weight": torch.ones(2)})
    assert load(tmp_path, LATEST)[0].step == 50


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_a_missing_or_damaged_checkpoint_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / LATEST).write_bytes(content)
    with pytest.raises(ModelUnavailable, match="--resume"):
        load(tmp_path, LATEST)


def test_a_run_goes_on_from_where_its_rate_had_not_fallen_yet(tmp_path: Path) -> None:
    save(tmp_path, LATEST, PROGRESS, {"weight": torch.ones(1)})
    assert [resumable(tmp_path, steps) for steps in (100, 45, 500)] == [LATEST] * 3
    save(tmp_path, LATEST, replace(PROGRESS, step=90), {"weight": torch.ones(1)})
    assert resumable(tmp_path, 100) == LATEST
    assert resumable(tmp_path, 500) == BEFORE_DECAY
