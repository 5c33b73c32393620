"""Whoever else is in the batch, and whenever they come and go: a line is, token for token, what it is alone.

In float64, where rounding, which depends on the size of a batch, decides no near tie.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from diffusion_rig import CPU, Loop, random_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.denoiser import Denoise, Read, Work
from npc_engine.engines.diffusion.prefix_store import Chain
from npc_engine.engines.diffusion.random_weights import TINY, random_weights


@dataclass(frozen=True)
class Guest:
    """A line in a batch: when it comes, how it reads, when it is cancelled (in steps of its own)."""

    prompt: int
    seed: int
    width: int
    planned: int
    joins: int
    chunk: int
    leaves: int


GUESTS = st.builds(
    Guest,
    prompt=st.integers(1, 90),
    seed=st.integers(0, 2**63 - 1),
    width=st.sampled_from([16, 32, 48, 96]),
    planned=st.integers(1, 8),
    joins=st.integers(0, 9),
    chunk=st.integers(3, 60),
    leaves=st.integers(1, 20),
)


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
        self.unread = prompt[self.chain.length :]
        self.canvas: Canvas = loop.canvas(guest.width, guest.planned, guest.seed)
        self.drafts: list[list[int]] = []
        self.steps = 0

    @property
    def left(self) -> bool:
        return self.steps >= self.guest.leaves or len(self.drafts) >= self.guest.planned

    def work(self) -> Work:
        if tokens := self.unread[: self.guest.chunk]:
            assert self.chain.reserve(len(tokens))
            return Read(self.chain, tokens)
        return Denoise(self.chain, self.canvas)

    def took(self) -> None:
        self.steps += 1
        if self.unread:
            self.unread = self.unread[self.guest.chunk :]
        else:
            self.drafts.append(self.canvas.draft.tolist())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(guests=st.lists(GUESTS, min_size=2, max_size=6))
def test_batched_is_alone(loop: Loop, guests: list[Guest]) -> None:
    check_guests(loop, loop, guests)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(guests=st.lists(GUESTS, min_size=2, max_size=6))
def test_filled_up_and_laid_out_once_is_alone(loop: Loop, filled: Loop, guests: list[Guest]) -> None:
    """As on a card: steps come in few sizes, rows that mean nothing among them, and begin where others lay."""
    check_guests(filled, loop, guests)


def check_guests(loop: Loop, plain: Loop, guests: list[Guest]) -> None:
    """Everybody in `loop` says what they say alone in `plain`."""
    loop.store.clear()
    seats: dict[int, _Seat] = {}
    for now in range(40):
        seats |= {index: _Seat(loop, guest) for index, guest in enumerate(guests) if guest.joins == now}
        here = [seat for seat in seats.values() if not seat.left]
        loop.denoiser.step([seat.work() for seat in here])
        for seat in here:
            seat.took()
            if seat.left:
                seat.chain.close()
    loop.store.validate()
    loop = plain
    for index, guest in enumerate(guests):
        loop.store.clear()
        prompt = random_prompt(guest.prompt, guest.seed % 1_000)
        (alone,) = loop.generate(prompt, width=guest.width, planned=guest.planned, seed=guest.seed)
        assert seats[index].drafts == alone[: len(seats[index].drafts)]


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
