"""Oakhollow under the sky: its houses, ways, fields, fences, trees and things."""

from __future__ import annotations

import random
from itertools import pairwise
from math import hypot

from demo_game.village.geometry import TILE, Area, Building, Lamp, Prop, prop
from demo_game.village.river import is_river, south_bank

WIDTH = 1600
HEIGHT = 960

BUILDINGS = (
    Building("inn", 880, 352, 208, 96),
    Building("bakery", 624, 304, 128, 64),
    Building("forge", 1232, 336, 160, 80),
    Building("mill", 1344, 688, 160, 96),
    Building("cottage", 192, 256, 112, 64),
    Building("cottage", 400, 224, 112, 64),
    Building("cottage", 160, 464, 112, 64),
    Building("cottage", 368, 496, 96, 64),
    Building("cottage", 1456, 240, 96, 64),
)

#: Ground that people have trodden: (kind, half width, points).
WAYS: tuple[tuple[str, int, tuple[tuple[int, int], ...]], ...] = (
    ("earth", 15, ((-20, 372), (120, 366), (280, 330), (430, 318), (560, 334), (690, 330), (860, 366), (980, 384))),
    ("cinders", 20, ((980, 384), (1080, 390), (1180, 384), (1310, 378))),
    ("earth", 12, ((1310, 390), (1326, 470), (1310, 560), (1306, 640), (1316, 704), (1400, 704))),
    ("earth", 11, ((1330, 390), (1420, 330), (1500, 262), (1500, 244))),
    ("earth", 13, ((520, 334), (540, 420), (590, 510), (606, 570))),
    ("earth", 13, ((870, 380), (820, 470), (720, 548), (606, 580))),
    ("cobbles", 19, ((604, 575), (600, 640), (600, 716))),
    ("earth", 9, ((600, 690), (720, 690), (840, 694), (960, 690), (1080, 696), (1200, 688), (1320, 700))),
    ("earth", 10, ((1040, 392), (1036, 480), (1000, 560), (980, 610))),
    ("steps", 15, ((980, 596), (972, 668))),
    ("earth", 8, ((248, 256), (250, 334))),
    ("earth", 8, ((456, 224), (458, 320))),
    ("earth", 8, ((216, 464), (216, 490), (330, 520), (416, 514), (500, 470), (556, 460))),
    ("earth", 7, ((310, 518), (300, 400), (270, 336))),
    ("cobbles", 26, ((970, 374), (1010, 374))),
    ("cobbles", 16, ((660, 318), (724, 320))),
)

#: Ploughed ground: (crop, area).
FIELDS: tuple[tuple[str, Area], ...] = (
    ("stubble", Area(80, 548, 208, 112)),
    ("cabbages", Area(320, 560, 144, 96)),
    ("pumpkins", Area(208, 64, 112, 80)),
    ("stubble", Area(1120, 912, 300, 40)),
)

#: Fences: (x, y) to (x, y), along one axis.
FENCES: tuple[tuple[int, int, int, int], ...] = (
    (72, 536, 296, 536),
    (72, 672, 296, 672),
    (72, 536, 72, 672),
    (312, 544, 472, 544),
    (472, 544, 472, 672),
    (312, 672, 472, 672),
    (152, 272, 232, 272),
    (264, 272, 344, 272),
    (1104, 288, 1200, 288),
    (1440, 256, 1488, 256),
)

#: Where it stays open to walk and to look, besides houses and ways.
CLEARINGS = (
    Area(470, 300, 460, 310),
    Area(860, 350, 560, 80),
    Area(880, 600, 190, 130),
    Area(500, 640, 340, 100),
    Area(1270, 640, 260, 100),
    Area(60, 520, 430, 170),
    Area(200, 50, 130, 110),
    Area(880, 180, 220, 180),
)

