"""The forward pass of Llama-family models on a processor: long prompts in bfloat16, single tokens in few bits.

Reading a prompt is bound by arithmetic, where bfloat16 is exact and fast; decoding is bound by reading the weights,
of which 8 or 4 bits suffice. Rows of a decoding step never mix, so that the logits of a
sequence are the same bit by bit whether others decode beside it and whether its tokens come one at a time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from generation.kv_cache import KeyValues, padded
from generation.llama_shape import LlamaShape
from generation.lora import AdapterWeights, LowRank
from generation.quantized_linear import QuantizedLinear
from retrieval.packed_linear import PackedLinear

# Rows of one sequence in a step. More cost more than the guesses among them gain.
MAX_STEP_ROWS = 4
# Rows of a sequence in the attention of a step, with rows that nobody reads added: none, or always as many. In float32
# the products of attention round by the number of rows, in bfloat16 they do not.
_TRIED_ROOMS = (1, MAX_STEP_ROWS)
# Positions before the rows with which it is tried whether rows of one step round as they do one by one.
_TRIED_POSITIONS = (9, 30, 300, 317)
# Every layer runs the same kernels on the same shapes: what these do, all do.
_TRIED_LAYERS = 6


@dataclass(frozen=True, slots=True)
class _Matrix:
    """A matrix [out, in] as prompts are read with it, and as is decoded with it; None is what is never done."""

    exact: PackedLinear | None
    quantized: QuantizedLinear | None

    def __call__(self, rows: Tensor, *, exact: bool) -> Tensor:
        chosen = self.exact if exact else self.quantized
        assert chosen is not None, "the matrix was made for the other use only"
        return chosen(rows)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The matrices of a layer, and the weights [width] of its two norms."""

    attention_norm: Tensor
    attention_in: _Matrix  # queries, keys, values
    attention_out: _Matrix
    inner_norm: Tensor
    inner_in: _Matrix  # gate, up
    inner_out: _Matrix


@dataclass(frozen=True, slots=True)
class _LayerAdapter:
    """What an adapter adds to the products of a layer."""

    attention_in: LowRank | None
    attention_out: LowRank | None
    inner_in: LowRank | None
    inner_out: LowRank | None


# Which rows of a step get what added to their product.
_Additions = Sequence[tuple[slice, LowRank | None]]


@dataclass(frozen=True, slots=True)
class _View:
    """Rows of one sequence and what they look at: the first `end` positions of the cache, through a mask."""

    tokens: Sequence[int]
    cache: KeyValues
    rotations: Tensor  # [rows, 1, dimension / 2], by their positions
    end: int
    mask: Tensor
    shared: bool  # the queries of a key head stand as rows of one product, which spares copies of the keys

    def attend(self, layer: int, queries: Tensor) -> Tensor:
        """Softmax attention of queries [heads, rows, dimension]."""
        keys, values = self.cache.keys[None, layer, :, : self.end], self.cache.values[None, layer, :, : self.end]
        heads, rows, dimension = queries.shape
        if self.shared:
            room = self.mask.shape[0] * keys.shape[1] // heads
            grouped = functional.pad(queries, (0, 0, 0, room - rows)).reshape(1, keys.shape[1], -1, dimension)
            mixed = functional.scaled_dot_product_attention(grouped, keys, values, attn_mask=self.mask, scale=1.0)
            return mixed.reshape(heads, room, dimension)[:, :rows]
        return functional.scaled_dot_product_attention(
            queries[None], keys, values, attn_mask=self.mask, scale=1.0, enable_gqa=heads != keys.shape[1]
        )[0]


