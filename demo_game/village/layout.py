"""The maps of Oakhollow, the pack's places on them, and where a person can stand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from demo_game.village import interiors, outdoors
from demo_game.village.geometry import TILE, Area, Door, Lamp, Place, Spot, VillageMap

__all__ = [
    "MAPS",
    "PLACES",
    "START",
    "TILE",
    "Area",
    "Door",
    "Lamp",
    "Place",
    "Spot",
    "VillageMap",
    "is_free",
    "place_at",
]

#: Half the width of a person's feet, map pixels.
HALF_WIDTH = 5

#: Where the player is when the story begins.
START = Spot("village", 740, 500, "up")

INN_DOOR = Area(976, 336, 32, 14)
MILL_DOOR = Area(1376, 672, 32, 14)


def _spots(map_id: str, *feet: tuple[int, int, str]) -> tuple[Spot, ...]:
    return tuple(Spot(map_id, x, y, facing) for x, y, facing in feet)


_DOORS = (
    Door("village", INN_DOOR, Spot("inn", 320, 326, "up"), "the Grey Heron"),
    Door("village", MILL_DOOR, Spot("mill", 320, 326, "up"), "the Low Mill"),
    Door("inn", interiors.EXIT, Spot("village", 992, 366), "the village"),
    Door("mill", interiors.EXIT, Spot("village", 1392, 702), "the village"),
)


def _map(
    map_id: str, name: str, size: tuple[int, int], blocked: frozenset[tuple[int, int]], lamps: tuple[Lamp, ...]
) -> VillageMap:
    doors = tuple(door for door in _DOORS if door.map == map_id)
    open_tiles = {tile for door in doors for tile in door.area.tiles()}
    return VillageMap(map_id, name, *size, map_id != "village", blocked - open_tiles, doors, lamps)


#: All maps by their ids.
MAPS: Mapping[str, VillageMap] = MappingProxyType(
    {
        "village": _map("village", "Oakhollow", (outdoors.WIDTH, outdoors.HEIGHT), outdoors.blocked(), outdoors.LAMPS),
        "inn": _map(
            "inn",
            "the Grey Heron",
            (interiors.WIDTH, interiors.HEIGHT),
            interiors.blocked(interiors.INN_FLOOR, interiors.INN_THINGS),
            interiors.INN_LAMPS,
        ),
        "mill": _map(
            "mill",
            "the Low Mill",
            (interiors.WIDTH, interiors.HEIGHT),
            interiors.blocked(interiors.MILL_FLOOR, interiors.MILL_THINGS),
            interiors.MILL_LAMPS,
        ),
    }
)

#: The places of the pack by their ids.
PLACES: Mapping[str, Place] = MappingProxyType(
    {
        place.id: place
        for place in (
            Place(
                "green",
                "village",
                (Area(500, 300, 420, 280),),
                _spots(
                    "village",
                    (792, 414, "down"),
                    (664, 484, "right"),
                    (640, 440, "up"),
                    (724, 344, "up"),
                    (760, 470, "left"),
                    (704, 514, "up"),
                    (584, 408, "right"),
                    (840, 424, "left"),
                ),
            ),
            Place(
                "inn",
                "inn",
                (Area(0, 0, interiors.WIDTH, interiors.HEIGHT),),
                _spots(
                    "inn",
                    (440, 152, "down"),
                    (440, 200, "up"),
                    (232, 200, "down"),
                    (200, 266, "up"),
                    (264, 266, "up"),
                    (190, 168, "left"),
                    (392, 282, "right"),
                    (472, 248, "left"),
                    (328, 184, "down"),
                ),
            ),
            Place(
                "forge",
                "village",
                (Area(1200, 320, 220, 120),),
                _spots(
                    "village",
                    (1288, 356, "down"),
                    (1320, 400, "up"),
                    (1256, 392, "right"),
                    (1368, 408, "left"),
                    (1288, 424, "up"),
                    (1224, 376, "right"),
                    (1400, 376, "left"),
                ),
            ),
            Place(
                "mill",
                "mill",
                (Area(0, 0, interiors.WIDTH, interiors.HEIGHT),),
                _spots(
                    "mill",
                    (216, 264, "down"),
                    (432, 168, "down"),
                    (328, 248, "up"),
                    (264, 152, "down"),
                    (424, 264, "left"),
                    (200, 184, "up"),
                    (280, 312, "up"),
                    (456, 200, "up"),
                ),
            ),
            Place(
                "shrine",
                "village",
                (Area(888, 604, 180, 124),),
                _spots(
                    "village",
                    (992, 696, "left"),
                    (936, 712, "right"),
                    (968, 696, "down"),
                    (952, 648, "down"),
                    (920, 680, "right"),
                    (1000, 648, "down"),
                    (1032, 680, "left"),
                ),
            ),
            Place(
                "ferry",
                "village",
                (Area(480, 640, 320, 170),),
                _spots(
                    "village",
                    (600, 760, "right"),
                    (600, 712, "down"),
                    (584, 744, "right"),
                    (648, 696, "down"),
                    (536, 680, "down"),
                    (696, 696, "left"),
                    (616, 792, "down"),
                ),
            ),
        )
    }
)


def place_at(map_id: str, x: float, y: float) -> str:
    """The place at a point, "" in none."""
    for place in PLACES.values():
        if place.map == map_id and any(area.contains(x, y) for area in place.areas):
            return place.id
    return ""


def is_free(map_id: str, x: float, y: float) -> bool:
    """Whether a person's feet fit here."""
    village_map = MAPS[map_id]
    row = int(y // TILE)
    return 0 <= y < village_map.height and all(
        0 <= side < village_map.width and (int(side // TILE), row) not in village_map.blocked
        for side in (x - HALF_WIDTH, x + HALF_WIDTH)
    )
