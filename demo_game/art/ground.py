"""The ground of the village, drawn once: grass, ways, fields, the river's bed, fallen leaves, shadows."""

from __future__ import annotations

import random

import pygame

from demo_game.art import palette
from demo_game.art.texture import dithered, paint, soft_shadow, speckled, stroke, tiled
from demo_game.art.tones import Color
from demo_game.village import outdoors
from demo_game.village.geometry import Area
from demo_game.village.river import WEIR, mud_width, north_bank, south_bank

_WAY_TONES = {
    "earth": palette.EARTH,
    "cinders": palette.CINDERS,
    "cobbles": palette.COBBLES,
    "steps": palette.COBBLES,
}


def village_ground() -> pygame.Surface:
    """The whole map from above, without what stands on it."""
    size = outdoors.WIDTH, outdoors.HEIGHT
    ground = tiled(dithered(palette.GRASS, 32, 150, 3), *size).convert()
    _meadows(ground)
    for crop, area in outdoors.FIELDS:
        _field(ground, crop, area)
    _river(ground)
    _ways(ground)
    _growth(ground)
    _landing(ground)
    _shade(ground)
    return ground


def _meadows(ground: pygame.Surface) -> None:
    """Patches of dry grass."""
    for seed, tones in ((8, palette.MEADOW), (31, palette.GRASS[:4])):
        layer = tiled(dithered(tones, 32, 150, seed), *ground.get_size())
        speckled(ground.get_size(), 128, seed).to_surface(ground, setsurface=layer, unsetcolor=None)


def _field(ground: pygame.Surface, crop: str, area: Area) -> None:
    dice = random.Random(area.x)
    mask = pygame.mask.Mask(ground.get_size())
    for y in range(area.y + 8, area.y + area.height - 4, 12):
        stroke(mask, ((area.x + 10, y), (area.x + area.width - 10, y)), 8)
    paint(ground, mask, dithered(palette.EARTH[:3], 32, 120, 11))
    for y in range(area.y + 10, area.y + area.height - 4, 12):
        for x in range(area.x + 8, area.x + area.width - 8, 2):
            ground.set_at((x, y + 5), palette.EARTH[0])
        step = 4 if crop == "stubble" else 14
        for x in range(area.x + 10, area.x + area.width - 10, step):
            x_there, y_there = x + dice.randrange(3), y + dice.randrange(-1, 2)
            if crop == "stubble":
                pygame.draw.line(
                    ground, palette.THATCH[2 + dice.randrange(2)], (x_there, y_there), (x_there, y_there - 3)
                )
            elif crop == "cabbages":
                pygame.draw.circle(ground, (58, 92, 58), (x_there, y_there), 5)
                pygame.draw.circle(ground, (96, 136, 84), (x_there - 1, y_there - 1), 4)
                pygame.draw.circle(ground, (148, 178, 116), (x_there - 1, y_there - 2), 2)
            elif dice.random() < 0.62:
                pygame.draw.line(ground, (70, 96, 50), (x_there - 8, y_there + 1), (x_there + 7, y_there + 2))
                pygame.draw.ellipse(ground, (150, 74, 30), (x_there - 5, y_there - 4, 10, 8))
                pygame.draw.ellipse(ground, (222, 126, 46), (x_there - 4, y_there - 4, 8, 6))
                pygame.draw.line(ground, (246, 176, 92), (x_there - 2, y_there - 3), (x_there - 2, y_there - 1))


def _band(ground: pygame.Surface, top: list[float], bottom: list[float], texture: pygame.Surface) -> None:
    """Paint what lies between two lines that run from the left edge to the right."""
    shape = pygame.Surface(ground.get_size(), 0, 8)
    shape.set_palette([(0, 0, 0), (255, 255, 255)] + [(0, 0, 0)] * 254)
    for x, (above, below) in enumerate(zip(top, bottom, strict=True)):
        if below > above:
            pygame.draw.line(shape, 1, (x, above), (x, below))
    shape.set_colorkey(0)
    paint(ground, pygame.mask.from_surface(shape), texture)


