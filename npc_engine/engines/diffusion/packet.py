"""What a step is told, in one piece: filled on the CPU, and copied to the device at once.

All of it is int32 in one buffer; a temperature goes by its bits. On the device the buffer stays where it is, so that a
captured step finds it there again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import prod

import torch
from torch import Tensor

from npc_engine.engines.diffusion.kernels.varlen_attention import Spans
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.step_shape import StepShape

_WORD = 0xFFFFFFFF
#: The part of a step that is filled up, where there is nothing to say.
NOBODY = -1


class Packet:
    """One step's data, in views of `buffer`, on the CPU or on the device.

    Of each of `N` rows, and of one more that stands for nobody: `place` in the canvases' state, `token` or -1 where the
    state has it, `held` 1 where it is clamped, its `span`, its `offset` in that, and where its keys and values are
    `written`, or -1. Of each of `S` spans, the last of which is nobody's: `start`, `count`, `prefix`, `read` and its
    blocks `table` `(S, B)`, as attention wants them (`kernels.varlen_attention.Spans`); `step`, `number` and `seed` of
    the canvas, and its temperature, `heat`. `tiles` `(T, 2)` of attention. `full` `(F,)` and `last` `(L,)` are rows
    that go through the head; filled up with `N`.
    """

    def __init__(self, shape: StepShape, buffer: Tensor) -> None:
        rows, spans = shape.rows + 1, shape.spans
        parts = iter(_parts(shape, buffer))
        self.shape = shape
        self.buffer = buffer
        self.place, self.token, self.held, self.span, self.offset, self.written = _views(parts, 6, (rows,))
        self.start, self.count, self.prefix, self.read = _views(parts, 4, (spans,))
        self.step, self.number, self._seed_low, self._seed_high, heat = _views(parts, 5, (spans,))
        self.heat = heat.view(torch.float32)
        self.table = next(parts).view(spans, shape.blocks)
        self.tiles = next(parts).view(shape.tiles, 2)
        self.full, self.last = parts

    @classmethod
    def empty(cls, shape: StepShape, device: torch.device, *, pinned: bool = False) -> Packet:
        """One with nobody in it."""
        buffer = torch.zeros(sum(map(prod, _sizes(shape))), dtype=torch.int32, device=device, pin_memory=pinned)
        packet = cls(shape, buffer)
        packet.clear()
        return packet

    def clear(self) -> None:
        """Nobody is in it."""
        self.buffer.zero_()
        self.span.fill_(self.shape.spans - 1)
        self.written.fill_(NOBODY)
        self.tiles.fill_(NOBODY)
        self.full.fill_(self.shape.rows)
        self.last.fill_(self.shape.rows)
        self.read.fill_(1)
        self.heat.fill_(1.0)

    def set_seed(self, span: int, seed: int) -> None:
        """All 64 bits of it."""
        words = torch.tensor([seed & _WORD, (seed >> 32) & _WORD]).to(torch.int32)  # wraps
        self._seed_low[span], self._seed_high[span] = words

    def spans(self) -> Spans:
        """For attention."""
        return Spans(self.start, self.count, self.prefix, self.read, self.table, self.tiles)

    def keys(self, rows: Tensor) -> Keys:
        """The noise of `rows` `(F,)`, int64 indices."""
        span = self.span[rows].long()
        seed = (self._seed_high.long() << 32) | (self._seed_low.long() & _WORD)
        return Keys(seed[span], self.number[span].long(), self.step[span].long(), self.offset[rows].long())


def _sizes(shape: StepShape) -> list[tuple[int, ...]]:
    rows, spans = (shape.rows + 1,), (shape.spans,)
    table, tiles = (shape.spans, shape.blocks), (shape.tiles, 2)
    return [*[rows] * 6, *[spans] * 9, table, tiles, (shape.full,), (shape.last,)]


def _parts(shape: StepShape, buffer: Tensor) -> list[Tensor]:
    ends = accumulate(map(prod, _sizes(shape)), initial=0)
    return [buffer[start:end] for start, end in pairwise(ends)]


def _views(parts: Iterator[Tensor], count: int, size: tuple[int, ...]) -> list[Tensor]:
    return [next(parts).view(size) for _ in range(count)]
