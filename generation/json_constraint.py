"""Lets a model write nothing but JSON that fits a schema: llguidance says before every token which ones may follow.

Whitespace is left to nobody's taste (there is none), so that a small model cannot lose itself in it.
"""

import threading
from collections.abc import Sequence

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from tokenizers import Tokenizer
from torch import Tensor

from generation.json_schema import JsonSchema
from retrieval.errors import InvalidRequest


class JsonConstraint:
    """A `TokenConstraint`: one text that is being written."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    def allow(self, logits: Tensor) -> Tensor:
        """Minus infinity for tokens after which the text could no longer fit."""
        allowed = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), np.uint8), bitorder="little")
        mask = torch.from_numpy(allowed[: len(logits)]).bool()
        return logits.masked_fill(~mask, -torch.inf)

    def accept(self, token: int) -> None:
        """The text goes on with the token."""
        self._matcher.consume_token(token)

    def forced(self) -> Sequence[int]:
        """Tokens that the schema leaves no choice about."""
        return self._matcher.compute_ff_tokens()


class JsonGrammars:
    """Makes constraints for one model's tokens."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: int, ends: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._ends = sorted(ends)
        self._lock = threading.Lock()
        self._tokens: LLTokenizer | None = None

    def constraint(self, schema: JsonSchema) -> JsonConstraint:
        """A fresh one. Raises `InvalidRequest` where the schema asks for what no grammar can hold to."""
        tokens = self._loaded()
        try:
            grammar = LLMatcher.grammar_from_json_schema(schema.text, overrides={"whitespace_flexible": False})
            matcher = LLMatcher(tokens, grammar, log_level=0)
        except ValueError as error:
            raise _refused(str(error)) from error
        if matcher.is_error():
            raise _refused(matcher.get_error())
        return JsonConstraint(matcher)

    def _loaded(self) -> LLTokenizer:
        """The tokens as llguidance sees them: a second to make, so only once JSON is asked for."""
        with self._lock:
            if self._tokens is None:
                self._tokens = LLTokenizer(self._tokenizer.to_str(), self._vocabulary, self._ends)
            return self._tokens


def _refused(reason: str) -> InvalidRequest:
    said = reason.partition("\n")[0][:300]
    return InvalidRequest(f"No answer can be held to this JSON schema: {said}.", field="response_schema")
