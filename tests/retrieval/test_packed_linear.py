"""Packed products against plain ones, in every number format and for one row, several, and several texts."""

import pytest
import torch
from torch.nn import functional

from retrieval.packed_linear import PackedLinear

SHAPES = [(1, 48), (14, 48), (3, 7, 48)]
# what rounding to the format leaves of numbers of about 4
TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 4e-2}


def plainly(layer: PackedLinear, weight: torch.Tensor) -> PackedLinear:
    return PackedLinear(weight, layer.bias)


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


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_published_in_16_bits_are_kept_in_them_and_nothing_is_lost(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weight, bias, residual = (torch.randn(32, 48) / 7).half().float(), torch.randn(32), torch.randn(*shape[:-1], 32)
    rows = torch.randn(shape)
    exact = functional.linear(rows.double(), weight.double(), bias.double())
    layer = PackedLinear.of(weight, bias)
    with torch.inference_mode():
        found = [layer(rows), layer.gelu(rows), layer.plus(rows, residual)]
    for one, other in zip(found, [exact, functional.gelu(exact), exact + residual], strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=1e-5)
    assert (layer.form == "halves") == (torch.backends.quantized.engine in {"x86", "fbgemm"})


@pytest.mark.parametrize("lost", [1 / 3, 1e-9, 7e4], ids=["digits", "smallness", "size"])
def test_a_matrix_with_one_weight_that_16_bits_do_not_hold_is_kept_whole(lost: float) -> None:
    weight = torch.eye(48)[:32]
    weight[3, 5] = lost
    rows = torch.zeros(1, 48)
    rows[0, 5] = 1
    with torch.inference_mode():
        assert PackedLinear.of(weight)(rows)[0, 3] == pytest.approx(lost, rel=1e-6)
