from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from npc_engine.engines.turns import Turns, Urgency


def queued(turns: Turns, pool: ThreadPoolExecutor, urgency: Urgency, giving_up: threading.Event) -> Future[bool]:
    """A taker on its own thread; returns once it stands in line."""
    looked = threading.Event()

    def given_up() -> bool:
        looked.set()
        return giving_up.is_set()

    taker = pool.submit(turns.take, urgency, given_up)
    assert looked.wait(10)
    return taker


def test_turns_go_to_the_most_urgent_whatever_the_order_of_arrival() -> None:
    turns, never = Turns(), threading.Event()
    assert turns.take(Urgency(False, 1), lambda: False)
    urgencies = [Urgency(True, 5), Urgency(False, 600), Urgency(True, 900), Urgency(False, 20)]
    with ThreadPoolExecutor(4) as pool:
        takers = {queued(turns, pool, urgency, never): urgency for urgency in urgencies}
        for expected in (Urgency(False, 20), Urgency(False, 600), Urgency(True, 5), Urgency(True, 900)):
            turns.give_back()
            taker = next(taker for taker, urgency in takers.items() if urgency == expected)
            assert taker.result(10)
            assert sum(other.done() for other in takers) == 1
            del takers[taker]


def test_of_equals_the_first_goes_first() -> None:
    turns, never = Turns(), threading.Event()
    assert turns.take(Urgency(False, 1), never.is_set)
    with ThreadPoolExecutor(2) as pool:
        first = queued(turns, pool, Urgency(False, 9), never)
        second = queued(turns, pool, Urgency(False, 9), never)
        turns.give_back()
        assert first.result(10)
        assert not second.done()
        turns.give_back()
        assert second.result(10)


def test_who_gives_up_leaves_without_a_turn() -> None:
    turns, enough, never = Turns(), threading.Event(), threading.Event()
    assert turns.take(Urgency(False, 1), never.is_set)
    with ThreadPoolExecutor(2) as pool:
        leaver = queued(turns, pool, Urgency(False, 2), enough)
        stayer = queued(turns, pool, Urgency(False, 3), never)
        enough.set()
        turns.notice()
        assert leaver.result(10) is False
        turns.give_back()
        assert stayer.result(10)


def test_giving_up_at_the_front_lets_the_next_one_through() -> None:
    turns, enough, never = Turns(), threading.Event(), threading.Event()
    assert turns.take(Urgency(False, 1), never.is_set)
    with ThreadPoolExecutor(2) as pool:
        leaver = queued(turns, pool, Urgency(False, 2), enough)
        stayer = queued(turns, pool, Urgency(False, 3), never)
        enough.set()
        turns.give_back()
        assert leaver.result(10) is False
        assert stayer.result(10)


def test_a_warm_up_waits_while_anyone_speaks() -> None:
    turns, never = Turns(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with turns.speaking():
            with turns.speaking():
                warm_up = queued(turns, pool, Urgency(True, 1), never)
            assert turns.take(Urgency(False, 600), never.is_set)
            turns.give_back()
            assert not warm_up.done()
        assert warm_up.result(10)


def test_counts_the_time_that_turns_are_taken() -> None:
    turns = Turns()
    assert turns.busy_ns() == 0
    assert turns.take(Urgency(False, 1), lambda: False)
    while not (during_ns := turns.busy_ns()):
        pass
    turns.give_back()
    after_ns = turns.busy_ns()
    assert after_ns >= during_ns
    assert turns.busy_ns() == after_ns
