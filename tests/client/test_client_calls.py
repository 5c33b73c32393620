"""The calls about worlds, scenes, saves and slots, and what a save that is loaded does to what was asked before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client_stage import Stage, draft, line, turn

from npc_engine import limits
from npc_engine.client import NpcClient, Request
from npc_engine.client.calls import LOOK_MS, RECORD_MS
from npc_engine.client.requests import GRACE_MS
from npc_engine.errors import ErrorCode
from npc_engine.wire.messages import (
    Converse,
    Done,
    Error,
    Event,
    Hello,
    Inspect,
    PackChanged,
    SaveExport,
    SaveImport,
    Say,
    SceneEnter,
    SceneLeave,
    SlotCopy,
    SlotDelete,
    SlotList,
    SlotNew,
    Unspoken,
    WorldGet,
    WorldSet,
)

BLOB = bytes(range(256))


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.greet()
    return stage


def test_every_call_is_the_message_of_its_name(stage: Stage) -> None:
    client = stage.client
    said = client.say("marta", "Hi")
    stage.received()
    client.unspoken(said)
    client.converse(["marta", "bram"], "the roof", 6, 2_500, slot="s2", seed=9)
    client.world_set({"flags.mill_sold": True, "player.coins": 3, "weather": "rain", "time": 18.5}, slot="s2")
    client.world_get()
    client.world_get(("weather",), slot="s2")
    client.event("The mill burns.")
    client.event("The mill burns.", "mill", ["marta"], 9, slot="s2")
    client.event("Nobody saw it.", npcs=[])
    client.scene_enter("inn")
    client.scene_enter("inn", ["marta", "bram"], ["mug"], slot="s2")
    client.scene_enter("inn", [], [])
    client.scene_leave(slot="s2")
    assert stage.received() == [
        Unspoken(id=2, target=1),
        Converse(id=3, npcs=["marta", "bram"], topic="the roof", turns=6, budget_ms=2_500, slot="s2", seed=9),
        WorldSet(id=4, values={"flags.mill_sold": True, "player.coins": 3, "weather": "rain", "time": 18.5}, slot="s2"),
        WorldGet(id=5),
        WorldGet(id=6, names=["weather"], slot="s2"),
        Event(id=7, text="The mill burns."),
        Event(id=8, text="The mill burns.", place="mill", npcs=["marta"], importance=9, slot="s2"),
        Event(id=9, text="Nobody saw it.", npcs=[]),
        SceneEnter(id=10, place="inn"),
        SceneEnter(id=11, place="inn", npcs=["marta", "bram"], items=["mug"], slot="s2"),
        SceneEnter(id=12, place="inn", npcs=[], items=[]),
        SceneLeave(id=13, slot="s2"),
    ]


def test_every_call_about_slots_is_the_message_of_its_name(stage: Stage) -> None:
    client = stage.client
    client.save_export(slot="s2")
    client.save_import(b"\x00\xff", slot="s2")
    client.slot_new("s2")
    client.slot_copy("s3", slot="s2")
    client.slot_list()
    client.slot_delete("s2")
    client.inspect("marta", "Where is the key?", "bram", slot="s2")
    assert stage.received() == [
        SaveExport(id=1, slot="s2"),
        SaveImport(id=2, blob="AP8=", slot="s2"),
        SlotNew(id=3, slot="s2"),
        SlotCopy(id=4, to="s3", slot="s2"),
        SlotList(id=5),
        SlotDelete(id=6, slot="s2"),
        Inspect(id=7, npc="marta", text="Where is the key?", speaker="bram", slot="s2"),
    ]


def test_a_save_goes_out_as_bytes_and_comes_back_as_the_same(stage: Stage) -> None:
    stage.client.save_import(BLOB)
    (sent,) = stage.received()
    assert isinstance(sent, SaveImport)
    asked = stage.client.save_export()
    stage.send(Done(id=asked.id, epoch=2, data={"blob": sent.blob, "epoch": 2}))
    assert asked.reply is not None
    assert (asked.reply.blob, asked.reply.epoch) == (BLOB, 2)


def test_a_save_of_the_largest_size_fits_a_frame_and_a_larger_one_fails_here(stage: Stage) -> None:
    assert stage.client.save_import(bytes(limits.SAVE_BYTES)).state == "sent"
    too_big = stage.client.save_import(bytes(limits.FRAME_BYTES))
    assert too_big.error is not None
    assert too_big.error.code == ErrorCode.BAD_MESSAGE


def test_what_is_seen_is_the_text_of_a_description(stage: Stage) -> None:
    asked = stage.client.describe("inn")
    stage.send(Done(id=asked.id, narration="Smoke hangs under the beams."))
    assert (asked.text, asked.stable) == ("Smoke hangs under the beams.", 28)


def ask_all(client: NpcClient) -> tuple[list[Request], list[Request]]:
    """Every request without a budget: those that look, and those that leave something."""
    said = client.say("marta", "Hi", budget_ms=1)
    looks = [client.inspect("marta"), client.health()]
    records = [
        client.spoken(said),
        client.unspoken(said),
        client.world_set({"weather": "rain"}),
        client.world_get(),
        client.event("Rain."),
        client.scene_enter("inn"),
        client.scene_leave(),
        client.save_export(),
        client.save_import(BLOB),
        client.slot_new(),
        client.slot_copy("s2"),
        client.slot_list(),
        client.slot_delete("s2"),
    ]
    return looks, records


@pytest.mark.parametrize("greeted", [True, False])
def test_without_a_daemon_what_has_no_budget_fails_in_its_time(greeted: bool) -> None:
    stage = Stage()
    if greeted:
        stage.greet()
        stage.disconnect()
    looks, records = ask_all(stage.client)
    stage.wait(LOOK_MS + GRACE_MS)
    assert all(request.finished for request in looks)
    assert not any(request.finished for request in records)
    stage.wait(RECORD_MS - LOOK_MS)
    assert {request.error.code for request in looks + records if request.error} == {ErrorCode.DAEMON_UNREACHABLE}
    assert all(request.error for request in looks + records)


def test_what_the_daemon_must_know_survives_its_restart_in_order(stage: Stage) -> None:
    stage.client.world_set({"weather": "rain"})
    stage.client.event("Rain begins.")
    before = stage.received()
    stage.disconnect()
    stage.wait(10_000)
    assert stage.greet(resumed=False) == before


RENEWALS: list[Callable[[NpcClient], Request]] = [
    lambda client: client.save_import(BLOB),
    lambda client: client.slot_new(),
    lambda client: client.slot_delete("main"),
]


@pytest.mark.parametrize("renew", RENEWALS)
def test_what_was_asked_before_a_slot_was_renewed_is_void(stage: Stage, renew: Callable[[NpcClient], Request]) -> None:
    client = stage.client
    before = [client.say("marta", "Hi"), client.converse(["marta", "bram"])]
    stage.send(draft(before[0].id, 1, "Evening", 3), turn(before[1].id, 1))
    elsewhere, renewal, after = client.say("marta", "Hi", slot="s2"), renew(client), client.say("marta", "Hi")
    stage.send(Done(id=renewal.id, epoch=1))
    assert renewal.state == "done"
    stage.send(draft(before[0].id, 2, "Evening, love", 9), turn(before[1].id, 2), *map(line, [1, 2]))
    assert [request.error.code for request in before if request.error] == [ErrorCode.CANCELLED] * 2
    assert (before[0].text, len(before[1].turns)) == ("Evening", 1)
    assert not elsewhere.finished
    stage.send(line(elsewhere.id), line(after.id))
    assert (elsewhere.state, after.state) == ("done", "done")


def test_a_save_that_was_refused_changes_nothing(stage: Stage) -> None:
    before, asked = stage.client.say("marta", "Hi"), stage.client.save_import(BLOB)
    stage.send(Error(id=asked.id, code=ErrorCode.SAVE_CORRUPT, message="no save"))
    assert asked.state == "failed"
    stage.send(line(before.id))
    assert before.state == "done"


def test_a_changed_pack_shows_its_names_or_its_faults(stage: Stage) -> None:
    client = stage.client
    assert client.pack_problems == ()
    stage.send(PackChanged(pack="oakhollow", digest="00", problems=["npcs/marta.yaml:9:1: unknown key `rol`"]))
    assert client.pack_problems == ("npcs/marta.yaml:9:1: unknown key `rol`",)
    assert client.daemon is not None
    assert client.daemon.npcs == {"marta": "Marta Holt"}
    stage.send(PackChanged(pack="oakhollow", digest="01", npcs={"bram": "Bram"}, places={"mill": "The mill"}))
    assert client.pack_problems == ()
    assert (client.daemon.npcs, client.daemon.places) == ({"bram": "Bram"}, {"mill": "The mill"})


def test_a_pack_before_the_welcome_does_no_harm() -> None:
    stage = Stage()
    stage.connect()
    stage.send(PackChanged(pack="oakhollow", digest="00", problems=["a:1:1: b"]))
    assert stage.client.pack_problems == ()


def test_a_restarted_game_is_not_answered_what_another_run_asked() -> None:
    """A daemon keeps replies by session and id, and ids begin at 1 in every run."""
    kept: dict[tuple[str, int], str] = {}
    told = []
    for words in ("Where is the key?", "Who are you?"):
        stage = Stage()
        stage.connect()
        stage.client.poll()
        (hello,) = stage.received()
        assert isinstance(hello, Hello)
        stage.send(stage.welcome())
        asked = stage.client.say("marta", words)
        (say,) = stage.received()
        assert isinstance(say, Say)
        assert say.id == 1
        stage.send(line(say.id, kept.setdefault((hello.session, say.id), f"You asked: {say.text}")))
        told.append(asked.text)
    assert told == ["You asked: Where is the key?", "You asked: Who are you?"]
