"""Worlds, conversations and saves over the wire, and a daemon that is killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_peer import Peer, RunningDaemon

from npc_engine.errors import ErrorCode
from npc_engine.wire.messages import (
    Converse,
    Done,
    Error,
    Event,
    Inspect,
    Reason,
    SaveExport,
    SaveImport,
    Say,
    SlotList,
    SlotNew,
    Spoken,
    Turn,
    WorldGet,
    WorldSet,
)

Start = Callable[..., RunningDaemon]
QUICK = ("--option", "step_ms=1")
TOLD = "My sister Wrenna lives behind the old quarry."


def done(reply: object) -> Done:
    assert isinstance(reply, Done), reply
    return reply


def knows(client: Peer, request_id: int, text: str) -> str:
    return str(done(client.ask(Inspect(id=request_id, npc="marta", text=text))).data["prompt"])


def test_a_conversation_comes_turn_by_turn(start: Start) -> None:
    client = start(*QUICK).client()
    client.send(Converse(id=1, npcs=["marta", "bram"], topic="the roof", turns=3, budget_ms=5_000))
    turns = [client.wait(lambda message: isinstance(message, Turn)) for _ in range(3)]
    assert [(turn.n, turn.npc) for turn in turns if isinstance(turn, Turn)] == [(1, "marta"), (2, "bram"), (3, "marta")]
    assert done(client.terminal(1)).data == {"turns": 3}


def test_the_player_interrupts(start: Start) -> None:
    client = start("--option", "step_ms=50").client()
    client.send(Converse(id=1, npcs=["marta", "bram"], turns=8, budget_ms=10_000))
    client.wait(lambda message: isinstance(message, Turn))
    assert done(client.ask(Say(id=2, npc="bram", text="A word?", budget_ms=10_000))).source
    ended = done(client.terminal(1))
    assert ended.reason is Reason.INTERRUPTED


def test_an_import_ends_what_was_under_way_and_raises_the_epoch(start: Start) -> None:
    client = start("--option", "step_ms=100").client()
    saved = done(client.ask(SaveExport(id=1)))
    assert saved.epoch == 1
    client.send(Say(id=2, npc="marta", text="Tell me everything.", budget_ms=60_000))
    loaded = done(client.ask(SaveImport(id=3, blob=saved.data["blob"])))
    cancelled = client.terminal(2)
    assert isinstance(cancelled, Error)
    assert cancelled.code is ErrorCode.CANCELLED
    assert loaded.epoch == loaded.data["epoch"] == 2
    damaged = client.ask(SaveImport(id=4, blob=saved.data["blob"][:-8]))
    assert isinstance(damaged, Error)
    assert damaged.code is ErrorCode.SAVE_CORRUPT
    assert done(client.ask(SlotNew(id=5))).epoch == 3


def test_two_games_share_nothing_and_a_new_session_gets_no_old_reply(start: Start) -> None:
    running = start(*QUICK)
    first, second = running.client(game="one"), running.client(game="two")
    done(first.ask(WorldSet(id=1, values={"flags.met_courier": True, "$own": 7})))
    done(first.ask(Event(id=2, text="The mill burns.", npcs=["marta"])))
    assert done(second.ask(WorldGet(id=1, names=["flags.met_courier"]))).data["values"] == {"flags.met_courier": False}
    assert "The mill burns." in knows(first, 3, "Hello.")
    assert "The mill burns." not in knows(second, 2, "Hello.")
    assert [slot["slot"] for slot in done(first.ask(SlotList(id=4))).data["slots"]] == ["main"]
    again = running.client(game="one")
    assert done(again.ask(WorldGet(id=1, names=["$own"]))).data["values"] == {"$own": 7}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_what_was_acknowledged_outlives_a_killed_daemon(start: Start, tmp_path: Path) -> None:
    saves = tmp_path / "saves.sqlite"
    running = start(*QUICK, "--saves", str(saves))
    client = running.client()
    done(client.ask(WorldSet(id=1, values={"player.coins": 41})))
    line = done(client.ask(Say(id=2, npc="marta", text=TOLD, budget_ms=10_000)))
    assert done(client.ask(Spoken(id=3, target=2))).data == {"kept": True}
    os.kill(running.process.pid, signal.SIGKILL)
    running.stop()
    client = start(*QUICK, "--saves", str(saves)).client()
    assert done(client.ask(WorldGet(id=1, names=["player.coins"]))).data["values"] == {"player.coins": 41}
    prompt = knows(client, 2, "Hello.")
    assert TOLD in prompt
    assert line.text in prompt


def test_a_second_daemon_on_the_same_saves_is_refused(start: Start, tmp_path: Path) -> None:
    saves = str(tmp_path / "saves.sqlite")
    start(*QUICK, "--saves", saves)
    with pytest.raises(AssertionError, match="storage_in_use"):
        start(*QUICK, "--saves", saves)


def test_a_slot_begun_anew_ends_what_was_asked_before_and_not_what_is_asked_after(start: Start) -> None:
    client = start("--option", "step_ms=20").client()
    client.send(Say(id=1, npc="marta", text="Tell me everything.", budget_ms=60_000))
    client.send(SlotNew(id=2))
    client.send(Say(id=3, npc="bram", text="Evening.", budget_ms=60_000))
    assert isinstance(client.terminal(1), Error)
    assert done(client.terminal(2)).epoch == 2
    assert done(client.terminal(3)).epoch == 2
