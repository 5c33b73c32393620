"""Who learns of what: events, overheard words, places; and what the game sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops_stage import Game, TalkingBrain
from village import NPCS, write_village

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import Refusal
from npc_engine.wire import messages
from npc_engine.wire.messages import Reason


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def knows(game: Game, npc: str, text: str) -> list[str]:
    """All the character lived through or heard of it."""
    return [*game.lived(npc), *game.recalled(npc, text)]


def refused(game: Game, code: ErrorCode, kind: type[messages.Request], **fields: Any) -> str:
    with pytest.raises(NpcError) as caught:
        game.do(kind, **fields)
    assert caught.value.code is code
    return caught.value.message


class TestEvents:
    def test_those_at_the_place_and_nobody_else(self, game: Game) -> None:
        data = game.data(messages.Event, text="A cart breaks.")
        assert data == {"witnesses": ["anna", "ben", "cleo"]}
        assert [game.lived(npc) for npc in NPCS] == [["A cart breaks."]] * 3 + [[]]
        assert game.data(messages.Event, text="A dog barks.", place="lane") == {"witnesses": ["dora"]}
        assert game.lived("dora") == ["A dog barks."]
        assert "A dog barks." not in knows(game, "anna", "the dog")

    def test_those_who_are_named_and_nobody_else(self, game: Game) -> None:
        data = game.data(messages.Event, text="A cart breaks.", npcs=["dora", "anna", "dora"], place="well")
        assert data == {"witnesses": ["dora", "anna"]}
        assert [game.lived(npc) for npc in NPCS] == [["A cart breaks."], [], [], ["A cart breaks."]]
        assert game.data(messages.Event, text="Nobody sees it.", npcs=[]) == {"witnesses": []}

    def test_where_the_player_is_not_nobody_sees_it(self, game: Game) -> None:
        game.do(messages.SceneLeave)
        game.do(messages.WorldSet, values={"npcs.cleo.place": ""})
        assert game.data(messages.Event, text="A cart breaks.") == {"witnesses": []}

    @pytest.mark.parametrize("text", ["", " \n", "\u200b", "\x00\x1b", "\ud800"])
    def test_an_event_that_cannot_be_seen(self, game: Game, text: str) -> None:
        refused(game, ErrorCode.BAD_VALUE, messages.Event, text=text)

    def test_unknown_names_leave_everything_as_it_is(self, game: Game) -> None:
        refused(game, ErrorCode.UNKNOWN_NPC, messages.Event, text="A cart breaks.", npcs=["anna", "nobody"])
        refused(game, ErrorCode.UNKNOWN_PLACE, messages.Event, text="A cart breaks.", place="nowhere")
        assert game.lived("anna") == []

    def test_an_event_comes_after_the_words_that_pend(self, game: Game) -> None:
        game.say("anna", "Good morning.")
        game.do(messages.Event, text="A cart breaks.", importance=9)
        assert game.lived("anna") == ["Good morning.", "Well, that is line 1.", "A cart breaks."]


class TestOverhearing:
    def test_whoever_is_near_hears_both(self, game: Game) -> None:
        game.say("anna", "I lost my anchor.")
        assert knows(game, "ben", "anchor") == []  # not yet: perhaps nobody heard it
        game.do(messages.Spoken, target=1)
        for npc in ("ben", "cleo"):
            assert knows(game, npc, "anchor") == ["Traveller said to Anna: \u201cI lost my anchor.\u201d"]
            assert knows(game, npc, "line") == ["Anna said to Traveller: \u201cWell, that is line 1.\u201d"]
            assert game.lived(npc) == []
        assert knows(game, "dora", "anchor line") == []

    def test_nobody_overhears_a_whisper(self, game: Game) -> None:
        game.say("anna", "I lost my anchor.", private=True)
        game.do(messages.Spoken, target=1)
        for npc in ("ben", "cleo", "dora"):
            assert knows(game, npc, "anchor line") == []
        game.say("anna", "Do you remember?")
        game.do(messages.Spoken, target=game.last_id - 1)
        assert all("anchor" not in memory for memory in knows(game, "ben", "anchor"))

    def test_nobody_overhears_what_was_not_said(self, game: Game) -> None:
        game.say("anna", "I lost my anchor.")
        game.do(messages.Unspoken, target=1)
        assert knows(game, "ben", "anchor line") == []
        assert game.lived("anna") == []

    def test_of_half_a_line_they_hear_half(self, game: Game) -> None:
        game.say("anna", "Hello.")
        game.do(messages.Spoken, target=1, heard=len("Well, that"))
        assert knows(game, "ben", "well") == ["Anna said to Traveller: \u201cWell, that\u201d"]

    def test_at_no_place_nobody_is_near(self, game: Game) -> None:
        game.do(messages.WorldSet, values={f"npcs.{npc}.place": "" for npc in NPCS})
        game.say("anna", "I lost my anchor.")
        game.do(messages.Spoken, target=game.last_id)
        assert knows(game, "ben", "anchor line") == []

    def test_what_a_line_for_another_reply_told_is_heard_by_its_listener_alone(self, game: Game) -> None:
        game.brain.refusal = Refusal(Reason.BUSY)
        game.say("anna", "I lost my anchor.")
        assert knows(game, "anna", "anchor") == ["I lost my anchor."]
        assert knows(game, "ben", "anchor") == []

    def test_who_comes_later_has_not_heard_it(self, game: Game) -> None:
        game.say("anna", "I lost my anchor.")
        game.do(messages.SceneEnter, place="lane", npcs=["anna", "dora"])
        game.say("anna", "Where were we?")  # keeps the line before
        assert knows(game, "dora", "anchor") == []

    def test_who_leaves_later_has_heard_it(self, game: Game) -> None:
        game.say("anna", "I lost my anchor.")
        game.do(messages.WorldSet, values={"npcs.ben.place": "lane"})
        game.do(messages.Spoken, target=1)
        assert knows(game, "ben", "anchor") == ["Traveller said to Anna: \u201cI lost my anchor.\u201d"]

    def test_players_of_other_names_are_overheard_too(self, game: Game) -> None:
        game.say("anna", "I lost my anchor.", speaker="Tessa")
        game.do(messages.Spoken, target=1)
        assert knows(game, "ben", "anchor") == ["Tessa said to Anna: \u201cI lost my anchor.\u201d"]


class TestScenes:
    def test_entering_moves_who_is_named_and_nobody_stays(self, game: Game) -> None:
        data = game.data(messages.SceneEnter, place="lane", npcs=["ben", "anna"], items=["cart"])
        assert data == {"npcs": ["ben", "anna"]}
        state = game.world().state
        assert state.places == {"player": "lane", "anna": "lane", "ben": "lane", "cleo": "well", "dora": ""}
        assert state.items == {"lane": ["cart"]}

    def test_entering_without_names_moves_the_player_alone(self, game: Game) -> None:
        assert game.data(messages.SceneEnter, place="lane") == {"npcs": ["dora"]}
        assert game.world().state.places["dora"] == "lane"
        game.do(messages.SceneLeave)
        assert game.world().state.places["player"] == ""
        assert game.world().near == []

    def test_an_unknown_name_moves_nobody(self, game: Game) -> None:
        before = dict(game.world().state.places)
        refused(game, ErrorCode.UNKNOWN_NPC, messages.SceneEnter, place="lane", npcs=["ben", "nobody"])
        refused(game, ErrorCode.UNKNOWN_PLACE, messages.SceneEnter, place="nowhere", npcs=["ben"])
        assert game.world().state.places == before

    def test_those_near_are_warmed_in_order(self, game: Game) -> None:
        game.do(messages.SceneEnter, place="lane", npcs=["ben", "anna"])
        assert [ask.cache_key.split("/")[2] for ask in game.brain.prefetched] == ["ben", "anna"]


class TestValues:
    def test_set_is_all_or_nothing_and_says_what_changed(self, game: Game) -> None:
        data = game.data(messages.WorldSet, values={"flags.gate": True, "time": "10:00", "$own": 1})
        assert data == {"changed": ["flags.gate", "$own"]}
        before = game.data(messages.WorldGet)
        message = refused(game, ErrorCode.UNKNOWN_NAME, messages.WorldSet, values={"$own": 2, "flags.gat": True})
        assert "flags.gate" in message
        refused(game, ErrorCode.BAD_VALUE, messages.WorldSet, values={"$own": 2, "flags.gate": "open"})
        assert game.data(messages.WorldGet) == before

    def test_get(self, game: Game) -> None:
        assert game.data(messages.WorldGet, names=["time", "player.place"])["values"] == {
            "time": "10:00",
            "player.place": "well",
        }
        values = game.data(messages.WorldGet)["values"]
        assert game.data(messages.WorldSet, values=values) == {"changed": []}
        refused(game, ErrorCode.UNKNOWN_NAME, messages.WorldGet, names=["time", "tim"])

    def test_what_was_set_outlives_the_daemon(self, game: Game, tmp_path: Path) -> None:
        game.do(messages.WorldSet, values={"flags.gate": True, "npcs.ben.relation.anna.fear": 9})
        again = Game(tmp_path, store=game.scene.stage.store)
        assert again.data(messages.WorldGet) == game.data(messages.WorldGet)
        again.close()


def test_the_longest_words_are_taken_and_longer_ones_are_not(game: Game) -> None:
    game.say("anna", "x" * limits.TEXT_CHARS)
    refused(game, ErrorCode.TEXT_TOO_LONG, messages.Say, npc="anna", text="x" * (limits.TEXT_CHARS + 1), budget_ms=9)
    refused(game, ErrorCode.UNKNOWN_NPC, messages.Say, npc="zoe", text="Hello.", budget_ms=9)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["say", "whisper", "event", "walk"]),
            st.sampled_from(NPCS),
            st.sampled_from(["well", "lane", ""]),
        ),
        max_size=14,
    )
)
def test_everybody_knows_exactly_what_was_near(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Each thing told or done holds a word of its own; a model of the village says who must know it."""
    game = Game(write_village(tmp_path_factory.mktemp("village")), TalkingBrain())
    places = {npc: "lane" if npc == "dora" else "well" for npc in NPCS}
    known: dict[str, set[str]] = {npc: set() for npc in NPCS}
    for number, (what, npc, place) in enumerate(steps):
        word = f"zq{number}"
        near = {other for other in NPCS if places[other] and places[other] == places[npc]}
        if what in ("say", "whisper"):
            game.say(npc, f"I speak of {word} today.", private=what == "whisper")
            game.do(messages.Spoken, target=game.last_id)
            for other in near | {npc} if what == "say" else {npc}:
                known[other].add(word)
        elif what == "event" and place:
            game.do(messages.Event, text=f"There is {word} today.", place=place)
            for other in NPCS:
                if places[other] == place:
                    known[other].add(word)
        elif what == "walk":
            game.do(messages.WorldSet, values={f"npcs.{npc}.place": place})
            places[npc] = place
    for npc in NPCS:
        for number in range(len(steps)):
            found = any(f"zq{number} " in memory for memory in knows(game, npc, f"zq{number}"))
            assert found == (f"zq{number}" in known[npc]), (npc, number, steps)
    game.close()
