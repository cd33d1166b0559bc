"""What the reader's encoder is given: a question, a title and a window of a passage as token ids, with their places.

A passage that is too long is read in windows that overlap, so that an answer which one cuts is whole in another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer

from retrieval.table_text import CELL_SEPARATOR

START, PADDING, SEPARATOR = 0, 1, 2  # of XLM-RoBERTa's vocabulary, which multilingual-e5 has
QUESTION_TOKENS = 64
TITLE_TOKENS = 48
WINDOW_TOKENS = 320  # of question, title and passage; a chunk has 200 and is read in one
OVERLAP_TOKENS = 64

# All tokens of a text, uncut, without special ones.
Encode = Callable[[str], Encoding]


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the encoder. Token `first + i` is `offsets[i]` in the passage, in characters."""

    ids: Sequence[int]
    first: int  # where the passage's tokens begin
    offsets: Sequence[tuple[int, int]]


def title_of(headings: Sequence[str], document: str) -> str:
    """What a passage is read under: its headings, or the document's name.

    Where a table goes on, the row that names its columns is the innermost heading; it comes first, because the reader
    cuts long titles off.
    """
    if headings and CELL_SEPARATOR in headings[-1]:
        return " > ".join((headings[-1], *headings[-2:-1]))
    return " > ".join(headings) or document


def windows(encode: Encode, question: str, title: str, passage: str, tokens: int = WINDOW_TOKENS) -> Sequence[Window]:
    """The passage in windows of at most so many tokens; none where it holds no text."""
    asked = encode(question).ids[:QUESTION_TOKENS]
    named = encode(title).ids[:TITLE_TOKENS] if title else []
    before = [START, *asked, SEPARATOR, *named, SEPARATOR]
    read = encode(passage)
    room = max(tokens - len(before) - 1, 2 * OVERLAP_TOKENS)
    found: list[Window] = []
    for start in range(0, len(read.ids), room - OVERLAP_TOKENS):
        part = slice(start, start + room)
        found.append(Window([*before, *read.ids[part], SEPARATOR], len(before), read.offsets[part]))
        if start + room >= len(read.ids):
            break
    return found


def token_span(window: Window, start: int, end: int) -> tuple[int, int] | None:
    """First and last token that hold the characters [start, end) of the passage; None if the window cuts them."""
    inside = [place for place, (begin, stop) in enumerate(window.offsets) if begin < end and stop > start]
    if not inside or window.offsets[inside[0]][0] > start or window.offsets[inside[-1]][1] < end:
        return None
    return window.first + inside[0], window.first + inside[-1]


def plain(tokenizer: Tokenizer) -> Encode:
    """The tokenizer as it is needed here, with nothing added and nothing cut."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return lambda text: tokenizer.encode(text, add_special_tokens=False)
