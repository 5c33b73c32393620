"""What is seen of a place, what is new in it, and how a feeling is put in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pack_files import write_pack

from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.sights import THINGS, sights, to_describe
from npc_engine.world.stance import stance
from npc_engine.world.state import WorldState

WELL = (
    "id: well\nname: the well\nsummary: Deep.\nitems: [old_rope]\nprops: [mossy stones]\nlight: pale\nsounds: [drips]\n"
    "details:\n  - {text: 'a chest of {player.coins} coins', when: flags.met}\n"
)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(write_pack(tmp_path, {"places/well.yaml": WELL}))


def test_all_there_is_to_see(pack: Pack) -> None:
    state = WorldState.start(pack)
    well = pack.places["well"]
    assert sights(state, pack, well) == [
        "dawn",
        "fog",
        "Anna is here",
        "mossy stones",
        "at hand: old rope",
        "pale",
        "drips",
    ]
    state.flags["met"] = True
    state.items["well"] = []
    state.places |= {"anna": "", "zoe": "well"}
    assert sights(state, pack, well) == ["dawn", "fog", "a chest of 2 coins", "mossy stones", "pale", "drips"]


def test_what_is_new_is_told_first() -> None:
    before = ["dawn", "fog", "stones", "a rope"]
    assert to_describe(["noon", "rain", "stones", "a body"], before) == ["noon", "rain", "new: a body", "stones"]
    assert to_describe(before, []) == before
    assert to_describe(before, before) == before


@given(
    now=st.lists(st.integers(0, 30).map(str), max_size=20, unique=True),
    before=st.lists(st.integers(0, 30).map(str), max_size=20, unique=True),
)
def test_nothing_new_is_left_out_and_nothing_is_told_twice(now: list[str], before: list[str]) -> None:
    told = to_describe(["dawn", "fog", *now], ["dawn", "fog", *before])
    new = [f"new: {sight}" for sight in now if sight not in before]
    assert told[2 : 2 + len(new)] == new
    rest = told[2 + len(new) :]
    assert rest == [sight for sight in now if sight in before][:THINGS]


@pytest.mark.parametrize(
    ("ties", "mood", "words"),
    [
        ({}, 0, ""),
        ({"fear": 70}, 0, "afraid of Ash"),
        ({"fear": 69}, 1, ""),
        ({"trust": 15, "affection": 90}, 2, "distrusts Ash, warmed by Ash"),
        ({"affection": 70, "trust": 100}, -2, "fond of Ash, cross with Ash"),
        ({"affection": 15}, -1, "dislikes Ash"),
    ],
)
def test_stance(pack: Pack, ties: dict[str, int], mood: int, words: str) -> None:
    state = WorldState.start(pack)
    state.relations["anna"]["player"].trust = 50
    for tie, degree in ties.items():
        setattr(state.relations["anna"]["player"], tie, degree)
    state.move_mood("anna", "player", mood)
    assert stance(state, "anna", "player", "Ash") == words


@given(moves=st.lists(st.integers(-3, 3), max_size=30))
def test_a_mood_stays_within_bounds_and_moves_nothing_else(moves: list[int]) -> None:
    state = WorldState(flags={}, player={}, places={"player": ""}, relations={"a": {}}, hour=1, minute=2, weather="fog")
    before = state.scope()
    for move in moves:
        state.move_mood("a", "player", move)
        assert -3 <= state.mood("a", "player") <= 3
    assert state.scope() == before
    assert state.relations == {"a": {}}
