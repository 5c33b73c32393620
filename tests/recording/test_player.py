"""Playing against clients that are scripted: real requests, ended by the test."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args

import pytest

from npc_engine.client import Action, NpcClient, Reply, RequestError
from npc_engine.client import Request as Asked
from npc_engine.errors import ErrorCode
from npc_engine.recording.exchanges import Exchange, Said, seed_of
from npc_engine.recording.player import Played, Player, Verdict, kind_of
from npc_engine.recording.recorder import UNRECORDED
from npc_engine.wire import messages as wire
from npc_engine.wire.examples import CLIENT_EXAMPLES
from npc_engine.wire.messages import Converse, Reason, SaveImport, Say, Spoken, Unspoken, Warm, WorldSet

SEED = 7
BUDGET_MS = 60_000


class FakeClient:
    """Notes every call that the real client would take, and hands out real requests."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Asked]:
        def call(**arguments: Any) -> Asked:
            inspect.signature(getattr(NpcClient, name)).bind(self, **arguments)
            self.calls.append((name, arguments))
            fields = {"t": name, "id": len(self.calls), "turns": arguments.get("turns", 0)}
            return Asked(fields, patience_ms=1, now_ns=0, cancel=lambda _: None)

        return call


class Table:
    """Clients by game, and the answers their requests get."""

    def __init__(self, *answers: Reply | RequestError) -> None:
        self.clients: dict[str, FakeClient] = {}
        self.answers = list(answers)

    def client(self, game: str) -> Any:
        return self.clients.setdefault(game, FakeClient())

    def wait(self, asked: Asked) -> None:
        asked.end(self.answers.pop(0) if self.answers else Reply())

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        return [call for client in self.clients.values() for call in client.calls]


def player(table: Table) -> Player:
    return Player(table.client, table.wait, seed=SEED, budget_ms=BUDGET_MS)


def exchange(request: wire.Request, *lines: Said, n: int = 1, **more: Any) -> Exchange:
    return Exchange(n=n, session=1, game="demo", at_ms=0.0, request=request, lines=list(lines), **more)


def say(request_id: int = 1, seed: int | None = None) -> Say:
    return Say(id=request_id, npc="marta", text="Hi", budget_ms=1_500, seed=seed)


def play(recorded: Exchange, *answers: Reply | RequestError) -> Played:
    return player(Table(*answers)).play(recorded)


RECORDED = tuple(set(get_args(wire.Request)) - set(UNRECORDED))
REQUESTS = [message for _, message, _ in CLIENT_EXAMPLES if isinstance(message, RECORDED)]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_every_request_of_the_protocol_is_a_call_of_the_client(request_: wire.Request) -> None:
    table = Table()
    playing = player(table)
    if isinstance(request_, Spoken | Unspoken):
        playing.play(exchange(say(request_.target)))
    playing.play(exchange(request_))
    name, arguments = table.calls[-1]
    assert name == kind_of(exchange(request_)).replace(".", "_")
    assert "id" not in arguments


def test_seeds_are_the_recorded_ones_or_derived_and_budgets_are_ample() -> None:
    table = Table()
    playing = player(table)
    playing.play(exchange(say(1, seed=3), n=1))
    playing.play(exchange(say(2), n=2))
    playing.play(exchange(Warm(id=3, npcs=["marta"], budget_ms=90_000), n=3))
    told = [(arguments.get("seed"), arguments["budget_ms"]) for _, arguments in table.calls]
    assert told == [(3, BUDGET_MS), (seed_of(2, SEED), BUDGET_MS), (None, 90_000)]


def test_games_have_clients_of_their_own() -> None:
    table = Table()
    playing = player(table)
    playing.play(exchange(say()))
    other = exchange(WorldSet(id=1, values={"rain": True}))
    other.game = "other"
    playing.play(other)
    assert [(game, client.calls[0][0]) for game, client in table.clients.items()] == [
        ("demo", "say"),
        ("other", "world_set"),
    ]


def test_what_was_spoken_is_the_line_of_this_replay() -> None:
    table = Table()
    playing = player(table)
    playing.play(exchange(say(41)))
    playing.play(exchange(Spoken(id=42, target=41, heard=3)))
    assert playing.play(exchange(Unspoken(id=43, target=40))).verdict is Verdict.SKIPPED
    (_, (name, arguments)) = table.calls
    assert (name, arguments["heard"], arguments["request"].kind) == ("spoken", 3, "say")


