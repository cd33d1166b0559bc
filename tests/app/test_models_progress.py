"""A terminal shows bars, a log gets a line for each step."""

import io

from rich.console import Console

from app.models.install import PullProgress
from app.models.progress import shown_on
from tests.app.models_fakes import make_model

MODEL = make_model()
PULL = [
    PullProgress(MODEL, "downloading", 0, 0),
    PullProgress(MODEL, "downloading", 3000, 6000),
    PullProgress(MODEL, "downloading", 6000, 6000),
    PullProgress(MODEL, "converting"),
    PullProgress(MODEL, "ready"),
]


def shown(*, terminal: bool) -> str:
    output = io.StringIO()
    with shown_on(Console(file=output, force_terminal=terminal, width=100)) as report:
        for progress in PULL:
            report(progress)
    return output.getvalue()


def test_a_log_has_one_line_a_step() -> None:
    steps = [line.split()[:2] for line in shown(terminal=False).splitlines()]
    assert steps == [["tiny:", "downloading"], ["tiny:", "making"], ["tiny:", "ready"]]


def test_a_terminal_ends_with_a_full_bar() -> None:
    last = [line for line in shown(terminal=True).splitlines() if "tiny" in line][-1]
    assert "ready" in last
    assert "6.0/6.0 kB" in last
