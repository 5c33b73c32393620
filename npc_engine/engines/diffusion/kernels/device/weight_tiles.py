"""Tiles of a weight matrix, made ordinary numbers in registers: so the card reads as many bytes as are stored."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from npc_engine.engines.diffusion.kernels.packing import PER_WORD

PLAIN, FP8, INT4 = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
#: 2 ** 23 in float32: its lowest bits count ones, so a nibble put there is added to it. Cheaper than a conversion.
_BIAS_BITS, _BIAS = tl.constexpr(0x4B000000), tl.constexpr(8388608.0 + 8.0)


@triton.jit
def load_tile(
    data,
    scale,
    channels,
    at,
    width,
    into,
    dtype: tl.constexpr,
    FORMAT: tl.constexpr,
    GROUP: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    """Rows `channels` `(M,)` of a matrix `(width, into)` from column `at` on: `(M, BLOCK_K)` in `dtype`, zero outside.

    FP8 comes without its scale, which belongs to a whole row and is cheaper to apply to what the row makes. int4 is
    read by the byte, two numbers each, and comes scaled and rounded as `packing.dequantise` does.
    """
    inside = channels < width
    row = channels.to(tl.int64)
    if FORMAT == INT4:
        byte = at // 2 + tl.arange(0, BLOCK_K // 2)
        pairs = tl.load(
            data + row[:, None] * (into // 2) + byte[None, :],
            mask=inside[:, None] & (byte < into // 2)[None, :],
            other=0x88,
        )
        factors = load_factors(scale, row, inside, at, into, GROUP, BLOCK_K)
        low = scaled(pairs & 0xF, factors, BLOCK_K // 2)
        high = scaled(pairs >> 4, factors, BLOCK_K // 2)
        return tl.interleave(low.to(dtype), high.to(dtype))
    column = at + tl.arange(0, BLOCK_K)
    mask = inside[:, None] & (column < into)[None, :]
    return tl.load(data + row[:, None] * into + column[None, :], mask=mask, other=0.0).to(dtype)


@triton.jit
def load_factors(scale, row, inside, at, into, GROUP: tl.constexpr, BLOCK_K: tl.constexpr):
    """The scales `(M, groups)` of the groups that a tile touches."""
    GROUPS: tl.constexpr = (BLOCK_K + GROUP - 1) // GROUP
    group = at // GROUP + tl.arange(0, GROUPS)
    found = tl.load(
        scale + row[:, None] * (into // GROUP) + group[None, :],
        mask=inside[:, None] & (group < into // GROUP)[None, :],
        other=0.0,
    )
    return found.to(tl.float32)


@triton.jit
def scaled(nibbles, factors, COUNT: tl.constexpr):
    """Nibbles `(M, COUNT)`, stored as eight more than they are, times the scales of their groups `(M, groups)`."""
    bits = nibbles.to(tl.int32) | _BIAS_BITS
    numbers = bits.to(tl.float32, bitcast=True) - _BIAS
    M: tl.constexpr = nibbles.shape[0]
    GROUPS: tl.constexpr = factors.shape[1]
    grouped = numbers.reshape(M, GROUPS, COUNT // GROUPS) * factors[:, :, None]
    return grouped.reshape(M, COUNT)


def format_of(data: Tensor) -> int:
    """In which of the three formats `data` is."""
    if data.dtype == torch.int32:
        return int(INT4.value)
    return int(FP8.value) if data.dtype == torch.float8_e4m3fn else int(PLAIN.value)


def group_of(data: Tensor, scale: Tensor | None) -> int:
    """Inputs that share a scale in int4; 1 in other formats, where nobody asks."""
    if scale is None or format_of(data) != INT4.value:
        return 1
    group = data.shape[-1] * PER_WORD // scale.shape[-1]
    assert group & (group - 1) == 0, "tiles divide into groups of a power of two"
    return group


def stored(data: Tensor) -> Tensor:
    """`data` as `load_tile` wants it: int4 by the byte."""
    return data.view(torch.uint8) if data.dtype == torch.int32 else data
