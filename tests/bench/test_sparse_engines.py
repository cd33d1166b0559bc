"""The engines that are installed find the same rows, also after rows came and went."""

from pathlib import Path

import numpy as np
import pytest

from bench.sparse_engines import BUILDS, ENGINES, FIXED, installed

TEXTS = ["crane", "crane hoist", "ship", "ship crane crane", "ship ship", "hoist 1,5"]


@pytest.mark.parametrize("name", installed())
def test_an_engine_finds_what_has_the_words_and_obeys_the_filter(tmp_path: Path, name: str) -> None:
    BUILDS[name](TEXTS, tmp_path)
    engine = ENGINES[name](tmp_path)
    found = engine.search(["hoist", "crane"], None, 3)
    assert found[0] == 1  # the only one with both
    assert set(found) <= {0, 1, 3, 5}
    allowed = np.array([True, False, True, True, True, False])
    assert set(engine.search(["hoist", "crane"], allowed, 3)) == {0, 3}
    assert engine.search(["unheard"], None, 3) == []


@pytest.mark.parametrize("name", sorted(set(installed()) - FIXED))
def test_rows_come_and_go(tmp_path: Path, name: str) -> None:
    BUILDS[name](TEXTS, tmp_path)
    engine = ENGINES[name](tmp_path)
    engine.add(["anchor"])
    assert engine.search(["anchor"], None, 3) == [len(TEXTS)]
    engine.remove([2])
    assert 2 not in engine.search(["ship"], None, 6)
