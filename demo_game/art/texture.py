"""Textures and the brushwork that everything shares: dithered noise, ragged shapes, outlines, soft shadows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import pygame

from demo_game.art.palette import INK
from demo_game.art.tones import Color

Point = tuple[float, float]


def canvas(width: int, height: int) -> pygame.Surface:
    """An empty, transparent picture."""
    return pygame.Surface((width, height), pygame.SRCALPHA)


@lru_cache(maxsize=64)
def dithered(tones: tuple[Color, ...], cell: int, grain: int, seed: int, side: int = 256) -> pygame.Surface:
    """A square of smooth noise in a few tones, their borders broken by grain. It repeats without a seam.

    cell: the size of its patches in pixels, a divisor of side. grain: 0 is smooth, 255 is all dots.
    """
    dice = random.Random(seed)
    count = side // cell
    grey = [[dice.randrange(256) for _ in range(count)] for _ in range(count)]
    coarse = pygame.Surface((count + 1, count + 1), 0, 32)
    for y in range(count + 1):
        for x in range(count + 1):
            coarse.set_at((x, y), (grey[y % count][x % count],) * 3)
    noise = pygame.transform.smoothscale(coarse, (side, side))
    noise.fill((grain // 2,) * 3, special_flags=pygame.BLEND_RGB_SUB)
    dots = pygame.Surface((64, 64), 0, 32)
    for y in range(64):
        for x in range(64):
            dots.set_at((x, y), (dice.randrange(grain + 1),) * 3)
    for y in range(0, side, 64):
        for x in range(0, side, 64):
            noise.blit(dots, (x, y), special_flags=pygame.BLEND_RGB_ADD)
    picture = pygame.Surface((side, side), 0, 32)
    picture.fill(tones[0])
    for index, tone in enumerate(tones[1:], 1):
        least = 60 + 135 * index // len(tones)
        middle, reach = (255 + least) // 2, (255 - least) // 2 + 1
        lighter = pygame.mask.from_threshold(noise, (middle,) * 3, (reach, reach, reach, 255))
        lighter.to_surface(picture, setcolor=tone, unsetcolor=None)
    return picture


def speckled(size: tuple[int, int], cell: int, seed: int) -> pygame.mask.Mask:
    """Patches that cover about half of a picture of this size, with edges of dots."""
    texture = dithered(((0, 0, 0), (255, 255, 255)), cell, 90, seed, 512)
    one = pygame.mask.from_threshold(texture, (255, 255, 255), (9, 9, 9, 255))
    mask = pygame.mask.Mask(size)
    for y in range(0, size[1], 512):
        for x in range(0, size[0], 512):
            mask.draw(one, (x, y))
    return mask


def tiled(texture: pygame.Surface, width: int, height: int) -> pygame.Surface:
    """A texture, repeated to a size."""
    picture = pygame.Surface((width, height), 0, 32)
    for y in range(0, height, texture.get_height()):
        for x in range(0, width, texture.get_width()):
            picture.blit(texture, (x, y))
    return picture


def paint(target: pygame.Surface, mask: pygame.mask.Mask, texture: pygame.Surface) -> None:
    """Lay a texture on the part of a picture that a mask of its size covers."""
    for part in mask.get_bounding_rects():
        cut = pygame.mask.Mask(part.size)
        cut.draw(mask, (-part.x, -part.y))
        layer = tiled(texture, part.width + part.x % texture.get_width(), part.height + part.y % texture.get_height())
        offset = pygame.Rect(part.x % texture.get_width(), part.y % texture.get_height(), part.width, part.height)
        cut.to_surface(target, setsurface=layer.subsurface(offset).convert(target), unsetcolor=None, dest=part.topleft)


@lru_cache(maxsize=64)
def ragged(radius: int, seed: int) -> pygame.mask.Mask:
    """A disc with a frayed edge."""
    dice = random.Random(radius * 31 + seed)
    side = radius * 2 + 7
    shape = canvas(side, side)
    middle = side // 2
    pygame.draw.circle(shape, INK, (middle, middle), radius)
    for _ in range(radius * 3):
        spot = pygame.Vector2(radius + dice.uniform(-2.0, 2.4), 0).rotate(dice.uniform(0, 360))
        shape.fill(INK if dice.random() < 0.7 else (0, 0, 0, 0), (middle + spot.x, middle + spot.y, 2, 1))
    return pygame.mask.from_surface(shape)


def stroke(mask: pygame.mask.Mask, points: Sequence[Point], radius: int) -> None:
    """Draw a line with a frayed brush."""
    for start, end in pairwise(points):
        way = pygame.Vector2(end) - pygame.Vector2(start)
        steps = max(1, int(way.length() / max(2, radius // 3)))
        for step in range(steps + 1):
            middle = pygame.Vector2(start) + way * step / steps
            brush = ragged(radius, (int(middle.x) * 7 + int(middle.y)) % 5)
            half = brush.get_size()[0] // 2
            mask.draw(brush, (int(middle.x) - half, int(middle.y * 1.0) - half))


def polygon_mask(size: tuple[int, int], points: Sequence[Point]) -> pygame.mask.Mask:
    """The inside of a polygon."""
    shape = canvas(*size)
    pygame.draw.polygon(shape, INK, points)
    return pygame.mask.from_surface(shape)


def outlined(picture: pygame.Surface, color: Color = INK) -> pygame.Surface:
    """A copy with a line of one pixel around whatever is drawn; two pixels wider and higher."""
    mask = pygame.mask.from_surface(picture)
    framed = canvas(picture.get_width() + 2, picture.get_height() + 2)
    for offset in ((0, 1), (2, 1), (1, 0), (1, 2)):
        mask.to_surface(framed, setcolor=color, unsetcolor=None, dest=offset)
    framed.blit(picture, (1, 1))
    return framed


@lru_cache(maxsize=64)
def soft_shadow(width: int, height: int, darkness: int = 90) -> pygame.Surface:
    """An ellipse of shade that fades out."""
    small = canvas(16, 16)
    for ring in range(8, 0, -1):
        pygame.draw.circle(small, (20, 16, 34, darkness * (9 - ring) // 8), (8, 8), ring)
    return pygame.transform.smoothscale(small, (width, height))
