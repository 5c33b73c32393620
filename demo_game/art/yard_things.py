"""What people work with in yards and gardens: carts and troughs, the anvil, hay, sacks and washing."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demo_game.art import palette
from demo_game.art.buildings import beam, stones
from demo_game.art.texture import canvas

Rect = pygame.Rect


def _cart() -> pygame.Surface:
    picture = canvas(62, 38)
    pygame.draw.line(picture, palette.TIMBER[1], (40, 26), (61, 32), 3)
    pygame.draw.ellipse(picture, palette.THATCH[1], (3, 2, 40, 20))
    pygame.draw.ellipse(picture, palette.THATCH[2], (4, 1, 34, 15))
    for x in range(6, 38, 3):
        pygame.draw.line(picture, palette.THATCH[3], (x, 4 + x % 5), (x + 2, 9 + x % 4))
    picture.fill(palette.PLANKS[0], (1, 15, 44, 12))
    picture.fill(palette.PLANKS[2], (1, 15, 44, 3))
    picture.fill(palette.PLANKS[1], (1, 20, 44, 3))
    for x in (12, 34):
        pygame.draw.circle(picture, palette.TIMBER[0], (x, 28), 10)
        pygame.draw.circle(picture, palette.PLANKS[2], (x, 28), 9, 2)
        for end in ((-6, -6), (6, 6), (-6, 6), (6, -6)):
            pygame.draw.line(picture, palette.PLANKS[1], (x, 28), (x + end[0], 28 + end[1]))
        pygame.draw.circle(picture, palette.IRON[1], (x, 28), 2)
    return picture


def _trough() -> pygame.Surface:
    picture = canvas(48, 20)
    stones(picture, Rect(0, 6, 48, 14))
    pygame.draw.rect(picture, palette.STONE[3], (0, 2, 48, 9), border_radius=2)
    picture.fill(palette.WATER[2], (3, 4, 42, 5))
    picture.fill(palette.GLINT[1], (8, 5, 12, 1))
    picture.fill(palette.GLINT[0], (26, 7, 9, 1))
    return picture


def _quench_trough() -> pygame.Surface:
    picture = canvas(38, 18)
    picture.fill(palette.PLANKS[0], (0, 4, 38, 14))
    picture.fill(palette.PLANKS[1], (0, 10, 38, 4))
    picture.fill(palette.PLANKS[3], (0, 2, 38, 8))
    picture.fill((44, 58, 68), (2, 4, 34, 4))
    picture.fill(palette.GLINT[0], (8, 5, 10, 1))
    for x in (5, 31):
        picture.fill(palette.IRON[1], (x, 9, 2, 9))
    return picture


def _anvil() -> pygame.Surface:
    picture = canvas(30, 26)
    picture.fill(palette.TIMBER[1], (8, 15, 15, 11))
    picture.fill(palette.TIMBER[2], (8, 15, 5, 11))
    picture.fill(palette.IRON[0], (8, 12, 14, 3))
    picture.fill(palette.IRON[1], (10, 8, 10, 5))
    pygame.draw.polygon(picture, palette.IRON[1], [(0, 3), (5, 9), (25, 9), (28, 3)])
    picture.fill(palette.IRON[3], (3, 2, 25, 2))
    picture.fill(palette.FLAME[1], (15, 1, 11, 2))  # iron, gone from cherry to grey
    picture.fill(palette.FLAME[2], (22, 1, 4, 2))
    return picture


def _anvil_with_key() -> pygame.Surface:
    picture = _anvil()
    picture.fill(palette.IRON[3], (15, 1, 11, 2))
    pygame.draw.circle(picture, palette.BRASS[2], (11, 2), 2, 1)
    picture.fill(palette.BRASS[3], (13, 2, 7, 1))
    picture.fill(palette.BRASS[2], (18, 3, 2, 2))
    return picture


def _woodpile() -> pygame.Surface:
    picture = canvas(38, 26)
    for row in range(3):
        for log in range(5 - row):
            middle = (5 + row * 3 + log * 7, 21 - row * 7)
            pygame.draw.circle(picture, palette.TIMBER[1], middle, 4)
            pygame.draw.circle(picture, palette.PLANKS[3], middle, 3)
            pygame.draw.circle(picture, palette.PLANKS[1], middle, 1)
    return picture


def _hay() -> pygame.Surface:
    picture = canvas(46, 36)
    pygame.draw.ellipse(picture, palette.THATCH[0], (1, 8, 44, 28))
    pygame.draw.ellipse(picture, palette.THATCH[1], (2, 4, 40, 30))
    pygame.draw.ellipse(picture, palette.THATCH[2], (4, 2, 32, 24))
    for straw in range(60):
        x, y = 6 + straw * 13 % 34, 4 + straw * 7 % 26
        pygame.draw.line(picture, palette.THATCH[straw % 4], (x, y), (x + straw % 5 - 2, y + 4))
    return picture


def _sacks() -> pygame.Surface:
    picture = canvas(34, 24)
    for x, y in ((2, 6), (15, 7), (9, 0)):
        pygame.draw.rect(picture, palette.SACK[0], (x, y, 15, 17), border_radius=5)
        pygame.draw.rect(picture, palette.SACK[2], (x + 1, y, 10, 15), border_radius=4)
        picture.fill(palette.SACK[0], (x + 4, y + 3, 7, 1))
        picture.fill(palette.SACK[3], (x + 3, y + 6, 2, 6))
    return picture


def _scarecrow() -> pygame.Surface:
    picture = canvas(40, 50)
    picture.fill(palette.TIMBER[2], (19, 14, 3, 36))
    picture.fill(palette.TIMBER[2], (2, 20, 36, 3))
    pygame.draw.polygon(picture, (104, 72, 66), [(8, 18), (32, 18), (29, 38), (12, 38)])
    picture.fill((86, 58, 56), (22, 20, 6, 18))
    for x in (1, 36):
        picture.fill(palette.THATCH[3], (x, 19, 4, 5))
    pygame.draw.circle(picture, palette.SACK[2], (20, 12), 7)
    picture.fill(palette.INK, (17, 11, 2, 2))
    picture.fill(palette.INK, (22, 11, 2, 2))
    pygame.draw.polygon(picture, palette.TIMBER[1], [(10, 8), (30, 8), (24, 6), (20, 0), (15, 6)])
    return picture


def _laundry() -> pygame.Surface:
    picture = canvas(72, 40)
    for x in (2, 66):
        beam(picture, Rect(x, 4, 3, 36))
    pygame.draw.line(picture, palette.SACK[3], (4, 7), (36, 10))
    pygame.draw.line(picture, palette.SACK[3], (36, 10), (67, 7))
    for x, width, height, tone in (
        (9, 13, 18, palette.WHITE),
        (25, 9, 12, (178, 96, 84)),
        (37, 14, 20, (198, 190, 168)),
        (54, 9, 14, (104, 122, 140)),
    ):
        picture.fill(tone, (x, 9, width, height))
        picture.fill(tuple(part * 4 // 5 for part in tone), (x + width - 3, 9, 3, height))
    return picture


#: Every kind, and who draws it.
THINGS: dict[str, Callable[[], pygame.Surface]] = {
    "cart": _cart,
    "trough": _trough,
    "quench_trough": _quench_trough,
    "anvil": _anvil,
    "anvil_with_key": _anvil_with_key,
    "woodpile": _woodpile,
    "hay": _hay,
    "sacks": _sacks,
    "scarecrow": _scarecrow,
    "laundry": _laundry,
}
