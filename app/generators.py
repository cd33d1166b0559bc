"""Builds the generator that the settings name: a model in this process, or one that another server runs."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.settings import Settings
from generation.chat_server import ServerSettings
from generation.openai_model import CallLimits, OpenAIModel
from generation.prompts import answer_messages
from generation.transformers_model import TransformersModel
from generation.types import GenerationOptions, LanguageModel


@dataclass(frozen=True, slots=True)
class Generator:
    """A model and what keeps it from answering: nothing, for one that is loaded."""

    model: LanguageModel
    missing: Callable[[], Sequence[str]]


def load_generator(settings: Settings) -> Generator:
    """The generator of the backend that the settings name. Raises `ModelUnavailable` if it can never answer."""
    return BACKENDS[settings.generator_backend](settings)


def _in_this_process(settings: Settings) -> Generator:
    model = TransformersModel(
        settings.model_folder(settings.generator_model),
        settings.threads,
        settings.max_waiting_answers,
        settings.parallel_answers,
    )
    # The first call allocates, and every answer's prompt begins the same; no person should wait for either.
    deque(model.stream(answer_messages("Warm up?", (), ()), GenerationOptions(max_tokens=2), lambda: False), 0)
    return Generator(model, lambda: ())


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


BACKENDS: dict[str, Callable[[Settings], Generator]] = {"transformers": _in_this_process, "openai": _on_a_server}
