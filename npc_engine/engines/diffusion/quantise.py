"""Matrices in the format in which they are to be kept."""

from __future__ import annotations

import torch
from torch import Tensor

from npc_engine.engines.diffusion.fp8 import quantise
from npc_engine.engines.diffusion.int4 import quantise_int4
from npc_engine.engines.diffusion.weight_format import GROUP, WeightFormat, is_quantised
from npc_engine.engines.diffusion.weights import Matrix
from npc_engine.errors import ErrorCode, NpcError


def keep(name: str, weights: Tensor, kept: WeightFormat, dtype: torch.dtype) -> Matrix:
    """`weights` `(..., out, in)`, of this name in a checkpoint, as they are to be kept; plain ones in `dtype`.

    Raises `NpcError` ENGINE_FAILED for a matrix that int4 cannot hold.
    """
    if kept is WeightFormat.PLAIN or not is_quantised(name):
        return Matrix(weights.to(dtype))
    if kept is WeightFormat.FP8:
        return quantise(weights)
    if weights.shape[-1] % GROUP:
        message = f"{name} has {weights.shape[-1]} inputs; int4 needs a multiple of {GROUP}: use --option weights=fp8"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return quantise_int4(weights)
