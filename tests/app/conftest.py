"""A whole service over HTTP in one process, with scripted models and an ingest that runs when asked."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.service import Service
from app.settings import Settings
from app.sources import Sources
from app.wiring import Engines, Storage
from generation.answer import Answerer, AnswerLimits
from generation.claims import ClaimJudge
from generation.quote_candidates import TextEmbedder
from generation.quoting import Quote, best_quote
from ingest.enricher import Enricher
from ingest.pipeline import IngestTools, ingest_documents
from retrieval.embedders import Embedders
from retrieval.pipeline import Retriever
from retrieval.snapshot import Snapshots
from retrieval.store import documents, models
from retrieval.types import Hit
from tests.fakes import HashEmbedder, ParagraphParser, load_scripted, scripted_ranker
from tests.fakes_generation import ScriptedModel, ScriptedQuoter


@dataclass
class Running:
    """The service, a client of it and the model it answers with."""

    client: TestClient
    service: Service
    model: ScriptedModel
    embedders: Embedders

    @property
    def embedder(self) -> HashEmbedder:
        """The embedder that answers now."""
        embedder = self.embedders.active()
        assert isinstance(embedder, HashEmbedder)
        return embedder

    def tools(self) -> IngestTools:
        storage, embedder = self.service.storage, self.embedders.active()
        return IngestTools(
            storage.database,
            storage.blobs,
            ParagraphParser(),
            embedder.count_tokens,
            embedder.embed_passages,
            embedder.model_id,
        )

    def ingest(self) -> None:
        """Does what a worker would do with everything that is queued."""
        with self.service.storage.database.read() as connection:
            waiting = documents.unfinished(connection)
        ingest_documents(self.tools(), waiting)

    def enrich(self) -> None:
        """Does what the worker's enrichment thread would do with everything that waits."""
        lock = self.service.settings.data_dir / "enrichment.lock"
        Enricher(self.service.storage.database, self.tools, lock).enrich_waiting(threading.Event())

    def add(self, text: str, name: str = "note.txt", **body: Any) -> str:
        """Uploads a text, ingests it and gives its id."""
        response = self.client.post("/v1/documents/text", json={"name": name, "text": text, **body})
        assert response.status_code == 202, response.text
        self.ingest()
        found: str = response.json()["documents"][0]["id"]
        return found


def quote(embedder: TextEmbedder, question: str, passages: Sequence[Hit], evidence: float, /) -> Quote | None:
    """A quote in which "in 1912" is marked as the answer; elsewhere the embedder's."""
    marked = ScriptedQuoter({"in 1912": 0.8})(embedder, question, passages, evidence)
    return marked or best_quote(embedder, question, passages, evidence)


@pytest.fixture
def running(tmp_path: Path, empty_database: Path) -> Iterator[Running]:
    shutil.copy(empty_database, tmp_path)
    model = ScriptedModel()

    def load(_settings: Settings, storage: Storage, sources: Sources) -> Engines:
        embedders = Embedders(storage.database, load_scripted)
        with storage.database.write() as connection:
            models.settle(connection, HashEmbedder.model_id, "hash")
        snapshots = Snapshots(storage.database, storage.files)
        router = sources.router(storage.database)
        # The graph engine is a process for every statement; its own tests start it.
        router = replace(router, sources={"tables": router.sources["tables"]})
        retriever = Retriever(storage.database, snapshots, embedders, scripted_ranker(), router=router)
        limits = AnswerLimits(0.0, 4, 1600)
        answerer = Answerer(retriever, model, limits, ClaimJudge(), quote, kinds=sources.kinds)
        return Engines(embedders, model, retriever, answerer)

    settings = Settings(data_dir=tmp_path, workers=0, max_upload_mib=1, max_files_per_upload=3, _env_file=None)
    app = create_app(settings, load)
    with TestClient(app, raise_server_exceptions=False) as client:
        service: Service = app.state.service
        while service.missing:
            pass
        yield Running(client, service, model, service.engines.embedders)
