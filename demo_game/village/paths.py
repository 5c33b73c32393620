"""Ways from one spot to another: A* (Hart, Nilsson and Raphael 1968) on the tiles, straightened, through doors."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from heapq import heappop, heappush
from math import ceil, hypot

from demo_game.village.layout import MAPS, TILE, Door, Spot, is_free

Tile = tuple[int, int]

#: How much more the way still to go counts than the way gone: fewer tiles to look at, for ways hardly longer.
EAGERNESS = 1.2

#: How finely a straight way is tested, map pixels.
STEP = 2.5


def route(start: Spot, goal: Spot) -> list[Spot]:
    """The spots to walk to, one after the other; the last is the goal. At a door, first a spot in the door's area, then
    where it leads. Empty if there is no way."""
    way: list[Spot] = []
    here = start
    for door in _doors_between(start.map, goal.map):
        middle = Spot(door.map, door.area.x + door.area.width / 2, door.area.y + door.area.height / 2)
        steps = _walk(here, middle)
        if not steps:
            return []
        way += [*steps, door.to]
        here = door.to
    steps = _walk(here, goal) if here.map == goal.map else []
    return way + steps if steps else []


@lru_cache(maxsize=64)
def _doors_between(start: str, goal: str) -> tuple[Door, ...]:
    """The doors from map to map, the fewest."""
    found: dict[str, tuple[Door, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for door in MAPS[here].doors:
            if door.to.map not in found:
                found[door.to.map] = (*found[here], door)
                queue.append(door.to.map)
    return found.get(goal, ())


def _tile(spot: Spot) -> Tile:
    return int(spot.x // TILE), int(spot.y // TILE)


def _walk(start: Spot, goal: Spot) -> list[Spot]:
    """The way on one map."""
    tiles = _tiles(start.map, _tile(start), _tile(goal))
    if not tiles:
        return []
    middles = [Spot(start.map, column * TILE + TILE / 2, row * TILE + TILE / 2) for column, row in tiles]
    return _straightened([start, *middles, goal])


@lru_cache(maxsize=8)
def _neighbours(map_id: str) -> dict[Tile, list[tuple[Tile, float]]]:
    """From each free tile the free tiles around it and how far they are; no corner is cut."""
    village_map = MAPS[map_id]
    free = {
        (column, row)
        for row in range(village_map.height // TILE)
        for column in range(village_map.width // TILE)
        if (column, row) not in village_map.blocked
    }
    sides = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
    return {
        (x, y): [
            ((x + dx, y + dy), hypot(dx, dy))
            for dx, dy in sides
            if {(x + dx, y + dy), (x + dx, y), (x, y + dy)} <= free
        ]
        for x, y in free
    }


def _tiles(map_id: str, start: Tile, goal: Tile) -> list[Tile]:
    """The tiles from start to goal, both included; none if there is no way."""
    neighbours = _neighbours(map_id)
    if start not in neighbours or goal not in neighbours:
        return []
    goal_x, goal_y = goal
    reached = {start: 0.0}
    came_from: dict[Tile, Tile] = {}
    queue = [(0.0, start)]
    done: set[Tile] = set()
    while queue:
        _, here = heappop(queue)
        if here == goal:
            break
        if here in done:
            continue
        done.add(here)
        gone = reached[here]
        for there, step in neighbours[here]:
            distance = gone + step
            if distance < reached.get(there, 1e9):
                reached[there] = distance
                came_from[there] = here
                heappush(queue, (distance + EAGERNESS * hypot(there[0] - goal_x, there[1] - goal_y), there))
    else:
        return []
    way = [goal]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


def _straightened(spots: list[Spot]) -> list[Spot]:
    """Only the spots where one has to turn, without the first; each faces the way one comes from the spot before."""
    way: list[Spot] = []
    here, last = 0, len(spots) - 1
    while here < last:
        there = here + 1
        while there < last and _is_clear(spots[here], spots[there + 1]):
            there += 1
        way.append(_faced(spots[here], spots[there]) if there < last else spots[last])
        here = there
    return way or [spots[-1]]


def _is_clear(start: Spot, goal: Spot) -> bool:
    """Whether one can walk straight from start to goal, with as much room at the sides as a step of this test is long:
    so no corner slips through between two steps."""
    steps = max(1, ceil(hypot(goal.x - start.x, goal.y - start.y) / STEP))
    across, down = (goal.x - start.x) / steps, (goal.y - start.y) / steps
    return all(
        is_free(start.map, start.x + across * step + side, start.y + down * step)
        for step in range(steps + 1)
        for side in (-STEP, STEP)
    )


def _faced(start: Spot, goal: Spot) -> Spot:
    across, down = goal.x - start.x, goal.y - start.y
    sideways, along = ("right" if across > 0 else "left"), ("down" if down > 0 else "up")
    facing = sideways if abs(across) > abs(down) else along
    return Spot(goal.map, goal.x, goal.y, facing)
