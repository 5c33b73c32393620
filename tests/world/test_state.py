"""The world's state: a copy of the pack's start, and what conditions see of it."""

from pathlib import Path

import msgspec
import pytest
from pack_files import write_pack

from npc_engine.world.conditions import parse
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.state import WorldState


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(write_pack(tmp_path))


def test_a_new_game(pack: Pack) -> None:
    state = WorldState.start(pack)
    assert (state.hour, state.minute, state.period, state.weather) == (6, 5, "dawn", "fog")
    assert state.places == {"player": "well", "anna": "well", "ben": ""}


def test_changes_reach_neither_the_pack_nor_another_game(pack: Pack) -> None:
    state = WorldState.start(pack)
    state.flags["met"] = True
    state.player["coins"] = 0
    state.places["anna"] = "lane"
    state.relations["anna"]["player"].trust = 99
    other = WorldState.start(pack)
    assert other.flags == {"met": False}
    assert other.player == {"coins": 2}
    assert other.places["anna"] == "well"
    assert other.relations["anna"]["player"].trust == 10


@pytest.mark.parametrize(
    ("hour", "period"),
    [
        (0, "night"),
        (4, "night"),
        (5, "dawn"),
        (7, "morning"),
        (10, "morning"),
        (11, "noon"),
        (14, "afternoon"),
        (18, "evening"),
        (21, "evening"),
        (22, "night"),
        (23, "night"),
    ],
)
def test_parts_of_the_day(pack: Pack, hour: int, period: str) -> None:
    state = WorldState.start(pack)
    state.hour = hour
    assert state.period == period


def test_what_a_condition_may_read(pack: Pack) -> None:
    assert WorldState.start(pack).scope("anna") == {
        "flags.met": False,
        "player.coins": 2,
        "relation.player.trust": 10,
        "relation.player.affection": 50,
        "relation.player.fear": 0,
        "relation.ben.trust": 50,
        "relation.ben.affection": 50,
        "relation.ben.fear": 0,
        "place": "well",
        "place.id": "well",
        "player.place": "well",
        "time.hour": 6,
        "time.minute": 5,
        "time.period": "dawn",
        "weather": "fog",
    }


def test_each_character_reads_its_own_place_and_relations(pack: Pack) -> None:
    scope = WorldState.start(pack).scope("ben")
    assert scope["place"] == ""
    assert scope["player.place"] == "well"
    assert "relation.player.trust" not in scope


def test_a_fact_unlocks_when_the_game_says_so(pack: Pack) -> None:
    state = WorldState.start(pack)
    condition = parse(pack.npcs["anna"].knowledge[0].when)
    assert not condition.holds(state.scope("anna"))
    state.flags["met"] = True
    assert condition.holds(state.scope("anna"))
    state.relations["anna"]["player"].trust = 5
    assert not condition.holds(state.scope("anna"))


def test_it_survives_the_wire_format(pack: Pack) -> None:
    state = WorldState.start(pack)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=WorldState) == state
