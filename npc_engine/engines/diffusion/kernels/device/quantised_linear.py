"""Rows times a matrix in FP8 or int4, in Triton.

The matrix is the left factor, so that its rows fill the tensor cores however few rows there are to multiply. Up to
about 256 of them reading the matrix is what takes the time, and tiles are small: enough for all processors of the card.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from npc_engine.engines.diffusion.kernels.device.weight_tiles import FP8, format_of, group_of, load_tile, stored


@triton.jit
def _multiply(
    rows,
    data,
    scale,
    out,
    count,
    into,
    width,
    row_stride,
    FORMAT: tl.constexpr,
    GROUP: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_OUT: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    channel = tl.program_id(1) * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    total = tl.zeros((BLOCK_OUT, BLOCK_ROWS), dtype=tl.float32)
    for at in range(0, into, BLOCK_K):
        column = at + tl.arange(0, BLOCK_K)
        mask = (column < into)[:, None] & (row < count)[None, :]
        inputs = tl.load(rows + row[None, :].to(tl.int64) * row_stride + column[:, None], mask=mask, other=0.0)
        weights = load_tile(data, scale, channel, at, width, into, rows.dtype.element_ty, FORMAT, GROUP, BLOCK_K)
        total = tl.dot(weights, inputs, total, input_precision="ieee")
    if FORMAT == FP8:
        total *= tl.load(scale + channel, mask=channel < width, other=0.0)[:, None]
    place = out + row[None, :].to(tl.int64) * width + channel[:, None]
    tl.store(place, total.to(out.dtype.element_ty), mask=(row < count)[None, :] & (channel < width)[:, None])


def quantised_linear(rows: Tensor, data: Tensor, scale: Tensor) -> Tensor:
    """`rows` `(N, in)` times weights `(out, in)`: `(N, out)`. Inputs in a row lie side by side."""
    count, into = rows.shape
    width = data.shape[0]
    out = rows.new_empty(count, width)
    few = count <= 64
    block_rows = max(16, triton.next_power_of_2(count)) if few else 128
    block_out = 32 if count <= 128 else 64 if count <= 512 else 128
    block_k = (128 if few else 64) * 2 // rows.element_size()
    _multiply[(triton.cdiv(count, block_rows), triton.cdiv(width, block_out))](
        rows,
        stored(data),
        scale,
        out,
        count,
        into,
        width,
        rows.stride(0),
        FORMAT=format_of(data),
        GROUP=group_of(data, scale),
        BLOCK_ROWS=block_rows,
        BLOCK_OUT=block_out,
        BLOCK_K=block_k,
        num_warps=4 if block_out < 128 else 8,
        num_stages=4,
    )
    return out
