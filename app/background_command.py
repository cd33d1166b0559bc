"""How a command runs that works beside a service: below everything that answers, its errors in one line."""

import os

import typer
from rich.console import Console

from retrieval.errors import ScholiastError

_NICENESS = 19


def run(app: typer.Typer, console: Console) -> int:
    """Runs the command that the arguments name; gives the exit code."""
    os.nice(_NICENESS)
    try:
        app()
    except ScholiastError as error:
        console.print(f"[red]{error.detail}[/]")
        return 1
    return 0
