"""Waiting for documents, with a progress bar."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.client import Client

_POLL_SECONDS = 0.3


def wait_until_ready(client: Client, document_ids: Sequence[str], console: Console) -> Sequence[Any]:
    """The documents once each of them is ready or failed; shows how many are, and what is being done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("waiting", total=len(document_ids))
        while True:
            found = [client.document(document_id) for document_id in document_ids]
            finished = [document for document in found if document["status"] in ("ready", "failed")]
            stages = sorted(
                {document["progress"]["stage"] or "queued" for document in found if document not in finished}
            )
            progress.update(task, completed=len(finished), description=", ".join(stages) or "ready")
            if len(finished) == len(found):
                return found
            time.sleep(_POLL_SECONDS)
