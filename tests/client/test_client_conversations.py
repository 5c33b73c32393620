"""Conversations between characters: a line at a time, each with a time of its own."""

from __future__ import annotations

import pytest
from client_stage import Stage, turn

from npc_engine.client import Request
from npc_engine.client.requests import GRACE_MS
from npc_engine.errors import ErrorCode
from npc_engine.wire.messages import Accepted, Cancel, Converse, Done, Reason

BUDGET_MS = 2_000


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.greet()
    return stage


def test_lines_are_collected_as_they_come(stage: Stage) -> None:
    seen: list[tuple[int, str]] = []
    asked = stage.client.converse(
        ["marta", "bram"],
        turns=2,
        budget_ms=BUDGET_MS,
        on_update=lambda r: seen.append((len(r.turns), r.turns[-1].text)),
        on_done=lambda r: seen.append((len(r.turns), r.state)),
    )
    stage.send(Accepted(id=asked.id), turn(asked.id, 1, "marta", "The roof leaks."))
    assert asked.state == "streaming"
    stage.send(turn(asked.id, 2, "bram", "I know."), Done(id=asked.id, data={"turns": 2}))
    assert [(said.n, said.npc, said.text, said.source) for said in asked.turns] == [
        (1, "marta", "The roof leaks.", "model"),
        (2, "bram", "I know.", "model"),
    ]
    assert asked.reply is not None
    assert (asked.state, asked.reply.data) == ("done", {"turns": 2})
    assert seen == [(1, "The roof leaks."), (2, "I know."), (2, "done")]


def test_it_may_end_early_and_say_why(stage: Stage) -> None:
    asked = stage.client.converse(["marta", "bram"])
    stage.send(turn(asked.id, 1), Done(id=asked.id, reason=Reason.INTERRUPTED, data={"turns": 1}))
    assert asked.reply is not None
    assert asked.reply.reason == "interrupted"


def test_every_line_has_the_budget_anew(stage: Stage) -> None:
    asked = stage.client.converse(["marta", "bram"], turns=3, budget_ms=BUDGET_MS)
    for n in (1, 2):
        stage.wait(BUDGET_MS + GRACE_MS - 1)
        stage.send(turn(asked.id, n))
    stage.received()
    stage.wait(BUDGET_MS + GRACE_MS - 1)
    assert not asked.finished
    stage.wait(1)
    assert asked.reply is not None
    assert (asked.reply.reason, asked.reply.text, asked.reply.data) == ("offline", "", {"turns": 2})
    (cancel,) = [message for message in stage.received() if isinstance(message, Cancel)]
    assert cancel.target == asked.id


def test_without_a_daemon_nobody_says_anything() -> None:
    stage = Stage()
    asked = stage.client.converse(["marta", "bram"], budget_ms=BUDGET_MS)
    stage.wait(BUDGET_MS + GRACE_MS - 1)
    assert not asked.finished
    stage.wait(1)
    assert asked.reply is not None
    assert (asked.state, asked.turns, asked.text, asked.reply.reason) == ("done", [], "", "offline")


def test_lines_that_are_old_or_too_many_change_nothing(stage: Stage) -> None:
    calls: list[Request] = []
    asked = stage.client.converse(["marta", "bram"], turns=2, budget_ms=BUDGET_MS, on_update=calls.append)
    stage.wait(BUDGET_MS)
    stage.send(turn(asked.id, 0), turn(asked.id, 3), turn(asked.id, 1), turn(asked.id, 1, text="Again."))
    assert [said.text for said in asked.turns] == ["Aye."]
    assert len(calls) == 1
    stage.wait(BUDGET_MS)
    stage.send(turn(asked.id, 1), turn(asked.id, 3))
    stage.wait(GRACE_MS)
    assert asked.finished, "such a line buys no time"


def test_a_turn_of_something_else_changes_nothing(stage: Stage) -> None:
    asked = stage.client.say("marta", "Hi")
    stage.send(turn(asked.id, 1))
    assert (asked.turns, asked.state) == ([], "sent")


def test_after_a_break_it_goes_on_where_it_is(stage: Stage) -> None:
    asked = stage.client.converse(["marta", "bram"], turns=3, budget_ms=BUDGET_MS)
    before = stage.received()
    stage.send(turn(asked.id, 1))
    stage.disconnect()
    stage.wait(500)
    assert stage.greet(resumed=True) == before
    stage.send(turn(asked.id, 3), Done(id=asked.id, data={"turns": 3}))
    assert [said.n for said in asked.turns] == [1, 3]


@pytest.mark.parametrize("heard", [0, 1])
def test_a_restarted_daemon_begins_only_what_nobody_has_heard(stage: Stage, heard: int) -> None:
    asked = stage.client.converse(["marta", "bram"], turns=3, budget_ms=BUDGET_MS)
    stage.send(*(turn(asked.id, n + 1) for n in range(heard)))
    stage.disconnect()
    stage.wait(500)
    sent = stage.greet(resumed=False)
    if heard:
        assert sent == []
        assert asked.reply is not None
        assert (asked.reply.reason, len(asked.turns)) == ("offline", 1)
    else:
        assert sent == [Converse(id=asked.id, npcs=["marta", "bram"], turns=3, budget_ms=BUDGET_MS - 500)]


def test_cancelling_it_keeps_what_was_said(stage: Stage) -> None:
    asked = stage.client.converse(["marta", "bram"], budget_ms=BUDGET_MS)
    stage.send(turn(asked.id, 1))
    asked.cancel()
    stage.send(turn(asked.id, 2))
    assert asked.error is not None
    assert (asked.error.code, len(asked.turns)) == (ErrorCode.CANCELLED, 1)
