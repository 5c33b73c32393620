"""The story from its first step to its last, and what can go wrong with a save file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo_game import savegame
from demo_game.savegame import SaveGame
from demo_game.story import usables
from demo_game.story.deeds import EFFECTS, carry_out
from demo_game.story.quest import step
from demo_game.story.suggestions import QUESTIONS, SUGGESTIONS, is_accusation, suggestions
from demo_game.story.world import FLAGS, PEOPLE, TRUST, World
from demo_game.village.layout import PLACES, START, is_free
from npc_engine.wire.vocabulary import Value
from npc_engine.world.actions import possible
from npc_engine.world.instinct import instinct
from npc_engine.world.pack import find_pack, load_pack
from npc_engine.world.state import WorldState
from npc_engine.world.values import set_values

PACK = load_pack(find_pack("oakhollow"))


def test_the_game_and_the_pack_tell_of_the_same_people() -> None:
    assert {npc: (person.name, person.role) for npc, person in PACK.npcs.items()} == PEOPLE
    assert {npc: round(person.relationships["player"].trust) for npc, person in PACK.npcs.items()} == TRUST
    assert set(PACK.world.flags) == set(FLAGS)
    assert set(PLACES) == set(PACK.places)
    assert {action.name for person in PACK.npcs.values() for action in person.actions} == set(EFFECTS)


def test_a_new_game_begins_as_the_pack_says() -> None:
    world, state = World(), WorldState.start(PACK)
    time = f"{state.hour:02d}:{state.minute:02d}"
    assert (world.values()["time"], world.weather, world.coins) == (time, state.weather, state.player["coins"])
    assert world.values()["$river_level"] == state.variables["river_level"]


def test_the_story_can_be_played_to_its_end() -> None:
    world = World()
    titles = [step(world).title]
    carry_out(world, "ilse", "give_willow_tea", {})
    gift = next(offered for offered in suggestions(world, "wenna") if offered.gift)
    assert gift.gift == "willow_tea"
    world.befriend("wenna", 15, once="gift")
    for npc, action in (("wenna", "vouch_for_player"), ("marta", "open_cellar"), ("ilse", "give_satchel")):
        before = suggestions(world, npc)[0]
        state = WorldState.start(PACK)
        set_values(state, PACK, {name: value for name, value in world.values().items() if name[0] != "$"})
        assert action in {deed.action for deed in possible(state, PACK, npc)}, "the pack allows it by now"
        assert carry_out(world, npc, action, {}) is not None
        titles.append(step(world).title)
        assert before not in suggestions(world, npc), "what moves the story is offered first, and once"
    assert titles == ["1  The missing courier"] * 2 + ["2  The satchel", "3  The name of the buyer"]
    named = suggestions(world, "vey")[0].text
    assert is_accusation(world, "vey", named)
    assert not is_accusation(world, "marta", named)
    world.flags["buyer_named"] = True
    carry_out(world, "osric", "open_sluice", {})
    assert step(world).title == "Oakhollow has its river back"
    assert all(world.flags[name] for name in ("courier_trust", "met_courier", "satchel_found"))


def test_nothing_is_sold_without_money_or_handed_over_twice() -> None:
    world = World(coins=2)
    assert carry_out(world, "bram", "sell_knife", {}) is None
    assert (world.coins, world.items) == (2, [])
    assert carry_out(world, "marta", "serve_soup", {}) is not None
    again = carry_out(world, "marta", "serve_soup", {})
    assert again is not None
    assert again.told == "You still have that."
    assert (world.coins, world.items) == (1, ["soup"])
    assert carry_out(world, "marta", "no_such_deed", {}) is None


def test_three_suggestions_at_most_and_new_ones_first() -> None:
    world = World()
    for npc in PEOPLE:
        first = suggestions(world, npc)
        assert len(first) == SUGGESTIONS
        world.asked.append(f"{npc}: {first[0].text}")
        assert first[0] not in suggestions(world, npc)
    for question in QUESTIONS["pip"]:
        world.asked.append(f"pip: {question}")
    assert len(suggestions(world, "pip")) == SUGGESTIONS, "what was asked can be asked again"


def test_things_can_be_reached_and_used() -> None:
    world = World(coins=1)
    for thing in usables.USABLES:
        around = [(thing.x + dx, thing.y + dy) for dx in range(-24, 25, 4) for dy in range(-24, 25, 4)]
        assert any(is_free(thing.map, x, y) for x, y in around), thing.id
        assert usables.use(world, thing).told
    assert (world.coins, world.items) == (0, ["honey_bun"])
    world.items.append("room_key")
    stairs = next(thing for thing in usables.USABLES if thing.id == "stairs")
    usables.use(world, stairs)
    assert (world.hour, world.day) == (usables.MORNING, 2)


def test_a_saved_game_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.save"
    world = World(day=3, hour=2.5, coins=0)
    carry_out(world, "ilse", "give_satchel", {})
    savegame.write(path, SaveGame(world, START, b"\x00memory"))
    assert savegame.read(path) == SaveGame(world, START, b"\x00memory")
    assert [entry.name for entry in path.parent.iterdir()] == ["a.save"]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"world": {}, "player": {"map": "moon", "x": 1, "y": 1, "facing": "up"}},
        {"world": {"hour": "noon"}},
        {"world": {"hour": 77.0}},
        {"world": {"flags": {"x": True}}},
        {"world": {"befriend": 1}},
        {"player": 3},
        {"memory": "not base64!"},
        {"memory": None},
    ],
)
def test_a_file_that_is_no_saved_game_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "a.save"
    savegame.write(path, SaveGame(World(), START, b"m"))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match="save"):
        savegame.read(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{}", b"null", b'"x"'])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.save"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="save"):
        savegame.read(path)


SATCHEL = {"flags.met_courier": True, "flags.satchel_found": True}
NAMED = {**SATCHEL, "flags.courier_trust": True, "flags.buyer_named": True}


@pytest.mark.parametrize(
    ("npc", "values", "action"),
    [
        ("wenna", {"npcs.wenna.relation.player.trust": 45}, "vouch_for_player"),
        ("marta", {"flags.courier_trust": True, "npcs.marta.relation.player.trust": 45}, "open_cellar"),
        ("ilse", {"flags.met_courier": True}, "give_satchel"),
        ("crake", SATCHEL, "show_deed"),
        ("vey", NAMED, "give_up_keys"),
        ("osric", NAMED, "open_sluice"),
        ("wenna", {**NAMED, "$river_level": 4}, "ferry_to"),
    ],
)
def test_what_is_offered_to_the_player_is_understood(npc: str, values: dict[str, Value], action: str) -> None:
    """A model too small to choose does what the line asks for, so the story can be played with it, and without any."""
    state, world = WorldState.start(PACK), World()
    set_values(state, PACK, values)
    for name, value in values.items():
        if name.startswith("flags."):
            world.flags[name.removeprefix("flags.")] = bool(value)
    world.trust[npc] = 45
    world.river_level = int(values.get("$river_level", 2))
    line = suggestions(world, npc)[0].text
    deeds = {deed.words: deed for deed in possible(state, PACK, npc)}
    assert deeds[instinct(PACK.npcs[npc], line, deeds).deed].action == action


@pytest.mark.parametrize(
    ("npc", "line", "action"),
    [
        ("marta", "Bring me some soup, please.", "serve_soup"),
        ("ilse", "May I have a cup of willow tea?", "give_willow_tea"),
        ("bram", "I would like to buy the knife. Sell me a knife.", "sell_knife"),
        ("marta", "What does a room cost?", ""),
        ("bram", "What does a knife cost?", ""),
        ("ilse", "Who comes to you for tea?", ""),
    ],
)
def test_a_question_is_no_order(npc: str, line: str, action: str) -> None:
    deeds = {deed.words: deed for deed in possible(WorldState.start(PACK), PACK, npc)}
    done = instinct(PACK.npcs[npc], line, deeds).deed
    assert (deeds[done].action if done else "") == action
