"""`scholiast demo` as a new user runs it, twice: the second run finds the documents of the first."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.processes import MODELS

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.models, pytest.mark.slow]


def demonstrate(data: Path, *arguments: str) -> str:
    environment = {"SCHOLIAST_DATA_DIR": str(data), "SCHOLIAST_MODELS_DIR": str(MODELS)}
    run = subprocess.run(
        [sys.executable, "-m", "app", "demo", *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def from_before(output: str) -> tuple[int, int]:
    found = re.search(r"Uploaded (\d+) sample documents; (\d+) of them are ready from before", output)
    assert found is not None
    return int(found[1]), int(found[2])


def quotes(output: str) -> list[str]:
    """What the answers cite; a terminal wraps long ones."""
    return [" ".join(found.split()) for found in re.findall(r"^  \[\d\] [^“]*“[^”]*”", output, re.MULTILINE)]


def test_a_second_run_answers_from_the_documents_of_the_first_and_a_fresh_one_from_none(tmp_path: Path) -> None:
    first = demonstrate(tmp_path)
    documents, ready = from_before(first)
    assert (documents >= 12, ready) == (True, 0)
    again = demonstrate(tmp_path)
    assert from_before(again) == (documents, documents)
    assert len(quotes(first)) >= 5
    assert quotes(again) == quotes(first)
    assert from_before(demonstrate(tmp_path, "--fresh")) == (documents, 0)
