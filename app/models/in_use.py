"""Which models the settings name, and what a service that runs under them tells of those it has loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from app.settings import Settings

_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """A model, or an adapter of one, that the settings name."""

    role: str
    name: str
    backend: str
    size: int  # bytes on this disk; 0 where it lies elsewhere
    loaded: bool = False
    tokens_per_second: float | None = None  # of the last answer of some length


def in_use(settings: Settings) -> Sequence[ModelInUse]:
    """Embedder, generator and adapters. Without a running service nothing is loaded."""
    told = _metrics(settings)
    loaded = {
        (labels.get("role"), labels.get("model", "").partition("@")[0])
        for name, labels, _ in told
        if name == "scholiast_model_loaded"
    }
    speed = next((value for name, _, value in told if name == "scholiast_model_tokens_per_second" and value), None)
    embedder = settings.model_folder(settings.embedding_model)
    generating = any(role == "generator" for role, _ in loaded)
    generator = ModelInUse(
        "generator",
        settings.generator_model,
        settings.generator_backend,
        _size(settings.model_folder(settings.generator_model)),
        generating,
        speed,
    )
    return [
        ModelInUse("embedder", embedder.name, "torch", _size(embedder), ("embedder", embedder.name) in loaded),
        generator,
        *(
            ModelInUse("adapter", name, settings.generator_backend, _size(folder), generating)
            for name, folder in settings.adapters.items()
        ),
    ]


def _metrics(settings: Settings) -> Sequence[tuple[str, Mapping[str, str], float]]:
    """Name, labels and value of what the running service measures; nothing where none runs."""
    try:
        answer = httpx2.get(f"http://{settings.host}:{settings.port}/metrics", timeout=_PATIENCE_SECONDS)
        answer.raise_for_status()
        families = list(text_string_to_metric_families(answer.text))
    except (httpx2.HTTPError, ValueError):
        return []
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def _size(place: Path) -> int:
    """Bytes of the file, or of all files in the folder."""
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
