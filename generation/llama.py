"""The forward pass of Llama-family models on a processor: long prompts in bfloat16, single tokens in int8.

Reading a prompt is bound by arithmetic, where bfloat16 is exact and fast; decoding is bound by reading the weights,
where int8 with a scale an output channel halves the bytes. Rows of a decoding step never mix, so that the logits of a
sequence are the same bit by bit whether others decode beside it and whether its tokens come one at a time.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from generation.kv_cache import KeyValues, padded
from retrieval.packed_linear import PackedLinear

# Rows of one sequence in a step. More cost more than the guesses among them gain.
MAX_STEP_ROWS = 4
# Positions before the rows with which it is tried whether rows of one step round as they do one by one.
_TRIED_POSITIONS = (9, 30, 300, 317)


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """The numbers of a Llama configuration that the forward pass needs."""

    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    dimension: int  # of a head
    epsilon: float
    rope_base: float
    context: int
    tied: bool

    @classmethod
    def read(cls, folder: Path) -> "LlamaShape | None":
        """The shape of the model in the folder; None where it is not a plain Llama."""
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        plain = (
            config.get("model_type") == "llama"
            and config.get("hidden_act", "silu") == "silu"
            and not config.get("attention_bias")
            and not config.get("mlp_bias")
            and rope.get("rope_type", rope.get("type", "default")) == "default"
            and (folder / "model.safetensors").is_file()
        )
        if not plain:
            return None
        heads = config["num_attention_heads"]
        return cls(
            width=config["hidden_size"],
            inner=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=heads,
            key_heads=config.get("num_key_value_heads") or heads,
            dimension=config.get("head_dim") or config["hidden_size"] // heads,
            epsilon=config.get("rms_norm_eps", 1e-6),
            rope_base=config.get("rope_theta") or rope.get("rope_theta", 10_000.0),
            context=config["max_position_embeddings"],
            tied=bool(config.get("tie_word_embeddings")),
        )


@dataclass(frozen=True, slots=True)
class _Packed:
    """An int8 matrix [out, in] with a scale a row, beside the exact one; the exact one is None for the head."""

    exact: PackedLinear | None
    packed: Tensor
    scales: Tensor

    @classmethod
    def of(cls, weight: Tensor, dtype: torch.dtype, *, keep: bool = True) -> "_Packed":
        scales = (weight.abs().amax(dim=1) / 127).clamp(min=1e-12).to(dtype)
        packed = (weight / scales.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        return cls(PackedLinear.of(weight.to(dtype)) if keep else None, packed, scales)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The matrices of a layer; the weights of its two norms are multiplied into those that follow them."""

    attention_in: _Packed  # queries, keys, values
    attention_out: _Packed
    inner_in: _Packed  # gate, up
    inner_out: _Packed


@dataclass(frozen=True, slots=True)
class _View:
    """What some rows of one sequence look at: the first `end` positions of the cache, through a mask."""

    cache: KeyValues
    rows: int
    end: int
    mask: Tensor
    shared: bool  # the queries of a key head stand as rows of one product, which spares copies of the keys

    def attend(self, layer: int, queries: Tensor) -> Tensor:
        """Softmax attention of queries [heads, rows, dimension]."""
        keys, values = self.cache.keys[None, layer, :, : self.end], self.cache.values[None, layer, :, : self.end]
        if self.shared:
            grouped = queries.reshape(1, keys.shape[1], -1, keys.shape[3])
            mixed = functional.scaled_dot_product_attention(grouped, keys, values, attn_mask=self.mask, scale=1.0)
        else:
            several = queries.shape[0] != keys.shape[1]
            mixed = functional.scaled_dot_product_attention(
                queries[None], keys, values, attn_mask=self.mask, scale=1.0, enable_gqa=several
            )
        return mixed.reshape(queries.shape)


