"""`scholiast train`: trains the models of our own from published sets; a run that is cut off goes on with --resume."""

import sys

import typer

from app import train_adapter, train_reader
from app.background_command import run
from app.train_options import console

app = typer.Typer(
    name="scholiast train",
    help="Train the models of our own from published sets.",
    no_args_is_help=True,
    add_completion=False,
)
app.command()(train_reader.reader)
app.command()(train_reader.average)
app.command()(train_adapter.adapter)


def main() -> int:
    """Runs a command; gives its exit code."""
    return run(app, console)


if __name__ == "__main__":
    sys.exit(main())
