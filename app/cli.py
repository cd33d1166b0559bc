"""The command line: `scholiast COMMAND --help`.

`serve`, `worker`, `ranker`, `train` and `doctor` become the process they start; the other commands either talk to a
running service over HTTP or look at the data folder. Nothing heavy is imported here, so `--help` is quick.
"""

import importlib.util
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from app import demo as demonstration
from app.backup import Backup, back_up
from app.client import Client
from app.models.commands import models
from app.progress import wait_until_ready
from app.reembed import reembed
from app.restore import restore as restore_backup
from app.routes_command import routes
from app.settings import Settings
from app.step_progress import steps_on
from app.supervisor import Supervisor
from retrieval.errors import ModelUnavailable, ScholiastError

app = typer.Typer(
    name="scholiast",
    help="Answers questions from your own documents, with citations, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(models, name="models")
app.add_typer(routes, name="routes")
app.command()(reembed)
console = Console(highlight=False)

Collection = Annotated[str, typer.Option("--collection", "-c", help="The knowledge base.")]
Url = Annotated[str | None, typer.Option("--url", help="Where the service runs; default: this machine.")]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one.")] = None,
) -> None:
    """Serve the API and the web page, with an ingest worker."""
    settings = Settings()
    # After its graceful stop uvicorn raises the signal again; stopping on request is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        # The workers start first: they load what they need while this process does.
        with Supervisor(settings.workers):
            uvicorn.run(
                "app.main:create_app",
                factory=True,
                host=host or settings.host,
                port=settings.port if port is None else port,
                log_level=settings.log_level.lower(),
                access_log=False,
                timeout_graceful_shutdown=20,
                server_header=False,
            )
    except SystemExit as ended:
        # All is closed; taking the models apart object by object would keep people waiting for another second.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def worker(context: typer.Context) -> None:
    """Run an ingest worker on its own."""
    os.execv(sys.executable, [sys.executable, "-m", "app.worker", *context.args])  # noqa: S606 - our own module


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Files to upload.")],
    collection: Collection = "default",
    wait: Annotated[bool, typer.Option(help="Wait until they are searchable.")] = True,
    url: Url = None,
) -> None:
    """Upload files."""
    with _client(url) as client:
        accepted = client.upload(paths, collection)
        if not wait:
            console.print(f"{len(accepted)} documents accepted.")
            return
        finished = wait_until_ready(client, [document["id"] for document in accepted], console)
    failed = [document for document in finished if document["status"] == "failed"]
    for document in failed:
        console.print(f"[red]{document['name']}[/]: {document['error']['detail']}")
    console.print(f"{len(finished) - len(failed)} documents ready, {len(failed)} failed.")
    if failed:
        raise typer.Exit(1)


@app.command()
def status(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="Only this knowledge base.")] = None,
    url: Url = None,
) -> None:
    """Show whether the service is ready, and every document with its state."""
    with _client(url) as client:
        ready, reasons = client.ready()
        console.print("ready" if ready else f"not ready: {' '.join(reasons)}")
        table = Table("document", "collection", "status", "chunks", "note")
        for document in client.documents(collection):
            progress = document["progress"]
            if not progress["stage"]:
                progress = document["enrichment"]
            stage = f"{progress['stage']} {progress['done']}/{progress['total']}" if progress["stage"] else ""
            note = document["error"]["detail"] if document["error"] else stage or " ".join(document["warnings"])
            table.add_row(document["name"], document["collection"], document["status"], str(document["chunks"]), note)
        console.print(table)


