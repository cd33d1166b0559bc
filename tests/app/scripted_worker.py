"""A worker in a process of its own, with scripted models: `python -m tests.app.scripted_worker DATA_FOLDER NAME`.

It never gets done with a file that says SLOW, as long as the environment says that it shall not.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ingest.enricher import Enricher
from ingest.jobs import JobQueue
from ingest.maintenance import Maintenance
from ingest.parsing.types import ParsedDocument
from ingest.pipeline import IngestTools
from ingest.reembedder import Reembedder
from ingest.worker import Worker, WorkerSettings
from retrieval.embedders import Embedders
from retrieval.errors import DocumentRejected
from retrieval.generation_files import GenerationFiles
from retrieval.store import models
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from tests.fakes import HashEmbedder, ParagraphParser, ScriptedCompletions, load_scripted


class SlowParser(ParagraphParser):
    """Reads what says SLOW for ever."""

    def parse_all(self, files: Sequence[tuple[Path, str]]) -> list[ParsedDocument | DocumentRejected]:
        while "SCRIPTED_SLOW" in os.environ and any("SLOW" in path.read_text() for path, _ in files):
            time.sleep(0.1)
        return super().parse_all(files)


def run(folder: Path, name: str) -> None:
    url = f"sqlite:///{folder / 'scholiast.db'}"
    database, blobs, files = Database(url), BlobStore(folder / "blobs"), GenerationFiles(folder / "indexes")
    database.upgrade()
    with database.write() as connection:
        models.settle(connection, HashEmbedder.model_id, "hash")
    jobs = JobQueue(url)
    embedders, parser = Embedders(database, load_scripted), SlowParser()

    def tools() -> IngestTools:
        embedder = embedders.active()
        return IngestTools(database, blobs, parser, embedder.count_tokens, embedder.embed_passages, embedder.model_id)

    model = ScriptedCompletions(lambda quoted: "The ferry of the parts has a sentence.").on_demand()
    background = [
        Enricher(database, tools, folder / "locks" / "enrichment.lock", model),
        Reembedder(database, files, embedders, folder / "locks" / "reembedding.lock"),
    ]
    maintenance = Maintenance(database, blobs, files, jobs)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = WorkerSettings(name, url, folder / "locks", concurrency=4)
    Worker(database, tools, background, maintenance, jobs, settings).run(stop)


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
    os._exit(0)
