"""Whoever else is in the batch, and whenever they come and go: a line is, token for token, what it is alone.

In float64, where rounding, which depends on the size of a batch, decides no near tie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

import pytest
import torch
from diffusion_rig import CPU, Loop, random_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.denoiser import Choose, Denoise, Read, Work
from npc_engine.engines.diffusion.prefix_store import Chain
from npc_engine.engines.diffusion.random_weights import TINY, random_weights


@dataclass(frozen=True)
class Guest:
    """A line in a batch: its prompt, how it reads and is written, when it comes (in steps of the batch) and when it is
    cancelled (in steps of its own). `held` is clamped from the start, `options` are asked for at the first position."""

    prompt: int
    seed: int
    width: int
    planned: int
    canvases: int
    held: dict[int, int]
    options: list[int]
    heat: float
    joins: int
    chunk: int
    leaves: int


GUESTS = st.builds(
    Guest,
    prompt=st.integers(1, 90),
    seed=st.integers(0, 2**63 - 1),
    width=st.sampled_from([16, 32, 48, 96]),
    planned=st.integers(1, 7),
    canvases=st.integers(1, 2),
    held=st.dictionaries(st.integers(1, 15), st.integers(0, 511), max_size=5),
    options=st.lists(st.integers(0, 511), max_size=4, unique=True),
    heat=st.sampled_from([0.0, 0.7]),
    joins=st.integers(0, 9),
    chunk=st.integers(12, 60),
    leaves=st.integers(1, 24),
)
#: A step of its own that no guest gets to: it is not cancelled.
NEVER = 1_000


@pytest.fixture(scope="module")
def loop() -> Loop:
    return Loop(random_weights(TINY, 1, dtype=torch.float64, device=CPU))


@pytest.fixture(scope="module")
def filled(loop: Loop) -> Loop:
    return Loop(loop.weights, filled=True)


class _Seat:
    """A guest who has come."""

    def __init__(self, loop: Loop, guest: Guest) -> None:
        self.guest = guest
        prompt = random_prompt(guest.prompt, guest.seed % 1_000)
        self.chain: Chain = loop.store.open(prompt)
        self._loop = loop
        self._unread = prompt[self.chain.length :]
        self._numbers = iter(range(guest.canvases))
        self._canvas = self._next_canvas()
        self._asked = bool(guest.options)
        self._steps = 0
        #: What was picked, and every draft.
        self.told: list[int | list[int]] = []

    @property
    def left(self) -> bool:
        return self._steps >= self.guest.leaves or self._canvas is None

    def work(self) -> Work:
        if tokens := self._unread[: self.guest.chunk]:
            assert self.chain.reserve(len(tokens))
            return Read(self.chain, tokens)
        assert self._canvas is not None
        if self._asked:
            return Choose(self.chain, self._canvas, {0: self.guest.options}, self.guest.heat, {})
        return Denoise(self.chain, self._canvas)

    def took(self, work: Work) -> None:
        self._steps += 1
        match work:
            case Read(tokens=tokens):
                self._unread = self._unread[len(tokens) :]
            case Choose(canvas=canvas, picked=picked):
                canvas.clamp(0, [picked[0]])
                self.told.append(picked[0])
                self._asked = False
            case Denoise(canvas=canvas):
                self.told.append(canvas.draft.tolist())
                if canvas.step == canvas.planned:
                    self._canvas = self._next_canvas()
                    self._unread = canvas.draft.tolist() if self._canvas else []

    def _next_canvas(self) -> Canvas | None:
        number = next(self._numbers, None)
        if number is None:
            return None
        canvas = self._loop.canvas(self.guest.width, self.guest.planned, self.guest.seed, number)
        for position, token in self.guest.held.items():
            canvas.clamp(position, [token])
        return canvas


def told(loop: Loop, guests: list[Guest]) -> list[list[int | list[int]]]:
    """What each of them gets to see."""
    loop.store.clear()
    seats: dict[int, _Seat] = {}
    for now in count():
        seats |= {index: _Seat(loop, guest) for index, guest in enumerate(guests) if guest.joins == now}
        here = [seat for seat in seats.values() if not seat.left]
        if not here and len(seats) == len(guests):
            break
        work = [seat.work() for seat in here]
        loop.denoiser.step(work)
        for seat, done in zip(here, work, strict=True):
            seat.took(done)
            if seat.left:
                seat.chain.close()
    loop.store.validate()
    assert loop.store.statistics().device_pinned == 0
    return [seats[index].told for index in range(len(guests))]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(guests=st.lists(GUESTS, min_size=2, max_size=6))
def test_batched_is_alone(loop: Loop, guests: list[Guest]) -> None:
    for guest, batched in zip(guests, told(loop, guests), strict=True):
        (alone,) = told(loop, [replace(guest, joins=0, leaves=NEVER)])
        assert batched == alone[: len(batched)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(guests=st.lists(GUESTS, min_size=2, max_size=6))
def test_filled_up_and_laid_out_once_is_alone(loop: Loop, filled: Loop, guests: list[Guest]) -> None:
    """As on a card: steps come in few sizes, rows that mean nothing among them, and begin where others lay."""
    for guest, batched in zip(guests, told(filled, guests), strict=True):
        (alone,) = told(loop, [replace(guest, joins=0, leaves=NEVER)])
        assert batched == alone[: len(batched)]


def test_nobody_who_stays_sees_less_in_company(loop: Loop) -> None:
    """So that what is compared above is not nothing."""
    guest = Guest(40, 3, 32, 5, 2, {4: 9}, [20, 30], 0.7, joins=0, chunk=20, leaves=NEVER)
    others = [replace(guest, seed=seed, prompt=70, width=96, joins=seed, leaves=6) for seed in range(5)]
    first, *_ = told(loop, [guest, *others])
    assert len(first) == 1 + 2 * 5
    assert first[0] in (20, 30)
    assert all(isinstance(draft, list) and (draft[0], draft[4]) == (first[0], 9) for draft in first[1:6])
    assert [first] == told(loop, [guest])


def test_a_turn_behind_a_cached_prefix_is_the_turn_without_cache(loop: Loop) -> None:
    prompts = [random_prompt(70, 1)[:45] + random_prompt(40, seed) for seed in range(4)]
    loop.store.clear()
    cached = [loop.generate(prompt, width=32, planned=6, seed=5) for prompt in prompts]
    assert loop.store.statistics().hit_tokens >= 3 * 45
    for prompt, expected in zip(prompts, cached, strict=True):
        loop.store.clear()
        assert loop.generate(prompt, width=32, planned=6, seed=5) == expected


def test_a_prefix_that_was_moved_to_the_host_is_the_same(loop: Loop) -> None:
    small = Loop(loop.weights)
    block = small.store.block_bytes
    small.store = type(small.store)(
        loop.config, dtype=torch.float64, device=CPU, device_bytes=6 * block, host_bytes=20 * block
    )
    prompts = [random_prompt(90, seed) for seed in range(4)]
    first = [small.generate(prompt, width=16, planned=4, seed=1) for prompt in prompts]
    assert small.store.statistics().offloaded
    assert [small.generate(prompt, width=16, planned=4, seed=1) for prompt in prompts] == first
    assert small.store.statistics().restored
    small.store.validate()