def test_a_save_goes_out_as_its_bytes_and_one_that_is_none_stays_here() -> None:
    table = Table()
    player(table).play(exchange(SaveImport(id=1, blob="AP8=")))
    assert table.calls[0][1]["blob"] == b"\x00\xff"
    assert play(exchange(SaveImport(id=1, blob="?"), error="save_corrupt")).verdict is Verdict.SKIPPED


def test_what_was_cancelled_is_not_asked_again() -> None:
    table = Table()
    assert player(table).play(exchange(say(), error="cancelled")).verdict is Verdict.SKIPPED
    assert table.calls == []


@pytest.mark.parametrize(("reason", "heard", "asked"), [(Reason.INTERRUPTED, 2, 2), (None, 2, 4)])
def test_a_conversation_that_was_interrupted_goes_no_further_than_it_did(
    reason: str | None, heard: int, asked: int
) -> None:
    table = Table()
    lines = [Said(text="Aye.", npc="bram")] * heard
    player(table).play(exchange(Converse(id=1, npcs=["marta", "bram"], budget_ms=9), *lines, reason=reason))
    assert table.calls[0][1]["turns"] == asked


def test_a_conversation_that_was_interrupted_at_once_is_not_asked_again() -> None:
    recorded = exchange(Converse(id=1, npcs=["marta", "bram"], budget_ms=9), reason=Reason.INTERRUPTED)
    assert play(recorded).verdict is Verdict.SKIPPED


AYE = Said(text="Aye.", emotion="joy", actions=[wire.Action(name="nod", args={"to": "x"})], source="model")
SAME = Reply(text="Aye.", emotion="joy", actions=(Action("nod", {"to": "x"}),), source="model")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (SAME, Verdict.SAME),
        (Reply(text="Aye.", emotion="joy", actions=SAME.actions, source="model", reason="length"), Verdict.SAME),
        (Reply(narration="Aye.", emotion="joy", actions=SAME.actions, source="model"), Verdict.SAME),
        (Reply(text="No.", emotion="joy", actions=SAME.actions, source="model"), Verdict.DIFFERENT),
        (Reply(text="Aye.", emotion="fear", actions=SAME.actions, source="model"), Verdict.DIFFERENT),
        (Reply(text="Aye.", emotion="joy", source="model"), Verdict.DIFFERENT),
        (Reply(text="Aye.", emotion="joy", actions=SAME.actions, source="authored"), Verdict.DIFFERENT),
        (RequestError("internal", ""), Verdict.DIFFERENT),
    ],
)
def test_lines_are_compared_in_words_feeling_deeds_and_source(answer: Reply | RequestError, verdict: Verdict) -> None:
    assert play(exchange(say(), AYE), answer).verdict is verdict


def test_a_line_for_want_of_time_is_no_measure() -> None:
    late = Said(text="Hold that thought.", source="authored", reason="late")
    assert play(exchange(say(), late, reason="late"), SAME).verdict is Verdict.UNLIKE
    same = Reply(text="Hold that thought.", source="authored", reason="busy")
    assert play(exchange(say(), late, reason="late"), same).verdict is Verdict.SAME


def test_what_is_not_speech_is_compared_by_its_end() -> None:
    told = exchange(WorldSet(id=1, values={"rain": True}))
    assert play(told, Reply(data={"changed": []})).verdict is Verdict.SAME
    refused = play(told, RequestError(ErrorCode.UNKNOWN_NAME, "?"))
    assert (refused.verdict, refused.error) == (Verdict.DIFFERENT, "unknown_name")
    wrong = exchange(WorldSet(id=1, values={"rain": True}), error="unknown_name")
    assert play(wrong, RequestError(ErrorCode.UNKNOWN_NAME, "?")).verdict is Verdict.SAME


def test_a_conversation_is_compared_line_by_line() -> None:
    table = Table()

    def talk(asked: Asked) -> None:
        for n, npc in enumerate(("marta", "bram"), start=1):
            asked.turn({"n": n, "npc": npc, "text": "Aye.", "source": "model"}, 0)
        asked.end(Reply())

    recorded = [Said(text="Aye.", npc=npc, source="model") for npc in ("marta", "bram")]
    request = Converse(id=1, npcs=["marta", "bram"], budget_ms=9, turns=2)
    playing = Player(table.client, talk, seed=SEED, budget_ms=BUDGET_MS)
    played = playing.play(exchange(request, *recorded))
    assert (played.verdict, played.lines) == (Verdict.SAME, recorded)
    assert playing.play(exchange(request, *recorded[:1])).verdict is Verdict.DIFFERENT
