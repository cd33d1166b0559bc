"""Completes prompts with a chat model, for those who know nothing of messages and sampling."""

from collections.abc import Callable, Sequence

from generation.repetition import RepetitionGuard
from generation.types import GenerationOptions, LanguageModel, Message
from retrieval.types import Prompt


class PromptCompletion:
    """A `retrieval.types.CompletionModel` over a chat model."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        """Whether prompt and completion have room in the model's context."""
        return self._model.count_tokens(_messages(prompt)) + max_tokens <= self._model.context_tokens

    def complete(self, prompt: Prompt, max_tokens: int, cancelled: Callable[[], bool]) -> str:
        """The likeliest text, ended where it begins to repeat itself. Raises what the model's `stream` raises."""
        guard = RepetitionGuard()
        pieces = self._model.stream(
            _messages(prompt), GenerationOptions(max_tokens=max_tokens), lambda: cancelled() or guard.looping
        )
        return "".join([*(guard.feed(piece.text) for piece in pieces), guard.finish()])


def _messages(prompt: Prompt) -> Sequence[Message]:
    messages = [Message("system", prompt.system)]
    for asked, answered in prompt.examples:
        messages += [Message("user", asked), Message("assistant", answered)]
    return [*messages, Message("user", prompt.asked)]
