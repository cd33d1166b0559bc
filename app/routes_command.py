"""`scholiast routes`: looks at the kinds of questions that a collection tells apart."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.client import Client
from app.settings import Settings

routes = typer.Typer(name="routes", help="The kinds of questions that a collection tells apart.", no_args_is_help=True)


@routes.callback()
def _commands() -> None:
    """Keeps `test` a command of its own while there is only one."""


@routes.command("test")
def show_confusion(
    collection: Annotated[str, typer.Option("--collection", "-c", help="The knowledge base.")] = "default",
    url: Annotated[str | None, typer.Option("--url", help="Where the service runs; default: this machine.")] = None,
) -> None:
    """Print which route the examples of each are taken for, each example judged without itself."""
    with Client(url or f"http://127.0.0.1:{Settings().port}") as client:
        found = client.route_confusion(collection)
    table = Table("examples of", *found["names"], title=f"right {found['accuracy']:.0%}")
    for name, counts in zip(found["names"], found["counts"], strict=False):
        table.add_row(name, *(str(count) if count else "·" for count in counts))
    Console(highlight=False).print(table)
