"""The order of what is asked of a daemon, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rehearsal_pack import rehearsal_pack

from npc_engine.client.replies import Action, Reply, RequestError
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.rehearsal.runner import SLOT, Rehearsal, Run
from npc_engine.rehearsal.spec import load_tests


@dataclass
class FakeRequest:
    reply: Reply | None = None
    error: RequestError | None = None
    polls_left: int = 2

    @property
    def finished(self) -> bool:
        return self.polls_left == 0


@dataclass
class FakePeer:
    """Notes what it is asked, and answers everything after two polls."""

    answer: Callable[[str], Reply] = lambda text: Reply("A smuggler.", "fear", (Action("draw"),), "model")
    insight: dict[str, Any] = field(default_factory=lambda: {"knows": [], "locked": [], "actions": []})
    refuse: str = ""
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    _open: list[FakeRequest] = field(default_factory=list)

    def poll(self) -> None:
        for request in self._open:
            request.polls_left = max(0, request.polls_left - 1)

    def slot_new(self, slot: str) -> FakeRequest:
        return self._ask("slot_new", slot)

    def world_set(self, values: Any, *, slot: str) -> FakeRequest:
        return self._ask("world_set", dict(values), slot)

    def scene_enter(self, place: str, *, slot: str) -> FakeRequest:
        return self._ask("scene_enter", place, slot)

    def event(self, text: str, place: str, npcs: Any, importance: int, *, slot: str) -> FakeRequest:
        return self._ask("event", text, place, npcs, importance, slot)

    def inspect(self, npc: str, text: str, *, slot: str) -> FakeRequest:
        return self._ask("inspect", npc, text, slot, reply=Reply(data=self.insight))

    def say(self, npc: str, text: str, budget_ms: int, *, slot: str, seed: int) -> FakeRequest:
        return self._ask("say", npc, text, budget_ms, seed, slot, reply=self.answer(text))

    def spoken(self, request: Any) -> FakeRequest:
        assert request.reply is not None
        return self._ask("spoken", request.reply.text)

    def _ask(self, kind: str, *arguments: Any, reply: Reply | None = None) -> FakeRequest:
        self.asked.append((kind, *arguments))
        if kind == self.refuse:
            request = FakeRequest(error=RequestError("unknown_slot", "no such slot"))
        else:
            request = FakeRequest(reply or Reply())
        self._open.append(request)
        return request


def play(folder: Path, peer: FakePeer, *, seeds: int = 1, scripted: bool = False) -> list[Run]:
    pack = rehearsal_pack(folder)
    rehearsal = Rehearsal(pack, peer, budget_ms=500, scripted=scripted)
    return list(rehearsal.play(load_tests(pack), seeds))


def test_each_run_begins_anew_and_asks_in_order(tmp_path: Path) -> None:
    peer = FakePeer()
    play(tmp_path, peer)
    second = peer.asked[[index for index, asked in enumerate(peer.asked) if asked[0] == "slot_new"][1] :]
    assert second == [
        ("slot_new", SLOT),
        ("world_set", {"flags.met": True, "npcs.anna.place": "lane"}, SLOT),
        ("scene_enter", "lane", SLOT),
        ("event", "A bell rings.", "", ["anna"], 7, SLOT),
        ("say", "anna", "Evening.", 500, 1, SLOT),
        ("spoken", "A smuggler."),
        ("inspect", "anna", "What is that noise?", SLOT),
        ("say", "anna", "What is that noise?", 500, 1, SLOT),
        ("spoken", "A smuggler."),
    ]


def test_every_seed_is_a_run_and_seeds_are_fixed(tmp_path: Path) -> None:
    peer = FakePeer()
    runs = play(tmp_path, peer, seeds=3)
    assert [run.seed for run in runs] == [1, 2, 3, 1, 2, 3]
    assert {asked[4] for asked in peer.asked if asked[0] == "say"} == {1, 2, 3}


def test_what_failed_is_told_with_the_lines(tmp_path: Path) -> None:
    peer = FakePeer(insight={"knows": [], "locked": [{"id": "den", "when": "flags.met"}], "actions": ["leave"]})
    hides, trusts = play(tmp_path, peer)
    assert hides.verdict.failures == ["never_mentions: mentions `smuggler`"]
    assert trusts.verdict.failures == ["knows: `den` is locked"]
    report = trusts.as_json()
    assert report["passed"] is False
    assert [line["say"] for line in report["lines"]] == ["Evening.", "What is that noise?"]
    assert report["lines"][0]["text"] == "A smuggler."


def test_every_reply_must_be_in_character(tmp_path: Path) -> None:
    def answer(text: str) -> Reply:
        return Reply(
            "I am a robot, smuggler." if text == "Evening." else "Smuggler.", "joy", (Action("draw"),), "model"
        )

    peer = FakePeer(answer, {"knows": ["den"], "locked": [], "actions": []})
    assert play(tmp_path, peer)[1].verdict.failures == ["in character: says `robot`"]


def test_with_scripted_lines_the_certain_part_is_judged(tmp_path: Path) -> None:
    runs = play(tmp_path, FakePeer(), scripted=True)
    assert [run.verdict.failures for run in runs] == [
        ["locked: `den` is open", "may: `leave` is not possible"],
        ["knows: `den` does not come to mind"],
    ]
    assert [run.verdict.unjudged for run in runs] == [1, 3]


def test_what_the_daemon_refuses_fails_the_run_and_no_other(tmp_path: Path) -> None:
    runs = play(tmp_path, FakePeer(refuse="event"))
    assert "the daemon refused: unknown_slot: no such slot" not in runs[0].verdict.failures
    assert runs[1].verdict.failures == ["the daemon refused: unknown_slot: no such slot"]


def test_a_daemon_that_went_away_ends_the_rehearsal(tmp_path: Path) -> None:
    peer = FakePeer(lambda text: Reply("Hm.", source="authored", reason="offline"))
    with pytest.raises(NpcError) as caught:
        play(tmp_path, peer)
    assert caught.value.code is ErrorCode.DAEMON_UNREACHABLE
