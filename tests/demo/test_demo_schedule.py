"""Everybody is somewhere at every hour, and meets others."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_game.people.schedule import PLACES, ROUNDS, home_of, place_of, round_of

ids = st.one_of(st.sampled_from(sorted(ROUNDS)), st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True))
hours = st.floats(min_value=0.0, max_value=24.0, exclude_max=True)


@given(ids, hours)
def test_everybody_is_at_a_place_of_the_village(npc: str, hour: float) -> None:
    assert place_of(npc, hour) in PLACES


@given(ids, hours, st.integers(-3, 30))
def test_days_repeat(npc: str, hour: float, day: int) -> None:
    assert place_of(npc, math.floor(hour * 4) / 4 + 24 * day) == place_of(npc, math.floor(hour * 4) / 4)


@given(ids)
def test_a_round_is_in_order_and_within_the_day(npc: str) -> None:
    hours = [hour for hour, _ in round_of(npc)]

    assert hours == sorted(set(hours))
    assert hours[0] >= 0
    assert hours[-1] < 24


@given(ids)
def test_nights_are_spent_at_home(npc: str) -> None:
    assert {place_of(npc, hour) for hour in (23.5, 0.0, 1.5, 4.0)} == {home_of(npc)}


@given(ids)
def test_nobody_stays_in_one_place_all_day(npc: str) -> None:
    assert len({place_of(npc, quarter / 4) for quarter in range(96)}) >= 2


@pytest.mark.parametrize("npc", sorted(ROUNDS))
def test_each_of_the_eight_meets_at_least_three_others(npc: str) -> None:
    met = {
        other
        for other in ROUNDS
        for quarter in range(22, 90)
        if other != npc and place_of(npc, quarter / 4) == place_of(other, quarter / 4)
    }

    assert len(met) >= 3


@given(st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True))
def test_a_generated_villager_meets_some_of_the_eight(npc: str) -> None:
    quarters = [quarter / 4 for quarter in range(22, 90)]

    assert any(place_of(npc, hour) == place_of(other, hour) for hour in quarters for other in ROUNDS)


def test_where_the_village_expects_them() -> None:
    assert place_of("marta", 12.0) == "inn"
    assert (place_of("bram", 10.0), place_of("bram", 20.0)) == ("forge", "inn")
    assert place_of("osric", 8.0) == place_of("vey", 8.0) == "mill"
    assert len({place_of("pip", quarter / 4) for quarter in range(96)}) >= 5
