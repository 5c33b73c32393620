"""The village: its maps hold together, and every way is one that a person can walk."""

from __future__ import annotations

from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_game.village.layout import MAPS, PLACES, START, TILE, Spot, is_free, place_at
from demo_game.village.paths import route

SPOTS = [spot for place in PLACES.values() for spot in place.spots]
FREE = [
    Spot(village_map.id, column * TILE + 8.0, row * TILE + 8.0)
    for village_map in MAPS.values()
    for row in range(village_map.height // TILE)
    for column in range(village_map.width // TILE)
    if (column, row) not in village_map.blocked
]


def assert_walkable(start: Spot, way: list[Spot]) -> None:
    """Every step on one map is over free ground, every change of map is a door that one stands in."""
    here = start
    for there in way:
        if there.map == here.map:
            steps = max(1, int(hypot(there.x - here.x, there.y - here.y)))
            for step in range(1, steps + 1):
                x, y = (here.x + (there.x - here.x) * step / steps, here.y + (there.y - here.y) * step / steps)
                assert is_free(here.map, x, y), (here, there, x, y)
        else:
            assert any(door.area.contains(here.x, here.y) and door.to == there for door in MAPS[here.map].doors)
        here = there


def test_the_places_are_those_of_the_pack() -> None:
    assert set(PLACES) == {"inn", "green", "forge", "mill", "shrine", "ferry"}
    assert all(len(place.spots) >= 6 for place in PLACES.values())


@pytest.mark.parametrize("spot", [START, *SPOTS])
def test_people_fit_where_they_stand_and_come_from_the_start(spot: Spot) -> None:
    assert is_free(spot.map, spot.x, spot.y)
    way = route(START, spot)
    assert way[-1] == spot
    assert_walkable(START, way)


def test_a_place_contains_its_spots() -> None:
    for place in PLACES.values():
        assert all(place_at(spot.map, spot.x, spot.y) == place.id for spot in place.spots)
    assert place_at("village", 10, 10) == ""


def test_doors_lead_onto_free_ground_outside_other_doors() -> None:
    for village_map in MAPS.values():
        for door in village_map.doors:
            assert is_free(door.to.map, door.to.x, door.to.y)
            assert not any(other.area.contains(door.to.x, door.to.y) for other in MAPS[door.to.map].doors)


def test_nobody_leaves_the_map() -> None:
    assert not is_free("village", -1, 300)
    assert not is_free("village", 300, -1)
    assert not is_free("village", 1e6, 300)
    assert not is_free("inn", 320, 1e6)


@given(st.sampled_from(FREE), st.sampled_from(FREE))
def test_a_route_is_walkable_and_ends_at_the_goal(start: Spot, goal: Spot) -> None:
    way = route(start, goal)
    assert not way or way[-1] == goal
    assert_walkable(start, way)


def test_there_is_no_way_onto_blocked_ground() -> None:
    column, row = min(MAPS["village"].blocked)
    assert route(START, Spot("village", column * TILE + 8, row * TILE + 8)) == []


def test_to_where_one_is_there_is_one_step() -> None:
    assert route(START, START) == [START]
