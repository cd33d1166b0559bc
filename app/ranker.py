"""`scholiast ranker`: a collection's own rankers, trained from its documents or its use; `python -m app.ranker`.

A process of its own, of the lowest priority, that opens the data folder beside a running service: searches go on
meanwhile, and a version that the gate accepts orders the next one.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from app.background_command import run
from app.embedding_models import open_embedders
from app.last_look import open_last_look
from app.settings import Settings
from app.wiring import Storage, open_storage
from retrieval.cold_start import train_from_documents
from retrieval.ranker_training import evaluate as compare
from retrieval.ranker_training import train_from_feedback
from retrieval.ranking import Ranker
from retrieval.snapshot import Snapshots
from retrieval.store import impressions, ranker_versions
from retrieval.store.ranker_versions import SHIPPED, RankerVersion
from retrieval.types import Json

app = typer.Typer(
    name="scholiast ranker", help="Rankers of one's own for a collection.", no_args_is_help=True, add_completion=False
)
console = Console(highlight=False)
Collection = Annotated[str, typer.Option("--collection", "-c", help="The knowledge base.")]


@app.command("list")
def list_versions(collection: Collection = "default") -> None:
    """Show every version of a collection with its figures, and how much is known of its use."""
    with _storage() as storage, storage.database.read() as connection:
        versions = ranker_versions.listed(connection, collection)
        known = impressions.usage(connection, collection)
    table = Table("version", "from", "made", "answers", "what the gate said")
    is_shipped = not any(version.is_active for version in versions)
    table.add_row(str(SHIPPED), "shipped", "", "yes" if is_shipped else "", "")
    for version in versions:
        made = f"{datetime.fromtimestamp(version.created_at):%Y-%m-%d %H:%M}"  # noqa: DTZ006 - the reader's own time
        answers = "yes" if version.is_active else "" if version.is_accepted else "refused"
        table.add_row(str(version.number), version.source, made, answers, version.figures["reason"])
    console.print(table)
    console.print(
        f"Kept of the use of '{collection}': {known.impressions} searches and answers, {known.clicks} clicks, "
        f"{known.helpful} times helpful, {known.unhelpful} times unhelpful."
    )


@app.command()
def train(
    collection: Collection = "default",
    source: Annotated[
        Literal["documents", "feedback"],
        typer.Option("--from", help="Questions made from the documents, or what people clicked."),
    ] = "feedback",
    questions: Annotated[int, typer.Option(min=40, max=5000, help="Questions to make from the documents.")] = 400,
) -> None:
    """Train a version; it answers from now on if it proves better on what it was not trained on."""
    with _storage() as storage:
        database = storage.database
        if source == "feedback":
            made = train_from_feedback(database, collection, Ranker())
        else:
            embedders = open_embedders(Settings(), database)
            snapshots = Snapshots(database, storage.files)
            look = open_last_look(Settings())
            teacher = look.scorer() if look is not None else None
            made = train_from_documents(database, snapshots, embedders, Ranker(), collection, questions, teacher)
    _show(made)
    if not made.is_accepted:
        raise typer.Exit(1)


@app.command()
def evaluate(
    collection: Collection = "default",
    version: Annotated[int | None, typer.Option(min=0, help="Which version; default: the newest.")] = None,
) -> None:
    """Tell from past clicks what a version would have been worth beside the one that answers."""
    with _storage() as storage:
        verdict = compare(storage.database, collection, version, Ranker())
    console.print(verdict.reason)
    _print_figures(verdict.figures)


@app.command()
def rollback(
    collection: Collection = "default",
    to: Annotated[
        int | None, typer.Option("--to", min=0, help="Which version; default: the one before. 0: shipped.")
    ] = None,
) -> None:
    """Let an earlier version answer again, at once."""
    with _storage() as storage, storage.database.write() as connection:
        number = ranker_versions.roll_back(connection, collection, to)
    console.print(f"Version {number} answers in '{collection}' from the next search on.")


def main() -> int:
    """Runs a command; gives its exit code."""
    return run(app, console)


@contextmanager
def _storage() -> Iterator[Storage]:
    """The data folder, opened beside a running service."""
    storage = open_storage(Settings())
    try:
        yield storage
    finally:
        storage.close()


def _show(version: RankerVersion) -> None:
    answers = "answers from the next search on" if version.is_active else "is kept and does not answer"
    console.print(f"Version {version.number} of '{version.collection}' {answers}. {version.figures['reason']}")
    _print_figures(version.figures)


def _print_figures(figures: Json) -> None:
    for name, value in figures.items():
        if name != "reason":
            console.print(f"  {name.replace('_', ' ')}: {value}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
