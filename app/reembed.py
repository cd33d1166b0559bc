"""`scholiast reembed`: changes the embedding model of a running service, and goes back."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.client import Client, Json
from app.settings import Settings
from retrieval.errors import InvalidRequest

_POLL_SECONDS = 0.5
_STAGES = {"embed": "embedding", "index": "indexing", "check": "comparing", None: "waiting for a worker"}


def reembed(  # noqa: PLR0913 - one option a verb
    model: Annotated[
        str | None, typer.Argument(help="The model that is to answer; without it: how things stand.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also if it does not know the documents' language.")] = False,
    wait: Annotated[bool, typer.Option(help="Show the progress until it answers.")] = True,
    cancel: Annotated[bool, typer.Option("--cancel", help="Give up the change that is under way.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Let the model before answer again, at once.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Give up the way back and free its space.")] = False,
    url: Annotated[str | None, typer.Option("--url", help="Where the service runs; default: this machine.")] = None,
) -> None:
    """Embed all documents with another model while the old one answers; then the new one does.

    Counts and a sample of searches are compared before the new model takes over. The old one is kept and goes on
    embedding new documents, so that --rollback works at any time until --forget, or the next change.
    """
    console = Console(highlight=False)
    if (model is not None) + cancel + rollback + forget > 1:
        raise InvalidRequest("Name a model, or say one of --cancel, --rollback and --forget.")
    with Client(url or f"http://127.0.0.1:{Settings().port}") as client:
        if model is not None:
            state = client.change_embedding(model, force=force)
            if wait:
                _wait(client, state["wanted"]["id"], console)
                return
        elif cancel:
            state = client.cancel_embedding()
        elif rollback:
            state = client.roll_embedding_back()
        elif forget:
            state = client.forget_embedding()
        else:
            state = client.embedding()
    _show(state, console)


def _wait(client: Client, model_id: str, console: Console) -> None:
    """Shows the progress until the model answers; interrupted, the change goes on without."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(_STAGES[None], total=None)
            while (wanted := (state := client.embedding())["wanted"]) is not None and not wanted["problem"]:
                description = _STAGES[wanted["stage"]]
                progress.update(task, description=description, completed=wanted["done"], total=wanted["total"] or None)
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        console.print("The change goes on; `scholiast reembed` shows how far it is, --cancel gives it up.")
        return
    _show(state, console)
    if state["active"]["id"] != model_id:
        raise typer.Exit(1)


def _show(state: Json, console: Console) -> None:
    console.print(f"{state['active']['name']} answers{_behind(state['active'])}.")
    if state["parity"]:
        console.print(f"Compared when it took over: {state['parity']}.")
    if wanted := state["wanted"]:
        if wanted["problem"]:
            console.print(f"[red]The change to {wanted['name']} stopped.[/]")
            console.print(wanted["problem"], markup=False)
            console.print(f"Try again: scholiast reembed {wanted['name']}; give it up: scholiast reembed --cancel")
        else:
            console.print(f"{wanted['name']}: {_STAGES[wanted['stage']]} {wanted['done']}/{wanted['total']}")
    if state["kept"]:
        kept = f"{state['kept']['name']} is kept{_behind(state['kept'])}"
        console.print(f"{kept}: --rollback goes back to it, --forget gives it up.")


def _behind(model: Json) -> str:
    return f" ({model['behind']} texts are still to be embedded)" if model["behind"] else ""