@app.command()
def reindex(
    collection: Annotated[str, typer.Argument(help="The knowledge base.")] = "default",
    url: Url = None,
) -> None:
    """Make every document of a collection anew from its original; the old chunks answer meanwhile."""
    with _client(url) as client:
        count = client.reindex(collection)
    console.print(f"{count} documents are made anew; `scholiast status` shows how far they are.")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: Collection = "default",
    k: Annotated[int, typer.Option("-k", help="How many hits.")] = 5,
    url: Url = None,
) -> None:
    """Search the documents."""
    with _client(url) as client:
        found = client.search(query, collection, k)
    for rank, hit in enumerate(found["hits"], start=1):
        page = f", page {hit['page']}" if hit["page"] else ""
        console.print(f"[bold]{rank}. {hit['document']}[/]{page}  [dim]{hit['score']:.4f}[/]", markup=True)
        console.print(hit["text"], markup=False)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    collection: Collection = "default",
    url: Url = None,
) -> None:
    """Ask a question; the answer streams in, with its citations."""
    with _client(url) as client:
        for name, data in client.ask(question, collection):
            if name == "token":
                console.print(data["text"], end="", markup=False, soft_wrap=True)
            elif name == "done":
                console.print()
                demonstration.print_citations(data, console)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def doctor(context: typer.Context) -> None:
    """Compare database, files, indexes and jobs; with --fix mend what can be mended without loss."""
    os.execv(sys.executable, [sys.executable, "-m", "app.doctor", *context.args])  # noqa: S606 - our own module


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def ranker(context: typer.Context) -> None:
    """Train a ranker for one collection, compare versions, roll back: list, train, evaluate, rollback."""
    os.execv(sys.executable, [sys.executable, "-m", "app.ranker", *context.args])  # noqa: S606 - our own module


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def train(context: typer.Context) -> None:
    """Train the models of our own from published sets: reader."""
    os.execv(sys.executable, [sys.executable, "-m", "app.train", *context.args])  # noqa: S606 - our own module


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, for example scholiast-2026-01-31.tar.gz.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Save all documents in one file, also while the service runs; exit code 1 if an original is missing."""
    with steps_on(console) as report:
        made = back_up(Settings(), file, report, overwrite=force)
    console.print(f"{_contents(made)} in {file}, {made.size / 1e6:.1f} MB, verified.", soft_wrap=True)
    _warn_of_originals_left_out(made)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `scholiast backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Keep what the data folder holds aside, and restore.")] = False,
) -> None:
    """Bring the documents of a backup back into the data folder; the service must be stopped."""
    settings = Settings()
    with steps_on(console) as report:
        done = restore_backup(settings, file, report, replace=force)
    console.print(f"{_contents(done.backup)} restored to {settings.data_dir}.", soft_wrap=True)
    for folder in done.replaced:
        console.print(f"What was there before is in {folder}; delete it when you no longer need it.", soft_wrap=True)
    console.print("Start the service: it rebuilds the indexes and goes on with documents that were waiting.")
    _warn_of_originals_left_out(done.backup)


@app.command()
def demo(
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin from nothing, without what an earlier run made.")
    ] = False,
) -> None:
    """Start a service of its own, ingest the sample documents, ask about them, stop."""
    demonstration.run(console, Settings().data_dir, fresh=fresh)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Run a benchmark: `scholiast bench --help` lists them."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ModelUnavailable(
            "Benchmarks need the `bench` extra: run `make bench`, or pip install 'scholiast[bench]'."
        )
    raise typer.Exit(subprocess.run([sys.executable, "-m", "bench", *context.args], check=False).returncode)  # noqa: S603


def main() -> None:
    """The console script; errors of the tree become one line and exit code 1."""
    try:
        app()
    except ScholiastError as error:
        console.print(f"[red]{error.detail}[/]")
        sys.exit(1)


def _contents(backup: Backup) -> str:
    return f"{backup.documents} documents, {backup.chunks} chunks and {backup.originals} originals"


def _warn_of_originals_left_out(backup: Backup) -> None:
    if backup.left_out:
        console.print(
            f"[red]{len(backup.left_out)} originals were missing or damaged and are not in it[/]: their documents can "
            "be searched, but not parsed again. `scholiast doctor` names them.",
            soft_wrap=True,
        )
        raise typer.Exit(1)


def _client(url: str | None) -> Client:
    return Client(url or f"http://127.0.0.1:{Settings().port}")
