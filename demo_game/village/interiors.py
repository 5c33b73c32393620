"""The rooms of Oakhollow that one can enter: the taproom of the Grey Heron, and the Low Mill."""

from __future__ import annotations

from demo_game.village.geometry import TILE, Area, Lamp, Prop, prop

WIDTH = 640
HEIGHT = 368

#: The height of the back wall, as it is seen.
WALL = 64

#: The floors. The back wall stands above them; the way out is in the middle of the lower edge.
INN_FLOOR = Area(96, 112, 448, 224)
MILL_FLOOR = Area(128, 112, 384, 224)
EXIT = Area(304, 336, 32, 16)

INN_THINGS: tuple[Prop, ...] = (
    prop("hearth", 168, 128, 80, 16),
    prop("bar", 448, 176, 160, 16),
    prop("bar_end", 376, 162, 16, 50),
    prop("trapdoor", 512, 150, 0),
    prop("shelves", 456, 118, 0),
    prop("stuffed_heron", 456, 100, 0),
    prop("pegs", 258, 100, 0),
    prop("long_table", 232, 240, 128, 24),
    prop("round_table", 424, 256, 36, 18),
    prop("round_table", 500, 304, 36, 18),
    prop("stool", 388, 256, 0),
    prop("stool", 460, 258, 0),
    prop("stool", 464, 306, 0),
    prop("bench", 204, 257, 0),
    prop("bench", 260, 257, 0),
    prop("round_table", 164, 312, 36, 18),
    prop("stool", 200, 314, 0),
    prop("settle", 112, 200, 20, 64),
    prop("stairs_up", 324, 112, 0),
    prop("crate", 520, 336, 20, 14),
    prop("barrel", 108, 334, 14, 12),
    prop("barrel", 124, 336, 14, 12),
)

MILL_THINGS: tuple[Prop, ...] = (
    prop("millstones", 312, 208, 92, 44),
    prop("sack_pile", 176, 148, 78, 26),
    prop("ledger_desk", 216, 288, 46, 14),
    prop("iron_gate", 464, 112, 0),
    prop("mill_stairs", 392, 128, 34, 16),
    prop("tally_board", 250, 100, 0),
    prop("high_window", 322, 202, 0),
    prop("crate", 492, 224, 22, 16),
    prop("crate", 494, 248, 22, 16),
    prop("barrel", 140, 330, 14, 12),
    prop("sack", 396, 226, 12, 8),
    prop("sack", 412, 316, 12, 8),
    prop("scales", 444, 300, 30, 10),
    prop("rope", 270, 112, 0),
)

#: The barrel lies on the trapdoor, or beside it when it has been rolled away.
BARREL_ON_TRAPDOOR = (512, 152)
BARREL_ROLLED_AWAY = (536, 162)

INN_LAMPS = (
    Lamp(168, 118, 150, (255, 150, 64), flickers=True, always=True),
    Lamp(400, 152, 62, (255, 196, 110), flickers=True, always=True),
    Lamp(486, 152, 62, (255, 196, 110), flickers=True, always=True),
    Lamp(232, 220, 66, (255, 190, 104), flickers=True, always=True),
    Lamp(424, 236, 50, (255, 190, 104), flickers=True, always=True),
    Lamp(320, 320, 60, (255, 200, 130), always=True),
)

MILL_LAMPS = (
    Lamp(216, 262, 74, (255, 196, 110), flickers=True, always=True),
    Lamp(428, 92, 84, (255, 196, 110), flickers=True, always=True),
    Lamp(322, 150, 90, (214, 214, 190), always=True),
    Lamp(320, 320, 60, (255, 200, 130), always=True),
)


def blocked(floor: Area, things: tuple[Prop, ...]) -> frozenset[tuple[int, int]]:
    """The tiles of a room that nobody can stand on: all but its floor and its way out, and its furniture."""
    free = set(floor.tiles()) | set(EXIT.tiles())
    for thing in things:
        if thing.blocks:
            free -= set(thing.blocks.tiles())
    return frozenset(
        (column, row) for row in range(HEIGHT // TILE) for column in range(WIDTH // TILE) if (column, row) not in free
    )
