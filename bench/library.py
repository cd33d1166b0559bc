"""A store with the real embedder in a temporary folder, filled in-process by the service's own pipeline."""

import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from ingest.enricher import Enricher
from ingest.model_on_demand import ModelOnDemand
from ingest.parsing.detect import detect_media_type
from ingest.parsing.sandbox import ParserSandbox
from ingest.pipeline import IngestTools, ingest_document
from retrieval.embedding import SentenceEmbedder
from retrieval.generation_files import GenerationFiles
from retrieval.pipeline import Retriever
from retrieval.snapshot import Snapshots
from retrieval.store import documents, models
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from retrieval.store.documents import Document, Source

COLLECTION = "bench"


@dataclass(frozen=True, slots=True)
class Library:
    """The parts that benchmarks drive."""

    database: Database
    files: GenerationFiles
    embedder: SentenceEmbedder
    snapshots: Snapshots
    retriever: Retriever
    tools: IngestTools
    language_model: ModelOnDemand | None = None

    def add(self, name: str, content: bytes) -> Document:
        """Ingests a file and gives its document."""
        with self.database.write() as connection:
            document, _ = documents.create(connection, COLLECTION, self.store(content, name), {})
        ingest_document(self.tools, document)
        return document

    def store(self, content: bytes, name: str) -> Source:
        """Keeps the bytes as a blob."""
        blob = self.tools.blobs.put([content])
        return Source(name, detect_media_type(name, content[:8192]), blob.sha256, blob.size)

    def add_texts(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Ingests texts by name; gives the name of every document id."""
        return {self.add(f"{name}.txt", text.encode()).id: name for name, text in texts.items()}

    def enrich(self) -> None:
        """Does what the worker's enrichment thread would do with everything that waits."""
        lock = self.files.folder / "enrichment.lock"
        enricher = Enricher(self.database, lambda: self.tools, lock, self.language_model)
        enricher.enrich_waiting(threading.Event())

    def build(self) -> int:
        """Publishes a generation; gives its number of chunks."""
        return self.files.build(self.database, COLLECTION, self.embedder.model_id)


@contextmanager
def opened(settings: Settings, language_model: ModelOnDemand | None = None) -> Iterator[Library]:
    """An empty library, removed afterwards."""
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    with tempfile.TemporaryDirectory(prefix="scholiast-bench-") as name, ParserSandbox() as parser:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'bench.db'}")
        database.upgrade()
        with database.write() as connection:
            models.settle(connection, embedder.model_id, settings.embedding_model)
        files = GenerationFiles(folder / "indexes")
        blobs = BlobStore(folder / "blobs")
        snapshots = Snapshots(database, files)
        retriever = Retriever(database, snapshots, {embedder.model_id: embedder})
        tools = IngestTools(database, blobs, parser, embedder.count_tokens, embedder.embed_passages, embedder.model_id)
        yield Library(database, files, embedder, snapshots, retriever, tools, language_model)
        database.close()


def passages(count: int) -> Sequence[str]:
    """Passages of about 170 tokens made from the sample documents' sentences, all different; for timings only."""
    sentences = [
        line.strip()
        for path in sorted(Path("examples/documents").glob("*.[mt][dx]*"))
        for line in path.read_text().replace("。", "。\n").replace(". ", ".\n").splitlines()
        if 40 < len(line) < 240 and line.isascii()
    ]
    return [
        f"Record {number}. " + " ".join(sentences[(number * 7 + step * 13) % len(sentences)] for step in range(7))
        for number in range(count)
    ]