class LlamaDecoder:
    """A Llama model; holds its weights. Not for use by two threads at once."""

    def __init__(self, folder: Path, shape: LlamaShape, dtype: torch.dtype, *, exact: bool = False) -> None:
        """Reads `model.safetensors`; raises `KeyError` or `SafetensorError` if weights are missing or damaged.

        `exact` decodes in the weights as they are, too, and takes several times as long.
        """
        self.shape = shape
        self.dtype = dtype
        self._exact = exact
        weights = load_file(folder / "model.safetensors")
        # In no more bytes than it came in: its rows are looked up, and float32 from there on. A copy: a view would keep
        # the whole file mapped, and counted as the process's memory.
        stored = weights["model.embed_tokens.weight"]
        self._embedding = (stored.to(dtype) if dtype.itemsize < stored.element_size() else stored).clone()
        head = weights["model.embed_tokens.weight" if shape.tied else "lm_head.weight"].float()
        self._head = self._matrix(head, read=exact)
        self._last_norm = _norm_weights(weights, "model.norm", shape)
        self._adapters: dict[str, list[_LayerAdapter]] = {}
        self._rotations = _rotations(shape)
        self._floor = torch.tensor(math.sqrt(shape.epsilon * shape.width))
        self._layers = [self._layer(weights, number) for number in range(min(_TRIED_LAYERS, shape.layers))]
        self._room = 1
        self.step_rows = self._faithful_rows()
        self._layers += [self._layer(weights, number) for number in range(len(self._layers), shape.layers)]

    def add_adapter(self, name: str, weights: AdapterWeights) -> None:
        """From now on sequences whose cache has this adapter's name are read and decoded with it."""
        self._adapters[name] = [self._layer_adapter(weights, number) for number in range(self.shape.layers)]

    def new_cache(self, capacity: int, adapter: str | None = None) -> KeyValues:
        """Room for the keys and values of a sequence."""
        layout = self.shape.layers, self.shape.key_heads, self.shape.dimension
        return KeyValues(layout, capacity, self.dtype, adapter)

    def read(self, tokens: Sequence[int], cache: KeyValues) -> Tensor:
        """Reads a piece of a prompt in the exact weights; gives the logits [vocabulary] after its last token."""
        hidden = self._forward([self._next_view(tokens, cache, exact=True)], exact=True)
        cache.advance(len(tokens))
        return self._logits(hidden[-1:])[0]

    def read_branches(self, branches: Sequence[Sequence[int]], cache: KeyValues) -> list[Tensor]:
        """Reads several continuations of what the cache holds, side by side in the exact weights.

        Gives the logits [tokens, vocabulary] of each and leaves the cache as it is.
        """
        tokens = [token for branch in branches for token in branch]
        counts = [len(branch) for branch in branches]
        if not tokens:
            return [torch.empty(0, len(self._embedding)) for _ in branches]
        before, end = cache.length, cache.length + len(tokens)
        mask = torch.full((len(tokens), end), -math.inf, dtype=self.dtype)
        mask[:, :before] = 0
        places: list[int] = []
        for count in counts:
            start = len(places)
            mask[start : start + count, before + start : before + start + count] = _causal_mask(
                count, 0, count, self.dtype
            )
            places += range(before, before + count)
        view = _View(tokens, cache, self._rotations[places], end, mask, shared=False)
        return list(torch.split(self._logits(self._forward([view], exact=True)), counts))

    def step(self, sequences: Sequence[tuple[Sequence[int], KeyValues]]) -> list[Tensor]:
        """Decodes on several sequences at once, in few bits unless exact; gives logits [rows, vocabulary] of each."""
        views = [self._next_view(tokens, cache, exact=False) for tokens, cache in sequences]
        hidden = self._forward(views, exact=self._exact)
        for tokens, cache in sequences:
            cache.advance(len(tokens))
        return list(torch.split(self._logits(hidden), [len(tokens) for tokens, _ in sequences]))

    def _faithful_rows(self) -> int:
        """How many rows of a sequence can share a step without any bit of their logits changing on this processor.

        Finds out how many rows their attention must have for that.
        """
        positions = [before for before in _TRIED_POSITIONS if before + MAX_STEP_ROWS < self.shape.context]
        for room in _TRIED_ROOMS:
            self._room = room
            if all(self._agrees(before) for before in positions):
                return MAX_STEP_ROWS
        self._room = 1
        return 1

    @torch.inference_mode()
    def _agrees(self, before: int) -> bool:
        tokens = [number % len(self._embedding) for number in range(before + MAX_STEP_ROWS)]
        one, several = self.new_cache(len(tokens)), self.new_cache(len(tokens))
        self.read(tokens[:before], one)
        several.copy_prefix(one, before)
        singly = [self.step([([token], one)])[0] for token in tokens[before:]]
        return torch.equal(torch.cat(singly), self.step([(tokens[before:], several)])[0])

    def _forward(self, views: Sequence[_View], *, exact: bool) -> Tensor:
        """What the last layer makes of all rows, [rows, width]."""
        hidden = self._embedding[[token for view in views for token in view.tokens]].float()
        rotations = torch.cat([view.rotations for view in views])
        adapted = self._adapted(views)
        for number, layer in enumerate(self._layers):
            here = [(span, adapter[number]) for span, adapter in adapted]
            normed = self._norm(hidden, layer.attention_norm)
            mixed = _product(normed, layer.attention_in, [(s, a.attention_in) for s, a in here], exact=exact)
            attended = self._attend(number, mixed, rotations, views)
            hidden = hidden + _product(
                attended, layer.attention_out, [(s, a.attention_out) for s, a in here], exact=exact
            )
            normed = self._norm(hidden, layer.inner_norm)
            inner = _product(normed, layer.inner_in, [(s, a.inner_in) for s, a in here], exact=exact)
            gated = functional.silu(inner[:, : self.shape.inner]) * inner[:, self.shape.inner :]
            hidden = hidden + _product(gated, layer.inner_out, [(s, a.inner_out) for s, a in here], exact=exact)
        return hidden

    def _logits(self, hidden: Tensor) -> Tensor:
        """[rows, vocabulary]; the head is kept in few bits, but for exact decoding."""
        return self._head(self._norm(hidden, self._last_norm), exact=self._exact)

    def _adapted(self, views: Sequence[_View]) -> list[tuple[slice, list[_LayerAdapter]]]:
        """The rows of sequences that have an adapter, with its layers."""
        found, start = [], 0
        for view in views:
            if view.cache.adapter is not None:
                found.append((slice(start, start + len(view.tokens)), self._adapters[view.cache.adapter]))
            start += len(view.tokens)
        return found

    def _norm(self, hidden: Tensor, weights: Tensor) -> Tensor:
        """Root-mean-square norm: x / sqrt(|x|^2 + width * epsilon), times the weights, which have sqrt(width) in them.

        They are not multiplied into the matrix that follows, whose groups of 4 bits would be lost.
        """
        length = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True)
        return (hidden / torch.hypot(length, self._floor)).mul_(weights).to(self.dtype)

    def _next_view(self, tokens: Sequence[int], cache: KeyValues, *, exact: bool) -> _View:
        """The next rows of a sequence, which look at everything before them and themselves."""
        rows, end = len(tokens), cache.length + len(tokens)
        rotations = self._rotations[cache.length : end]
        if exact:
            mask = _causal_mask(rows, cache.length, end, self.dtype)
            return _View(tokens, cache, rotations, end, mask, shared=False)
        mask = _causal_mask(max(rows, self._room), cache.length, padded(end), self.dtype)
        heads = self.shape.heads // self.shape.key_heads
        return _View(tokens, cache, rotations, padded(end), mask.repeat(heads, 1), shared=True)

    def _attend(self, number: int, mixed: Tensor, rotations: Tensor, views: Sequence["_View"]) -> Tensor:
        """Grouped-query attention of each sequence over its own cache; [rows, heads * dimension]."""
        shape, rows = self.shape, len(mixed)
        rotated_heads = shape.heads + shape.key_heads
        pairs = mixed[:, : rotated_heads * shape.dimension].float().view(rows, rotated_heads, shape.dimension // 2, 2)
        rotated = torch.view_as_real(torch.view_as_complex(pairs) * rotations).flatten(2).to(self.dtype)
        values = mixed[:, rotated_heads * shape.dimension :].view(rows, shape.key_heads, shape.dimension)
        counts = [len(view.tokens) for view in views]
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

    def _layer(self, weights: dict[str, Tensor], number: int) -> _Layer:
        shape = self.shape

        def weight(name: str) -> Tensor:
            return weights[f"model.layers.{number}.{name}.weight"].float()

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
            _norm_weights(weights, f"model.layers.{number}.input_layernorm", shape),
            self._matrix(attention_in),
            self._matrix(weight("self_attn.o_proj")),
            _norm_weights(weights, f"model.layers.{number}.post_attention_layernorm", shape),
            self._matrix(inner_in),
            self._matrix(weight("mlp.down_proj")),
        )

    def _matrix(self, weight: Tensor, *, read: bool = True) -> _Matrix:
        """The float32 matrix for what is done with it: a prompt is read through it, or not; exact decoding reads."""
        return _Matrix(
            PackedLinear.of(weight.to(self.dtype)) if read else None,
            None if self._exact else QuantizedLinear.of(weight),
        )

    def _layer_adapter(self, weights: AdapterWeights, number: int) -> _LayerAdapter:
        """An adapter's matrices, laid out and scaled as the layer's own are."""
        shape = self.shape

        def joined(names: Sequence[str], sizes: Sequence[int]) -> LowRank | None:
            parts = [weights.get(f"model.layers.{number}.{name}") for name in names]
            laid_out = [
                part and _laid_out(part, name, shape.dimension) for name, part in zip(names, parts, strict=True)
            ]
            return LowRank.joined(laid_out, sizes, self.dtype)

        queries, keys = shape.heads * shape.dimension, shape.key_heads * shape.dimension
        return _LayerAdapter(
            joined(("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), (queries, keys, keys)),
            joined(("self_attn.o_proj",), (shape.width,)),
            joined(("mlp.gate_proj", "mlp.up_proj"), (shape.inner, shape.inner)),
            joined(("mlp.down_proj",), (shape.width,)),
        )


def _product(rows: Tensor, matrix: _Matrix, additions: _Additions, *, exact: bool) -> Tensor:
    """The rows times the matrix, in its exact weights or in few bits, and what adapters add to it."""
    product = matrix(rows, exact=exact)
    for span, addition in additions:
        if addition is not None:
            product[span] += addition(rows[span], together=exact)
    return product


def _norm_weights(weights: dict[str, Tensor], name: str, shape: LlamaShape) -> Tensor:
    """What a norm multiplies by; with sqrt(width) in it, since root-mean-square = length / sqrt(width)."""
    return weights[f"{name}.weight"].float() * math.sqrt(shape.width)


def _causal_mask(rows: int, before: int, end: int, dtype: torch.dtype) -> Tensor:
    """[rows, end]: nothing that comes later than the row, which itself has `before` positions before it."""
    return torch.full((rows, end), -math.inf, dtype=dtype).triu_(before + 1)


def _laid_out(part: tuple[Tensor, Tensor], name: str, dimension: int) -> tuple[Tensor, Tensor]:
    """The two matrices of an adapter with the rows of queries and keys as the layer's own stand."""
    down, up = part
    if name == "self_attn.q_proj":
        return down, _paired(up, dimension) / math.sqrt(dimension)
    return (down, _paired(up, dimension)) if name == "self_attn.k_proj" else (down, up)


def _paired(weight: Tensor, dimension: int) -> Tensor:
    """Rows in the order in which rotary embedding pairs them: i beside i + dimension / 2, in every head."""
    heads = weight.shape[0] // dimension
    return weight.view(heads, 2, dimension // 2, -1).transpose(1, 2).reshape(heads * dimension, -1)


def _rotations(shape: LlamaShape) -> Tensor:
    """Rotary position embedding (Su et al., 2021) as complex numbers [context, 1, dimension / 2]."""
    frequencies = shape.rope_base ** -(torch.arange(0, shape.dimension, 2, dtype=torch.float64) / shape.dimension)
    angles = torch.outer(torch.arange(shape.context, dtype=torch.float64), frequencies)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)[:, None]
