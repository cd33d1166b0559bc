"""The reader's network as it is trained: BERT's upper layers with a head for spans and one for answerability.

The embeddings and the lower layers stay the embedder's own: what is trained is what a weights file has to carry, and a
service that has the embedder in memory already has the rest. Parameters are kept exactly (float32); each step
multiplies with copies of them in the number format it is asked to.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]

FROZEN_LAYERS = 4  # trained they would make each step a quarter longer and the file 7 MB larger
# The heads: logits of where an answer begins and ends (the first token of all stands for "nowhere"), and of whether
# there is an answer at all.
SPAN_HEAD, ANSWERABLE_HEAD = "span", "answerable"
_UNREACHABLE = -1e4


def trained_names(layers: int) -> list[str]:
    """The parameters that training changes, the heads' apart, of an encoder of so many layers."""
    parts = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
    parts += ["attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"]
    return [
        f"encoder.layer.{number}.{part}.{kind}"
        for number in range(FROZEN_LAYERS, layers)
        for part in parts
        for kind in ("weight", "bias")
    ]


def new_heads(width: int, seed: int) -> dict[str, Tensor]:
    """Heads that know nothing yet, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    heads: dict[str, Tensor] = {}
    for name, outputs in ((SPAN_HEAD, 2), (ANSWERABLE_HEAD, 1)):
        heads[f"{name}.weight"] = torch.randn(outputs, width, generator=generator) * 0.02
        heads[f"{name}.bias"] = torch.zeros(outputs)
    return heads


def lower(weights: Weights, tokens: Tensor, mask: Tensor, heads: int) -> Tensor:
    """Vectors [texts, longest, width] after the layers that are not trained; `mask` [texts, longest] is True at tokens.

    The weights have the number format of the result.
    """
    hidden = functional.embedding(tokens, weights["embeddings.word_embeddings.weight"])
    places = weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    hidden = hidden + places + weights["embeddings.token_type_embeddings.weight"][0]
    hidden = _normalized(weights, "embeddings.LayerNorm", hidden)
    for number in range(FROZEN_LAYERS):
        hidden = _layer(weights, f"encoder.layer.{number}.", hidden, _attention_bias(mask, hidden.dtype), heads)
    return hidden


def upper(weights: Weights, hidden: Tensor, mask: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    """Span logits [texts, longest, 2] and answerability logits [texts], both float32, from what `lower` gave."""
    last = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
    bias = _attention_bias(mask, hidden.dtype)
    for number in range(FROZEN_LAYERS, last):
        hidden = _layer(weights, f"encoder.layer.{number}.", hidden, bias, heads)
    spans = _linear(weights, SPAN_HEAD, hidden).float()
    return spans, _linear(weights, ANSWERABLE_HEAD, hidden[:, 0]).float().squeeze(1)


def loss(spans: Tensor, answerable: Tensor, reachable: Tensor, targets: Sequence[tuple[int, int] | None]) -> Tensor:
    """Mean cross-entropy of both ends and of answerability, over the texts; None targets have no answer.

    `reachable` [texts, longest] is True where an answer may lie; the first token stands for "nowhere".
    """
    allowed = reachable.clone()
    allowed[:, 0] = True
    logits = spans.masked_fill(~allowed.unsqueeze(2), _UNREACHABLE)
    ends = torch.tensor([target or (0, 0) for target in targets], device=spans.device)
    has_answer = torch.tensor([float(target is not None) for target in targets], device=spans.device)
    begin = functional.cross_entropy(logits[:, :, 0], ends[:, 0])
    stop = functional.cross_entropy(logits[:, :, 1], ends[:, 1])
    return (begin + stop) / 2 + functional.binary_cross_entropy_with_logits(answerable, has_answer) / 2


def _attention_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    texts, longest = mask.shape
    return torch.zeros(texts, 1, 1, longest, dtype=dtype, device=mask.device).masked_fill(
        ~mask.view(texts, 1, 1, longest), _UNREACHABLE
    )


def _layer(weights: Weights, prefix: str, hidden: Tensor, bias: Tensor, heads: int) -> Tensor:
    texts, longest, width = hidden.shape
    queries, keys, values = (
        _linear(weights, f"{prefix}attention.self.{part}", hidden)
        .view(texts, longest, heads, -1)
        .transpose(1, 2)
        .reshape(texts * heads, longest, -1)
        for part in ("query", "key", "value")
    )
    # Written out: going backwards through the fused attention takes twice as long on a processor.
    scores = torch.bmm(queries * (width // heads) ** -0.5, keys.transpose(1, 2)).view(texts, heads, longest, longest)
    weighted = torch.bmm((scores + bias).softmax(-1).view(texts * heads, longest, longest), values)
    mixed = weighted.view(texts, heads, longest, -1).transpose(1, 2).reshape(texts, longest, width)
    hidden = hidden + _linear(weights, f"{prefix}attention.output.dense", mixed)
    hidden = _normalized(weights, f"{prefix}attention.output.LayerNorm", hidden)
    wide = functional.gelu(_linear(weights, f"{prefix}intermediate.dense", hidden))
    return _normalized(weights, f"{prefix}output.LayerNorm", hidden + _linear(weights, f"{prefix}output.dense", wide))


def _linear(weights: Weights, name: str, rows: Tensor) -> Tensor:
    return functional.linear(rows, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _normalized(weights: Weights, name: str, hidden: Tensor) -> Tensor:
    return functional.layer_norm(hidden, (hidden.shape[-1],), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)
