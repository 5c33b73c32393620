"""What a newcomer sees: told again while nothing changes, what is new first, and in the author's words if need be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ops_stage import Game, text_of
from village import write_village

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import Refusal
from npc_engine.wire import messages
from npc_engine.wire.messages import Done, Reason, Source


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def describe(game: Game, place: str = "well", **fields: Any) -> Done:
    return game.do(messages.Describe, place=place, budget_ms=2_000, **fields)


def asked(game: Game) -> str:
    return text_of(game.brain.asks[-1].segments)


def test_what_is_seen_is_not_spoken(game: Game) -> None:
    done = describe(game)
    assert (done.text, done.narration, done.source) == ("", "Well, that is line 1.", Source.MODEL)
    assert game.data(messages.Spoken, target=game.last_id) == {"kept": False}


def test_told_again_while_nothing_changes(game: Game) -> None:
    first = describe(game)
    game.do(messages.WorldSet, values={"time": "09:15", "player.coins": 9, "npcs.dora.place": ""})
    game.brain.refusal = Refusal(Reason.BUSY)
    again = describe(game, seed=4)
    assert (again.narration, again.source, again.id) == (first.narration, Source.MODEL, game.last_id)
    assert len(game.brain.asks) == 1


@pytest.mark.parametrize(
    ("values", "new"),
    [
        ({"time": "21:00"}, ""),
        ({"weather": "storm"}, ""),
        ({"flags.gate": True}, "new: a ladder qzdetail leads down"),
        ({"npcs.dora.place": "well"}, "new: Dora is here"),
        ({"npcs.anna.place": "lane"}, ""),
    ],
)
def test_told_anew_when_something_visible_changes(game: Game, values: dict[str, Any], new: str) -> None:
    first = describe(game)
    game.do(messages.WorldSet, values=values)
    second = describe(game)
    assert second.narration != first.narration
    assert new in asked(game)
    assert asked(game).count("new: ") == (1 if new else 0)
    third = describe(game)
    assert third.narration == second.narration


def test_new_is_what_was_not_there_at_the_last_look(game: Game) -> None:
    describe(game)
    assert "new: " not in asked(game)
    game.do(messages.SceneEnter, place="well", items=["axe"])
    game.brain.refusal = Refusal(Reason.BUSY)
    describe(game)  # an authored look is a look
    game.brain.refusal = None
    describe(game)
    assert "at hand: axe" in asked(game)
    assert "new: " not in asked(game)


def test_slots_look_for_themselves(game: Game) -> None:
    first = describe(game)
    assert describe(game, slot="other").narration != first.narration
    game.do(messages.SlotNew)
    assert describe(game).narration != first.narration
    assert "new: " not in asked(game)


def test_the_author_describes_what_holds(game: Game) -> None:
    game.brain.refusal = Refusal(Reason.LOADING)
    assert {describe(game).narration for _ in range(4)} == {"A well in the fog."}
    game.do(messages.WorldSet, values={"time": "23:00"})
    looks = [describe(game) for _ in range(4)]
    assert {look.narration for look in looks} == {"A well in the fog.", "Stars qznight stand over the well."}
    assert {(look.source, look.text) for look in looks} == {(Source.AUTHORED, "")}
    assert describe(game, "lane").narration == "A lane."


def test_an_authored_description_is_not_kept(game: Game) -> None:
    game.brain.refusal = Refusal(Reason.LOADING)
    describe(game)
    game.brain.refusal = None
    assert describe(game).source is Source.MODEL


def test_an_unknown_place(game: Game) -> None:
    with pytest.raises(NpcError) as caught:
        describe(game, "wel")
    assert caught.value.code is ErrorCode.UNKNOWN_PLACE
    assert "well" in caught.value.message
