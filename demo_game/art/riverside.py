"""The ferry, the fences, the smoke, the flames and small boats of detail that hang on the story."""

from __future__ import annotations

from functools import lru_cache

import pygame

from demo_game.art import palette
from demo_game.art.texture import canvas, outlined


@lru_cache(maxsize=2)
def ferry(afloat: bool) -> pygame.Surface:
    """The flat ferry: level on the water, or tilted on the mud. Its foot is in the middle of the lower edge."""
    hull = canvas(104, 44)
    pygame.draw.polygon(hull, palette.TIMBER[0], [(0, 18), (104, 18), (94, 42), (10, 42)])
    pygame.draw.polygon(hull, palette.TIMBER[2], [(2, 20), (102, 20), (93, 36), (11, 36)])
    hull.fill(palette.TIMBER[1], (6, 27, 92, 2))
    pygame.draw.polygon(hull, palette.PLANKS[1], [(8, 6), (96, 6), (104, 20), (0, 20)])
    for x in range(6, 100, 7):
        pygame.draw.line(hull, palette.PLANKS[0], (x + 2, 6), (x, 19))
        pygame.draw.line(hull, palette.PLANKS[2], (x + 4, 7), (x + 2, 18))
    hull.fill(palette.PLANKS[3], (8, 5, 88, 2))
    for x in (6, 52, 96):
        hull.fill(palette.TIMBER[0], (x, 0, 4, 18))
        hull.fill(palette.TIMBER[3], (x, 0, 2, 17))
    pygame.draw.line(hull, palette.SACK[2], (8, 2), (98, 2), 2)
    pygame.draw.ellipse(hull, palette.SACK[1], (70, 10, 14, 8), 3)
    if afloat:
        for x in range(6, 98, 9):
            hull.fill(palette.GLINT[1], (x, 40 + x % 3, 7, 1))
        return outlined(hull).convert_alpha()
    return pygame.transform.rotate(outlined(hull), -5).convert_alpha()


@lru_cache(maxsize=1)
def ferry_rope() -> pygame.Surface:
    """The rope as thick as an arm, from its post over the river to the far bank."""
    picture = canvas(40, 196)
    bend = [(4 + 28 * step / 16 + 6 * (step / 16) * (1 - step / 16), 2 + step * 12) for step in range(17)]
    pygame.draw.lines(picture, palette.INK, False, [(x + 1, y + 1) for x, y in bend], 4)
    pygame.draw.lines(picture, palette.SACK[1], False, bend, 3)
    for x, y in bend:
        picture.fill(palette.SACK[3], (x - 1, y, 2, 2))
    return picture.convert_alpha()


@lru_cache(maxsize=64)
def fence(length: int, upright: bool) -> pygame.Surface:
    """A wattle fence along x, or one piece of a fence along y."""
    if upright:
        picture = canvas(8, 30)
        picture.fill(palette.TIMBER[2], (2, 8, 3, 22))
        picture.fill(palette.TIMBER[0], (1, 0, 5, 16))
        picture.fill(palette.PLANKS[2], (1, 0, 3, 15))
        return picture.convert_alpha()
    picture = canvas(length + 6, 22)
    for y in (5, 12):
        picture.fill(palette.TIMBER[0], (0, y + 3, length + 4, 1))
        picture.fill(palette.PLANKS[1], (0, y, length + 4, 3))
        picture.fill(palette.PLANKS[3], (0, y, length + 4, 1))
    for x in range(0, length + 1, 16):
        picture.fill(palette.TIMBER[0], (x, 1, 6, 21))
        picture.fill(palette.PLANKS[2], (x + 1, 0, 3, 21))
        picture.fill(palette.PLANKS[3], (x + 1, 0, 3, 2))
    return picture.convert_alpha()


@lru_cache(maxsize=16)
def smoke(age: int) -> pygame.Surface:
    """A puff of smoke, of age 0 to 7."""
    radius = 4 + age
    puff = canvas(16, 16)
    for ring in range(8, 0, -1):
        pygame.draw.circle(puff, (214, 208, 204, (8 - age) * (9 - ring) * 3 + 6), (8, 8), ring)
    return pygame.transform.smoothscale(puff, (radius * 2, radius * 2)).convert_alpha()


@lru_cache(maxsize=8)
def flame(frame: int, size: int) -> pygame.Surface:
    """A little fire in one of four moments; `size` is its height in pixels."""
    picture = canvas(size, size)
    for tone, share in zip(palette.FLAME, (1.0, 0.76, 0.5, 0.28), strict=True):
        high = size * share * (0.86 + 0.14 * (frame * 7 % 4) / 3)
        half = size * 0.42 * share
        tip = size / 2 + (frame % 4 - 1.5) * share * 1.6
        points = [
            (tip, size - high),
            (size / 2 + half, size - high * 0.34),
            (size / 2 + half * 0.6, size - 1),
            (size / 2 - half * 0.6, size - 1),
            (size / 2 - half, size - high * 0.4),
        ]
        pygame.draw.polygon(picture, tone, points)
    return picture.convert_alpha()


@lru_cache(maxsize=1)
def parcel() -> pygame.Surface:
    """An apple and a folded blanket, for somebody who has not come."""
    picture = canvas(16, 8)
    picture.fill((122, 78, 84), (0, 2, 9, 5))
    picture.fill((156, 104, 104), (0, 2, 9, 2))
    pygame.draw.circle(picture, palette.RED, (12, 4), 2)
    picture.set_at((12, 1), palette.GRASS[0])
    return picture.convert_alpha()
