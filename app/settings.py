"""All settings, read once from the environment (prefix `SCHOLIAST_`) and passed on as plain values.

Nothing else reads the environment. Every field has a safe default, a bound and its reason; docs/configuration.md lists
them, and a test keeps the two in step.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


# The generator that comes along: it writes well and is often wrong.
SMALL_GENERATOR = "SmolLM2-135M-Instruct"


class Settings(BaseSettings):
    """Settings of both processes, the service and its workers."""

    model_config = SettingsConfigDict(env_prefix="SCHOLIAST_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Annotated[Path, Field(description="Folder of database, original files and indexes.")] = Path("data")
    models_dir: Annotated[Path, Field(description="Folder of the models that `scholiast models pull` installs.")] = (
        Path("models")
    )
    database_url: Annotated[
        str | None, Field(description="SQLAlchemy URL of the database; empty: SQLite in the data folder.")
    ] = None

    host: Annotated[str, Field(description="Address to listen on; the default is reached from this machine only.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 8000
    workers: Annotated[
        int,
        Field(
            ge=0, le=16, description="Ingest workers that `serve` starts; 0 where they run as services of their own."
        ),
    ] = 1
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="What is logged to standard error.")
    ] = "INFO"

    failpoint: Annotated[
        str | None, Field(description="For crash tests: the place in the code at which the process kills itself.")
    ] = None

    embedding_model: Annotated[
        str,
        Field(description="Name under the models folder, or path, of a sentence-transformers folder; for new data."),
    ] = "multilingual-e5-small"
    late_interaction_model: Annotated[
        str | None,
        Field(
            description="Name under the models folder, or path, of a ColBERT folder that PyLate wrote; empty: the "
            "embedding model's own token vectors."
        ),
    ] = None
    cross_encoder_model: Annotated[
        str | None,
        Field(
            description="Name under the models folder, or path, of a sequence classifier folder that reads query and "
            "passage together; empty: none."
        ),
    ] = None
    cross_encoder_milliseconds: Annotated[
        float,
        Field(gt=0, le=60_000, description="How long the cross-encoder may read for one search; then the rest stays."),
    ] = 500.0
    generator_model: Annotated[
        str,
        Field(
            description="Name under the models folder, or path, of a causal language model folder; for `llama_cpp` of "
            "a GGUF file; for `openai` the name that the server knows."
        ),
    ] = SMALL_GENERATOR
    generator_backend: Annotated[
        Literal["transformers", "llama_cpp", "openai"],
        Field(
            description="What runs the generator: this process on torch, this process by llama.cpp (extra "
            "`llama-cpp`), or a server that speaks OpenAI's protocol."
        ),
    ] = "transformers"
    generator_url: Annotated[
        str | None,
        Field(pattern=r"^https?://", description="For `openai`: the server's URL, which usually ends in `/v1`."),
    ] = None
    generator_api_key: Annotated[
        SecretStr | None, Field(description="For `openai`: the key that the server asks for; it is never logged.")
    ] = None
    generator_context_tokens: Annotated[
        int | None,
        Field(
            ge=512,
            le=10_000_000,
            description="For `openai` and `llama_cpp`: the model's context; empty: what the server says, or 4096.",
        ),
    ] = None
    generator_connect_seconds: Annotated[
        float, Field(gt=0, le=60, description="For `openai`: how long connecting may take.")
    ] = 5.0
    generator_read_seconds: Annotated[
        float, Field(gt=0, le=600, description="For `openai`: the longest silence, also before the first word.")
    ] = 30.0
    generator_total_seconds: Annotated[
        float,
        Field(gt=0, le=3600, description="For `openai`: how long an answer may take, repeated attempts included."),
    ] = 120.0
    generator_precision: Annotated[
        Literal["fast", "exact"],
        Field(
            description="For Llama models on torch: `fast` reads prompts in bfloat16 where the processor has it, and "
            "decodes in 4 or 8 bits, `exact` does both in float32, several times as slow."
        ),
    ] = "fast"
    generator_languages: Annotated[
        tuple[str, ...],
        Field(
            description="Languages that the generator writes, a JSON list of `en` and `zh`; a question in another is "
            "answered by the best quote."
        ),
    ] = ("en",)
    adapters: Annotated[
        dict[str, Path],
        Field(
            description="LoRA adapters of the generator, a JSON object from names to folders in the format of peft; "
            "Llama models on torch only."
        ),
    ] = {}
    task_adapters: Annotated[
        dict[Literal["answers", "representations"], str],
        Field(
            description="Which of them a task uses, a JSON object from `answers` and `representations` to names; a "
            "task that is not named uses none."
        ),
    ] = {}
    threads: Annotated[
        int, Field(ge=1, le=256, description="Threads that one process computes with; more than cores is slower.")
    ] = 2

    max_upload_mib: Annotated[
        int, Field(ge=1, le=4096, description="Largest request body in MiB; beyond it 413, before it is stored.")
    ] = 256
    max_files_per_upload: Annotated[int, Field(ge=1, le=1000, description="Files in one upload request.")] = 100
    parse_memory_mib: Annotated[
        int, Field(ge=256, le=65536, description="Memory of the child process that parses one file, in MiB.")
    ] = 1536
    parse_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=3600,
            description="Wall time for parsing one file; 5,000 dense pages take it, a hanging parser is stopped.",
        ),
    ] = 300
    pdf_parser: Annotated[
        Literal["pypdfium2", "docling"],
        Field(description="What reads PDF files: our own parser, or docling with its models (extra `docling`)."),
    ] = "pypdfium2"
    docling_models: Annotated[
        Path | None, Field(description="For `docling`: the folder that `docling-tools models download -o` filled.")
    ] = None
    ingest_concurrency: Annotated[
        int, Field(ge=1, le=64, description="Documents a worker ingests side by side, to fill the embedder's batches.")
    ] = 16

    parallel_answers: Annotated[
        int, Field(ge=1, le=64, description="Answers that the generator writes side by side; more make each slower.")
    ] = 4
    max_waiting_answers: Annotated[
        int, Field(ge=0, le=1000, description="Questions that may wait for the generator; beyond it 503.")
    ] = 8
    answer_passages: Annotated[
        int, Field(ge=1, le=20, description="Passages that an answer may use; small models get lost in many.")
    ] = 3
    prompt_tokens: Annotated[
        int, Field(ge=256, le=32768, description="Longest prompt; passages that do not fit are left out, last first.")
    ] = 1600
    translation_writers: Annotated[
        tuple[Literal["multi_query", "rag_fusion", "hyde", "step_back", "decomposition"], ...],
        Field(
            description="Translations in which the generator writes queries, a JSON list; the others make them of the "
            "passages. With the embedded model none pays."
        ),
    ] = ()
    min_evidence: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Calibrated chance that the passages concern the question, below which the service abstains.",
        ),
    ] = 0.3

    reader: Annotated[
        bool,
        Field(
            description="Whether the reader looks for answers in passages, for quotes and their chances; without it "
            "quotes are the sentences nearest to the question."
        ),
    ] = True
    reader_weights: Annotated[
        Path | None, Field(description="A file that `scholiast train reader` wrote; empty: the one that ships.")
    ] = None
    min_answerable: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Chance, by the reader, that a sentence holds the answer, below which the answer says that the "
            "documents do not tell; 0: not asked.",
        ),
    ] = 0.0
    quote_from: Annotated[
        float | None,
        Field(
            ge=0,
            description="Chance, by the reader, that a sentence holds the answer, from which on it is quoted and the "
            "generator is not asked (mode `auto`); above 1: never. Empty: 0 for the generator that comes along, "
            "never for another, nor with adapters. Where nobody knows a chance (no reader) the generator writes.",
        ),
    ] = None
    quote_passages: Annotated[int, Field(ge=1, le=20, description="Passages that a quote may come from.")] = 5
    kept_impressions: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="Newest searches and answers of which is kept what they showed, for feedback; 0: none.",
        ),
    ] = 10_000
    exploration: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Share of searches in which a coin swaps neighbours; learning from clicks needs some.",
        ),
    ] = 0.0

    @model_validator(mode="after")
    def _fill_database_url(self) -> Self:
        if not self.database_url:
            # frozen: pydantic's own way to set a derived value
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir.resolve() / 'scholiast.db'}")
        return self

    @model_validator(mode="after")
    def _need_a_server(self) -> Self:
        if self.generator_backend == "openai" and not self.generator_url:
            raise ValueError("the generator backend `openai` needs SCHOLIAST_GENERATOR_URL")
        return self

    @model_validator(mode="after")
    def _know_the_adapters(self) -> Self:
        unknown = sorted(set(self.task_adapters.values()) - set(self.adapters))
        if unknown:
            raise ValueError(f"SCHOLIAST_TASK_ADAPTERS names {unknown[0]!r}, which SCHOLIAST_ADAPTERS does not")
        if self.adapters and self.generator_backend != "transformers":
            raise ValueError("SCHOLIAST_ADAPTERS needs the generator backend `transformers`")
        return self

    @property
    def max_upload_bytes(self) -> int:
        """Largest request body in bytes."""
        return self.max_upload_mib * MEBIBYTE

    def model_folder(self, name: str) -> Path:
        """Where the named model lies: under the models folder, or the path itself if it is one."""
        return Path(name) if "/" in name else self.models_dir / name
