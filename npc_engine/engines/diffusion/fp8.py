"""Weights in eight bits: half the memory of bf16, and half the time where reading them is what takes it."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from npc_engine.engines.diffusion.weights import Matrix

FP8 = torch.float8_e4m3fn
#: The largest number of the format.
FP8_MAX = torch.finfo(FP8).max


def quantise(weights: Tensor) -> Matrix:
    """`weights` `(..., out, in)` in FP8 (e4m3), each output channel scaled so that its largest number is the format's.

    Micikevicius et al. 2022, "FP8 formats for deep learning". The error of a weight is at most a sixteenth of it, or
    of what the smallest normal number of the format stands for in its row. A stack goes one matrix at a time, so that
    not all of it is there in 32 bits.
    """
    data = torch.empty(weights.shape, dtype=FP8, device=weights.device)
    scale = torch.empty((*weights.shape[:-1], 1), dtype=torch.float32, device=weights.device)
    for index in product(*map(range, weights.shape[:-2])):
        rows = weights[index].to(torch.float32)
        largest = rows.abs().amax(dim=-1, keepdim=True)
        scale[index] = torch.where(largest > 0, largest / FP8_MAX, 1.0)  # a row of zeros stays one
        data[index] = (rows / scale[index]).clamp(-FP8_MAX, FP8_MAX).to(FP8)
    return Matrix(data, scale)
