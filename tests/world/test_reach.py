"""Whether a condition can hold, can fail, and which of its parts fails now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.world.conditions import parse
from npc_engine.world.persona import Persona, Relationship
from npc_engine.world.reach import MAX_COMBINATIONS, failing, parts, reach
from npc_engine.world.spec import Lorebook, Pack, PackInfo, WorldSpec
from npc_engine.world.state import WorldState

ANNA = Persona(id="anna", name="Anna", summary="s", place="well", relationships={"player": Relationship()})
WORLD = WorldSpec(
    flags={"a": False, "b": True, "mood": "grim"},
    player={"coins": 3},
    variables={"x": 1.5, "y": 2} | {f"v{number}": False for number in range(20)},
)


def start(path: object) -> WorldState:
    info = PackInfo(id="p", name="P", summary="s")
    return WorldState.start(Pack(path, info, WORLD, {}, {"anna": ANNA}, Lorebook(), ""))  # type: ignore[arg-type]


STATE = start(None)


def reached(text: str) -> tuple[bool | None, bool | None]:
    return tuple(reach(parse(text), STATE, "anna", ["well", "inn"]))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "text",
    [
        "flags.a and not flags.a",
        "$x > 5 and $x < 3",
        "$x > $y and $y > $x",
        "flags.a == 'yes'",
        "flags.a == 1",
        "$x == 'much'",
        "flags.mood > 3",
        "relation.player.trust > 100",
        "relation.player.trust > 40 and relation.player.trust < 41",
        "time.hour >= 24",
        "time.minute == 60",
        "time.period == 'midnight'",
        "time.period == 'night' and time.hour == 12",
        "place == 'tavern'",
        "place == 'inn' and place.id == 'well'",
        "player.place in ['tavern', 'shop']",
        "flags.mood == 'grim' and flags.mood == 'gay'",
        "false",
    ],
)
def test_what_no_values_satisfy(text: str) -> None:
    assert reached(text) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        "flags.a and not flags.b",
        "$x > 5 and $x < 6",
        "$x > $y and $y > relation.player.trust and relation.player.trust > 99",
        "$x == 5 or flags.a",
        "relation.player.trust > 40 and relation.player.trust < 42",
        "relation.player.trust >= 99.5",
        "time.period == 'night' and time.hour < 6",
        "player.place == 'inn' and place == 'well'",
        "player.place == place",
        "weather == 'storm' or weather == 'snow'",
        "player.coins >= 1000000",
        "flags.mood != 'grim'",
    ],
)
def test_what_some_values_satisfy_and_some_do_not(text: str) -> None:
    assert reached(text) == (True, True)


@pytest.mark.parametrize("text", ["not flags.a == 1", "relation.player.trust >= 0", "flags.a or not flags.a", "true"])
def test_what_all_values_satisfy(text: str) -> None:
    assert reached(text) == (True, False)


def test_a_long_but_ordinary_condition_gets_a_verdict() -> None:
    gate = "place == 'inn' and time.hour >= 18 and relation.player.trust >= 40 and player.coins >= 3 and flags.a"
    assert reached(gate) == (True, True)
    assert reached(f"{gate} and not flags.a") == (False, True)


def test_no_verdict_beyond_the_cap() -> None:
    wide = " and ".join(f"$v{number}" for number in range(20))
    assert MAX_COMBINATIONS < 2**20
    assert reached(wide) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flags.a", ["flags.a"]),
        ("flags.a and $x > 3 and not flags.b", ["flags.a", "$x > 3", "not flags.b"]),
        ("flags.a or flags.b and $x", ["flags.a or flags.b and $x"]),
        ("(flags.a or flags.b) and $x", ["(flags.a or flags.b)", "$x"]),
        ("((flags.a and $x))", ["flags.a", "$x"]),
        ("(flags.a) and ($x)", ["(flags.a)", "($x)"]),
        ("not (flags.a and flags.b)", ["not (flags.a and flags.b)"]),
        ("flags.mood == 'dark and grim' and $x", ["flags.mood == 'dark and grim'", "$x"]),
        ("flags.mood in ['a or b', 'c'] and $x", ["flags.mood in ['a or b', 'c']", "$x"]),
    ],
)
def test_parts(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_the_failing_part_is_named() -> None:
    scope = {"flags.a": True, "$x": 2, "flags.b": False}
    assert failing("flags.a and $x >= 3 and not flags.b", scope) == ["$x >= 3"]
    assert failing("", scope) == []
    gate = "flags.b or ($x > 1 and $x > 5) or not flags.a"
    assert failing(gate, scope) == ["flags.b or $x > 5 or not flags.a"]
    assert failing(f"flags.a and ({gate})", scope) == ["flags.b or $x > 5 or not flags.a"]


_ATOMS = st.sampled_from(
    [
        "flags.a",
        "not flags.b",
        "$x > 3",
        "$y <= $x",
        "relation.player.trust < 40",
        "flags.mood == 'grim'",
        "place == 'inn'",
    ]
)
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join), inner.map(lambda text: f"not ({text})")
    ),
    max_leaves=5,
)
_SCOPES = st.fixed_dictionaries(
    {
        "flags.a": st.booleans(),
        "flags.b": st.booleans(),
        "$x": st.floats(-10, 10),
        "$y": st.integers(-10, 10),
        "relation.player.trust": st.integers(0, 100),
        "flags.mood": st.sampled_from(["grim", "gay"]),
        "place": st.sampled_from(["", "well", "inn"]),
    }
)


@given(_EXPRESSIONS, _SCOPES)
def test_whatever_happens_was_thought_possible(text: str, scope: dict[str, bool | int | float | str]) -> None:
    holds = parse(text).holds(scope)
    can_hold, can_fail = reached(text)
    assert (can_hold if holds else can_fail) in (True, None)


@given(_EXPRESSIONS, _SCOPES)
def test_a_condition_holds_when_none_of_its_parts_fails(text: str, scope: dict[str, bool | int | float | str]) -> None:
    assert parse(text).holds(scope) == (failing(text, scope) == [])
