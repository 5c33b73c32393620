"""Weights in four bits: eight to a word of 32, the first in the lowest bits, each stored as itself plus eight.

So are those of published checkpoints (compressed-tensors, `pack-quantized`): their `weight_packed` and `weight_scale`
are read as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Numbers in a word, and what is added to each so that it has no sign.
PER_WORD, OFFSET = 8, 8


def pack(numbers: Tensor) -> Tensor:
    """Whole `numbers` `(..., in)` from -8 to 7 as int32 `(..., in / 8)`; `in` is a multiple of 8."""
    nibbles = (numbers.to(torch.int32) + OFFSET).view(*numbers.shape[:-1], -1, PER_WORD)
    shifted = nibbles << _shifts(numbers.device)
    return shifted.sum(-1, dtype=torch.int64).to(torch.int32)  # no two share a bit, and the top one wraps to the sign


def unpack(words: Tensor) -> Tensor:
    """The int32 numbers `(..., in)` in `words` `(..., in / 8)`."""
    return (((words[..., None] >> _shifts(words.device)) & 0xF) - OFFSET).flatten(-2)


def dequantise(data: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Weights `(..., out, in)` in `dtype`: `data` in FP8 with a `scale` `(..., out, 1)` for each output channel, or
    packed `(..., out, in / 8)` with one `(..., out, in / group)` for each group of inputs."""
    numbers = unpack(data) if data.dtype == torch.int32 else data
    groups = numbers.to(torch.float32).view(*scale.shape, -1)
    return (groups * scale[..., None]).flatten(-2).to(dtype)


def _shifts(device: torch.device) -> Tensor:
    return torch.arange(0, 32, 32 // PER_WORD, dtype=torch.int32, device=device)
