from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from npc_engine import limits
from npc_engine.clock import NS_PER_S
from npc_engine.daemon.requests import Arrival, RequestTable
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import Done, Say

SESSIONS = ("game-one", "game-two")


def say(request_id: int, text: str = "hello") -> Say:
    return Say(id=request_id, npc="marta", text=text, budget_ms=1_000)


def test_resend_while_running_goes_on() -> None:
    table = RequestTable()
    _, first = table.open("s", say(1), 0, 10)
    arrival, again = table.open("s", say(1), 5, 99)
    assert arrival is Arrival.RUNNING
    assert again is first  # with its first deadline


def test_resend_after_the_end_gets_the_stored_reply() -> None:
    table = RequestTable()
    table.open("s", say(1), 0, 10)
    reply = Done(id=1, text="Evening.")
    assert table.close(("s", 1), reply, 5)
    assert table.open("s", say(1), 6, 10) == (Arrival.ANSWERED, reply)


def test_the_second_close_changes_nothing() -> None:
    table = RequestTable()
    table.open("s", say(1), 0, 10)
    assert table.close(("s", 1), Done(id=1, text="first"), 5)
    assert not table.close(("s", 1), Done(id=1, text="second"), 6)
    reply = table.reply_of(("s", 1))
    assert isinstance(reply, Done)
    assert reply.text == "first"


@pytest.mark.parametrize("ended", [False, True])
def test_same_id_with_other_content_is_refused(ended: bool) -> None:
    table = RequestTable()
    table.open("s", say(1), 0, 10)
    if ended:
        table.close(("s", 1), Done(id=1), 1)
    with pytest.raises(NpcError) as caught:
        table.open("s", say(1, "other words"), 2, 10)
    assert caught.value.code is ErrorCode.DUPLICATE_ID


def test_two_sessions_may_use_the_same_id() -> None:
    table = RequestTable()
    assert table.open("one", say(1), 0, 10)[0] is Arrival.NEW
    assert table.open("two", say(1, "other"), 0, 10)[0] is Arrival.NEW


def test_replies_are_forgotten_after_ten_minutes() -> None:
    table = RequestTable()
    table.open("s", say(1), 0, 10)
    table.close(("s", 1), Done(id=1), 0)
    later_ns = int(limits.REPLY_MEMORY_S * NS_PER_S) + 1
    assert table.open("s", say(1, "other words"), later_ns, later_ns + 10)[0] is Arrival.NEW


def test_a_full_table_says_when_to_come_back() -> None:
    table = RequestTable(capacity=2)
    table.open("a", say(1), 0, 10)
    table.open("b", say(1), 0, 10)
    with pytest.raises(NpcError) as caught:
        table.open("c", say(1), 0, 10)
    assert caught.value.code is ErrorCode.TABLE_FULL
    assert caught.value.retry_after_ms


def test_one_client_cannot_take_the_whole_table() -> None:
    table = RequestTable(per_session=1)
    table.open("greedy", say(1), 0, 10)
    with pytest.raises(NpcError):
        table.open("greedy", say(2), 0, 10)
    assert table.open("modest", say(1), 0, 10)[0] is Arrival.NEW


class Table(RuleBasedStateMachine):
    """Against a model: a request is open or answered, never both, and its first reply is its only one."""

    def __init__(self) -> None:
        super().__init__()
        self.table = RequestTable(capacity=6, per_session=4)
        self.open: set[tuple[str, int]] = set()
        self.replies: dict[tuple[str, int], Done] = {}
        self.now_ns = 0

    @rule(session=st.sampled_from(SESSIONS), request_id=st.integers(1, 6))
    def arrive(self, session: str, request_id: int) -> None:
        key = (session, request_id)
        mine = sum(name == session for name, _ in self.open)
        full = len(self.open) >= 6 or mine >= 4
        self.now_ns += 1
        if key in self.open:
            assert self.table.open(session, say(request_id), self.now_ns, 0)[0] is Arrival.RUNNING
        elif key in self.replies:
            assert self.table.open(session, say(request_id), self.now_ns, 0)[1] is self.replies[key]
        elif full:
            with pytest.raises(NpcError):
                self.table.open(session, say(request_id), self.now_ns, 0)
        else:
            assert self.table.open(session, say(request_id), self.now_ns, 0)[0] is Arrival.NEW
            self.open.add(key)

    @rule(session=st.sampled_from(SESSIONS), request_id=st.integers(1, 6))
    def end(self, session: str, request_id: int) -> None:
        key = (session, request_id)
        reply = Done(id=request_id)
        self.now_ns += 1
        assert self.table.close(key, reply, self.now_ns) is (key in self.open)
        if key in self.open:
            self.open.remove(key)
            self.replies[key] = reply

    @invariant()
    def agrees(self) -> None:
        assert len(self.table) == len(self.open)
        assert {request.key for request in self.table.open_requests()} == self.open
        for key, reply in self.replies.items():
            assert self.table.reply_of(key) is reply


TestTable = Table.TestCase
