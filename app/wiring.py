"""The composition root: builds the objects of both processes from the settings, with plain constructor calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.generators import load_generator
from app.settings import MEBIBYTE, Settings
from generation.answer import Answerer, AnswerLimits
from generation.types import LanguageModel
from ingest.batching import EmbeddingBatcher
from ingest.enricher import Enricher
from ingest.intake import Intake
from ingest.jobs import JobQueue
from ingest.maintenance import Maintenance
from ingest.parsing.sandbox import ParserSandbox
from ingest.parsing.sandbox_limits import SandboxLimits
from ingest.pipeline import IngestTools
from ingest.worker import Worker, WorkerSettings
from retrieval.embedding import SentenceEmbedder
from retrieval.generation_files import GenerationFiles
from retrieval.pipeline import Retriever
from retrieval.snapshot import Snapshots
from retrieval.store import models
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database


@dataclass(frozen=True, slots=True)
class Storage:
    """What keeps the data; opens in milliseconds."""

    database: Database
    blobs: BlobStore
    files: GenerationFiles
    jobs: JobQueue
    intake: Intake

    def close(self) -> None:
        """Closes connections; everything acknowledged is already durable."""
        self.jobs.close()
        self.database.close()


@dataclass(frozen=True, slots=True)
class Engines:
    """What answers; takes seconds to load."""

    embedder: SentenceEmbedder
    generator: LanguageModel
    retriever: Retriever
    answerer: Answerer
    missing: Callable[[], Sequence[str]] = lambda: ()  # what keeps the generator from answering


def open_storage(settings: Settings) -> Storage:
    """Opens the data folder, creating and upgrading it as needed."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(str(settings.database_url))
    database.upgrade()
    jobs = JobQueue(database.url)
    return Storage(
        database=database,
        blobs=BlobStore(settings.data_dir / "blobs"),
        files=GenerationFiles(settings.data_dir / "indexes"),
        jobs=jobs,
        intake=Intake(database, jobs),
    )


def load_engines(settings: Settings, storage: Storage) -> Engines:
    """Loads the models. Raises `ModelUnavailable` if one is missing or not the one the data was embedded with."""
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    with storage.database.read() as connection:
        models.check(connection, embedder.model_id)
    snapshots = Snapshots(storage.database, storage.files, embedder.model_id)
    retriever = Retriever(storage.database, snapshots, embedder)
    generator = load_generator(settings)
    limits = AnswerLimits(
        settings.min_evidence, settings.answer_passages, settings.prompt_tokens, frozenset(settings.generator_languages)
    )
    embedder.embed_query("warm up")  # the first call allocates; no person should wait for that
    answerer = Answerer(retriever, generator.model, embedder, limits)
    return Engines(embedder, generator.model, retriever, answerer, generator.missing)


def build_worker(settings: Settings, name: str) -> Worker:
    """A worker with storage, parser and embedder of its own. Raises `ModelUnavailable`."""
    storage = open_storage(settings)
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    with storage.database.read() as connection:
        models.check(connection, embedder.model_id)
    embed = EmbeddingBatcher(embedder).embed
    tools = IngestTools(
        database=storage.database,
        blobs=storage.blobs,
        parser=ParserSandbox(limits=SandboxLimits(settings.parse_memory_mib * MEBIBYTE, settings.parse_seconds)),
        count_tokens=embedder.count_tokens,
        embed=embed,
        model_id=embedder.model_id,
    )
    maintenance = Maintenance(storage.database, storage.blobs, storage.files, storage.jobs, embedder.model_id)
    enricher = Enricher(
        storage.database,
        embedder.count_tokens,
        embed,
        embedder.model_id,
        settings.data_dir / "locks" / "enrichment.lock",
    )
    return Worker(
        tools,
        enricher,
        maintenance,
        storage.jobs,
        WorkerSettings(
            name=name,
            database_url=storage.database.url,
            locks=settings.data_dir / "locks",
            concurrency=settings.ingest_concurrency,
        ),
    )
