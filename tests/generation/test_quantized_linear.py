import pytest
import torch
from torch import Tensor

from generation.quantized_linear import QuantizedLinear

ROWS, COLUMNS = 64, 96


def published_in_four_bits(seed: int) -> Tensor:
    """Weights as GGUF's Q4_1 has them: in blocks of 32 at most 16 values, evenly spaced."""
    generator = torch.Generator().manual_seed(seed)
    whole = torch.randint(0, 16, (ROWS, COLUMNS // 32, 32), generator=generator)
    whole[..., 0], whole[..., 1] = 0, 15
    scale = torch.rand(ROWS, COLUMNS // 32, 1, generator=generator) / 8 + 0.01
    lowest = -torch.rand(ROWS, COLUMNS // 32, 1, generator=generator)
    return (whole * scale + lowest).view(ROWS, COLUMNS)


def any_weights(seed: int) -> Tensor:
    return torch.randn(ROWS, COLUMNS, generator=torch.Generator().manual_seed(seed))


def relative_error(linear: QuantizedLinear, weight: Tensor) -> float:
    rows = torch.randn(5, COLUMNS, generator=torch.Generator().manual_seed(0)).bfloat16()
    exact = rows.float() @ weight.T
    return float(torch.dist(linear(rows).float(), exact) / exact.norm())


@pytest.mark.parametrize("seed", range(5))
def test_a_matrix_published_in_four_bits_stays_in_four_and_loses_less_than_in_eight(seed: int) -> None:
    weight = published_in_four_bits(seed)
    linear = QuantizedLinear.of(weight)
    assert linear.bits == 4
    # What bfloat16 itself loses of the products is about 0.003.
    assert relative_error(linear, weight) < 0.005


@pytest.mark.parametrize("seed", range(5))
def test_any_other_matrix_is_kept_in_eight_bits(seed: int) -> None:
    weight = any_weights(seed)
    linear = QuantizedLinear.of(weight)
    assert linear.bits == 8
    assert relative_error(linear, weight) < 0.015


@pytest.mark.parametrize(("rows", "columns"), [(ROWS - 1, COLUMNS), (ROWS, COLUMNS - 1)])
def test_a_size_that_the_kernel_of_four_bits_does_not_know_is_kept_in_eight(rows: int, columns: int) -> None:
    weight = published_in_four_bits(0)[:rows, :columns].contiguous()
    assert QuantizedLinear.of(weight).bits == 8


def test_a_group_of_equal_weights_is_kept() -> None:
    weight = torch.full((ROWS, COLUMNS), 0.5)
    assert relative_error(QuantizedLinear.of(weight), weight) < 0.005


def test_a_row_gives_the_same_bits_alone_and_in_company() -> None:
    linear = QuantizedLinear.of(published_in_four_bits(1))
    rows = torch.randn(4, COLUMNS, generator=torch.Generator().manual_seed(1)).bfloat16()
    assert torch.equal(linear(rows), torch.cat([linear(row[None]) for row in rows]))
