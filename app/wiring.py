"""The composition root: builds the objects of both processes from the settings, with plain constructor calls."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.answer_limits import answer_limits
from app.embedding_models import open_embedders
from app.file_parser import open_file_parser
from app.generators import load_generator
from app.last_look import open_last_look
from app.reader import open_quoter
from app.settings import Settings
from app.sources import Sources
from app.token_encoders import open_token_encoders
from generation.answer import Answerer
from generation.claims import ClaimJudge
from generation.completion import PromptCompletion
from generation.types import LanguageModel
from ingest.batching import EmbeddingBatcher
from ingest.enricher import Enricher
from ingest.intake import Intake
from ingest.jobs import JobQueue
from ingest.maintenance import Maintenance
from ingest.model_on_demand import ModelOnDemand
from ingest.pipeline import IngestTools
from ingest.reembedder import Reembedder
from ingest.token_encoding import TokenEncoding
from ingest.worker import Worker, WorkerSettings
from retrieval.embedders import Embedders
from retrieval.generation_files import GenerationFiles
from retrieval.graph.projection import GraphProjections
from retrieval.pipeline import Retriever
from retrieval.ranking import Ranker
from retrieval.snapshot import Snapshots
from retrieval.store.blobs import BlobStore
from retrieval.store.database import Database
from retrieval.translation.translate import QueryWriter


@dataclass(frozen=True, slots=True)
class Storage:
    """What keeps the data; opens in milliseconds."""

    database: Database
    blobs: BlobStore
    files: GenerationFiles
    jobs: JobQueue
    intake: Intake
    graphs: Path  # the folder of graphs as the graph engine reads them

    def close(self) -> None:
        """Closes connections; everything acknowledged is already durable."""
        self.jobs.close()
        self.database.close()


@dataclass(frozen=True, slots=True)
class Engines:
    """What answers; takes seconds to load."""

    embedders: Embedders
    generator: LanguageModel
    retriever: Retriever
    answerer: Answerer
    missing: Callable[[], Sequence[str]] = lambda: ()  # what keeps the generator from answering


# Loads what answers; the sources are there before it, and are asked only after it.
Loader = Callable[[Settings, Storage, Sources], Engines]


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
        graphs=settings.data_dir / "graphs",
    )


def load_engines(settings: Settings, storage: Storage, sources: Sources) -> Engines:
    """Loads the models. Raises `ModelUnavailable` if one is missing or not the one the data was embedded with."""
    with ThreadPoolExecutor(1) as beside:  # reading and packing weights leaves the other processor free
        loading = beside.submit(load_generator, settings)
        embedders = open_embedders(settings, storage.database)
        embedder = embedders.active()
        embedder.embed_query("warm up")  # the first call allocates; no person should wait for that
        quoter = open_quoter(settings, embedder)
        tokens, last_look = open_token_encoders(settings, embedders), open_last_look(settings)
        generator = loading.result()
    snapshots = Snapshots(storage.database, storage.files)
    writer = QueryWriter(
        PromptCompletion(generator.model),
        frozenset(settings.generator_languages),
        frozenset(settings.translation_writers),
    )
    router = sources.router(storage.database)
    retriever = Retriever(storage.database, snapshots, embedders, Ranker(), tokens, last_look, writer, router)
    writing, limits = generator.for_task("answers"), answer_limits(settings)
    answerer = Answerer(retriever, writing, limits, ClaimJudge(), quoter, sources.kinds)
    return Engines(embedders, generator.model, retriever, answerer, generator.missing)


def generator_on_demand(settings: Settings) -> ModelOnDemand:
    """The generator as ingest uses it: not loaded before a collection asks for it."""
    languages = frozenset(settings.generator_languages)
    return ModelOnDemand(lambda: PromptCompletion(load_generator(settings).for_task("representations")), languages)


def build_worker(settings: Settings, name: str) -> Worker:
    """A worker with storage, parser and embedder of its own. Raises `ModelUnavailable`."""
    storage = open_storage(settings)
    database, locks = storage.database, settings.data_dir / "locks"
    embedders = open_embedders(settings, database)
    token_encoders = open_token_encoders(settings, embedders)
    parser = open_file_parser(settings)
    batcher = EmbeddingBatcher()

    def tools() -> IngestTools:
        embedder = embedders.active()
        embed = partial(batcher.embed, embedder)
        return IngestTools(database, storage.blobs, parser, embedder.count_tokens, embed, embedder.model_id)

    return Worker(
        database,
        tools,
        [
            Enricher(database, tools, locks / "enrichment.lock", generator_on_demand(settings)),
            Reembedder(database, storage.files, embedders, locks / "reembedding.lock"),
            TokenEncoding(database, lambda: token_encoders(embedders.active().model_id), locks / "token-encoding.lock"),
        ],
        Maintenance(
            database, storage.blobs, storage.files, storage.jobs, GraphProjections(database, storage.graphs).sweep
        ),
        storage.jobs,
        WorkerSettings(
            name=name,
            database_url=database.url,
            locks=locks,
            concurrency=settings.ingest_concurrency,
        ),
    )
