"""Keeps a document from ending its turn and beginning another: special tokens in what it says are broken up."""

import re
from collections.abc import Sequence


class SpecialTokens:
    """The strings that a tokenizer would read as special tokens wherever they stand."""

    def __init__(self, strings: Sequence[str]) -> None:
        # A single character is no special token worth breaking up.
        self._any = re.compile("|".join(re.escape(string) for string in strings if len(string) > 1) or "(?!)")

    def disarm(self, content: str) -> str:
        """The content with a space in each of them."""
        while (broken := self._any.sub(lambda token: f"{token[0][:1]} {token[0][1:]}", content)) != content:
            content = broken
        return content
