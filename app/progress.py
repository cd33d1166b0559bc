"""Waiting for documents, with a progress bar."""

import time
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.client import Client

# Asking costs the service time that ingest could use, so it becomes rarer.
_POLL_SECONDS = (0.2, 0.3, 0.5, 0.7, 1.0)


def wait_until_ready(client: Client, document_ids: Sequence[str], console: Console) -> Sequence[Any]:
    """The documents once each of them is ready or failed; shows how many are, and what is being done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("waiting", total=len(document_ids))
        found: dict[str, Any] = {}
        for pause in chain(_POLL_SECONDS, repeat(_POLL_SECONDS[-1])):
            open_ids = [document_id for document_id in document_ids if not _finished(found.get(document_id))]
            found |= {document_id: client.document(document_id) for document_id in open_ids}
            unfinished = [document for document in found.values() if not _finished(document)]
            stages = sorted({document["progress"]["stage"] or "queued" for document in unfinished})
            progress.update(task, completed=len(found) - len(unfinished), description=", ".join(stages) or "ready")
            if not unfinished:
                break
            time.sleep(pause)
    return [found[document_id] for document_id in document_ids]


def _finished(document: Any) -> bool:
    return document is not None and document["status"] in ("ready", "failed")
