"""Progress shows as bars on a terminal and as one line a step elsewhere."""

import io

from rich.console import Console

from app.step_progress import steps_on


def shown(terminal: bool) -> str:
    output = io.StringIO()
    with steps_on(Console(file=output, force_terminal=terminal)) as report:
        for done in range(4):
            report("writing", done, 3)
        report("checking", 3, 3)
    return output.getvalue()


def test_a_file_gets_one_line_a_step() -> None:
    assert shown(terminal=False) == "writing\nchecking\n"


def test_a_terminal_gets_bars() -> None:
    assert "100%" in shown(terminal=True) or "3/3 bytes" in shown(terminal=True)
