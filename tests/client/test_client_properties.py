"""Whatever the daemon sends, in whatever order, and whatever becomes of the connection: one end per request."""

from __future__ import annotations

import copy
from typing import Any

import msgpack
from client_stage import AUTHORED, Stage
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from npc_engine.client import Request
from npc_engine.client.calls import RECORD_MS
from npc_engine.client.requests import GRACE_MS
from npc_engine.errors import ErrorCode

BUDGET_MS = 1_000
TURNS = 3
ids = st.integers(0, 8)
texts = st.sampled_from(["", "Evening", "Evening, love.", "日本", "a\0b"])
junk = st.none() | st.booleans() | st.integers(-2, 2**60) | texts | st.just([]) | st.just({}) | st.just(b"x")

frames = st.one_of(
    st.fixed_dictionaries({"t": st.just("accepted"), "id": ids}),
    st.fixed_dictionaries(
        {"t": st.just("update"), "id": ids, "seq": st.integers(0, 5), "text": texts, "stable": st.integers(0, 9)}
    ),
    st.fixed_dictionaries({"t": st.just("turn"), "id": ids, "n": st.integers(0, 4), "npc": texts, "text": texts}),
    st.fixed_dictionaries({"t": st.just("done"), "id": ids, "text": texts, "source": st.just("model")}),
    st.fixed_dictionaries({"t": st.just("error"), "id": ids, "code": st.sampled_from(list(ErrorCode)).map(str)}),
    st.fixed_dictionaries({"t": st.just("error"), "code": st.sampled_from(list(ErrorCode)).map(str)}),
    st.fixed_dictionaries(
        {
            "t": st.just("welcome"),
            "v": st.sampled_from([1, 1, 1, 2]),
            "daemon": texts,
            "pack": texts,
            "state": st.just("ready"),
            "resumed": st.booleans(),
            "authored": st.just(AUTHORED),
            "heartbeat_ms": st.sampled_from([-1, 0, 2_000]),
        }
    ),
    st.fixed_dictionaries({"t": st.just("status"), "state": texts}),
    st.fixed_dictionaries({"t": st.just("pack"), "pack": texts, "digest": texts, "problems": st.lists(texts)}),
    st.fixed_dictionaries({"t": st.just("pong")}),
)


def outcome(request: Request) -> Any:
    turns = tuple(request.turns)
    return request.state, request.text, request.stable, turns, copy.copy(request.reply), copy.copy(request.error)


class Interleavings(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.asked: list[Request] = []
        self.ends: dict[int, Any] = {}

    def on_done(self, request: Request) -> None:
        assert request.id not in self.ends, "two ends"
        self.ends[request.id] = outcome(request)

    @precondition(lambda self: len(self.asked) < 8)
    @rule(kind=st.sampled_from(["say", "bark", "converse", "warm", "slot.new", "health"]))
    def ask(self, kind: str) -> None:
        client = self.stage.client
        if kind == "say":
            self.asked.append(client.say("marta", "Hi", BUDGET_MS, on_done=self.on_done))
        elif kind == "bark":
            self.asked.append(client.bark("jörg", budget_ms=BUDGET_MS, on_done=self.on_done))
        elif kind == "converse":
            self.asked.append(client.converse(["marta", "jörg"], "", TURNS, BUDGET_MS, on_done=self.on_done))
        elif kind == "slot.new":
            self.asked.append(client.slot_new(on_done=self.on_done))
        elif kind == "warm":
            self.asked.append(client.warm(["marta"], BUDGET_MS, on_done=self.on_done))
        else:
            self.asked.append(client.health(on_done=self.on_done))

    @rule(message=frames)
    def hear(self, message: dict[str, Any]) -> None:
        self.stage.transport.inbox.append(msgpack.packb(message))

    @rule(message=frames, data=st.data())
    def hear_something_mistyped(self, message: dict[str, Any], data: st.DataObject) -> None:
        message[data.draw(st.sampled_from(sorted(message)))] = data.draw(junk)
        self.stage.transport.inbox.append(msgpack.packb(message))

    @rule(message=frames, data=st.data())
    def hear_something_broken(self, message: dict[str, Any], data: st.DataObject) -> None:
        frame = bytearray(msgpack.packb(message))
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
        self.stage.transport.inbox.append(bytes(frame[: data.draw(st.integers(0, len(frame)))]))

    @rule()
    def connect(self) -> None:
        self.stage.connect()

    @rule()
    def disconnect(self) -> None:
        self.stage.disconnect()

    @rule(full=st.booleans())
    def congest(self, full: bool) -> None:
        self.stage.transport.full = full

    @rule(max_ms=st.sampled_from([0, 0.5]))
    def poll(self, max_ms: float) -> None:
        self.stage.client.poll(max_ms)

    @rule(milliseconds=st.sampled_from([1, 100, 700, 3_000]))
    def wait(self, milliseconds: int) -> None:
        self.stage.clock.advance_ms(milliseconds)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.asked)).cancel()

    @invariant()
    def what_has_ended_stays_as_it_was(self) -> None:
        for request in self.asked:
            assert request.finished == ((request.reply is None) != (request.error is None))
            if request.id in self.ends:
                assert outcome(request) == self.ends[request.id]

    @invariant()
    def turns_count_upwards(self) -> None:
        for request in self.asked:
            counted = [turn.n for turn in request.turns]
            assert counted == sorted({n for n in counted if 1 <= n <= TURNS})

    @invariant()
    def what_is_sent_is_of_the_protocol(self) -> None:
        self.stage.received()

    def teardown(self) -> None:
        for _ in range(len(self.stage.transport.inbox) + 1):
            self.stage.client.poll()
        self.stage.clock.advance_ms(RECORD_MS + GRACE_MS)
        self.stage.client.poll()
        assert all(request.finished for request in self.asked)
        assert set(self.ends) == {request.id for request in self.asked}
        self.stage.client.close()
        assert len(self.ends) == len(self.asked)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
