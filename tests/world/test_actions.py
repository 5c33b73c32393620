"""What a character may do comes from its file, its conditions and the scene, and from nowhere else."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pack_files import write_pack

from npc_engine.world.actions import WAYS, Deed, possible
from npc_engine.world.instinct import Instinct, instinct
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.state import PLAYER, WorldState

ANNA = (
    "id: anna\nname: Anna\nsummary: Draws water.\nplace: well\n"
    "actions:\n"
    "  - {name: draw, when: player.coins >= 3, safe_when_cut: true}\n"
    "  - {name: give, args: {thing: item, to: npc}}\n"
    "  - {name: go, args: {where: place}}\n"
    "  - {name: sing, args: {song: [lullaby, sea_song]}, asked: [Sing for me.], says: [La la.]}\n"
    "examples:\n"
    "  - {player: Draw me some water., reply: Here., emotion: joy, action: draw}\n"
    "  - {player: Sing something sad., reply: La., emotion: sadness, action: sing}\n"
)
CHANGES = {
    "npcs/anna.yaml": ANNA,
    "npcs/cleo.yaml": "id: cleo\nname: Cleo\nsummary: Keeps bees.\n",
    "places/well.yaml": "id: well\nname: the well\nsummary: Deep.\nexits: {lane: north}\nitems: [bucket, rope]\n",
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return load_pack(write_pack(tmp_path_factory.mktemp("pack"), dict(CHANGES)))


def words(state: WorldState, pack: Pack, npc: str = "anna") -> list[str]:
    return [deed.words for deed in possible(state, pack, npc)]


def test_arguments_come_from_the_scene(pack: Pack) -> None:
    state = WorldState.start(pack)
    assert words(state, pack) == [
        "give bucket player",
        "give rope player",
        "go lane",
        "sing lullaby",
        "sing sea song",
    ]
    state.places["ben"] = "well"
    state.items["well"] = ["lantern"]
    assert words(state, pack)[:2] == ["give lantern ben", "give lantern player"]


def test_without_a_candidate_there_is_no_action(pack: Pack) -> None:
    state = WorldState.start(pack)
    state.items["well"] = []
    assert not any(word.startswith("give") for word in words(state, pack))
    state.places["anna"] = "lane"
    assert words(state, pack) == ["sing lullaby", "sing sea song"]  # the lane has neither things nor exits
    for nowhere in ("", "a_place_that_is_gone"):
        state.places["anna"] = nowhere
        assert words(state, pack) == ["sing lullaby", "sing sea song"]


def test_characters_without_a_place_are_not_together(pack: Pack) -> None:
    state = WorldState.start(pack)
    state.places = dict.fromkeys(state.places, "")
    state.items[""] = ["ghost"]
    assert not any("ben" in word or "cleo" in word for word in words(state, pack))


def test_a_condition_locks_a_deed(pack: Pack) -> None:
    state = WorldState.start(pack)
    assert "draw" not in words(state, pack)
    state.player["coins"] = 3
    assert possible(state, pack, "anna")[0] == Deed("draw", {}, safe_when_cut=True)


def test_no_more_ways_than_can_be_weighed(pack: Pack) -> None:
    state = WorldState.start(pack)
    state.items["well"] = [f"thing{number}" for number in range(64)]
    gifts = [deed for deed in possible(state, pack, "anna") if deed.action == "give"]
    assert len(gifts) == WAYS
    assert any(deed.action == "go" for deed in possible(state, pack, "anna"))


@settings(max_examples=60, deadline=None)
@given(
    places=st.fixed_dictionaries(dict.fromkeys(("anna", "ben", "cleo", PLAYER), st.sampled_from(["well", "lane", ""]))),
    items=st.lists(st.sampled_from(["bucket", "axe", "egg"]), unique=True, max_size=3),
    coins=st.integers(0, 5),
)
def test_each_deed_is_possible_and_each_possible_deed_is_there(
    pack: Pack, places: dict[str, str], items: list[str], coins: int
) -> None:
    state = WorldState.start(pack)
    state.places, state.items["well"], state.player["coins"] = dict(places), items, coins
    here = places["anna"]
    present = {who for who, place in places.items() if place == here and here and who != "anna"}
    gifts = set(product(items if here == "well" else [], present))
    deeds = possible(state, pack, "anna")
    assert {(deed.args["thing"], deed.args["to"]) for deed in deeds if deed.action == "give"} == gifts
    assert {deed.args["where"] for deed in deeds if deed.action == "go"} == ({"lane"} if here == "well" else set())
    assert any(deed.action == "draw" for deed in deeds) == (coins >= 3)
    assert len({deed.words for deed in deeds}) == len(deeds)


def test_a_character_that_the_pack_lost_takes_nothing(pack: Pack) -> None:
    state = WorldState.start(pack)
    state.places["zoe"] = "well"
    assert not any("zoe" in word for word in words(state, pack))


def test_instinct_does_only_what_is_possible(pack: Pack) -> None:
    anna, state = pack.npcs["anna"], WorldState.start(pack)

    def at(text: str) -> Instinct:
        return instinct(anna, text, {deed.words: deed for deed in possible(state, pack, "anna")})

    assert at("Draw me some water!") == Instinct("joy", "", ("Here.",))
    state.player["coins"] = 3
    assert at("Draw me some water!") == Instinct("joy", "draw", ("Here.",))
    assert at("Sing something sad.") == Instinct("sadness", "", ("La.",))  # which song, it cannot know
    assert at("Would you sing the sea song for me?") == Instinct("neutral", "sing sea song", ("La la.",))
    assert at("") == at("Good morning.") == Instinct()


def test_a_deed_as_the_model_writes_it() -> None:
    assert Deed("give_it", {"thing": "old_lamp", "to": "ben"}).words == "give it old lamp ben"
