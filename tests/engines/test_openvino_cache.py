from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from npc_engine.engines.openvino.cache import PagedCache

BLOCK, SPEAKERS, WINDOW = 4, 2, 20
BLOCKS = 12  # more than two windows, fewer than four characters have read


class CacheMachine(RuleBasedStateMachine):
    """Characters speak, are cut off, come back with other prompts; at most `SPEAKERS` at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = PagedCache(BLOCKS, BLOCK)
        self.speaking: dict[str, Any] = {}

    @rule(key=st.sampled_from("abcd"), prompt=st.lists(st.integers(0, 1), min_size=1, max_size=WINDOW))
    def speak(self, key: str, prompt: list[int]) -> None:
        if key in self.speaking or len(self.speaking) == SPEAKERS:
            return
        held = self.cache.acquire(key)
        before = list(held.tokens)
        kept = self.cache.rewind(held, prompt)
        assert prompt[:kept] == before[:kept] == held.tokens
        assert kept < len(prompt)
        assert kept == len(prompt) - 1 or kept == len(before) or prompt[kept] != before[kept]
        self.speaking[key] = (held, prompt)

    @rule(key=st.sampled_from("abcd"), count=st.integers(1, WINDOW))
    def read(self, key: str, count: int) -> None:
        if key in self.speaking:
            held, prompt = self.speaking[key]
            self.cache.extend(held, prompt[len(held.tokens) :][:count])
            assert held.tokens == prompt[: len(held.tokens)]

    @rule(key=st.sampled_from("abcd"))
    def end(self, key: str) -> None:
        if key in self.speaking:
            self.cache.release(self.speaking.pop(key)[0])

    @invariant()
    def every_block_is_held_once_or_free(self) -> None:
        held = [block for holder in self.cache.holders() for block in holder.blocks]
        assert len(held) == len(set(held))
        assert len(held) + self.cache.free_blocks == BLOCKS

    @invariant()
    def everybody_has_just_enough_blocks(self) -> None:
        for holder in self.cache.holders():
            assert len(holder.blocks) == -(-len(holder.tokens) // BLOCK)

    @invariant()
    def who_speaks_is_never_evicted(self) -> None:
        assert all(held in self.cache.holders() for held, _ in self.speaking.values())


TestCache = CacheMachine.TestCase


def test_the_longest_silent_makes_room() -> None:
    cache = PagedCache(3, BLOCK)
    for key in "abc":
        held = cache.acquire(key)
        cache.rewind(held, [1] * 4)
        cache.extend(held, [1] * 4)
        cache.release(held)
    cache.release(cache.acquire("a"))
    held = cache.acquire("d")
    cache.extend(held, [2])
    assert [holder.key for holder in cache.holders()] == ["a", "c", "d"]
    assert cache.acquire("b").tokens == []
