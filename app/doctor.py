"""Compares database, original files, indexes and jobs with each other: `scholiast doctor`, or `python -m app.doctor`.

It reads all of them and changes nothing, unless it is told to mend (`--fix`). It may run beside the service.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from app.checks.collection_trees import check_collection_trees
from app.checks.database import check_integrity, check_originals, damaged_originals
from app.checks.documents import check_documents
from app.checks.finding import RESTORE, Finding, Scene
from app.checks.graph import check_graph
from app.checks.indexes import check_indexes
from app.checks.jobs import check_jobs, queued_revisions
from app.checks.leftovers import check_leftovers
from app.checks.models import IdentifyModel, check_models
from app.embedding_models import load_embedder
from app.settings import Settings
from app.wiring import Storage, open_storage
from retrieval.errors import NotFound, ScholiastError
from retrieval.store import models

# How SQLite says that its file is not what it wrote.
_DAMAGE = ("malformed", "not a database", "disk I/O error")


def identify_model(settings: Settings, name: str) -> str:
    """What the embedder itself says, so that a model that cannot be loaded is noticed too."""
    return load_embedder(settings, name).model_id


def examine(settings: Settings, identify: IdentifyModel = identify_model) -> Sequence[Finding]:
    """All findings; an empty list is a clean bill of health. Raises `NotFound` if there is no data to examine."""
    try:
        storage = _open(settings)
        try:
            return [*_findings(settings, storage, identify)]
        finally:
            storage.close()
    except DatabaseError as error:
        if not any(sign in str(error.orig) for sign in _DAMAGE):
            raise  # a disk without room, a missing permission, a mistake of ours: no reason to give up the data
        return [Finding(f"The database cannot be read: {error.orig}.", RESTORE)]


def mend(settings: Settings, findings: Iterable[Finding]) -> Sequence[str]:
    """Carries out the repairs of the findings, each once, and gives what was done."""
    storage = _open(settings)
    try:
        repairs = dict.fromkeys(finding.repair for finding in findings if finding.repair is not None)
        return [repair(storage) for repair in repairs]
    finally:
        storage.close()


def main(
    arguments: Sequence[str] | None = None, console: Console | None = None, identify: IdentifyModel = identify_model
) -> int:
    """Examines, mends if asked to, and says what it found and did; the exit code is 1 if anything is still wrong."""
    parser = argparse.ArgumentParser(
        prog="scholiast doctor",
        description="Compares database, files, indexes and jobs; exit code 1 if anything is wrong.",
    )
    parser.add_argument("--fix", action="store_true", help="mend what can be mended without losing anything")
    options = parser.parse_args(arguments)
    console = console or Console(highlight=False)
    try:
        findings = examine(Settings(), identify)
        _show(findings, console)
        if options.fix and any(finding.repair for finding in findings):
            for done in mend(Settings(), findings):
                console.print(done, style="green", markup=False, soft_wrap=True)
            findings = examine(Settings(), identify)
            _show(findings, console)
    except ScholiastError as error:
        console.print(error.detail, style="red", markup=False, soft_wrap=True)
        return 1
    return 1 if findings else 0


def _findings(settings: Settings, storage: Storage, identify: IdentifyModel) -> Iterator[Finding]:
    with storage.database.read() as connection:
        unsound = [*check_integrity(connection)]
    if unsound:
        yield from unsound  # whatever else such a database says may be wrong
        return
    queued = queued_revisions(storage.database.url)
    with storage.database.read() as connection:
        damaged = damaged_originals(connection, storage.blobs)
        active = models.having(connection, "active")
        scene = Scene(connection, storage, settings.data_dir, active.model_id if active else None, damaged)
        yield from check_models(scene, settings, identify)
        yield from check_originals(scene)
        yield from check_documents(scene)
        yield from check_collection_trees(scene)
        yield from check_graph(scene)
        yield from check_indexes(scene)
        yield from check_leftovers(scene)
        yield from check_jobs(scene, queued)


def _show(findings: Sequence[Finding], console: Console) -> None:
    for finding in findings:
        console.print(finding.problem, style="red", markup=False, soft_wrap=True)
        console.print(f"  {finding.remedy}", markup=False, soft_wrap=True)
    console.print(f"{len(findings)} findings." if findings else "Nothing is wrong.")


def _open(settings: Settings) -> Storage:
    address = make_url(str(settings.database_url))
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        raise NotFound(f"There is no database in {settings.data_dir}; set SCHOLIAST_DATA_DIR to the data folder.")
    return open_storage(settings)


if __name__ == "__main__":
    sys.exit(main())
