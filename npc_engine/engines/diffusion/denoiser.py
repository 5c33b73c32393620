"""One step for everybody: canvases a little clearer, choices read, prompts read on, all in one pass through the layers.

Whoever joins or leaves between two steps changes nothing for the others: rows only see their own sequence, and noise
hangs on seed, step and position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.head import Head, Reading
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.prefix_store import Chain
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.trunk import Span, Trunk
from npc_engine.engines.diffusion.weights import Weights


@dataclass(frozen=True, slots=True)
class Denoise:
    """One denoising step of a canvas that stands behind what `chain` holds."""

    chain: Chain
    canvas: Canvas


@dataclass(frozen=True, slots=True)
class Choose:
    """Choices read off a canvas in one pass, without a step: at each position of `options` one of its tokens. `picked`
    takes the answers."""

    chain: Chain
    canvas: Canvas
    options: Mapping[int, Sequence[int]]
    temperature: float
    picked: dict[int, int]


@dataclass(frozen=True, slots=True)
class Read:
    """Tokens read into the chain, which must have room reserved for them."""

    chain: Chain
    tokens: Sequence[int]


Work: TypeAlias = Denoise | Choose | Read


class Denoiser:
    """The model, step by step."""

    def __init__(self, weights: Weights, schedule: Schedule) -> None:
        self._weights = weights
        self._schedule = schedule
        self._trunk = Trunk(weights)
        self._head = Head(weights)

    def canvas(self, width: int, *, planned: int = 1, seed: int = 0, number: int = 0) -> Canvas:
        """A canvas for this model, all noise."""
        config = self._weights.config
        return Canvas(
            width,
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            planned=planned,
            seed=seed,
            number=number,
            dtype=self._weights.dtype,
            device=self._weights.device,
        )

    @torch.no_grad()
    def step(self, work: Sequence[Work]) -> None:
        """Do all of `work` in one pass."""
        if not work:
            return
        read = [item for item in work if isinstance(item, Read)]
        shown = [item for item in work if not isinstance(item, Read)]  # those with a canvas
        spans = [Span(item.chain, item.canvas.width, False) for item in shown]
        spans += [Span(item.chain, len(item.tokens), True) for item in read]
        rows = self._trunk.forward(self._embed(shown, read), spans)
        hidden = torch.split(rows, [span.rows for span in spans])
        self._denoise([(item, own) for item, own in zip(shown, hidden, strict=False) if isinstance(item, Denoise)])
        for item, own in zip(shown, hidden, strict=False):
            if isinstance(item, Choose):
                self._choose(item, own)
        for reading in read:
            reading.chain.advance(reading.tokens)

    def _embed(self, shown: Sequence[Denoise | Choose], read: Sequence[Read]) -> Tensor:
        rows: list[Tensor] = []
        if shown:
            tokens = torch.cat([item.canvas.tokens for item in shown])
            rows.append(self._trunk.condition(self._head.embed(tokens), torch.cat([i.canvas.soft for i in shown])))
        if read:
            ids = [token for item in read for token in item.tokens]
            rows.append(self._head.embed(torch.tensor(ids, device=self._weights.device)))
        return torch.cat(rows)

    def _denoise(self, items: Sequence[tuple[Denoise, Tensor]]) -> None:
        if not items:
            return
        canvases = [item.canvas for item, _ in items]
        widths = [canvas.width for canvas in canvases]
        hidden = torch.cat([rows for _, rows in items])
        exact = torch.promote_types(hidden.dtype, torch.float32)
        temperature = torch.cat(
            [hidden.new_full((each.width,), self._temperature(each), dtype=exact) for each in canvases]
        )
        keys = Keys(*map(torch.cat, zip(*(canvas.keys() for canvas in canvases), strict=True)))
        reading = self._head.read(hidden, temperature, keys)
        parts = [Reading(*part) for part in zip(*(torch.split(each, widths) for each in reading), strict=True)]
        accepted = self._accepted(canvases, parts)
        clean = torch.split(self._head.embed(torch.cat([canvas.tokens for canvas in canvases])), widths)
        for canvas, part, taken, own in zip(canvases, parts, accepted, clean, strict=True):
            canvas.take(part, taken[: canvas.width], own)

    def _temperature(self, canvas: Canvas) -> float:
        return self._schedule.temperature(canvas.step, canvas.planned)

    def _accepted(self, canvases: Sequence[Canvas], parts: Sequence[Reading]) -> Tensor:
        """`(B, C)`; clamped positions are certain, and narrow canvases have nothing to accept beyond their width."""
        known = [part.entropy.masked_fill(~canvas.free, 0.0) for canvas, part in zip(canvases, parts, strict=True)]
        return self._schedule.accepted(pad_sequence(known, batch_first=True, padding_value=torch.inf))

    def _choose(self, item: Choose, rows: Tensor) -> None:
        keys = item.canvas.keys()
        for position, options in item.options.items():
            key = Keys(*(each[position : position + 1] for each in keys))
            allowed = torch.tensor(options, device=rows.device)
            item.picked[position] = self._head.choose(rows[position], allowed, item.temperature, key)
