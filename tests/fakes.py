"""Stand-ins that behave like the real things, only simpler: no patching, no models."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from ingest.enricher import Enricher
from ingest.model_on_demand import ModelOnDemand
from ingest.parsing.types import Block, ParsedDocument
from ingest.pipeline import IngestTools, ingest_document
from retrieval.analysis import terms
from retrieval.errors import DocumentRejected, ModelUnavailable
from retrieval.generation_files import GenerationFiles
from retrieval.pipeline import Retriever
from retrieval.ranking import Ranker
from retrieval.routing.source_router import SourceRouter
from retrieval.snapshot import Snapshots
from retrieval.store import documents, models
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from retrieval.store.documents import Document, Source
from retrieval.token_encoding import EmbedderTokens
from retrieval.types import Prompt

DIMENSION = 64


class HashEmbedder:
    """Texts that share terms get similar vectors: every term adds a direction of its own.

    Those of two model ids have nothing in common, whatever the dimension.
    """

    model_id = "hash@1"
    max_tokens = 512

    def __init__(self, model_id: str = "hash@1", dimension: int = DIMENSION) -> None:
        self.model_id = model_id
        self.dimension = dimension
        self.embedded: list[str] = []

    def embed_query(self, query: str) -> NDArray[np.float32]:
        return self._vector(query)

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += passages
        return np.stack([self._vector(passage) for passage in passages])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def token_vectors(self, texts: Sequence[str], prompt: str) -> list[NDArray[np.float32]]:
        found = [[self._vector(term) for term in terms(text)] for text in texts]
        return [np.array(vectors, dtype=np.float32).reshape(-1, self.dimension) for vectors in found]

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimension, 1e-3, dtype=np.float32)
        salt = "" if self.model_id == "hash@1" else self.model_id
        for term in terms(text):
            seed = int.from_bytes(hashlib.sha256((salt + term).encode()).digest()[:8])
            vector += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
        return unit


def scripted_ranker() -> Ranker:
    """The ranker that ships, as if it had been trained with the hash embedder."""
    return Ranker(embedder=HashEmbedder.model_id.partition("@")[0])


def load_scripted(name: str) -> HashEmbedder:
    """The embedder of that name, as `Embedders` loads it."""
    scripted = {"hash": HashEmbedder(), "other": HashEmbedder("other@1", 48), "third": HashEmbedder("third@1", 48)}
    if name not in scripted:
        raise ModelUnavailable(f"The embedding model '{name}' is not installed.")
    return scripted[name]


class ParagraphParser:
    """Reads text files: paragraphs by blank lines; a file that says REJECT is refused, CRASH breaks the parser."""

    version = "paragraphs@1"

    def __init__(self) -> None:
        self.parsed = 0

    def parse_all(self, files: Sequence[tuple[Path, str]]) -> list[ParsedDocument | DocumentRejected]:
        return [self._parse(path) for path, _ in files]

    def _parse(self, path: Path) -> ParsedDocument | DocumentRejected:
        self.parsed += 1
        text = path.read_text()
        if "REJECT" in text:
            return DocumentRejected("damaged", "The file is damaged.")
        if "CRASH" in text:
            raise RuntimeError("the parser broke")
        blocks, position = [], 0
        for part in text.split("\n\n"):
            if part.strip():
                blocks.append(Block("paragraph", position, position + len(part), None, ()))
            position += len(part) + 2
        return ParsedDocument(text, tuple(blocks))


class ScriptedCompletions:
    """Writes what the function makes of the quoted text of a prompt; remembers the prompts. A token is a word."""

    name = "scripted"

    def __init__(self, write: Callable[[str], str], context_tokens: int = 4096) -> None:
        self.write = write
        self.context_tokens = context_tokens
        self.prompts: list[Prompt] = []

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        asked = [prompt.system, *(text for example in prompt.examples for text in example), prompt.asked]
        return sum(len(text.split()) for text in asked) + max_tokens <= self.context_tokens

    def complete(self, prompt: Prompt, max_tokens: int, cancelled: Callable[[], bool]) -> str:
        self.prompts.append(prompt)
        quoted = prompt.asked.split('"""')[1]
        return self.write(quoted)

    def on_demand(self) -> ModelOnDemand:
        return ModelOnDemand(lambda: self, frozenset({"en"}))


class RecordingJobs:
    """Remembers what was queued, and whether it was in the transaction that wrote the document."""

    def __init__(self) -> None:
        self.submitted: list[str] = []

    def submit(self, connection: Connection, documents: Sequence[Document]) -> None:
        assert connection.in_transaction()
        self.submitted += [document.job_id for document in documents]


class Library:
    """A whole store with an ingest pipeline and a retriever over it, in one folder, without processes or models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(f"sqlite:///{folder / 'test.db'}")
        self.database.upgrade()
        with self.database.write() as connection:
            models.settle(connection, HashEmbedder.model_id, "hash")
        self.blobs = BlobStore(folder / "blobs")
        self.files = GenerationFiles(folder / "indexes")
        self.embedder = HashEmbedder()
        self.parser = ParagraphParser()
        self.language_model: ModelOnDemand | None = None
        self.tools = IngestTools(
            database=self.database,
            blobs=self.blobs,
            parser=self.parser,
            count_tokens=self.embedder.count_tokens,
            embed=self.embedder.embed_passages,
            model_id=self.embedder.model_id,
        )

    def store(self, text: str, name: str = "note.txt") -> Source:
        blob = self.blobs.put([text.encode()])
        return Source(name, "text/plain", blob.sha256, blob.size)

    def accept(self, text: str, collection: str = "default", name: str = "note.txt", **metadata: object) -> Document:
        with self.database.write() as connection:
            return documents.create(connection, collection, self.store(text, name), metadata)[0]

    def add(self, text: str, collection: str = "default", name: str = "note.txt", **metadata: object) -> Document:
        document = self.accept(text, collection, name, **metadata)
        ingest_document(self.tools, document)
        return self.get(document.id)

    def finish(self, document: Document) -> None:
        """Ingests what was accepted."""
        ingest_document(self.tools, document)

    def replace(self, document_id: str, text: str) -> None:
        with self.database.write() as connection:
            document, _ = documents.replace(connection, document_id, self.store(text))
        ingest_document(self.tools, document)

    def get(self, document_id: str) -> Document:
        with self.database.read() as connection:
            return documents.get(connection, document_id)

    def remove(self, document_id: str) -> None:
        with self.database.write() as connection:
            documents.remove(connection, document_id)

    def enricher(self) -> Enricher:
        return Enricher(self.database, lambda: self.tools, self.folder / "enrichment.lock", self.language_model)

    def enrich(self) -> None:
        """Does what the worker's enrichment thread would do with everything that waits."""
        self.enricher().enrich_waiting(threading.Event())

    def snapshots(self) -> Snapshots:
        return Snapshots(self.database, self.files)

    def retriever(self, router: SourceRouter | None = None) -> Retriever:
        embedders, tokens = {self.embedder.model_id: self.embedder}, EmbedderTokens(self.embedder)
        return Retriever(self.database, self.snapshots(), embedders, scripted_ranker(), lambda _: tokens, router=router)

    def build(self, collection: str = "default") -> int:
        return self.files.build(self.database, collection, self.embedder.model_id)


WaitFor = Callable[[Callable[[], bool]], None]
