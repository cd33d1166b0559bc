"""Reads a ColBERT model from a folder in the format of PyLate, and runs it.

An encoder, projections of its token vectors, and a few habits: a token in front says whether a text is a query or a
document, queries are filled up with mask tokens that look for what was left unsaid, documents lose their punctuation
(Khattab and Zaharia, SIGIR 2020; Santhanam et al., NAACL 2022). The library itself (MIT) is not used: it wants older
versions of transformers and sentence-transformers than run here.
"""

import json
import string
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from retrieval.embedding import BATCH_SIZE, encoder_of, padded, weights_sha256
from retrieval.errors import ModelUnavailable
from retrieval.fastest_dtype import fastest_dtype
from retrieval.token_codec import TokenCodec
from retrieval.types import Json

_IDENTITY = "torch.nn.modules.linear.Identity"


@dataclass(frozen=True, slots=True)
class _Projection:
    """A linear layer over token vectors, with or without a way around it."""

    weight: Tensor  # [out, in]
    bias: Tensor | None
    around: Tensor | None  # [out, in]

    def __call__(self, tokens: Tensor) -> Tensor:
        projected = functional.linear(tokens, self.weight, self.bias)
        return projected if self.around is None else projected + functional.linear(tokens, self.around)


@dataclass(frozen=True, slots=True)
class _Side:
    """How texts of one kind are put into the model."""

    prefix: int | None  # the token that says what they are
    longest: int  # tokens, the prefix included
    fill: int | None  # the token that fills them up to that length; None: they stay as they are


class ColbertEncoder:
    """One loaded model. Safe to call from several threads; one call runs at a time."""

    def __init__(self, folder: Path, dtype: torch.dtype | None = None) -> None:
        """Raises `ModelUnavailable` if the folder holds no ColBERT model that can be used."""
        try:
            self._read(folder, dtype or fastest_dtype())
        except ModelUnavailable:
            raise
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelUnavailable(
                f"The late-interaction model '{folder.name}' cannot be read; it has to be a folder that PyLate wrote, "
                "with weights in safetensors."
            ) from error
        self.codec = TokenCodec(self.dimension)
        self.model_id = f"{folder.name}@{weights_sha256(folder)[:16]}"
        self._running = threading.Lock()

    def _read(self, folder: Path, dtype: torch.dtype) -> None:
        modules = [(module["type"].rsplit(".", 1)[-1], module["path"]) for module in _json(folder / "modules.json")]
        kinds = [kind for kind, _ in modules]
        if kinds[0] != "Transformer" or len(kinds) < 2 or set(kinds[1:]) != {"Dense"}:
            raise ModelUnavailable(
                f"'{folder.name}' is made of {', '.join(kinds)}; a ColBERT model is an encoder and its projections."
            )
        root = folder / modules[0][1]
        self._encode_tokens, width = encoder_of(root, dtype, {})
        self._projections = [_projection(folder / path) for _, path in modules[1:]]
        self.dimension = self._projections[-1].weight.shape[0] if self._projections else width
        self._tokenizer = Tokenizer.from_file(str(root / "tokenizer.json"))
        self._tokenizer.no_padding()
        settings = _json(folder / "config_sentence_transformers.json")
        self._attends_to_fill = bool(settings.get("attend_to_expansion_tokens", False))
        fill = self._known("[MASK]", "<mask>") if settings.get("do_query_expansion", True) else None
        self._query = _Side(self._prefix(settings, "query_prefix", "[Q] "), settings.get("query_length") or 32, fill)
        self._passage = _Side(
            self._prefix(settings, "document_prefix", "[D] "), settings.get("document_length") or 180, None
        )
        words = settings.get("skiplist_words", list(string.punctuation))
        self._skipped = [number for word in words if (number := self._tokenizer.token_to_id(word)) is not None]

    def query_tokens(self, query: str) -> NDArray[np.float32]:
        """Unit vectors [tokens, dimension], those of the mask tokens included."""
        ids = self._ids([query], self._query)[0]
        read = len(ids)
        if self._query.fill is not None:
            ids = ids + [self._query.fill] * (self._query.longest - read)
        return self._vectors([ids], [len(ids) if self._attends_to_fill else read])[0].numpy()

    def passage_tokens(self, passages: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        """Unit vectors [tokens, dimension] of each passage, without its punctuation; long ones are cut at their end."""
        found: list[NDArray[np.float32]] = []
        for start in range(0, len(passages), BATCH_SIZE):
            ids = self._ids(passages[start : start + BATCH_SIZE], self._passage)
            vectors = self._vectors(ids, [len(sequence) for sequence in ids])
            for sequence, own in zip(ids, vectors, strict=True):
                found.append(own[: len(sequence)].numpy()[~np.isin(sequence, self._skipped)])
        return found

    def _ids(self, texts: Sequence[str], side: _Side) -> list[list[int]]:
        with self._running:
            self._tokenizer.enable_truncation(side.longest - (side.prefix is not None))
            encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return encoded if side.prefix is None else [[*ids[:1], side.prefix, *ids[1:]] for ids in encoded]

    @torch.inference_mode()
    def _vectors(self, ids: Sequence[Sequence[int]], read: Sequence[int]) -> Tensor:
        """Unit vectors [texts, longest, dimension]; tokens beyond those that are read look, and are not looked at."""
        tokens, _ = padded(ids, max(map(len, ids)))
        with self._running:
            hidden = self._encode_tokens(tokens, read).float()
            for projection in self._projections:
                hidden = projection(hidden)
        return functional.normalize(hidden, dim=2)

    def _prefix(self, settings: Json, name: str, default: str) -> int | None:
        prefix = settings.get(name)
        prefix = default if prefix is None else prefix
        return self._known(prefix) if prefix else None

    def _known(self, *tokens: str) -> int:
        """The number of the first of the tokens that the tokenizer has; raises `StopIteration` without any."""
        numbers = (self._tokenizer.token_to_id(token) for token in tokens)
        return next(number for number in numbers if number is not None)


def _projection(folder: Path) -> _Projection:
    settings = _json(folder / "config.json")
    if settings.get("activation_function", _IDENTITY) != _IDENTITY:
        raise ModelUnavailable(f"The late-interaction model projects by {settings['activation_function']}.")
    weights = {name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()}
    weight = weights["linear.weight"]
    around = None
    if settings.get("use_residual"):
        around = weights["residual.weight"] if "residual.weight" in weights else torch.eye(len(weight))
    return _Projection(weight, weights.get("linear.bias"), around)


def _json(path: Path) -> Json:
    return json.loads(path.read_text())