def _river(ground: pygame.Surface) -> None:
    dice = random.Random(9)
    columns = range(outdoors.WIDTH)
    north = [north_bank(x) + dice.randrange(2) for x in columns]
    south = [south_bank(x) - dice.randrange(2) for x in columns]
    shore = [y + mud_width(x) for x, y in enumerate(north)]
    _band(ground, [y - 5 for y in north], north, dithered(palette.EARTH[:3], 16, 140, 4))
    _band(ground, [y - 2 for y in north], [y + 6 for y in south], dithered(palette.MUD, 32, 90, 2))
    _band(ground, shore, south, dithered(palette.SHALLOWS, 16, 120, 12))
    _band(ground, [y + 7 for y in shore], [y - 7 for y in south], dithered(palette.WATER, 16, 150, 14))
    for x in columns:
        ground.set_at((x, int(north[x]) - 1), palette.EARTH[0])
        ground.set_at((x, int(north[x])), palette.EARTH[0])
        if mud_width(x) > 1:
            ground.set_at((x, int(shore[x]) - 1), palette.MUD[0])
    for _ in range(70):  # pebbles on the mud, stones in the water
        x = dice.randrange(10, 1350)
        y = int(north_bank(x) + dice.uniform(4, mud_width(x) + 16))
        pygame.draw.ellipse(ground, palette.STONE[0], (x, y, 5, 4))
        pygame.draw.ellipse(ground, palette.STONE[2], (x, y, 4, 3))
    _weir(ground)


def _weir(ground: pygame.Surface) -> None:
    """A dam of stakes and planks; the water falls over it to the left."""
    (x1, y1), (x2, y2) = WEIR
    for step in range(0, 101, 2):
        x, y = x1 + (x2 - x1) * step / 100, y1 + (y2 - y1) * step / 100
        pygame.draw.ellipse(ground, palette.GLINT[1], (x - 26, y - 4, 30, 9))
    for step in range(0, 101, 2):
        x, y = x1 + (x2 - x1) * step / 100, y1 + (y2 - y1) * step / 100
        pygame.draw.ellipse(ground, palette.FOAM, (x - 24, y - 2, 9, 4))
    pygame.draw.line(ground, palette.TIMBER[0], (x1 + 2, y1), (x2 + 2, y2), 9)
    pygame.draw.line(ground, palette.PLANKS[1], (x1, y1), (x2, y2), 5)
    pygame.draw.line(ground, palette.PLANKS[3], (x1 - 2, y1), (x2 - 2, y2), 1)
    for step in range(4, 100, 8):
        x, y = x1 + (x2 - x1) * step / 100, y1 + (y2 - y1) * step / 100
        ground.fill(palette.TIMBER[0], (x - 2, y - 8, 5, 11))
        ground.fill(palette.PLANKS[2], (x - 2, y - 8, 3, 9))


def _ways(ground: pygame.Surface) -> None:
    for kind in ("earth", "cinders", "cobbles", "steps"):
        edge, mask = pygame.mask.Mask(ground.get_size()), pygame.mask.Mask(ground.get_size())
        for _, half_width, points in (way for way in outdoors.WAYS if way[0] == kind):
            stroke(edge, points, half_width)
            stroke(mask, points, half_width - 3)
        tones = _WAY_TONES[kind]
        if kind in ("earth", "cinders"):
            paint(ground, edge, dithered((tones[0], palette.GRASS[1], tones[1], palette.GRASS[2]), 16, 200, 21))
            paint(ground, mask, dithered(tones, 32, 110, 22))
        else:
            paint(ground, edge, dithered(palette.EARTH[:2], 16, 160, 23))
            paint(ground, mask, _paving(tones, 12 if kind == "cobbles" else 10))


