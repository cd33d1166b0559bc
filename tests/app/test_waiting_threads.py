"""How threads of the models wait is said before torch is loaded, and whoever runs the service may say otherwise."""

import os
import subprocess
import sys

import pytest

_TOLD = """
import sys, app
assert "torch" not in sys.modules
import os
print(os.environ["GOMP_SPINCOUNT"])
"""


@pytest.mark.parametrize(("said", "expected"), [(None, "10000"), ("77", "77")], ids=["default", "own"])
def test_importing_the_service_says_how_long_threads_wait_awake(said: str | None, expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    if said is not None:
        environment["GOMP_SPINCOUNT"] = said
    told = subprocess.run(
        [sys.executable, "-c", _TOLD], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == expected
