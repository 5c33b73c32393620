from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npc_engine.daemon.outbox import Outbox


def drain(outbox: Outbox) -> list[bytes]:
    frames = []
    while (frame := outbox.peek()) is not None:
        frames.append(frame)
        outbox.pop()
    return frames


def test_a_newer_draft_replaces_the_older() -> None:
    outbox = Outbox()
    outbox.put(b"one", draft_of=1)
    outbox.put(b"other", draft_of=2)
    outbox.put(b"one more", draft_of=1)
    assert drain(outbox) == [b"other", b"one more"]
    assert outbox.dropped_drafts == 1


def test_drafts_make_room_for_terminals() -> None:
    outbox = Outbox(capacity_bytes=10)
    outbox.put(b"12345678", draft_of=1)
    assert outbox.put(b"terminal!!")
    assert drain(outbox) == [b"terminal!!"]


def test_a_draft_that_does_not_fit_is_dropped_and_nobody_evicted() -> None:
    outbox = Outbox(capacity_bytes=4)
    assert outbox.put(b"12345", draft_of=1)
    assert drain(outbox) == []


def test_terminals_that_do_not_fit_mean_eviction() -> None:
    outbox = Outbox(capacity_bytes=4)
    assert outbox.put(b"1234")
    assert not outbox.put(b"5")


@given(st.lists(st.tuples(st.binary(max_size=12), st.none() | st.integers(1, 3))))
def test_bounds_order_and_accounting(parcels: list[tuple[bytes, int | None]]) -> None:
    outbox = Outbox(capacity_bytes=32)
    terminals = []
    for frame, draft_of in parcels:
        taken = outbox.put(frame, draft_of)
        if draft_of is None and taken:
            terminals.append(frame)
        assert outbox.size_bytes <= 32
    drained = drain(outbox)
    assert outbox.size_bytes == 0
    remaining = iter(drained)
    assert all(terminal in remaining for terminal in terminals), "terminals leave in order, none is lost"
