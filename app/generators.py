"""Builds the generator that the settings name: a model in this process, or one that another server runs."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.settings import Settings
from generation.chat_server import ServerSettings
from generation.llama_cpp_model import LlamaCppModel, LlamaCppSettings
from generation.openai_model import CallLimits, OpenAIModel
from generation.prompts import answer_messages
from generation.transformers_model import Places, TransformersModel
from generation.types import GenerationOptions, JsonModel, LanguageModel, Scorer


class Generating(LanguageModel, Scorer, JsonModel, Protocol):
    """What every backend can do, if need be by saying clearly that its server cannot."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A model and what keeps it from answering: nothing, for one that is loaded."""

    model: Generating
    missing: Callable[[], Sequence[str]]
    adapted: Mapping[str, Generating] = field(default_factory=dict)  # by the task whose adapter it has

    def for_task(self, task: str) -> Generating:
        """The model with the adapter that the settings choose for the task, if any."""
        return self.adapted.get(task, self.model)


def load_generator(settings: Settings) -> Generator:
    """The generator of the backend that the settings name. Raises `ModelUnavailable` if it can never answer."""
    return BACKENDS[settings.generator_backend](settings)


def _in_this_process(settings: Settings) -> Generator:
    model = TransformersModel(
        settings.model_folder(settings.generator_model),
        settings.threads,
        Places(settings.parallel_answers, settings.max_waiting_answers),
        settings.adapters,
        exact=settings.generator_precision == "exact",
    )
    adapted: dict[str, Generating] = {task: model.with_adapter(name) for task, name in settings.task_adapters.items()}
    generator = Generator(model, lambda: (), adapted)
    # The first call allocates, and every answer's prompt begins the same; no person should wait for either.
    _warm_up(generator.for_task("answers"))
    return generator


def _by_llama_cpp(settings: Settings) -> Generator:
    model = LlamaCppModel(
        LlamaCppSettings(
            settings.model_folder(settings.generator_model),
            settings.threads,
            settings.parallel_answers,
            settings.max_waiting_answers,
            settings.generator_context_tokens,
        )
    )
    _warm_up(model)
    return Generator(model, lambda: ())


def _warm_up(model: LanguageModel) -> None:
    deque(model.stream(answer_messages("Warm up?", (), ()), GenerationOptions(max_tokens=2), lambda: False), 0)


def _on_a_server(settings: Settings) -> Generator:
    """Does not wait for the server: it may come later, and go."""
    key = settings.generator_api_key
    server = ServerSettings(
        url=settings.generator_url or "",  # the settings do not let it be missing
        model=settings.generator_model,
        api_key=key.get_secret_value() if key else None,
        connect_seconds=settings.generator_connect_seconds,
        read_seconds=settings.generator_read_seconds,
    )
    limits = CallLimits(total_seconds=settings.generator_total_seconds)
    model = OpenAIModel(server, limits, context_tokens=settings.generator_context_tokens)
    return Generator(model, lambda: model.missing)


BACKENDS: dict[str, Callable[[Settings], Generator]] = {
    "transformers": _in_this_process,
    "llama_cpp": _by_llama_cpp,
    "openai": _on_a_server,
}