THINGS: tuple[Prop, ...] = (
    # the green
    prop("market_cross", 704, 452, 40, 24),
    prop("notice_board", 626, 412, 44, 8),
    prop("desk", 792, 436, 52, 12),
    prop("lamp_post", 552, 372, 10, 8),
    prop("well", 884, 452, 38, 20),
    prop("bench", 668, 536, 36, 8),
    prop("barrel", 610, 300, 12, 10),
    prop("cart", 500, 404, 44, 14),
    # the inn's yard
    prop("heron_sign", 860, 350, 10, 8),
    prop("bench", 1044, 362, 34, 8),
    prop("barrel", 1080, 362, 12, 10),
    prop("barrel", 1094, 358, 12, 10),
    prop("trough", 1150, 404, 46, 12),
    prop("lamp_post", 1120, 350, 10, 8),
    prop("hay", 1160, 284, 40, 14),
    # the forge
    prop("anvil", 1288, 376, 22, 8),
    prop("quench_trough", 1344, 372, 36, 10),
    prop("woodpile", 1408, 344, 30, 12),
    prop("barrel", 1220, 340, 12, 10),
    # the mill
    prop("sacks", 1356, 706, 22, 8),
    prop("lamp_post", 1330, 660, 10, 8),
    prop("cart", 1280, 660, 44, 14),
    # the shrine
    prop("bells", 968, 678, 0),
    prop("altar", 968, 716, 30, 10),
    prop("shrine_fire", 1016, 712, 18, 8),
    prop("stone", 908, 690, 14, 8),
    prop("stone", 918, 656, 14, 8),
    prop("stone", 900, 718, 14, 8),
    prop("stone", 1024, 658, 14, 8),
    prop("stone", 1044, 690, 14, 8),
    prop("stone", 1040, 720, 14, 8),
    # the ferry landing
    prop("ferry_lamp", 566, 734, 8, 6),
    prop("ferry_bell", 640, 716, 8, 6),
    prop("rope_post", 728, 718, 10, 8),
    prop("eel_rail", 516, 706, 52, 8),
    prop("bench", 672, 708, 34, 8),
    prop("water_mark", 636, 776, 0),
    # about the cottages
    prop("woodpile", 322, 252, 30, 12),
    prop("barrel", 386, 222, 12, 10),
    prop("hay", 120, 500, 40, 14),
    prop("scarecrow", 392, 612, 10, 8),
    prop("laundry", 316, 452, 60, 8),
    prop("signpost", 596, 366, 10, 8),
)

#: The two posts of the beam that carries the bells.
BELL_POSTS = (Area(934, 670, 8, 8), Area(994, 670, 8, 8))

#: Planks over the mud and the water.
LANDING = Area(576, 704, 48, 96)

#: The ferry: where it lies on the mud, and where it floats.
FERRY_AGROUND = (692, 772)
FERRY_AFLOAT = (692, 792)

#: The middle of the mill wheel.
WHEEL = (1462, 664)

LAMPS = (
    Lamp(552, 344, 70, (255, 196, 110), flickers=True),
    Lamp(1120, 322, 70, (255, 196, 110), flickers=True),
    Lamp(1330, 632, 64, (255, 196, 110), flickers=True),
    Lamp(923, 340, 46, (255, 190, 100)),
    Lamp(992, 340, 60, (255, 190, 100)),
    Lamp(1050, 336, 46, (255, 190, 100)),
    Lamp(722, 288, 58, (255, 186, 96)),
    Lamp(1312, 328, 92, (255, 128, 48), flickers=True, always=True),
    Lamp(1016, 706, 58, (255, 150, 64), flickers=True, always=True),
    Lamp(566, 704, 58, (255, 72, 56), flickers=True),
    Lamp(1380, 664, 44, (255, 190, 100)),
    Lamp(276, 238, 36, (255, 190, 100)),
    Lamp(484, 206, 36, (255, 190, 100)),
    Lamp(244, 446, 36, (255, 190, 100)),
    Lamp(440, 478, 36, (255, 190, 100)),
    Lamp(1528, 222, 36, (255, 190, 100)),
)


