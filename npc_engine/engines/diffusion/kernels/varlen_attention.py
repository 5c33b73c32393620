"""Attention for the packed rows of a step, straight from the blocks in which prompts are kept.

Each span of rows belongs to one sequence. Rows that are read see what is before them, in a sliding layer not far. Rows
of a canvas see each other, and of what is before the canvas what its first row may. All that says who is where lies on
the device in tensors of a fixed size, so that a captured step can be replayed with other sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.kernels import dispatch

#: Rows that one program of the kernel answers, all of one span. A canvas is a multiple of it wide.
TILE_ROWS = 32


class Spans(NamedTuple):
    """Who is where in a step: all int32, on the device.

    For each of `S` spans: `start` `(S,)` its first row, `rows` `(S,)` how many, `prefix` `(S,)` tokens before them in
    the blocks, `read` `(S,)` 1 for rows that are read and 0 for a canvas, `table` `(S, B)` its blocks in order. `tiles`
    `(T, 2)` cuts spans in pieces of `TILE_ROWS`: the span, and the piece's first row counted from the span's; where
    the span is -1 there is none. Spans, blocks and tiles beyond those in use may hold anything that is not negative.
    """

    start: Tensor
    rows: Tensor
    prefix: Tensor
    read: Tensor
    table: Tensor
    tiles: Tensor


def tile_list(counts: Sequence[int]) -> list[tuple[int, int]]:
    """The `tiles` of spans of so many rows."""
    return [(span, first) for span, count in enumerate(counts) for first in range(0, count, TILE_ROWS)]


def tiles_at_most(rows: int, spans: int) -> int:
    """Tiles that `rows` in no more than so many `spans` can need."""
    return min(rows, rows // TILE_ROWS + spans)


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    block_keys: Tensor,
    block_values: Tensor,
    spans: Spans,
    window: int,
) -> Tensor:
    """`queries` `(N, heads, D)`, `keys` and `values` `(N, kv_heads, D)` of a step's rows: what they see, `(N, heads,
    D)`. Scores are not scaled: queries and keys are normed.

    `block_keys` and `block_values` are one layer's `(blocks, block_tokens, kv_heads, D)`. `window` is how many tokens a
    token sees, itself included; 0: all. Rows of no tile are left as they come.
    """
    if dispatch.runs_triton(queries):
        from npc_engine.engines.diffusion.kernels.device import varlen_attention as device

        return device.attend(queries, keys, values, block_keys, block_values, spans, window)
    return reference(queries, keys, values, block_keys, block_values, spans, window)


def write_rows(keys: Tensor, values: Tensor, block_keys: Tensor, block_values: Tensor, slots: Tensor) -> None:
    """Puts `keys` and `values` `(N, kv_heads, D)` into one layer's blocks: row `n` at `slots[n]`, which is block times
    `block_tokens` plus the place in the block, and nowhere if that is -1. `slots` `(N,)` int32 or int64."""
    if dispatch.runs_triton(keys):
        from npc_engine.engines.diffusion.kernels.device import varlen_attention as device

        device.write_rows(keys, values, block_keys, block_values, slots)
        return
    kept = slots >= 0
    places = slots[kept].long()
    block, row = places // block_keys.shape[1], places % block_keys.shape[1]
    block_keys[block, row] = keys[kept]
    block_values[block, row] = values[kept]


def reference(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    block_keys: Tensor,
    block_values: Tensor,
    spans: Spans,
    window: int,
) -> Tensor:
    """`attend` in torch, one span after the other."""
    seen = torch.empty_like(queries)
    for span in dict.fromkeys(spans.tiles[:, 0].tolist()):
        if span < 0:
            continue
        own = slice(int(spans.start[span]), int(spans.start[span] + spans.rows[span]))
        before_keys, before_values = (
            _before(blocks, spans.table[span], int(spans.prefix[span]), window) for blocks in (block_keys, block_values)
        )
        is_read = bool(spans.read[span])
        mask = _causal_mask(own.stop - own.start, len(before_keys), window, queries.device) if is_read else None
        attended = functional.scaled_dot_product_attention(
            queries[own].transpose(0, 1)[None],
            torch.cat((before_keys, keys[own])).transpose(0, 1)[None],
            torch.cat((before_values, values[own])).transpose(0, 1)[None],
            attn_mask=mask,
            scale=1.0,
            enable_gqa=True,
        )
        seen[own] = attended[0].transpose(0, 1)
    return seen


def _before(blocks: Tensor, table: Tensor, length: int, window: int) -> Tensor:
    """What a span's first row may see of the `length` tokens before it."""
    size = blocks.shape[1]
    start = max(0, length - window + 1) if window else 0
    first = start // size
    found = blocks.index_select(0, table[first : -(-length // size)]).flatten(0, 1)
    return found[start - first * size : length - first * size]


def _causal_mask(count: int, before: int, window: int, device: torch.device) -> Tensor:
    """Whom each of `count` rows that are read may see: itself and what is before it, in a sliding layer not far."""
    row = torch.arange(before, before + count, device=device)[:, None]
    column = torch.arange(before + count, device=device)
    seen = column <= row
    return seen & (row - column < window) if window else seen
