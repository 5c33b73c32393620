"""One step for everybody: canvases a little clearer, choices read, prompts read on, all in one pass through the layers.

Whoever joins or leaves between two steps changes nothing for the others: rows only see their own sequence, and noise
hangs on seed, step and position.

A step is begun with `launch` and read with `Step.wait`. On a graphics card nothing in between waits for the other side:
what the step is told goes over in one piece, what came of it comes back in one piece, and the next may be begun first.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import torch
from torch import Tensor

from npc_engine.engines.diffusion.canvas import FREE, Canvas
from npc_engine.engines.diffusion.canvas_state import CanvasState
from npc_engine.engines.diffusion.graphs import Capture, Graphs, cuda_capture
from npc_engine.engines.diffusion.head import NO_OPTION, Head
from npc_engine.engines.diffusion.kernels.fresh_tokens import fresh_tokens
from npc_engine.engines.diffusion.kernels.varlen_attention import tile_list
from npc_engine.engines.diffusion.kv_blocks import KVBlocks
from npc_engine.engines.diffusion.noise import Keys, Use
from npc_engine.engines.diffusion.packet import Packet
from npc_engine.engines.diffusion.prefix_store import BLOCK_TOKENS, Chain
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.step_shape import Buckets, StepShape
from npc_engine.engines.diffusion.trunk import Seats, Trunk
from npc_engine.engines.diffusion.weights import Weights

#: Slots that canvases begin with where nobody says how many there will be.
SLOTS = 8
#: What is found in a step, by row: the likeliest token, its entropy, and whether it is the one of the step before.
FINDINGS = 3


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
    """The model, step by step.

    With `buckets` steps are filled up to a few sizes, and with `capture` those are captured; without, each is as large
    as it has to be. `slots` are canvases that will be held at once; more is possible, but not in a captured step. With
    `top` a step is conditioned on so many of the likeliest tokens of the one before, and not on all.
    """

    def __init__(
        self,
        weights: Weights,
        schedule: Schedule,
        *,
        buckets: Buckets | None = None,
        capture: Capture | None = None,
        slots: int = SLOTS,
        top: int = 0,
    ) -> None:
        self._weights = weights
        self._schedule = schedule
        self._trunk = Trunk(weights)
        self._head = Head(weights, top)
        self._state = CanvasState(weights.config, slots, dtype=weights.dtype, device=weights.device)
        self._buckets = buckets
        self.graphs = Graphs(capture if buckets else None)
        self._desks: dict[Hashable, _Desk] = {}
        self._hidden: dict[int, Tensor] = {}

    @classmethod
    def on_device(
        cls, weights: Weights, schedule: Schedule, *, lines: int, context_tokens: int, slots: int = SLOTS, top: int = 0
    ) -> Denoiser:
        """The best that the weights' device can do: on a card steps are filled up and captured. `lines` sequences take
        part in a step, and stand behind at most so many tokens."""
        if weights.device.type != "cuda":
            return cls(weights, schedule, slots=slots, top=top)
        buckets = Buckets(lines, -(-context_tokens // BLOCK_TOKENS))
        return cls(weights, schedule, buckets=buckets, capture=cuda_capture(weights.device), slots=slots, top=top)

    def canvas(self, width: int, *, planned: int = 1, seed: int = 0, number: int = 0) -> Canvas:
        """A canvas for this model, all noise."""
        vocab_size = self._weights.config.vocab_size
        return Canvas(width, vocab_size=vocab_size, planned=planned, seed=seed, number=number)

    def step(self, work: Sequence[Work]) -> None:
        """Do all of `work` in one pass, and wait for what comes of it."""
        self.launch(work).wait()

    @torch.no_grad()
    def launch(self, work: Sequence[Work]) -> Step:
        """Begin a step with all of `work`. What is read counts as read from here on, whatever the card is at."""
        if not work:
            return Step()
        crew = _Crew(work, self._buckets, self._state)
        desk = self._desk(crew.shape(), work[0].chain.cache)
        told, found = desk.take_packet(), desk.take_found()
        crew.fill(told, self._schedule)
        hidden = self._run(desk, told, found)
        step = Step(desk, told, found, crew.rows)
        if any(isinstance(item, Choose) for item in work):
            step.chosen = self._choose(crew.rows, hidden)
        step.mark()
        for item in work:
            if isinstance(item, Denoise):
                item.canvas.begun()
            elif isinstance(item, Read):
                item.chain.advance(item.tokens)
        return step

    def usual_shapes(self, most_rows: int) -> list[StepShape]:
        """Those that steps of up to so many rows have, where they are few."""
        return self._buckets.common(most_rows) if self._buckets else []

    @torch.no_grad()
    def prepare(self, shape: StepShape, cache: KVBlocks) -> None:
        """Do a step of this shape with nobody in it, as often as it takes for it to be captured."""
        desk = self._desk(shape, cache)
        for _ in range(2):
            told, found = desk.take_packet(), desk.take_found()
            told.clear()
            self._run(desk, told, found)
            step = Step(desk, told, found)
            step.mark()
            step.wait()

    def tokens(self, canvas: Canvas) -> Tensor:
        """What the next step of a canvas sees, `(C,)`. Waits for the card."""
        given, _ = canvas.given()
        kept = self._state.tokens[self._state.places(canvas).long().to(self._weights.device)].cpu()
        return torch.where(given == FREE, kept, given)

    def soft(self, canvas: Canvas) -> Tensor:
        """What the last step of a canvas expected, `(C, H)`. Waits for the card."""
        return self._state.soft[self._state.places(canvas).long().to(self._weights.device)].cpu()

    def _desk(self, shape: StepShape, cache: KVBlocks) -> _Desk:
        device = self._weights.device
        if self._buckets is None:  # hardly any shape comes twice
            return _Desk(shape, cache, None, device)
        key = (shape, cache, self._state.slots)
        if key not in self._desks:
            self._desks[key] = _Desk(shape, cache, key, device)
        return self._desks[key]

    def _run(self, desk: _Desk, told: Packet, found: Tensor) -> Tensor:
        """What the hidden rows are; findings are on their way to `found`."""
        desk.packet.buffer.copy_(told.buffer, non_blocking=True)
        hidden = self._hidden_rows(desk.shape.rows)

        def work() -> None:
            self._compute(desk.packet, desk.cache, hidden, desk.findings)

        if desk.key is None:
            work()
        else:
            self.graphs.run(desk.key, work)
        found.copy_(desk.findings, non_blocking=True)
        return hidden

    def _hidden_rows(self, count: int) -> Tensor:
        """`(N, H)`, where questions find them; shapes of as many rows share it."""
        if (found := self._hidden.get(count)) is not None:
            return found
        size = (count, self._weights.config.hidden_size)
        made = torch.empty(size, dtype=self._weights.dtype, device=self._weights.device)
        if self._buckets is not None:
            self._hidden[count] = made
        return made

    def _compute(self, packet: Packet, cache: KVBlocks, hidden: Tensor, findings: Tensor) -> None:
        """A whole step on the device: of what `packet` tells, to `hidden` `(N, H)` and `findings` `(3, N + 1)`."""
        state, count = self._state, packet.shape.rows
        place, span = packet.place.long(), packet.span.long()
        seen = torch.where(packet.token == FREE, state.tokens[place], packet.token.long())
        embedded = self._head.embed(seen)
        is_read = (packet.read[span] != 0)[:, None]
        soft = torch.where((packet.step[span] > 0)[:, None], state.soft[place], 0.0)
        rows = torch.where(is_read, embedded, self._trunk.condition(embedded, soft))[:count]
        positions = (packet.prefix[span] + packet.offset)[:count]
        seats = Seats(positions, is_read[:count], packet.spans(), packet.written[:count], cache)
        hidden.copy_(self._trunk.forward(rows, seats))
        if packet.shape.full:
            self._denoise(packet, hidden, seen, embedded, findings)
        if packet.shape.last:
            self._finish(packet, hidden, seen, findings)

    def _denoise(self, packet: Packet, hidden: Tensor, seen: Tensor, embedded: Tensor, findings: Tensor) -> None:
        """Rows after which a step comes: what of them is accepted, and what the next step starts from."""
        state, rows = self._state, packet.full.long()
        span, place, held = packet.span[rows].long(), packet.place[rows].long(), packet.held[rows] != 0
        keys = packet.keys(rows)
        own = self._own(hidden, rows)
        reading = self._head.read(own, packet.heat[span], keys)
        best = torch.where(held, seen[rows], reading.best)
        shape = packet.shape
        known = reading.entropy.new_full((shape.spans, shape.columns), torch.inf)
        known[span, packet.offset[rows].long()] = reading.entropy.masked_fill(held, 0.0)
        accepted = self._schedule.accepted(known)[span, packet.offset[rows].long()]
        noise = fresh_tokens(keys, self._weights.config.vocab_size, Use.RENOISE, own)
        self._note(findings, rows, best, reading.entropy, best == state.draft[place])
        state.draft[place] = best
        state.tokens[place] = torch.where(held, best, torch.where(accepted, reading.drawn, noise))
        state.soft[place] = torch.where(held[:, None], embedded[rows], reading.soft)

    def _finish(self, packet: Packet, hidden: Tensor, seen: Tensor, findings: Tensor) -> None:
        """Rows after which nothing comes."""
        rows = packet.last.long()
        verdict = self._head.read_last(self._own(hidden, rows), packet.heat[packet.span[rows].long()])
        best = torch.where(packet.held[rows] != 0, seen[rows], verdict.best)
        self._note(findings, rows, best, verdict.entropy, best == self._state.draft[packet.place[rows].long()])

    def _own(self, hidden: Tensor, rows: Tensor) -> Tensor:
        return hidden[rows.clamp(max=len(hidden) - 1)]  # what is filled up takes anything

    def _note(self, findings: Tensor, rows: Tensor, best: Tensor, entropy: Tensor, settled: Tensor) -> None:
        findings[:, rows] = torch.stack([each.to(findings.dtype) for each in (best, entropy, settled)])

    def _choose(self, rows: Sequence[tuple[Work, slice]], hidden: Tensor) -> _Chosen:
        """The answers to all questions: few rows, so they are not part of what is captured."""
        asked = [
            (item, own.start + position, position)
            for item, own in rows
            if isinstance(item, Choose)
            for position in item.options
        ]
        most = max(len(item.options[position]) for item, _, position in asked)
        table = [
            [
                *(row, item.canvas.seed, item.canvas.number, item.canvas.step, position),
                *item.options[position],
                *[NO_OPTION] * (most - len(item.options[position])),
            ]
            for item, row, position in asked
        ]
        told = self._ship(torch.tensor(table))
        heat = self._ship(torch.tensor([item.temperature for item, _, _ in asked], dtype=torch.float32))
        row, *keys = told[:, :5].unbind(1)
        picked = self._head.choose(hidden[row], told[:, 5:], heat, Keys(*keys))
        return _Chosen([(item, position) for item, _, position in asked], _to_host(picked))

    def _ship(self, tensor: Tensor) -> Tensor:
        device = self._weights.device
        return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


@dataclass(slots=True)
class _Chosen:
    """Questions, and their answers on the way to the CPU."""

    asked: list[tuple[Choose, int]]
    tokens: Tensor


@dataclass(slots=True)
class Step:
    """A step that has been begun. `wait` reads what came of it, once."""

    desk: _Desk | None = None
    told: Packet | None = None
    found: Tensor | None = None
    rows: Sequence[tuple[Work, slice]] = ()
    chosen: _Chosen | None = None
    _done: Any = None

    def mark(self) -> None:
        """All has been asked of the card."""
        if self.desk is not None and self.desk.on_card:
            # Waiting for it leaves the core to others: a game has better use for it.
            self._done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            self._done.record()

    def wait(self) -> None:
        """Waits until it is done, and tells its canvases and questions."""
        if self.desk is None or self.told is None or self.found is None:
            return
        if self._done is not None:
            self._done.synchronize()
        for item, rows in self.rows:
            if isinstance(item, Denoise):
                best, entropy, settled = self.found[:, rows]
                item.canvas.take(best.long(), entropy.clone(), settled != 0)
        if self.chosen is not None:
            for (question, position), token in zip(self.chosen.asked, self.chosen.tokens.tolist(), strict=True):
                question.picked[position] = token
        self.desk.give_back(self.told, self.found)
        self.desk = None


class _Desk:
    """Where steps of one shape lie: on the device always in the same place, and on the CPU in as many as are under way.
    `key` None: it is used once."""

    def __init__(self, shape: StepShape, cache: KVBlocks, key: Hashable, device: torch.device) -> None:
        self.shape = shape
        self.cache = cache
        self.key = key
        self.on_card = device.type == "cuda"
        self.packet = Packet.empty(shape, device)
        self.findings = torch.zeros((FINDINGS, shape.rows + 1), dtype=torch.float64, device=device)
        self._packets: list[Packet] = []
        self._found: list[Tensor] = []

    def take_packet(self) -> Packet:
        """One to fill."""
        if self._packets:
            return self._packets.pop()
        return Packet.empty(self.shape, torch.device("cpu"), pinned=self.on_card)

    def take_found(self) -> Tensor:
        """What the findings go to."""
        if self._found:
            return self._found.pop()
        return torch.zeros(self.findings.shape, dtype=self.findings.dtype, pin_memory=self.on_card)

    def give_back(self, packet: Packet, found: Tensor) -> None:
        """Nobody needs them any more."""
        self._packets.append(packet)
        self._found.append(found)


class _Crew:
    """Who takes part in a step, and which `rows` are whose: canvases first, those at their last step behind others."""

    def __init__(self, work: Sequence[Work], buckets: Buckets | None, state: CanvasState) -> None:
        denoise = [item for item in work if isinstance(item, Denoise)]
        full = [item for item in denoise if not item.canvas.is_last]
        last = [item for item in denoise if item.canvas.is_last]
        if full and buckets and buckets.rows(_rows(denoise)) == buckets.rows(_rows(full)):
            full, last = denoise, []  # a second pass over the vocabulary would cost more than it saves
        order: list[Work] = [*full, *last, *(item for item in work if not isinstance(item, Denoise))]
        ends = [*accumulate(map(_count, order), initial=0)]
        self.rows = [(item, slice(*both)) for item, both in zip(order, pairwise(ends), strict=True)]
        self._full, self._last, self._count = _rows(full), _rows(last), ends[-1]
        self._tiles = tile_list([_count(item) for item in order])
        self._buckets = buckets
        self._places = {item.canvas: state.places(item.canvas) for item in order if not isinstance(item, Read)}

    def shape(self) -> StepShape:
        """What it needs, filled up to what there is."""
        needed = StepShape(
            rows=self._count,
            spans=len(self.rows) + 1,
            blocks=max(_blocks(item.chain) for item, _ in self.rows),
            tiles=len(self._tiles),
            full=self._full,
            last=self._last,
            columns=max((canvas.width for canvas in self._places), default=1),
        )
        return self._buckets.fit(needed) if self._buckets else needed

    def fill(self, packet: Packet, schedule: Schedule) -> None:
        """Tell the step all it has to know."""
        packet.clear()
        for index, (item, rows) in enumerate(self.rows):
            count, blocks = _count(item), item.chain.blocks[: _blocks(item.chain)]
            packet.span[rows] = index
            packet.offset[rows] = torch.arange(count, dtype=torch.int32)
            packet.start[index], packet.count[index], packet.prefix[index] = rows.start, count, item.chain.length
            packet.table[index, : len(blocks)] = torch.tensor(blocks, dtype=torch.int32)
            if isinstance(item, Read):
                packet.token[rows] = torch.tensor(item.tokens, dtype=torch.int32)
                packet.written[rows] = item.chain.slots(count)
                continue
            canvas = item.canvas
            packet.place[rows] = self._places[canvas]
            packet.token[rows], packet.held[rows] = canvas.given()
            packet.read[index], packet.step[index], packet.number[index] = 0, canvas.step, canvas.number
            packet.set_seed(index, canvas.seed)
            packet.heat[index] = schedule.temperature(canvas.step, canvas.planned)
        packet.tiles[: len(self._tiles)] = torch.tensor(self._tiles, dtype=torch.int32)
        packet.full[: self._full] = torch.arange(self._full, dtype=torch.int32)
        packet.last[: self._last] = torch.arange(self._full, self._full + self._last, dtype=torch.int32)


def _count(item: Work) -> int:
    return len(item.tokens) if isinstance(item, Read) else item.canvas.width


def _rows(items: Sequence[Denoise]) -> int:
    return sum(item.canvas.width for item in items)


def _blocks(chain: Chain) -> int:
    """How many hold what it has."""
    return -(-chain.length // chain.cache.block_tokens)


def _to_host(tensor: Tensor) -> Tensor:
    if not tensor.is_cuda:
        return tensor
    return torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True).copy_(tensor, non_blocking=True)
