from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.slots import CacheSlot, CacheSlots, common_prefix


def visit(slots: CacheSlots, key: str) -> CacheSlot:
    slot = slots.acquire(key)
    assert slot is not None
    slots.release(slot)
    return slot


def test_common_prefix_counts_equal_leading_tokens() -> None:
    assert common_prefix((1, 2, 3), [1, 2, 4, 3]) == 2
    assert common_prefix((), (1,)) == 0
    assert common_prefix((1, 2), (1, 2)) == 2


def test_a_key_keeps_its_slot_while_there_are_enough() -> None:
    slots = CacheSlots(3)
    first = {key: visit(slots, key).index for key in "abc"}
    assert sorted(first.values()) == [0, 1, 2]
    assert {key: visit(slots, key).index for key in "cabacb"} == first


def test_the_longest_unused_gives_way() -> None:
    slots = CacheSlots(2)
    a, b = visit(slots, "a"), visit(slots, "b")
    visit(slots, "a")
    assert visit(slots, "c") is b
    assert visit(slots, "a") is a


def test_a_busy_slot_is_not_shared() -> None:
    slots = CacheSlots(2)
    first, second = slots.acquire("a"), slots.acquire("a")
    assert first is not None
    assert second is not None
    assert first is not second
    assert slots.acquire("a") is None
    slots.release(first)
    assert slots.acquire("b") is first


def test_what_a_slot_held_comes_back_with_its_key() -> None:
    slots = CacheSlots(1, parked=1)
    visit(slots, "a").held = (1, 2, 3)
    assert visit(slots, "b").held == (1, 2, 3), "what a slot held for another may still be a beginning"
    assert visit(slots, "a").held == (1, 2, 3)


def test_only_so_many_are_parked() -> None:
    slots = CacheSlots(1, parked=1)
    for key, tokens in (("a", (1,)), ("b", (2,)), ("c", (3,))):
        visit(slots, key).held = tokens
    assert visit(slots, "a").held == (3,), "a was forgotten, so c's tokens are what the slot holds"


@given(st.integers(1, 4), st.lists(st.one_of(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=60))
def test_no_two_jobs_ever_share_a_slot(count: int, steps: list[str | int]) -> None:
    slots = CacheSlots(count, parked=2)
    busy: list[CacheSlot] = []
    for step in steps:
        if isinstance(step, str):
            slot = slots.acquire(step)
            assert (slot is None) == (len(busy) == count)
            if slot is not None:
                assert slot not in busy
                assert slot.key == step
                busy.append(slot)
        elif busy:
            slots.release(busy.pop(step % len(busy)))
