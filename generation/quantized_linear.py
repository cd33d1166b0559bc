"""Linear layers for decoding, where reading the weights takes the time: in 4 bits where that loses less than 8 bits do.

A model that was published in 4 bits (GGUF's Q4_0 and Q4_1: blocks of 32 with a scale and a minimum) keeps its weights
so to the bit, whatever it was converted to since; 8 bits with one scale a row would be coarser, and twice as much to
read. Any other model loses far more in 4 bits, and is kept in 8.

Rows are multiplied in bfloat16 whatever they come in: for float32 torch has a plain loop, seven to ten times as slow as
the bfloat16 kernels are even on a processor without bfloat16 of its own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# Weights that share a scale and a middle, along a row.
_GROUP = 32
# What the kernel of 4 bits takes together of the rows of the matrix.
_ROWS = 16
_STEPS = 15
# Rows that are tried in both: a matrix is published in 4 bits as a whole.
_TRIED_ROWS = 64


@dataclass(frozen=True, slots=True)
class QuantizedLinear:
    """One matrix [out, in] in few bits; use `of` to make one.

    `scales` are [out] in 8 bits, and [in / 32, out, scale and middle] in 4.
    """

    bits: int
    weight: Tensor
    scales: Tensor

    @classmethod
    def of(cls, weight: Tensor) -> "QuantizedLinear":
        """The float32 matrix in the number of bits that loses least."""
        fits = not weight.shape[1] % _GROUP and not weight.shape[0] % _ROWS
        if fits and _loses_less_in_four(weight[:_TRIED_ROWS]):
            whole, scales = _in_four(weight)
            packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(whole, 1)
            return cls(4, packed, scales.transpose(0, 1).contiguous())
        return cls(8, *_in_eight(weight))

    def __call__(self, rows: Tensor) -> Tensor:
        """`rows @ weight.T`, [rows, out] for rows [rows, in], in their dtype."""
        product: Tensor
        short = rows.bfloat16()
        if self.bits == 4:
            product = torch.ops.aten._weight_int4pack_mm_for_cpu(short, self.weight, _GROUP, self.scales)
        else:
            product = torch._weight_int8pack_mm(short, self.weight, self.scales)
        return product.to(rows.dtype)


def _loses_less_in_four(weight: Tensor) -> bool:
    whole, scales = _in_four(weight)
    spread, middle = torch.split(scales.float(), 1, dim=-1)
    four = ((whole.view(len(weight), -1, _GROUP) - 8) * spread + middle).view_as(weight)
    rounded, steps = _in_eight(weight)
    return bool(torch.dist(weight, four) < torch.dist(weight, rounded * steps.float()[:, None]))


def _in_eight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers [out, in] and scales [out]."""
    scales = (weight.abs().amax(dim=1) / 127).clamp(min=1e-12).bfloat16()
    return (weight / scales.float()[:, None]).round_().clamp_(-127, 127).to(torch.int8), scales


def _in_four(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers [out, in] and scales with middles [out, in / 32, 2]: weight = (whole - 8) * scale + middle."""
    groups = weight.view(weight.shape[0], -1, _GROUP)
    lowest, highest = groups.aminmax(dim=-1, keepdim=True)
    scales = ((highest - lowest) / _STEPS).clamp(min=1e-12)
    whole = ((groups - lowest) / scales).round_().to(torch.int32).view_as(weight)
    return whole, torch.cat([scales, lowest + 8 * scales], dim=-1).bfloat16()
