"""The mixture of experts in Triton: rows sorted by expert, two grouped products, and a sum in fixed order.

Each tile of rows belongs to one expert, and weights are the left factor of a product: with 64 rows in a step an expert
has four, which would leave most of a tensor core idle on the left. All sizes depend on shapes alone, nothing on what
the router picked, so that a step can be captured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from npc_engine.engines.diffusion.kernels.device.weight_tiles import (
    PLAIN,
    format_of,
    group_of,
    load_tile,
    stored,
)

if TYPE_CHECKING:
    from npc_engine.engines.diffusion.weights import Matrix

#: Entries of the router's answer that a program looks at in one go.
SCAN = 1_024
#: Square root of 2 / pi, and the cubic term, of GELU's tanh form (Hendrycks & Gimpel, 2016).
_ROOT, _CUBIC = tl.constexpr(0.7978845608028654), tl.constexpr(0.044715)


class Groups(NamedTuple):
    """Who goes to which expert. A *request* is an entry of `picked`, counted row by row.

    `order` `(T * tile,)` int32 holds requests sorted by expert, each expert's filled up to whole tiles with numbers
    that are no requests; `expert` `(T,)` int32 says whose a tile is, `used` `(1,)` how many tiles there are.
    """

    order: Tensor
    expert: Tensor
    used: Tensor
    tile: int


@triton.jit
def _count(picked, counts, requests, SCAN: tl.constexpr):
    expert = tl.program_id(0)
    found = 0
    for at in range(0, requests, SCAN):
        request = at + tl.arange(0, SCAN)
        asked = tl.load(picked + request, mask=request < requests, other=-1)
        found += tl.sum((asked == expert).to(tl.int32))
    tl.store(counts + expert, found)


@triton.jit
def _place(
    picked, counts, order, owner, used, requests, experts, EXPERTS: tl.constexpr, TILE: tl.constexpr, SCAN: tl.constexpr
):
    expert = tl.program_id(0)
    each = tl.arange(0, EXPERTS)
    tiles = (tl.load(counts + each, mask=each < experts, other=0) + TILE - 1) // TILE
    first = tl.sum(tl.where(each < expert, tiles, 0))
    mine = tl.sum(tl.where(each == expert, tiles, 0))
    for tile in range(first, first + mine):
        tl.store(owner + tile, expert)
    placed = first * TILE
    for at in range(0, requests, SCAN):
        request = at + tl.arange(0, SCAN)
        is_mine = tl.load(picked + request, mask=request < requests, other=-1) == expert
        one = is_mine.to(tl.int32)
        tl.store(order + placed + tl.cumsum(one, 0) - one, request, mask=is_mine)
        placed += tl.sum(one)
    rest = placed + tl.arange(0, TILE)
    tl.store(order + rest, tl.full((TILE,), requests, tl.int32), mask=rest < (first + mine) * TILE)
    if expert == experts - 1:
        tl.store(used, first + mine)


@triton.jit
def _gate_up(
    rows,
    data,
    scale,
    order,
    owner,
    used,
    out,
    requests,
    per_row,
    into,
    size,
    row_stride,
    FORMAT: tl.constexpr,
    GROUP: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK_OUT: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    """`out` `(T * TILE, size)`: GELU of the gate, times up."""
    tile = tl.program_id(0)
    if tile >= tl.load(used):
        return
    expert = tl.load(owner + tile).to(tl.int64)
    place = tile * TILE + tl.arange(0, TILE)
    request = tl.load(order + place)
    asked = request < requests
    row = (request // per_row).to(tl.int64)
    channel = tl.program_id(1) * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    inside = channel < size
    # Out of reach where there is no such channel, so that neither half reads the other's.
    gate_channel = tl.where(inside, channel, 2 * size)
    up_channel = tl.where(inside, size + channel, 2 * size)
    stored_row = into // 2 if FORMAT == 2 else into
    data += expert * 2 * size * stored_row
    if FORMAT != 0:
        scale += expert * 2 * size * (into // GROUP if FORMAT == 2 else 1)
    gate = tl.zeros((BLOCK_OUT, TILE), dtype=tl.float32)
    up = tl.zeros((BLOCK_OUT, TILE), dtype=tl.float32)
    dtype: tl.constexpr = rows.dtype.element_ty
    for at in range(0, into, BLOCK_K):
        column = at + tl.arange(0, BLOCK_K)
        mask = (column < into)[:, None] & asked[None, :]
        inputs = tl.load(rows + row[None, :] * row_stride + column[:, None], mask=mask, other=0.0)
        weights = load_tile(data, scale, gate_channel, at, 2 * size, into, dtype, FORMAT, GROUP, BLOCK_K)
        gate = tl.dot(weights, inputs, gate, input_precision="ieee")
        weights = load_tile(data, scale, up_channel, at, 2 * size, into, dtype, FORMAT, GROUP, BLOCK_K)
        up = tl.dot(weights, inputs, up, input_precision="ieee")
    if FORMAT == 1:
        gate *= tl.load(scale + gate_channel, mask=inside, other=0.0)[:, None]
        up *= tl.load(scale + up_channel, mask=inside, other=0.0)[:, None]
    # tanh(x) = 2 sigmoid(2 x) - 1, so half of 1 + tanh(x) is sigmoid(2 x).
    bent = (gate + gate * gate * gate * _CUBIC) * _ROOT
    made = gate / (1.0 + tl.exp(-2.0 * bent)) * up
    target = out + place[None, :].to(tl.int64) * size + channel[:, None]
    tl.store(target, made.to(out.dtype.element_ty), mask=inside[:, None] & asked[None, :])


@triton.jit
def _down(
    made,
    data,
    scale,
    weight,
    order,
    owner,
    used,
    out,
    requests,
    size,
    width,
    FORMAT: tl.constexpr,
    GROUP: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK_OUT: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    """`out` `(N * k, width)`: what each request's expert says, times its weight."""
    tile = tl.program_id(0)
    if tile >= tl.load(used):
        return
    expert = tl.load(owner + tile).to(tl.int64)
    place = (tile * TILE + tl.arange(0, TILE)).to(tl.int64)
    request = tl.load(order + place)
    asked = request < requests
    channel = tl.program_id(1) * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    inside = channel < width
    stored_row = size // 2 if FORMAT == 2 else size
    data += expert * width * stored_row
    if FORMAT != 0:
        scale += expert * width * (size // GROUP if FORMAT == 2 else 1)
    total = tl.zeros((BLOCK_OUT, TILE), dtype=tl.float32)
    for at in range(0, size, BLOCK_K):
        column = at + tl.arange(0, BLOCK_K)
        mask = (column < size)[:, None] & asked[None, :]
        inputs = tl.load(made + place[None, :] * size + column[:, None], mask=mask, other=0.0)
        weights = load_tile(data, scale, channel, at, width, size, made.dtype.element_ty, FORMAT, GROUP, BLOCK_K)
        total = tl.dot(weights, inputs, total, input_precision="ieee")
    if FORMAT == 1:
        total *= tl.load(scale + channel, mask=inside, other=0.0)[:, None]
    total *= tl.load(weight + request, mask=asked, other=0.0).to(tl.float32)[None, :]
    target = out + request[None, :].to(tl.int64) * width + channel[:, None]
    tl.store(target, total.to(out.dtype.element_ty), mask=inside[:, None] & asked[None, :])


@triton.jit
def _add(said, out, width, PER_ROW: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = channel < width
    total = tl.zeros((BLOCK,), dtype=tl.float32)
    for rank in tl.static_range(PER_ROW):
        total += tl.load(said + (row * PER_ROW + rank) * width + channel, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + row * width + channel, total.to(out.dtype.element_ty), mask=inside)


def group(picked: Tensor, experts: int, tile: int) -> Groups:
    """Sorts the requests in `picked` `(N, k)` by expert, without waiting for the card."""
    requests = picked.numel()
    tiles = min(requests, (requests + experts * (tile - 1)) // tile)
    order = torch.empty(tiles * tile, dtype=torch.int32, device=picked.device)
    owner, counts = order.new_empty(tiles), order.new_empty(experts)
    used = order.new_empty(1)
    _count[(experts,)](picked, counts, requests, SCAN=SCAN)
    _place[(experts,)](
        picked,
        counts,
        order,
        owner,
        used,
        requests,
        experts,
        EXPERTS=triton.next_power_of_2(experts),
        TILE=tile,
        SCAN=SCAN,
    )
    return Groups(order, owner, used, tile)


def tile_rows(requests: int, experts: int) -> int:
    """Rows in a tile: room for a little more than an expert gets if all get the same."""
    return max(16, min(128, 1 << (requests // experts).bit_length()))


def run_experts(rows: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix) -> Tensor:
    """As `kernels.grouped_experts.run_experts`."""
    count, width = rows.shape
    experts, size = inner.shape[0], outer.shape[-1]
    per_row = picked.shape[-1]
    picked, weight = picked.contiguous(), weight.contiguous()
    groups = group(picked, experts, tile_rows(picked.numel(), experts))
    tile, tiles = groups.tile, len(groups.expert)
    made = rows.new_empty(tiles * tile, size)
    said = rows.new_empty(count * per_row, width)
    out = torch.empty_like(rows, memory_format=torch.contiguous_format)
    is_wide = tile == 128
    # Both fit two programs to a processor: while one waits for its first weights the other multiplies.
    tuning = {"num_warps": 8 if is_wide else 4, "num_stages": 3 if is_wide else 4}
    _gate_up[(tiles, triton.cdiv(size, 64))](
        rows,
        stored(inner.data),
        inner.scale,
        groups.order,
        groups.expert,
        groups.used,
        made,
        picked.numel(),
        per_row,
        width,
        size,
        rows.stride(0),
        FORMAT=format_of(inner.data),
        GROUP=group_of(inner.data, inner.scale),
        TILE=tile,
        BLOCK_OUT=64,
        BLOCK_K=_block_k(inner, rows, tile),
        **tuning,
    )
    _down[(tiles, triton.cdiv(width, 128))](
        made,
        stored(outer.data),
        outer.scale,
        weight,
        groups.order,
        groups.expert,
        groups.used,
        said,
        picked.numel(),
        size,
        width,
        FORMAT=format_of(outer.data),
        GROUP=group_of(outer.data, outer.scale),
        TILE=tile,
        BLOCK_OUT=128,
        BLOCK_K=_block_k(outer, rows, tile),
        **tuning,
    )
    block = min(1_024, triton.next_power_of_2(width))
    _add[(count, triton.cdiv(width, block))](said, out, width, PER_ROW=per_row, BLOCK=block)
    return out


def _block_k(matrix: Matrix, rows: Tensor, tile: int) -> int:
    """Columns in a tile: 128 bytes of rows and of plain weights; as many bytes of fewer bits while rows are few."""
    narrow = 128 // rows.element_size()
    return narrow * 2 if format_of(matrix.data) != PLAIN.value and tile <= 32 else narrow
