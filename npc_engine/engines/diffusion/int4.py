"""Weights in four bits: with their scales 4.5 bits each, so that a card of 24 GB holds the model."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from npc_engine.engines.diffusion.kernels.packing import OFFSET, PER_WORD, pack
from npc_engine.engines.diffusion.weight_format import GROUP
from npc_engine.engines.diffusion.weights import Matrix


def quantise_int4(weights: Tensor, group: int = GROUP) -> Matrix:
    """`weights` `(..., out, in)` in four bits; `in` must be a multiple of `group`.

    Of each group the number furthest from zero becomes -8, exactly: its scale has the other sign. That wastes no step,
    where a range from -7 to 7 would. Scales are kept in the type of the weights, and rounded before they are used. A
    stack goes one matrix at a time, so that not all of it is there in 32 bits.
    """
    *stack, out, into = weights.shape
    data = torch.empty((*stack, out, into // PER_WORD), dtype=torch.int32, device=weights.device)
    scale = torch.empty((*stack, out, into // group), dtype=weights.dtype, device=weights.device)
    for index in product(*map(range, stack)):
        groups = weights[index].to(torch.float32).reshape(out, -1, group)
        furthest = groups.gather(-1, groups.abs().argmax(-1, keepdim=True))
        step = (furthest / -OFFSET).to(weights.dtype)
        scale[index] = step.squeeze(-1)
        step = torch.where(step == 0, 1.0, step.to(torch.float32))  # a group of zeros stays one
        data[index] = pack((groups / step).round().clamp(-OFFSET, OFFSET - 1).flatten(-2))
    return Matrix(data, scale)
