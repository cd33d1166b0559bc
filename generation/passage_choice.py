"""Chooses the passages that the model gets to read: distinct ones, best first, as many as the prompt has room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generation.prompts import answer_messages
from generation.types import Message
from retrieval.errors import InvalidRequest
from retrieval.types import Hit

# A passage that shares more of its text than this with a better one is left out: neighbours overlap when chunked.
_LARGEST_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked, and which passages it was shown: citation n is passages[n - 1]."""

    messages: Sequence[Message]
    passages: Sequence[Hit]
    tokens: int
    forgotten_turns: int  # of the history, oldest first


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """The hits without those that repeat a better one, in the same order."""
    chosen: list[Hit] = []
    for hit in hits:
        if not any(_repeats(hit, better) for better in chosen):
            chosen.append(hit)
    return chosen


def fit_prompt(
    question: str,
    history: Sequence[Message],
    hits: Sequence[Hit],
    count_tokens: Callable[[Sequence[Message]], int],
    limit: int,
    instruction: str = "",
) -> Prompt:
    """The prompt with as many whole passages, best first, as fit into `limit` tokens.

    Where the history leaves no room for a passage its oldest turns go first. Raises `InvalidRequest` if the question
    itself leaves none.
    """
    for forgotten in range(len(history) + 1):
        for kept in range(len(hits), 0, -1):
            messages = answer_messages(question, history[forgotten:], hits[:kept], instruction)
            if (tokens := count_tokens(messages)) <= limit:
                return Prompt(messages, hits[:kept], tokens, forgotten)
    raise InvalidRequest(
        f"The question leaves no room for a passage in a prompt of {limit} tokens; shorten it.", field="question"
    )


def _repeats(hit: Hit, better: Hit) -> bool:
    chunk, other = hit.chunk, better.chunk
    if chunk.text == other.text:
        return True
    shared = min(chunk.end, other.end) - max(chunk.start, other.start)
    same_text = chunk.document_id == other.document_id and chunk.level == other.level
    return same_text and shared > _LARGEST_OVERLAP * (chunk.end - chunk.start)
