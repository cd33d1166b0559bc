"""How many tokens a conversation has at most, for models whose tokenizer is elsewhere.

An estimate from above: what is too high leaves a passage out, what is too low makes the server refuse the prompt. Words
of Latin letters count one token for every three letters begun, digits and marks one each, characters of other scripts
their bytes in UTF-8 less one (a Chinese character two), and every message eight for its frame.
"""

import re
from collections.abc import Sequence

from generation.types import Message

_LETTERS_A_TOKEN = 3
_MESSAGE_FRAME = 8
_WORD = re.compile(r"[A-Za-z]+")
_ASCII_MARK = re.compile(r"[^A-Za-z\s\x80-\U0010ffff]")
_OTHER = re.compile(r"[\x80-\U0010ffff]")
_SPACE = re.compile(r"\n|[ \t]{2,}")


def estimate_tokens(messages: Sequence[Message]) -> int:
    """An upper estimate of the prompt's length in tokens."""
    return sum(_MESSAGE_FRAME + text_tokens(message.content) for message in messages)


def text_tokens(text: str) -> int:
    """An upper estimate for one text."""
    words = sum(-(-len(word) // _LETTERS_A_TOKEN) for word in _WORD.findall(text))
    others = sum(max(1, len(character.encode(errors="replace")) - 1) for character in _OTHER.findall(text))
    return words + others + len(_ASCII_MARK.findall(text)) + len(_SPACE.findall(text))
