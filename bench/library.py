"""A store with the real embedder in a temporary folder, filled in-process by the service's own pipeline."""

import hashlib
import html
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from bench.corpora import Corpus, Passage
from ingest.enricher import Enricher
from ingest.model_on_demand import ModelOnDemand
from ingest.parsing.detect import detect_media_type
from ingest.parsing.sandbox import ParserSandbox
from ingest.pipeline import IngestTools, ingest_document, ingest_documents
from ingest.token_encoding import TokenEncoding
from retrieval.analysis import ANALYSER
from retrieval.embedding import SentenceEmbedder
from retrieval.generation_files import GenerationFiles
from retrieval.pipeline import Retriever
from retrieval.ranking import Ranker
from retrieval.snapshot import Snapshots
from retrieval.store import collections, documents, models
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from retrieval.store.documents import Document, Source
from retrieval.token_encoding import EmbedderTokens, TokenEncoder

COLLECTION = "bench"
# Small documents that are ingested together, as the service does with small texts that are uploaded together.
_GROUP = 64


@dataclass(frozen=True, slots=True)
class Library:
    """The parts that benchmarks drive."""

    database: Database
    files: GenerationFiles
    embedder: SentenceEmbedder
    snapshots: Snapshots
    ranker: Ranker
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

    def add_passages(self, passages: Sequence[Passage]) -> Mapping[str, str]:
        """Ingests passages under their titles, as small HTML files; gives the passage's id by document id."""
        names: dict[str, str] = {}
        for start in range(0, len(passages), _GROUP):
            group = []
            for passage in passages[start : start + _GROUP]:
                source = self.store(_page(passage), f"{passage.id}.html")
                with self.database.write() as connection:
                    document, _ = documents.create(connection, COLLECTION, source, {})
                group.append(document)
                names[document.id] = passage.id
            ingest_documents(self.tools, group)
        return names

    def enrich(self) -> None:
        """Does what the worker's enrichment thread would do with everything that waits."""
        lock = self.files.folder / "enrichment.lock"
        enricher = Enricher(self.database, lambda: self.tools, lock, self.language_model)
        enricher.enrich_waiting(threading.Event())

    def encode_tokens(self) -> TokenEncoder:
        """Does what the worker's thread does where a collection asks for token vectors, and gives what made them."""
        with self.database.write() as connection:
            collections.change_settings(connection, COLLECTION, {"late_interaction": True})
        encoder = EmbedderTokens(self.embedder)
        TokenEncoding(self.database, lambda: encoder, self.files.folder / "tokens.lock").advance(threading.Event())
        self.build()
        return encoder

    def build(self) -> int:
        """Publishes a generation; gives its number of chunks."""
        return self.files.build(self.database, COLLECTION, self.embedder.model_id)


@contextmanager
def opened(
    settings: Settings, kept: Path | None = None, language_model: ModelOnDemand | None = None
) -> Iterator[Library]:
    """The library in the folder `kept`; without one an empty library, removed afterwards."""
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    with tempfile.TemporaryDirectory(prefix="scholiast-bench-") as name, ParserSandbox() as parser:
        folder = kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        database = Database(f"sqlite:///{folder / 'bench.db'}")
        database.upgrade()
        with database.write() as connection:
            models.settle(connection, embedder.model_id, settings.embedding_model)
        files = GenerationFiles(folder / "indexes")
        blobs = BlobStore(folder / "blobs")
        snapshots = Snapshots(database, files)
        tools = IngestTools(database, blobs, parser, embedder.count_tokens, embedder.embed_passages, embedder.model_id)
        ranker = Ranker()
        retriever = Retriever(database, snapshots, {embedder.model_id: embedder}, ranker)
        yield Library(database, files, embedder, snapshots, ranker, retriever, tools, language_model)
        database.close()


def kept_name(settings: Settings, corpus: Corpus) -> str:
    """The folder that keeps the corpus for this analyser and embedding model."""
    facts = [
        ANALYSER,
        str(settings.embedding_model),
        *(f"{item.id} {item.title} {item.text}" for item in corpus.passages),
    ]
    return f"{corpus.name}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"


@contextmanager
def filled(settings: Settings, corpus: Corpus, kept: Path | None) -> Iterator[tuple[Library, Mapping[str, str]]]:
    """A library of the corpus, and the passage's id by document id; one that an earlier run kept is used again."""
    name = kept_name(settings, corpus)
    with opened(settings, kept and kept / name) as library:
        names = library.add_passages([passage for passage in corpus.passages if passage.text.strip()])
        library.build()
        yield library, names


def _page(passage: Passage) -> bytes:
    """The passage as a page of its own; its id makes it differ from one with the same words."""
    heading = f"<h1>{html.escape(passage.title.replace('_', ' '))}</h1>" if passage.title.strip() else ""
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in passage.text.split("\n\n") if part.strip())
    return (
        f'<html><head><meta name="id" content="{html.escape(passage.id)}"></head><body>{heading}{paragraphs}'.encode()
    )


def passages(count: int) -> Sequence[str]:
    """Passages of about 170 tokens made from the sample documents' sentences, all different; for timings only."""
    sentences = [
        line.strip()
        for path in sorted(Path("examples/documents").glob("*.[mt][dx]*"))
        for line in path.read_text().replace("。", "。\n").replace(". ", ".\n").splitlines()
        if 40 < len(line) < 240 and line.isascii()
    ]
    return [
        f"Record {number}. " + " ".join(sentences[(number * 7 + step * 13) % len(sentences)] for step in range(9))
        for number in range(count)
    ]
