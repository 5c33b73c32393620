"""What stands by the Wend: the shrine's bells, altar and stones, and the gear of the ferry landing."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demo_game.art import palette
from demo_game.art.buildings import beam, stones
from demo_game.art.texture import canvas

Rect = pygame.Rect


def _bells() -> pygame.Surface:
    picture = canvas(84, 70)
    for x in (6, 70):
        beam(picture, Rect(x, 10, 8, 60))
        picture.fill(palette.MOSS[1], (x, 62, 8, 6))
    beam(picture, Rect(0, 6, 84, 8))
    picture.fill(palette.MOSS[2], (18, 5, 13, 2))
    for x, size in ((22, 8), (42, 11), (61, 6)):
        top = 16
        pygame.draw.circle(picture, palette.BRASS[1], (x, top + size), size)
        points = [(x - size, top + size), (x + size, top + size), (x + size + 3, top + size * 2 + 3)]
        points.append((x - size - 3, top + size * 2 + 3))
        pygame.draw.polygon(picture, palette.BRASS[1], points)
        picture.fill(palette.BRASS[2], (x - size + 2, top + size // 2, max(2, size // 2), size + size // 2))
        picture.fill(palette.BRASS[3], (x - size + 3, top + size // 2 + 1, 2, size))
        picture.fill(palette.BRASS[0], (x - size - 3, top + size * 2 + 1, size * 2 + 7, 2))
        picture.fill(palette.IRON[0], (x - 1, top + size * 2 + 3, 3, 3))
        picture.fill(palette.IRON[0], (x - 1, 12, 2, 6))
    for x in (31, 52):  # willow bark, drying
        picture.fill(palette.SACK[1], (x, 14, 4, 12))
        picture.fill(palette.TIMBER[3], (x, 18, 4, 1))
    return picture


def _altar() -> pygame.Surface:
    picture = canvas(36, 28)
    stones(picture, Rect(3, 12, 30, 16), (palette.STONE[0], palette.STONE[1], palette.STONE[1], palette.STONE[2]))
    pygame.draw.rect(picture, palette.STONE[2], (0, 7, 36, 8), border_radius=2)
    picture.fill(palette.STONE[3], (1, 7, 34, 2))
    picture.fill(palette.MOSS[1], (4, 13, 9, 3))
    for pebble in range(26):
        x, y = 5 + pebble * 7 % 25, 7 - pebble * 3 % 7
        tone = ((178, 172, 160), (138, 146, 150), (196, 180, 150), (120, 116, 120))[pebble % 4]
        pygame.draw.ellipse(picture, tone, (x, y, 4, 3))
    return picture


def _shrine_fire() -> pygame.Surface:
    picture = canvas(26, 30)
    for x in (3, 21):
        pygame.draw.line(picture, palette.TIMBER[2], (x, 28), (13, 2), 2)
    for x, y in ((2, 25), (9, 27), (16, 25)):
        pygame.draw.ellipse(picture, palette.STONE[1], (x, y - 1, 8, 5))
    for tone, reach in zip(palette.FLAME, (8, 6, 4, 2), strict=True):
        pygame.draw.ellipse(picture, tone, (13 - reach, 26 - reach, reach * 2, reach + 1))
    picture.fill(palette.IRON[1], (12, 3, 1, 8))
    pygame.draw.ellipse(picture, palette.IRON[0], (7, 10, 12, 9))
    picture.fill(palette.IRON[2], (9, 12, 2, 4))
    picture.fill(palette.IRON[0], (18, 12, 4, 2))
    return picture


def _stone() -> pygame.Surface:
    picture = canvas(20, 28)
    pygame.draw.polygon(picture, palette.STONE[1], [(2, 28), (4, 6), (9, 0), (15, 4), (19, 28)])
    pygame.draw.polygon(picture, palette.STONE[2], [(3, 26), (5, 7), (9, 1), (11, 5), (10, 26)])
    for x, y, width in ((4, 20, 9), (7, 24, 11), (10, 6, 5), (5, 12, 3)):
        picture.fill(palette.MOSS[1], (x, y, width, 3))
        picture.fill(palette.MOSS[2], (x, y, width - 2, 1))
    return picture


def _ferry_bell() -> pygame.Surface:
    picture = canvas(20, 40)
    beam(picture, Rect(3, 0, 4, 40))
    picture.fill(palette.TIMBER[2], (3, 2, 14, 3))
    pygame.draw.polygon(picture, palette.BRASS[1], [(10, 7), (16, 7), (18, 15), (8, 15)])
    picture.fill(palette.BRASS[3], (11, 8, 1, 6))
    pygame.draw.line(picture, palette.SACK[2], (13, 15), (14, 26))
    return picture


def _rope_post() -> pygame.Surface:
    picture = canvas(14, 26)
    beam(picture, Rect(4, 0, 7, 26))
    for y in (7, 10, 13):
        pygame.draw.line(picture, palette.SACK[2], (2, y), (12, y - 1), 2)
        picture.fill(palette.SACK[0], (2, y + 2, 10, 1))
    return picture


def _eel_rail() -> pygame.Surface:
    picture = canvas(56, 30)
    for x in (2, 50):
        beam(picture, Rect(x, 4, 4, 26))
    picture.fill(palette.TIMBER[2], (0, 5, 56, 3))
    for x in (8, 23, 38):
        pygame.draw.ellipse(picture, palette.SACK[0], (x, 7, 11, 20))
        pygame.draw.ellipse(picture, palette.SACK[1], (x + 1, 7, 8, 18))
        for y in range(10, 26, 4):
            picture.fill(palette.TIMBER[2], (x + 1, y, 9, 1))
    return picture


def _water_mark() -> pygame.Surface:
    picture = canvas(10, 46)
    picture.fill(palette.PLANKS[1], (1, 0, 8, 46))
    picture.fill(palette.PLASTER[2], (2, 0, 5, 46))
    for line in range(5):
        picture.fill(palette.RED, (2, 4 + line * 9, 6, 3))
    return picture


#: Every kind, and who draws it.
THINGS: dict[str, Callable[[], pygame.Surface]] = {
    "bells": _bells,
    "altar": _altar,
    "shrine_fire": _shrine_fire,
    "stone": _stone,
    "ferry_bell": _ferry_bell,
    "rope_post": _rope_post,
    "eel_rail": _eel_rail,
    "water_mark": _water_mark,
}
