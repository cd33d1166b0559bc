"""Packed products against plain ones, in both number formats and for one row, several, and several texts."""

import pytest
import torch
from torch.nn import functional

from retrieval.packed_linear import PackedLinear

SHAPES = [(1, 48), (14, 48), (3, 7, 48)]
# what rounding to the format leaves of numbers of about 4
TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 4e-2}


def plainly(layer: PackedLinear, weight: torch.Tensor) -> PackedLinear:
    return PackedLinear(weight, layer.bias, packed=False)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("biased", [True, False], ids=["bias", "no bias"])
def test_products_are_those_of_the_plain_layer(shape: tuple[int, ...], dtype: torch.dtype, biased: bool) -> None:
    torch.manual_seed(0)
    weight = torch.randn(32, 48) / 7
    bias = torch.randn(32) if biased else None
    rows, residual = torch.randn(shape), torch.randn(*shape[:-1], 32)
    exact = functional.linear(rows, weight, bias)
    expected = [exact, functional.gelu(exact), exact + residual]

    packed = PackedLinear.of(weight.to(dtype), None if bias is None else bias.to(dtype))
    for layer in (packed, plainly(packed, weight.to(dtype))):
        with torch.inference_mode():
            found = [layer(rows.to(dtype)), layer.gelu(rows.to(dtype)), layer.plus(rows.to(dtype), residual.to(dtype))]
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == dtype
            torch.testing.assert_close(one.float(), other, rtol=2e-2, atol=TOLERANCES[dtype])
