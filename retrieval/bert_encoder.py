"""The forward pass of BERT encoders with fused and packed projections.

One product gives queries, keys and values, and nothing is looked up or checked per layer. For a query of 14 tokens the
general implementation spends as long on that as on arithmetic.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from retrieval.packed_linear import PackedLinear

Weights = Mapping[str, Tensor]
_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True, slots=True)
class _Layer:
    attention_in: PackedLinear  # queries, keys and values, [3 * width, width]
    attention_out: PackedLinear
    attention_norm: tuple[Tensor, Tensor]
    wide: PackedLinear
    narrow: PackedLinear
    norm: tuple[Tensor, Tensor]


class BertEncoder:
    """Token vectors of a BERT model with absolute positions and exact GELU (Devlin et al., 2018)."""

    def __init__(self, config: Mapping[str, Any], weights: Weights) -> None:
        """Takes the model's configuration and its weights; raises `KeyError` if one of them is missing."""
        self._heads: int = config["num_attention_heads"]
        self.width: int = config["hidden_size"]
        self._epsilon: float = config["layer_norm_eps"]
        self._words = weights[_WORDS]
        # every token is of type 0 where texts come alone
        types = weights["embeddings.token_type_embeddings.weight"]
        self._positions = weights["embeddings.position_embeddings.weight"] + types[0]
        self._norm = _parameters(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, f"encoder.layer.{number}.") for number in range(config["num_hidden_layers"])]

    @classmethod
    def read(cls, folder: Path, dtype: torch.dtype) -> "BertEncoder | None":
        """The encoder in the folder; None where its model is of another kind."""
        config: Mapping[str, Any] = json.loads((folder / "config.json").read_text())
        if not _supports(config) or not (folder / "model.safetensors").is_file():
            return None
        stored = load_file(folder / "model.safetensors")
        weights = {name.removeprefix("bert."): weight for name, weight in stored.items()}
        return cls(config, {name: _in_format(name, weight, dtype) for name, weight in weights.items()})

    @property
    def dtype(self) -> torch.dtype:
        """The number format that it computes in."""
        return self._positions.dtype

    def with_layers(self, first: int, weights: Weights) -> "BertEncoder":
        """Another encoder that has these weights from layer `first` on, and shares all below with this one."""
        other = copy.copy(self)
        upper = [_layer(weights, f"encoder.layer.{number}.") for number in range(first, len(self._layers))]
        other._layers = [*self._layers[:first], *upper]
        return other

    def __call__(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        """Vectors [texts, longest, width] of padded token ids [texts, longest]; those of padding mean nothing."""
        texts, longest = tokens.shape
        mask = None
        if min(lengths) < longest:
            mask = (torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)).view(texts, 1, 1, longest)
        words = functional.embedding(tokens, self._words).to(self.dtype)
        hidden = self._normalize(words + self._positions[:longest], self._norm)
        for layer in self._layers:
            projected = layer.attention_in(hidden)
            queries, keys, values = projected.view(texts, longest, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(queries, keys, values, mask)
            mixed = mixed.transpose(1, 2).reshape(texts, longest, self.width)
            hidden = self._normalize(layer.attention_out.plus(mixed, hidden), layer.attention_norm)
            hidden = self._normalize(layer.narrow.plus(layer.wide.gelu(hidden), hidden), layer.norm)
        return hidden

    def _normalize(self, hidden: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(hidden, (self.width,), *norm, self._epsilon)


def _in_format(name: str, weight: Tensor, dtype: torch.dtype) -> Tensor:
    """The weight as the encoder computes with it; the words, nine tenths of all, in no more bytes than they came in.

    A few rows of theirs are looked up and converted then, to the same numbers: 190 MB less where float32 is computed.
    """
    kept = name == _WORDS and weight.element_size() < dtype.itemsize
    # Copied whatever its format is: one bias that is as the file has it would keep the whole file mapped.
    return weight.to(weight.dtype if kept else dtype, copy=True)


def _supports(config: Mapping[str, Any]) -> bool:
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
    )


def _layer(weights: Weights, prefix: str) -> _Layer:
    projections = [_parameters(weights, f"{prefix}attention.self.{part}") for part in ("query", "key", "value")]
    matrices, biases = zip(*projections, strict=True)
    return _Layer(
        attention_in=PackedLinear.of(torch.cat(matrices), torch.cat(biases)),
        attention_out=PackedLinear.of(*_parameters(weights, f"{prefix}attention.output.dense")),
        attention_norm=_parameters(weights, f"{prefix}attention.output.LayerNorm"),
        wide=PackedLinear.of(*_parameters(weights, f"{prefix}intermediate.dense")),
        narrow=PackedLinear.of(*_parameters(weights, f"{prefix}output.dense")),
        norm=_parameters(weights, f"{prefix}output.LayerNorm"),
    )


def _parameters(weights: Weights, name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]
