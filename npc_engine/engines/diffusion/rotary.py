"""Rotary position embedding (Su et al., 2021), in the two kinds of DiffusionGemma's layers.

Sliding layers rotate whole heads. Global ones rotate only a part of the dimensions ("proportional"): the frequencies of
the rest are zero, which leaves them as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from npc_engine.engines.diffusion.config import LayerConfig


def frequencies(layer: LayerConfig, device: torch.device) -> Tensor:
    """`(head_dim / 2,)` float32."""
    half, rotated = layer.head_dim // 2, int(layer.rotary_factor * layer.head_dim // 2)
    exponents = torch.arange(0, 2 * rotated, 2, dtype=torch.float32, device=device) / layer.head_dim
    still = torch.zeros(half - rotated, dtype=torch.float32, device=device)
    return torch.cat((1.0 / layer.rope_theta**exponents, still))


def angles(frequency: Tensor, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines `(N, 1, head_dim)` for rows at `positions` `(N,)`. Computed in float32 whatever the `dtype`."""
    turns = positions.to(torch.float32)[:, None] * frequency
    both = torch.cat((turns, turns), dim=-1)[:, None, :]
    return both.cos().to(dtype), both.sin().to(dtype)


def rotate(heads: Tensor, angle: tuple[Tensor, Tensor]) -> Tensor:
    """Turn `heads` `(N, heads, head_dim)` by their rows' angles."""
    cosine, sine = angle
    first, second = heads.chunk(2, dim=-1)
    return heads * cosine + torch.cat((-second, first), dim=-1) * sine