def way_distance(x: float, y: float) -> float:
    """How far a point is from the edge of the nearest way; negative on one."""
    nearest = 1e9
    for _, half_width, points in WAYS:
        for (x1, y1), (x2, y2) in pairwise(points):
            length = (x2 - x1) ** 2 + (y2 - y1) ** 2
            along = max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
            nearest = min(nearest, hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)) - half_width)
    return nearest


def _is_open(x: float, y: float, margin: int) -> bool:
    """Whether a tree may grow here."""
    if is_river(x, y - 8) or is_river(x, y + 22):
        return False
    if any(area.contains(x, y) for area in CLEARINGS):
        return False
    for house in BUILDINGS:
        if house.x - 26 < x < house.x + house.width + 26 and house.base - house.depth - 50 < y < house.base + 96:
            return False
    return way_distance(x, y) > margin


def _grow() -> tuple[Prop, ...]:
    dice = random.Random(7)
    trees: list[Prop] = []
    # A wood around the village, a few trees inside it.
    for count, gap, inside in ((1100, 25, False), (700, 46, True)):
        for _ in range(count):
            x, y = dice.randrange(10, WIDTH - 10), dice.randrange(30, HEIGHT + 10)
            at_the_edge = y < 120 or x < 70 or x > WIDTH - 60 or (y > south_bank(x) and not 1090 < x < 1450)
            if at_the_edge == inside or any(hypot(x - tree.x, (y - tree.y) * 1.4) < gap for tree in trees):
                continue
            if _is_open(x, y, 14):
                kinds = ("oak", "maple", "birch", "oak", "rowan", "pine") if inside else ("oak", "maple", "pine", "oak")
                kind = "willow" if 640 < y < 730 or 890 < y < 906 else dice.choice(kinds)
                trees.append(prop(kind, x, y, 12, 8))
    return tuple(trees)


#: The trees that somebody planted where they are, and the others.
TREES = (
    prop("great_oak", 820, 560, 24, 12),
    prop("rowan", 760, 352, 12, 8),
    prop("willow", 860, 676, 14, 8),
    prop("willow", 1110, 664, 14, 8),
    prop("willow", 436, 712, 14, 8),
    prop("birch", 1180, 330, 12, 8),
    prop("maple", 1230, 470, 14, 8),
    *_grow(),
)


def blocked() -> frozenset[tuple[int, int]]:
    """The tiles of the map that nobody can stand on."""
    columns, rows = WIDTH // TILE, HEIGHT // TILE
    tiles = {
        (column, row)
        for row in range(rows)
        for column in range(columns)
        if column in (0, columns - 1)
        or row in (0, rows - 1)
        or is_river(column * TILE + 8, row * TILE + 12)
        or row * TILE > 880
    }
    for house in BUILDINGS:
        tiles.update(house.footprint.tiles())
    for thing in (*THINGS, *TREES):
        if thing.blocks:
            tiles.update(_covered(thing.blocks))
    for post in BELL_POSTS:
        tiles.update(_covered(post))
    for x1, y1, x2, y2 in FENCES:
        tiles.update(Area(x1, y1 - 2, max(1, x2 - x1), max(1, y2 - y1)).tiles())
    return frozenset(tiles - set(LANDING.tiles()))


def _covered(area: Area) -> list[tuple[int, int]]:
    """The tiles that an area covers noticeably: a third of a tile or more, or holds its middle."""
    cx, cy = area.x + area.width // 2, area.y + area.height // 2
    return [
        (column, row)
        for column, row in area.tiles()
        if (column, row) == (cx // TILE, cy // TILE)
        or (
            min(area.x + area.width, column * TILE + TILE) - max(area.x, column * TILE) >= 7
            and min(area.y + area.height, row * TILE + TILE) - max(area.y, row * TILE) >= 5
        )
    ]