class LlamaDecoder:
    """A Llama model; holds its weights. Not for use by two threads at once."""

    def __init__(self, folder: Path, shape: LlamaShape, dtype: torch.dtype) -> None:
        """Reads `model.safetensors`; raises `KeyError` or `SafetensorError` if weights are missing or damaged."""
        self.shape = shape
        self.dtype = dtype
        weights = load_file(folder / "model.safetensors")
        self._embedding = weights["model.embed_tokens.weight"].to(dtype)
        head = weights["model.embed_tokens.weight" if shape.tied else "lm_head.weight"].float()
        # root-mean-square = norm / sqrt(width): the square root goes into the weights.
        self._gain = math.sqrt(shape.width)
        self._head = _Packed.of(head * (weights["model.norm.weight"].float() * self._gain), dtype, keep=False)
        self._layers = [self._layer(weights, f"model.layers.{number}.") for number in range(shape.layers)]
        self._rotations = _rotations(shape)
        self._floor = torch.tensor(math.sqrt(shape.epsilon * shape.width))
        self.step_rows = self._faithful_rows()

    def new_cache(self, capacity: int) -> KeyValues:
        """Room for the keys and values of a sequence."""
        return KeyValues((self.shape.layers, self.shape.key_heads, self.shape.dimension), capacity, self.dtype)

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        """Reads a piece of a prompt in the exact weights; gives the logits [vocabulary] after its last token."""
        return self._forward([(tokens, cache)], exact=True)[-1]

    def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]:
        """Decodes on several sequences at once in int8; gives logits [rows, vocabulary] for each of them."""
        logits = self._forward(sequences, exact=False)
        return list(torch.split(logits, [len(tokens) for tokens, _ in sequences]))

    def _faithful_rows(self) -> int:
        """How many rows of a sequence can share a step without any bit of their logits changing on this processor."""
        same = [self._agrees(before) for before in _TRIED_POSITIONS if before + MAX_STEP_ROWS < self.shape.context]
        return MAX_STEP_ROWS if all(same) else 1

    @torch.inference_mode()
    def _agrees(self, before: int) -> bool:
        tokens = [number % len(self._embedding) for number in range(before + MAX_STEP_ROWS)]
        one, several = self.new_cache(len(tokens)), self.new_cache(len(tokens))
        self.read(tokens[:before], one)
        several.copy_prefix(one, before)
        singly = [self.step([([token], one)])[0] for token in tokens[before:]]
        return torch.equal(torch.cat(singly), self.step([(tokens[before:], several)])[0])

    def _forward(self, sequences: Sequence[tuple[Sequence[int], KeyValues]], *, exact: bool) -> Tensor:
        """The logits of all rows, or of the last one where a prompt is read."""
        multiply = _exact_product if exact else _packed_product
        positions = [slice(cache.length, cache.length + len(tokens)) for tokens, cache in sequences]
        hidden = self._embedding[[token for tokens, _ in sequences for token in tokens]].float()
        rotations = torch.cat([self._rotations[span] for span in positions])
        views = [self._view(len(tokens), cache, exact=exact) for tokens, cache in sequences]
        for number, layer in enumerate(self._layers):
            mixed = multiply(self._norm(hidden), layer.attention_in)
            attended = self._attend(number, mixed, rotations, views)
            hidden = hidden + multiply(attended, layer.attention_out)
            inner = multiply(self._norm(hidden), layer.inner_in)
            gated = functional.silu(inner[:, : self.shape.inner]) * inner[:, self.shape.inner :]
            hidden = hidden + multiply(gated, layer.inner_out)
        for tokens, cache in sequences:
            cache.advance(len(tokens))
        return _packed_product(self._norm(hidden[-1:] if exact else hidden), self._head)

    def _norm(self, hidden: Tensor) -> Tensor:
        """Root-mean-square norm without its weights: x / sqrt(|x|^2 + width * epsilon)."""
        length = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True)
        return (hidden / torch.hypot(length, self._floor)).to(self.dtype)

    def _view(self, rows: int, cache: KeyValues, *, exact: bool) -> "_View":
        """What the rows of a sequence may look at: everything before them and themselves."""
        end = cache.length + rows
        if exact:
            mask = _causal_mask(rows, cache.length, end, self.dtype)
            return _View(cache, rows, end, mask, shared=False)
        mask = _causal_mask(rows, cache.length, padded(end), self.dtype)
        return _View(cache, rows, padded(end), mask.repeat(self.shape.heads // self.shape.key_heads, 1), shared=True)

    def _attend(self, number: int, mixed: Tensor, rotations: Tensor, views: Sequence["_View"]) -> Tensor:
        """Grouped-query attention of each sequence over its own cache; [rows, heads * dimension]."""
        shape, rows = self.shape, len(mixed)
        rotated_heads = shape.heads + shape.key_heads
        pairs = mixed[:, : rotated_heads * shape.dimension].float().view(rows, rotated_heads, shape.dimension // 2, 2)
        rotated = torch.view_as_real(torch.view_as_complex(pairs) * rotations).flatten(2).to(self.dtype)
        values = mixed[:, rotated_heads * shape.dimension :].view(rows, shape.key_heads, shape.dimension)
        counts = [view.rows for view in views]
        attended = []
        for view, own, own_values in zip(
            views,
            torch.split(rotated.transpose(0, 1), counts, dim=1),
            torch.split(values.transpose(0, 1), counts, dim=1),
            strict=True,
        ):
            view.cache.append(number, own[shape.heads :], own_values)
            attended.append(view.attend(number, own[: shape.heads]))
        joined = attended[0] if len(attended) == 1 else torch.cat(attended, dim=1)
        return joined.transpose(0, 1).reshape(rows, shape.heads * shape.dimension)

    def _layer(self, weights: dict[str, Tensor], prefix: str) -> _Layer:
        shape = self.shape

        def weight(name: str) -> Tensor:
            return weights[f"{prefix}{name}.weight"].float()

        before_attention = weight("input_layernorm") * self._gain
        before_inner = weight("post_attention_layernorm") * self._gain
        attention_in = torch.cat(
            [
                # Attention divides by the square root of the dimension; the queries' weights do it beforehand.
                _paired(weight("self_attn.q_proj"), shape.dimension) / math.sqrt(shape.dimension),
                _paired(weight("self_attn.k_proj"), shape.dimension),
                weight("self_attn.v_proj"),
            ]
        )
        inner_in = torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")])
        return _Layer(
            _Packed.of(attention_in * before_attention, self.dtype),
            _Packed.of(weight("self_attn.o_proj"), self.dtype),
            _Packed.of(inner_in * before_inner, self.dtype),
            _Packed.of(weight("mlp.down_proj"), self.dtype),
        )


def _exact_product(rows: Tensor, matrix: _Packed) -> Tensor:
    assert matrix.exact is not None, "the head is kept in int8 only"
    return matrix.exact(rows)


def _packed_product(rows: Tensor, matrix: _Packed) -> Tensor:
    product: Tensor = torch._weight_int8pack_mm(rows, matrix.packed, matrix.scales)
    return product


def _causal_mask(rows: int, before: int, end: int, dtype: torch.dtype) -> Tensor:
    """[rows, end]: nothing that comes later than the row, which itself has `before` positions before it."""
    return torch.full((rows, end), -math.inf, dtype=dtype).triu_(before + 1)


def _paired(weight: Tensor, dimension: int) -> Tensor:
    """Rows in the order in which rotary embedding pairs them: i beside i + dimension / 2, in every head."""
    heads = weight.shape[0] // dimension
    return weight.view(heads, 2, dimension // 2, -1).transpose(1, 2).reshape(heads * dimension, -1)


def _rotations(shape: LlamaShape) -> Tensor:
    """Rotary position embedding (Su et al., 2021) as complex numbers [context, 1, dimension / 2]."""
    frequencies = shape.rope_base ** -(torch.arange(0, shape.dimension, 2, dtype=torch.float64) / shape.dimension)
    angles = torch.outer(torch.arange(shape.context, dtype=torch.float64), frequencies)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)[:, None]