def _paving(tones: tuple[Color, ...], width: int) -> pygame.Surface:
    """Rows of rounded stones; repeats every 120 pixels."""
    dice = random.Random(width)
    picture = pygame.Surface((120, 120), 0, 32)
    picture.fill(palette.EARTH[0])
    for row in range(0, 120, 8):
        shift = dice.randrange(width)
        for x in range(-width, 120, width):
            stone = pygame.Rect(x + shift, row, width - 1 - dice.randrange(2), 7)
            tone = dice.randrange(1, 4)
            pygame.draw.rect(picture, tones[tone - 1], stone, border_radius=3)
            pygame.draw.rect(picture, tones[tone], stone.inflate(-1, -2).move(-1, -1), border_radius=3)
    return picture


def _growth(ground: pygame.Surface) -> None:
    """Tufts, flowers, and leaves under the trees."""
    dice = random.Random(12)
    for _ in range(2600):
        x, y = dice.randrange(outdoors.WIDTH), dice.randrange(outdoors.HEIGHT)
        if north_bank(x) - 8 < y < south_bank(x) + 6 or ground.get_at((x, y))[1] <= ground.get_at((x, y))[0]:
            continue
        if dice.random() < 0.82:
            tone = palette.GRASS[dice.choice((0, 0, 4))]
            for blade in (-2, 0, 2):
                pygame.draw.line(ground, tone, (x + blade // 2, y), (x + blade, y - 3 - (blade == 0)))
        else:
            petal = dice.choice(((226, 214, 190), (208, 176, 74), (166, 118, 158), (206, 120, 90)))
            for _ in range(dice.randrange(2, 5)):
                there = x + dice.randrange(-6, 7), y + dice.randrange(-4, 5)
                ground.set_at((there[0], there[1] + 1), palette.GRASS[0])
                ground.fill(petal, (*there, 2, 1))
    for tree in outdoors.TREES:
        tones = palette.LEAVES[tree.kind]
        reach = 52 if tree.kind == "great_oak" else 24
        for _ in range(0 if tree.kind == "pine" else reach * 2):
            x, y = int(dice.gauss(tree.x, reach * 0.6)), int(dice.gauss(tree.y, reach * 0.36))
            if 0 <= x < outdoors.WIDTH and y < north_bank(x) - 4:
                ground.fill(tones[dice.randrange(1, 4)], (x, y, 2, 1))


def _landing(ground: pygame.Surface) -> None:
    """The planks of the ferry landing, and its posts."""
    area = outdoors.LANDING
    for x in (area.x, area.x + area.width - 4):
        for y in range(area.y + 36, area.y + area.height + 8, 28):
            ground.fill(palette.TIMBER[0], (x, y, 4, 16))
    ground.blit(soft_shadow(area.width + 16, area.height, 120), (area.x - 2, area.y + 10))
    dice = random.Random(2)
    for y in range(area.y + 6, area.y + area.height, 7):
        indent = dice.randrange(3)
        plank = pygame.Rect(area.x - 2 + indent, y, area.width + 4 - indent - dice.randrange(3), 7)
        ground.fill(palette.TIMBER[1], plank)
        ground.fill(palette.PLANKS[1 + dice.randrange(3)], plank.inflate(0, -1).move(0, -1))
        for x in (plank.x + 3, plank.right - 4):
            ground.set_at((x, y + 2), palette.TIMBER[0])


def _shade(ground: pygame.Surface) -> None:
    """Soft shadows of houses and trees; the light comes from the upper left."""
    for house in outdoors.BUILDINGS:
        ground.blit(soft_shadow(house.width + 56, 56, 110), (house.x - 14, house.base - 28))
    for tree in outdoors.TREES:
        width = 120 if tree.kind == "great_oak" else 50
        ground.blit(soft_shadow(width, width * 2 // 5, 110), (tree.x - width // 2 + 6, tree.y - width // 5))
    for thing in outdoors.THINGS:
        if thing.blocks:
            width = thing.blocks.width + 16
            ground.blit(soft_shadow(width, 16, 100), (thing.x - width // 2 + 3, thing.y - 10))
