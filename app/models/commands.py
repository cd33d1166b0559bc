"""The commands `scholiast models pull | list | verify`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from app.models.catalogue import find_models
from app.models.in_use import ModelInUse, in_use
from app.models.install import ModelStatus, installed, pull, verify
from app.models.progress import shown_on
from app.settings import Settings
from retrieval.errors import ScholiastError

models = typer.Typer(no_args_is_help=True, help="Fetch and check the models that run inside Scholiast.")

Names = Annotated[list[str] | None, typer.Argument(help="Names as `list` shows them.", show_default=False)]
ModelsDir = Annotated[
    Path,
    typer.Option(
        "--models-dir",
        help="The folder that holds the models.",
        default_factory=lambda: Settings().models_dir,
        show_default="models, or SCHOLIAST_MODELS_DIR",
    ),
]


@models.command("pull")
def pull_command(
    models_dir: ModelsDir,
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="The optional models too.")] = False,
) -> None:
    """Download models and make them ready: the default ones, those you name, or all.

    What is ready already is left alone. A model that you name is also checked byte by byte and replaced if damaged.
    An interrupted pull goes on where it was when you start it again.
    """
    with _one_line_failures(), shown_on(Console()) as report:
        pull(models_dir, find_models(names or (), everything=everything), report, thorough=bool(names))


@models.command("list")
def list_command(models_dir: ModelsDir) -> None:
    """Show every model: what it is for, whether it is installed, its size and licence; and which are in use."""
    _print_table(installed(models_dir))
    _print_in_use(in_use(Settings(models_dir=models_dir)))


@models.command("verify")
def verify_command(models_dir: ModelsDir) -> None:
    """Check every file of the installed models against its sha256; exit code 1 if one is damaged."""
    with _one_line_failures():
        found = [status for status in verify(models_dir) if status.state != "missing"]
    for status in found:
        typer.echo(f"{status.model.name}: {status.state}" + (f", {status.problem}" if status.problem else ""))
    broken = [status.model.name for status in found if status.state != "ready"]
    if broken:
        _fail(f"Run `scholiast models pull {' '.join(broken)}` to install them anew.")
    if not found:
        _fail("No model is installed. Run `scholiast models pull`.")


def _print_table(statuses: Sequence[ModelStatus]) -> None:
    columns = Column("name", no_wrap=True), "role", "installed", "MB", "licence", "description"
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for status in statuses:
        model = status.model
        state = {"ready": "yes", "missing": "no"}.get(status.state, status.state)
        table.add_row(model.name, model.role, state, f"{status.size / 1e6:.0f}", model.licence, model.description)
    Console().print(table)


def _print_in_use(models: Sequence[ModelInUse]) -> None:
    table = Table(
        "in use", "name", "run by", "MB", "loaded", "tokens/s", box=SIMPLE_HEAD, pad_edge=False, show_edge=False
    )
    for model in models:
        size = f"{model.size / 1e6:.0f}" if model.size else ""
        speed = f"{model.tokens_per_second:.0f}" if model.tokens_per_second else ""
        table.add_row(model.role, model.name, model.backend, size, "yes" if model.loaded else "no", speed)
    Console().print("", table)


@contextmanager
def _one_line_failures() -> Iterator[None]:
    """Ends the command with one line for what a person can mend."""
    try:
        yield
    except ScholiastError as error:
        _fail(error.detail)
    except OSError as error:
        _fail(f"The models folder cannot be used: {error.strerror or error}.")


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)
