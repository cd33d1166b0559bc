"""The number format in which this processor computes fastest."""

import torch


def fastest_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, float32 elsewhere (there bfloat16 is emulated, slowly)."""
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32
