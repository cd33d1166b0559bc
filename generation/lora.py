"""Low-rank adapters (LoRA, Hu et al., 2021) in the format of peft, as a side path beside weights that stay as they are.

Knows the format and its limits; what the matrices are added to, the decoder knows.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from generation.llama_shape import LlamaShape
from retrieval.errors import ModelUnavailable

# By the module's name, such as `model.layers.0.self_attn.q_proj`: [rank, in], and [out, rank] with its scale.
AdapterWeights = Mapping[str, tuple[Tensor, Tensor]]

_NAME = re.compile(r"(?:base_model\.model\.)?(model\.layers\.\d+\.[\w.]+)\.lora_(A|B)(?:\.default)?\.weight")
# Options of peft that change what the matrices mean, with the values that mean what is done here.
_PLAIN: Mapping[str, Sequence[Any]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "modules_to_save": (None, []),
    "layer_replication": (None, []),
    "lora_bias": (False, None),
}


@dataclass(frozen=True, slots=True)
class LowRank:
    """A product of two thin matrices: `down` [rank, in], `up` [out, rank]."""

    down: Tensor
    up: Tensor

    @classmethod
    def joined(
        cls,
        parts: Sequence[tuple[Tensor, Tensor] | None],
        sizes: Sequence[int],
        dtype: torch.dtype,
    ) -> "LowRank | None":
        """One for matrices that stand below each other, `sizes` rows each; None where no part has anything to add."""
        found = [part for part in parts if part is not None]
        if not found:
            return None
        down = torch.cat([part[0].float() for part in found])
        up = torch.zeros(sum(sizes), len(down))
        row, column = 0, 0
        for part, size in zip(parts, sizes, strict=True):
            if part is not None:
                rank = part[1].shape[1]
                up[row : row + size, column : column + rank] = part[1].float()
                column += rank
            row += size
        return cls(down.to(dtype), up.to(dtype))

    def __call__(self, rows: Tensor, *, together: bool) -> Tensor:
        """[rows, out]; one row after the other where each must have the same bits as alone."""
        pieces = [rows] if together else torch.split(rows, 1)
        return torch.cat([functional.linear(functional.linear(piece, self.down), self.up) for piece in pieces])


def load_adapter(folder: Path, shape: LlamaShape) -> AdapterWeights:
    """The adapter in the folder, for a model of this shape.

    Raises `ModelUnavailable` if it is missing, damaged, for another model, or does more than add low-rank products.
    """
    try:
        configuration: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
        tensors = load_file(folder / "adapter_model.safetensors")
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"The adapter {folder.name} is missing: its folder needs adapter_config.json and adapter_model.safetensors."
        ) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelUnavailable(f"The adapter {folder.name} cannot be read; save it with peft again.") from error
    for option, plain in _PLAIN.items():
        if configuration.get(option, plain[0]) not in plain:
            raise ModelUnavailable(
                f"The adapter {folder.name} uses `{option}`, which this engine does not know; merge it into the model."
            )
    return _checked(folder.name, _paired_up(folder.name, tensors), configuration, shape)


def _paired_up(adapter: str, tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The matrices A and B of each module."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise ModelUnavailable(
                f"The adapter {adapter} changes {name}; only the matrices of attention and feed-forward layers can be."
            )
        found.setdefault(match[1], {})[match[2]] = tensor
    return found


def _checked(
    adapter: str, found: Mapping[str, Mapping[str, Tensor]], configuration: Mapping[str, Any], shape: LlamaShape
) -> AdapterWeights:
    expected = _sizes(shape)
    weights: dict[str, tuple[Tensor, Tensor]] = {}
    for module, matrices in found.items():
        size = expected.get(module)
        down, up = matrices.get("A"), matrices.get("B")
        if size is None or down is None or up is None or (up.shape[0], down.shape[1]) != size:
            raise ModelUnavailable(f"The adapter {adapter} does not fit the generator's model at {module}.")
        rank = down.shape[0]
        alpha = _of_module(configuration.get("alpha_pattern"), module, configuration.get("lora_alpha") or rank)
        divisor = math.sqrt(rank) if configuration.get("use_rslora") else rank
        weights[module] = (down.float(), up.float() * (alpha / divisor))
    return weights


def _sizes(shape: LlamaShape) -> dict[str, tuple[int, int]]:
    """Rows and columns of every matrix that an adapter may add to."""
    queries, keys = shape.heads * shape.dimension, shape.key_heads * shape.dimension
    one = {
        "self_attn.q_proj": (queries, shape.width),
        "self_attn.k_proj": (keys, shape.width),
        "self_attn.v_proj": (keys, shape.width),
        "self_attn.o_proj": (shape.width, queries),
        "mlp.gate_proj": (shape.inner, shape.width),
        "mlp.up_proj": (shape.inner, shape.width),
        "mlp.down_proj": (shape.width, shape.inner),
    }
    return {f"model.layers.{number}.{name}": size for number in range(shape.layers) for name, size in one.items()}


def _of_module(pattern: Mapping[str, float] | None, module: str, otherwise: float) -> float:
    """The value for a module where patterns name some: as a whole, or by the end of its name, as peft matches."""
    for key, value in (pattern or {}).items():
        if re.match(rf"(.*\.)?({key})$", module):
            return value
    return otherwise
