"""Attention over blocks and a step's own rows, in Triton (after FlashAttention-2, Dao 2023).

A program answers `TILE_ROWS` rows of one span, for one or two heads that share their keys. Few rows over a long prompt
would leave most of the card idle, so what they see is then cut in parts, each with a program of its own, and a second
kernel joins what the parts say (as Flash-Decoding does, Dao et al. 2023). Into how many parts depends on the number of
rows in the step alone, and where they begin on the sequence alone: so nobody's numbers depend on who else is there.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from npc_engine.engines.diffusion.kernels.varlen_attention import TILE_ROWS, Spans

#: What each sees is cut in parts until there are so many programs, about one for each processor of a large card, or in
#: so many parts.
PROGRAMS, MOST_PARTS = 128, 8
#: Heads of more numbers than this are answered one by one: two would not fit the registers.
PAIRED_DIM = 256


@triton.jit
def _absorb(queries, keys, values, seen, top, total, mean):
    """One block of keys `(K, D)` and values: the largest score so far, the sum of weights, and the weighted mean's
    numerator."""
    scores = tl.dot(queries, tl.trans(keys), input_precision="ieee")
    scores = tl.where(seen, scores, float("-inf"))
    above = tl.maximum(top, tl.max(scores, 1))
    # A row that has seen nothing yet, or is none, must not compute infinity minus infinity.
    base = tl.where(above == float("-inf"), 0.0, above)
    weights = tl.exp(scores - base[:, None])
    fade = tl.exp(top - base)
    total = total * fade + tl.sum(weights, 1)
    mean = tl.dot(weights.to(values.dtype), values, mean * fade[:, None], input_precision="ieee")
    return above, total, mean


@triton.jit
def _attend(
    queries,
    keys,
    values,
    block_keys,
    block_values,
    starts,
    counts,
    prefixes,
    reads,
    tables,
    tiles,
    out,
    partial,
    extremes,
    query_row,
    query_head,
    key_row,
    key_head,
    value_row,
    value_head,
    block_stride,
    token_stride,
    head_stride,
    table_stride,
    rows,
    heads,
    WINDOW: tl.constexpr,
    BLOCK_TOKENS: tl.constexpr,
    SHARED: tl.constexpr,  # heads that share their keys
    TOGETHER: tl.constexpr,  # of them in this program
    DIM: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK_KEYS: tl.constexpr,
    PARTS: tl.constexpr,
):
    tile, pack, part = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    span = tl.load(tiles + 2 * tile)
    if span < 0:
        return
    first = tl.load(tiles + 2 * tile + 1)
    start, count = tl.load(starts + span), tl.load(counts + span)
    prefix, is_read = tl.load(prefixes + span), tl.load(reads + span) != 0
    member = tl.arange(0, TILE * TOGETHER)
    local = first + member // TOGETHER
    row = (start + local).to(tl.int64)
    head = pack * TOGETHER + member % TOGETHER
    inside = local < count
    kv_head = pack * TOGETHER // SHARED
    lane = tl.arange(0, DIM)
    asked = tl.load(
        queries + row[:, None] * query_row + head[:, None] * query_head + lane[None, :], mask=inside[:, None], other=0.0
    )

    # What the tile sees: `low` to `prefix` in the blocks, `own_low` to `own_high` of the span's own rows.
    low, own_low, own_high = 0, 0, count
    if is_read:
        own_high = tl.minimum(count, first + TILE)
    if WINDOW > 0:
        low = tl.maximum(0, prefix - WINDOW + 1)
        if is_read:
            low = tl.minimum(prefix, tl.maximum(0, prefix + first - WINDOW + 1))
            own_low = tl.maximum(0, first - WINDOW + 1)
    before = (prefix - low + BLOCK_KEYS - 1) // BLOCK_KEYS
    steps = before + (own_high - own_low + BLOCK_KEYS - 1) // BLOCK_KEYS
    each = (steps + PARTS - 1) // PARTS
    begin, end = part * each, tl.minimum(steps, part * each + each)

    top = tl.full((TILE * TOGETHER,), float("-inf"), tl.float32)
    total = tl.zeros((TILE * TOGETHER,), tl.float32)
    mean = tl.zeros((TILE * TOGETHER, DIM), tl.float32)
    for step in range(begin, tl.minimum(end, before)):
        position = low + step * BLOCK_KEYS + tl.arange(0, BLOCK_KEYS)
        there = position < prefix
        block = tl.load(tables + span * table_stride + position // BLOCK_TOKENS, mask=there, other=0)
        place = block.to(tl.int64) * block_stride + position % BLOCK_TOKENS * token_stride + kv_head * head_stride
        place = place[:, None] + lane[None, :]
        key = tl.load(block_keys + place, mask=there[:, None], other=0.0)
        value = tl.load(block_values + place, mask=there[:, None], other=0.0)
        seen = there[None, :] & inside[:, None]
        if WINDOW > 0:
            near = prefix + local[:, None] - position[None, :] < WINDOW
            seen = seen & (near | (is_read == 0))
        top, total, mean = _absorb(asked, key, value, seen, top, total, mean)
    for step in range(tl.maximum(begin, before), end):
        position = own_low + (step - before) * BLOCK_KEYS + tl.arange(0, BLOCK_KEYS)
        there = position < own_high
        other = (start + position).to(tl.int64)[:, None]
        key = tl.load(keys + other * key_row + kv_head * key_head + lane[None, :], mask=there[:, None], other=0.0)
        value = tl.load(
            values + other * value_row + kv_head * value_head + lane[None, :], mask=there[:, None], other=0.0
        )
        behind = local[:, None] - position[None, :]
        past = behind >= 0
        if WINDOW > 0:
            past = past & (behind < WINDOW)
        seen = there[None, :] & inside[:, None] & (past | (is_read == 0))
        top, total, mean = _absorb(asked, key, value, seen, top, total, mean)

    answer = (row * heads + head)[:, None] * DIM + lane[None, :]
    if PARTS == 1:
        mean = mean / tl.where(total > 0.0, total, 1.0)[:, None]
        tl.store(out + answer, mean.to(out.dtype.element_ty), mask=inside[:, None])
    else:
        mine = part.to(tl.int64) * rows * heads
        tl.store(extremes + 2 * (mine + row * heads + head), top, mask=inside)
        tl.store(extremes + 2 * (mine + row * heads + head) + 1, total, mask=inside)
        if begin < end:
            tl.store(partial + mine * DIM + answer, mean, mask=inside[:, None])


@triton.jit
def _join(partial, extremes, out, rows, heads, DIM: tl.constexpr, PARTS: tl.constexpr):
    """What the parts say of one row and head, weighted by what they saw."""
    place = tl.program_id(0).to(tl.int64) * heads + tl.program_id(1)
    part = tl.arange(0, PARTS)
    where = part.to(tl.int64) * rows * heads + place
    top = tl.load(extremes + 2 * where)
    total = tl.load(extremes + 2 * where + 1)
    base = tl.max(top, 0)
    share = tl.where(total > 0.0, tl.exp(top - base), 0.0)
    lane = tl.arange(0, DIM)
    means = tl.load(partial + where[:, None] * DIM + lane[None, :], mask=(share > 0.0)[:, None], other=0.0)
    mean = tl.sum(means * share[:, None], 0) / tl.sum(total * share, 0)
    tl.store(out + place * DIM + lane, mean.to(out.dtype.element_ty))


@triton.jit
def _write(
    keys,
    values,
    block_keys,
    block_values,
    slots,
    key_row,
    key_head,
    value_row,
    value_head,
    block_stride,
    token_stride,
    head_stride,
    BLOCK_TOKENS: tl.constexpr,
    DIM: tl.constexpr,
):
    row, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    slot = tl.load(slots + row).to(tl.int64)
    if slot < 0:
        return
    lane = tl.arange(0, DIM)
    place = slot // BLOCK_TOKENS * block_stride + slot % BLOCK_TOKENS * token_stride + head * head_stride + lane
    tl.store(block_keys + place, tl.load(keys + row * key_row + head * key_head + lane))
    tl.store(block_values + place, tl.load(values + row * value_row + head * value_head + lane))


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    block_keys: Tensor,
    block_values: Tensor,
    spans: Spans,
    window: int,
) -> Tensor:
    """As `kernels.varlen_attention.attend`. Numbers of one head lie side by side."""
    rows, heads, dim = queries.shape
    shared = heads // keys.shape[1]
    together = 2 if shared % 2 == 0 and dim <= PAIRED_DIM else 1
    parts = parts_for(rows, heads // together)
    out = queries.new_empty(rows, heads, dim)
    partial = queries.new_empty((parts, rows, heads, dim) if parts > 1 else (1,), dtype=torch.float32)
    extremes = queries.new_empty((parts, rows, heads, 2) if parts > 1 else (1,), dtype=torch.float32)
    _attend[(len(spans.tiles), heads // together, parts)](
        queries,
        keys,
        values,
        block_keys,
        block_values,
        spans.start,
        spans.rows,
        spans.prefix,
        spans.read,
        spans.table,
        spans.tiles,
        out,
        partial,
        extremes,
        *queries.stride()[:2],
        *keys.stride()[:2],
        *values.stride()[:2],
        *block_keys.stride()[:3],
        spans.table.stride(0),
        rows,
        heads,
        WINDOW=window,
        BLOCK_TOKENS=block_keys.shape[1],
        SHARED=shared,
        TOGETHER=together,
        DIM=dim,
        TILE=TILE_ROWS,
        BLOCK_KEYS=64 // queries.element_size(),
        PARTS=parts,
        num_warps=8 if dim > PAIRED_DIM else 4,
        num_stages=2,
    )
    if parts > 1:
        _join[(rows, heads)](partial, extremes, out, rows, heads, DIM=dim, PARTS=parts, num_warps=2)
    return out


def write_rows(keys: Tensor, values: Tensor, block_keys: Tensor, block_values: Tensor, slots: Tensor) -> None:
    """As `kernels.varlen_attention.write_rows`. Numbers of one head lie side by side."""
    rows, heads, dim = keys.shape
    _write[(rows, heads)](
        keys,
        values,
        block_keys,
        block_values,
        slots,
        *keys.stride()[:2],
        *values.stride()[:2],
        *block_keys.stride()[:3],
        BLOCK_TOKENS=block_keys.shape[1],
        DIM=dim,
        num_warps=1,
    )


def parts_for(rows: int, packs: int) -> int:
    """In how many parts what each sees is cut, for so many rows and packs of heads: a power of two."""
    programs, parts = triton.cdiv(rows, TILE_ROWS) * packs, 1
    while parts < MOST_PARTS and programs * parts < PROGRAMS:
        parts *= 2
    return parts
