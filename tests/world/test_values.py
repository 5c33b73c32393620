"""World values by name: taken whole or not at all, and every name that is listed can be set."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pack_files import write_pack

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire import codec, messages
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.scene import write_state
from npc_engine.world.state import MOOD_MAX, WorldState
from npc_engine.world.values import check_names, get_values, parse_value, set_values

WORLD = (
    "time: '6:05'\nweather: fog\nplace: well\nflags: {met: false, guild: none}\n"
    "player: {coins: 2, name: Ash}\nvariables: {gold: 1.5}\n"
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return load_pack(write_pack(tmp_path_factory.mktemp("pack"), {"world.yaml": WORLD}))


def change(pack: Pack, **values: Any) -> list[str]:
    return set_values(WorldState.start(pack), pack, values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("flags.met", True),
        ("flags.guild", "thieves"),
        ("player.coins", 3),
        ("player.coins", -2.5),
        ("player.name", ""),
        ("$gold", 7),
        ("$own", True),
        ("$Own_2", "yes"),
        ("time", "18:30"),
        ("weather", "rain"),
        ("player.place", "lane"),
        ("player.place", ""),
        ("npcs.ben.place", "well"),
        ("npcs.anna.relation.player.trust", 100),
        ("npcs.ben.relation.anna.fear", 0),
        ("npcs.ben.relation.player.affection", 51),
        ("npcs.ben.mood.player", -MOOD_MAX),
    ],
)
def test_what_may_be_set(pack: Pack, name: str, value: Any) -> None:
    state = WorldState.start(pack)
    before = get_values(state, pack).get(name)
    assert set_values(state, pack, {name: value}) == ([name] if before != value else [])
    assert get_values(state, pack, [name]) == {name: value}
    assert set_values(state, pack, {name: value}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("flags.met", 1),
        ("flags.met", "true"),
        ("flags.guild", False),
        ("player.coins", True),
        ("player.coins", "3"),
        ("player.coins", math.nan),
        ("player.coins", math.inf),
        ("$gold", -math.inf),
        ("$fresh", math.nan),
        ("$gold", "much"),
        ("time", "24:00"),
        ("time", "6:5"),
        ("time", 6),
        ("weather", ""),
        ("weather", "Heavy Rain"),
        ("weather", "rain\n"),
        ("weather", 3),
        ("player.place", "nowhere"),
        ("player.place", False),
        ("npcs.ben.place", 0),
        ("npcs.ben.place", "Well"),
        ("npcs.anna.relation.player.trust", 101),
        ("npcs.anna.relation.player.trust", -1),
        ("npcs.anna.relation.player.trust", 40.5),
        ("npcs.anna.relation.player.trust", "40"),
        ("npcs.anna.relation.player.trust", True),
        ("npcs.anna.mood.player", MOOD_MAX + 1),
        ("npcs.anna.mood.player", True),
    ],
)
def test_values_that_do_not_fit(pack: Pack, name: str, value: Any) -> None:
    refused(pack, {name: value}, ErrorCode.BAD_VALUE)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "flags",
        "flags.",
        "flags.nobody",
        "flags.met.x",
        "player",
        "player.nothing",
        "$",
        "$1",
        "$a.b",
        "$a b",
        "$\u00e9",
        "$a\n",
        "gold",
        "Time",
        "npcs.nobody.place",
        "npcs.nobody.relation.player.trust",
        "npcs.anna.relation.nobody.trust",
        "npcs.anna.relation.player.love",
        "npcs.anna.relation.player",
        "npcs.anna.mood.nobody",
        "npcs.player.place",
        "npcs.player.mood.anna",
        "npcs.anna",
        "npcs.anna.place.x",
        "relation.player.trust",
        "place",
        "seen.well",
        "items.well",
        "hour",
        "\x00",
        "x" * 10_000,
    ],
)
def test_names_that_are_not_there(pack: Pack, name: str) -> None:
    message = refused(pack, {name: "well" if name.endswith(".place") else 1}, ErrorCode.UNKNOWN_NAME)
    assert len(message) < 2_000
    with pytest.raises(NpcError):
        check_names(WorldState.start(pack), pack, [name])


def refused(pack: Pack, values: dict[str, Any], code: ErrorCode) -> str:
    """Also with good values before and after it."""
    for batch in (values, {"flags.met": True, "$new": 1, **values, "$last": 1}):
        state = WorldState.start(pack)
        before = write_state(state)
        with pytest.raises(NpcError) as caught:
            set_values(state, pack, batch)
        assert caught.value.code is code
        assert write_state(state) == before
    return caught.value.message


def test_changed_names_what_is_new_and_nothing_else(pack: Pack) -> None:
    state = WorldState.start(pack)
    values: dict[str, Any] = {
        "time": "06:05",
        "flags.met": False,
        "weather": "rain",
        "$own": 0,
        "npcs.ben.mood.anna": 0,
        "player.coins": 2.0,
    }
    assert set_values(state, pack, values) == ["weather", "$own", "npcs.ben.mood.anna"]


def test_a_time_with_one_digit_is_the_same_time(pack: Pack) -> None:
    state = WorldState.start(pack)
    assert get_values(state, pack, ["time"]) == {"time": "06:05"}
    assert set_values(state, pack, {"time": "6:05"}) == []


def test_the_games_own_variables_are_bounded(pack: Pack) -> None:
    state = WorldState.start(pack)
    room = limits.VARIABLES - len(state.variables)
    set_values(state, pack, {f"$v{number}": number for number in range(room)})
    before = write_state(state)
    with pytest.raises(NpcError) as caught:
        set_values(state, pack, {"$v0": 9, "$one_more": 1})
    assert caught.value.code is ErrorCode.BAD_VALUE
    assert write_state(state) == before
    assert set_values(state, pack, {"$v0": 9}) == ["$v0"]


def test_a_message_sets_no_more_than_the_limit() -> None:
    values: dict[str, Any] = {f"$v{number}": 1 for number in range(limits.WORLD_VALUES + 1)}
    with pytest.raises(codec.WireError) as caught:
        codec.decode_client(codec.encode(messages.WorldSet(id=1, values=values)))
    assert caught.value.code is ErrorCode.BAD_MESSAGE
    values.popitem()
    assert codec.decode_client(codec.encode(messages.WorldSet(id=1, values=values)))


def test_setting_reaches_neither_the_pack_nor_another_game(pack: Pack) -> None:
    change(pack, **{"npcs.anna.relation.player.trust": 99, "flags.met": True})
    assert get_values(WorldState.start(pack), pack, ["npcs.anna.relation.player.trust", "flags.met"]) == {
        "npcs.anna.relation.player.trust": 10,
        "flags.met": False,
    }


def test_an_unknown_name_is_left_out_of_what_is_asked(pack: Pack) -> None:
    assert get_values(WorldState.start(pack), pack, ["time", "nothing"]) == {"time": "06:05"}


numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
degrees = st.integers(0, 100)
histories = st.fixed_dictionaries(
    {},
    optional={
        "flags.met": st.booleans(),
        "flags.guild": st.text(max_size=20),
        "player.coins": numbers,
        "$gold": numbers,
        "$own": st.booleans() | numbers | st.text(max_size=20),
        "time": st.times().map(lambda time: f"{time.hour}:{time.minute:02}"),
        "weather": st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
        "player.place": st.sampled_from(["well", "lane", ""]),
        "npcs.ben.place": st.sampled_from(["well", "lane", ""]),
        "npcs.ben.relation.player.trust": degrees,
        "npcs.ben.relation.ben.fear": degrees,
        "npcs.anna.mood.ben": st.integers(-MOOD_MAX, MOOD_MAX),
    },
)


@settings(max_examples=60, deadline=None)
@given(past=histories, present=histories)
def test_what_is_listed_can_be_set_to_itself(pack: Pack, past: dict[str, Any], present: dict[str, Any]) -> None:
    state = WorldState.start(pack)
    set_values(state, pack, past)
    own = {name: value for name, value in present.items() if name != "$own" or "$own" not in past}
    before = get_values(state, pack)
    changed = set_values(state, pack, own)
    after = get_values(state, pack)
    assert set(changed) == {name for name in after if name not in before or before[name] != after[name]} & set(own)
    assert all(after[name] == before[name] for name in before if name not in own and ".relation." not in name)
    assert set_values(state, pack, after) == []
    assert get_values(state, pack) == after
    check_names(state, pack, after)


@settings(max_examples=80)
@given(name=st.text(max_size=30) | st.from_regex(r"(flags|player|npcs|\$)[a-z.$]{0,20}", fullmatch=True))
def test_any_name_is_taken_or_refused(pack: Pack, name: str) -> None:
    state = WorldState.start(pack)
    before, code = write_state(state), None
    try:
        set_values(state, pack, {name: "well"})
    except NpcError as error:
        code = error.code
    if code is None:
        assert get_values(state, pack, [name]) == {name: "well"}
    else:
        assert code in (ErrorCode.UNKNOWN_NAME, ErrorCode.BAD_VALUE)
        assert write_state(state) == before


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("3", 3), ("-2.5", -2.5), ("3a", "3a"), ("", ""), ("1e5", "1e5")],
)
def test_values_as_they_are_typed(text: str, value: Any) -> None:
    parsed = parse_value(text)
    assert (parsed, type(parsed)) == (value, type(value))


def test_values_of_a_character_that_the_pack_lost(tmp_path: Path) -> None:
    """They stay for the day it comes back; but nobody is told a name that cannot be set."""
    state = WorldState.start(load_pack(write_pack(tmp_path / "old")))
    anna = (tmp_path / "old" / "npcs" / "anna.yaml").read_text(encoding="utf-8").replace("  ben: {}\n", "")
    pack = load_pack(write_pack(tmp_path / "new", {"npcs/ben.yaml": None, "npcs/anna.yaml": anna}))
    state.adopt(pack)
    assert set_values(state, pack, get_values(state, pack)) == []
