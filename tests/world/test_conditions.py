"""`when:` expressions: what holds, what stays locked, and that nothing but ConditionError ever comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.world.conditions import CONDITION_CHARS, CONDITION_DEPTH, ConditionError, parse

SCOPE = {
    "flags.trusted": True,
    "flags.banned": False,
    "flags.stage": "found",
    "relation.player.trust": 40,
    "player.coins": 3,
    "player.speed": 1.5,
    "place": "inn",
    "place.id": "inn",
    "time.hour": 21,
    "time.period": "evening",
    "weather": "rain",
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "flags.trusted",
        "flags.trusted and relation.player.trust >= 40",
        "not flags.banned",
        "not not flags.trusted",
        "flags.stage == 'found'",
        'weather in ["rain", "storm"]',
        "time.hour in [20, 21]",
        "place == place.id",
        "player.coins > 2 and player.coins < 4 and player.coins != 5",
        "player.speed <= 1.5",
        "time.hour == 21.0",
        "-1 < player.coins",
        "player.coins",
        "weather",
        "true",
        "flags.trusted == true",
        "flags.banned == false",
        "false or not (false or flags.banned)",
        "false and false or true",
        "true or true and false",
        "not flags.never_set",
        "flags.a.b or true",
    ],
)
def test_holds(text: str) -> None:
    assert parse(text).holds(SCOPE)


@pytest.mark.parametrize(
    "text",
    [
        "flags.never_set",
        "flags.never_set == false",
        "flags.never_set != true",
        "flags.never_set < 5",
        "flags.never_set == flags.never_set_either",
        "flags.never_set in [false]",
        "weather == 3",
        "weather != 3",
        "weather < 'z'",
        "player.coins == '3'",
        "flags.trusted == 1",
        "flags.banned == 0",
        "flags.trusted > false",
        "true in [1]",
        "player.coins < 3",
        "not flags.trusted",
        "flags.trusted and flags.banned",
        "weather in ['snow']",
        "not (true)",
    ],
)
def test_does_not_hold(text: str) -> None:
    assert not parse(text).holds(SCOPE)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("flags.a and", 12),
        ("flags.a flags.b", 9),
        ("(flags.a", 9),
        ("flags.a)", 8),
        ("1 < time.hour < 3", 15),
        ("weather in rain", 12),
        ("weather in []", 13),
        ("weather in ['a',]", 17),
        ("weather = 'rain'", 9),
        ("weather == 'rain", 12),
        ("flags.", 1),
        ("flags.a.", 1),
        ("3.", 1),
        ("12abc", 1),
        ("a == $", 6),
        ("and", 1),
        ("not", 4),
        ("  ==", 3),
        ("__import__('os')", 11),
        ("a; b", 2),
        ("é", 1),
        ("weather\n\n  %", 12),
    ],
)
def test_mistakes_name_the_column(text: str, column: int) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert caught.value.column == column
    assert str(caught.value).startswith(f"column {column}: ")


def test_a_mistake_says_what_was_expected() -> None:
    with pytest.raises(ConditionError, match=r"column 1: expected a name or a value, found `and`"):
        parse("and")


def test_nesting_is_bounded() -> None:
    deep = CONDITION_DEPTH - 1
    assert parse("(" * deep + "true" + ")" * deep).holds({})
    assert parse("(not (true)) or " * 50 + "true").holds({})
    for text in ("(" * (deep + 1) + "true" + ")" * (deep + 1), "not " * (deep + 1) + "true"):
        with pytest.raises(ConditionError, match="nested more than"):
            parse(text)


def test_length_is_bounded() -> None:
    assert parse("true" + " " * (CONDITION_CHARS - 4)).holds({})
    with pytest.raises(ConditionError, match="longer than"):
        parse("true" + " " * (CONDITION_CHARS - 3))


def test_names() -> None:
    assert parse("flags.a and not (place in [place.id, 'x'] or 3 < time.hour)").names() == {
        "flags.a",
        "place",
        "place.id",
        "time.hour",
    }


PIECES = ["flags.a", "weather", "and ", "or ", "not ", "in ", "[", "]", "(", ")", ",", "==", "<=", ">", "1", "-2.5"]
VALUES = st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.none() | st.lists(st.integers())


@given(
    st.text(max_size=80) | st.lists(st.sampled_from([*PIECES, "'x'", "true", " "]), max_size=20).map(" ".join),
    st.fixed_dictionaries({}, optional={"flags.a": VALUES, "weather": VALUES}),
)
def test_arbitrary_text_parses_or_raises_condition_error(text: str, scope: dict) -> None:
    try:
        condition = parse(text)
    except ConditionError as error:
        column = error.column
    else:
        column = 1
        assert condition.holds(scope) in (True, False)
        assert all(name in text for name in condition.names())
    assert 1 <= column <= len(text) + 1


COMPARISON = st.builds(
    "{} {} {}".format, st.sampled_from(["a", "b", "c.d"]), st.sampled_from(["==", "<", ">="]), st.integers(0, 3)
)
EXPRESSION = st.recursive(
    COMPARISON,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=6,
)


@given(EXPRESSION, st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)))
def test_agrees_with_python_where_every_name_has_a_number(text: str, values: tuple[int, int, int]) -> None:
    a, b, d = values
    expected = eval(text.replace("c.d", "c"), {}, {"a": a, "b": b, "c": d})
    assert parse(text).holds({"a": a, "b": b, "c.d": d}) is expected
