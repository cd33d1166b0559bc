"""Chooses the passages that the model gets to read: distinct ones, best first, as many as the prompt has room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from generation.conversation_memory import remembered
from generation.prompts import answer_messages, tuned_messages, wording_for
from generation.types import Message
from retrieval.errors import InvalidRequest
from retrieval.types import Hit

# A passage that shares more of its text than this with a better one is left out: neighbours overlap when chunked.
_LARGEST_OVERLAP = 0.5
# Of the prompt's tokens, for what was said before: without a limit a long conversation left room for one passage.
_HISTORY = 0.3


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked, and which passages it was shown: citation n is passages[n - 1]."""

    messages: Sequence[Message]
    passages: Sequence[Hit]
    tokens: int
    shortened_turns: int  # of the history, to a line each
    forgotten_turns: int  # of the history, oldest first
    refusal: str = ""  # what a model that was tuned on this prompt says where no passage answers


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
    *,
    tuned: bool = False,
) -> Prompt:
    """The prompt with as many whole passages, best first, as fit into `limit` tokens; `tuned`: that of the adapter.

    The older turns of a long history are shortened or left out, and where the others leave no room for a passage the
    oldest go first. Raises `InvalidRequest` if the question itself leaves none.
    """
    known = remembered(history, count_tokens, limit * _HISTORY)
    for left_out in range(len(known.turns) + 1):
        turns = known.turns[left_out:]
        for kept in range(len(hits), 0, -1):
            texts = [hit.chunk.text for hit in hits[:kept]]
            messages = (
                tuned_messages(question, turns, texts)
                if tuned
                else answer_messages(question, turns, texts, instruction)
            )
            if (tokens := count_tokens(messages)) <= limit:
                shortened, forgotten = max(0, known.shortened - left_out), known.forgotten + left_out
                refusal = wording_for(question).refusal if tuned else ""
                return Prompt(messages, hits[:kept], tokens, shortened, forgotten, refusal)
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
