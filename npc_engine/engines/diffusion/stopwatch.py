"""Where the time of a step goes: the denoiser with a stopwatch in it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Tensor

from npc_engine.clock import NS_PER_MS
from npc_engine.engines.diffusion.denoiser import Denoiser
from npc_engine.engines.diffusion.head import Head, Reading, Verdict
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.trunk import Seats, Trunk
from npc_engine.engines.diffusion.weights import Weights

STEP, TRUNK, HEAD = "step", "trunk", "head"


class Stopwatch:
    """Sums up time by name, on the device: a graphics card is not made to wait before `take`."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._laps: list[tuple[str, _Mark, _Mark]] = []

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Times what is inside. Laps of other names may be inside of it."""
        began = self._mark()
        yield
        self._laps.append((name, began, self._mark()))

    def take(self) -> dict[str, float]:
        """Milliseconds by name since the last call. Waits until the device is done."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        sums: dict[str, float] = defaultdict(float)
        for name, began, ended in self._laps:
            sums[name] += began.ms_until(ended)
        self._laps.clear()
        return sums

    def _mark(self) -> _Mark:
        return _CardMark(self._device) if self._device.type == "cuda" else _CpuMark()


class _CpuMark:
    """A moment on the CPU."""

    def __init__(self) -> None:
        self._at_ns = time.perf_counter_ns()

    def ms_until(self, later: Any) -> float:
        return float(later._at_ns - self._at_ns) / NS_PER_MS


class _CardMark:
    """A moment in a card's queue of work."""

    def __init__(self, device: torch.device) -> None:
        self._event: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        self._event.record(torch.cuda.current_stream(device))

    def ms_until(self, later: Any) -> float:
        return float(self._event.elapsed_time(later._event))


_Mark: TypeAlias = _CpuMark | _CardMark


class TimedDenoiser(Denoiser):
    """As any other, but the parts of its steps are timed: `TRUNK` the layers, and `HEAD` the vocabulary and all that is
    read off it. What is left of a whole `STEP` is the sampler: what is kept, fresh noise, the canvases. Its steps are
    never captured."""

    def __init__(self, weights: Weights, schedule: Schedule, watch: Stopwatch) -> None:
        super().__init__(weights, schedule)
        self._watch = watch
        self._trunk = _TimedTrunk(weights, watch)
        self._head = _TimedHead(weights, watch)


class _TimedTrunk(Trunk):
    def __init__(self, weights: Weights, watch: Stopwatch) -> None:
        super().__init__(weights)
        self._watch = watch

    def forward(self, rows: Tensor, seats: Seats) -> Tensor:
        with self._watch.lap(TRUNK):
            return super().forward(rows, seats)

    def condition(self, embedded: Tensor, soft: Tensor) -> Tensor:
        with self._watch.lap(TRUNK):
            return super().condition(embedded, soft)


class _TimedHead(Head):
    def __init__(self, weights: Weights, watch: Stopwatch) -> None:
        super().__init__(weights)
        self._watch = watch

    def embed(self, tokens: Tensor) -> Tensor:
        with self._watch.lap(HEAD):
            return super().embed(tokens)

    def read(self, rows: Tensor, temperature: Tensor, keys: Keys) -> Reading:
        with self._watch.lap(HEAD):
            return super().read(rows, temperature, keys)

    def read_last(self, rows: Tensor, temperature: Tensor) -> Verdict:
        with self._watch.lap(HEAD):
            return super().read_last(rows, temperature)
