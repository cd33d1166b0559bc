"""What a prompt holds of a conversation: the latest turns as they were, older ones in a line each, the oldest gone.

No model writes the summary: a line is the question, or the sentence that answered it, and both are certain to have been
said. The passages, not the history, are what an answer is made of, so the history has a share of the prompt.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from generation.types import Message
from retrieval.sentences import on_one_line, sentence_spans

# Of the history's tokens, so much for turns that stay as they were.
_WHOLE = 0.6
_LONGEST_LINE = 200  # characters
_QUOTED = re.compile(r"“([^”]+)”")
_MARKER = re.compile(r"\s*\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Remembered:
    """The turns that a prompt can have, oldest first."""

    turns: Sequence[Message]
    shortened: int  # of them, those of which a line is left
    forgotten: int  # those that are left out, all older than the others


def remembered(
    history: Sequence[Message], count_tokens: Callable[[Sequence[Message]], int], limit: float
) -> Remembered:
    """As much of the history as has room in `limit` tokens, the latest first."""
    turns: list[Message] = []
    used, shortened = 0, 0
    for turn in reversed(history):
        kept, tokens = turn, count_tokens([turn])
        if shortened or used + tokens > limit * _WHOLE:  # what is older than a shortened turn is shortened as well
            kept = replace(turn, content=gist(turn))
            tokens = count_tokens([kept])
        if used + tokens > limit:
            break
        used += tokens
        shortened += kept is not turn
        turns.insert(0, kept)
    return Remembered(turns, shortened, len(history) - len(turns))


def gist(turn: Message) -> str:
    """One line of a turn: the question; of an answer what it quoted first, or its first sentence, without numbers."""
    if turn.role != "assistant":
        return _cut(on_one_line(turn.content))
    if quoted := _QUOTED.search(turn.content):
        return _cut(on_one_line(quoted[1]))
    plain = _MARKER.sub("", turn.content)
    start, end = next(iter(sentence_spans(plain)), (0, len(plain)))
    return _cut(on_one_line(plain[start:end]))


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return line[:_LONGEST_LINE].rsplit(" ", 1)[0] + " …"
