"""The furniture of the Grey Heron's taproom."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demo_game.art import palette
from demo_game.art.buildings import beam, stones
from demo_game.art.texture import canvas

Rect = pygame.Rect


def _hearth() -> pygame.Surface:
    picture = canvas(92, 88)
    stones(picture, Rect(14, 0, 64, 40))
    stones(picture, Rect(4, 34, 84, 54))
    beam(picture, Rect(0, 32, 92, 7))
    mouth = Rect(22, 48, 48, 36)
    pygame.draw.rect(picture, (26, 18, 20), mouth, border_top_left_radius=14, border_top_right_radius=14)
    pygame.draw.ellipse(picture, palette.FLAME[0], (26, 74, 40, 11))
    pygame.draw.ellipse(picture, palette.FLAME[1], (31, 76, 30, 7))
    for x in (28, 44):
        picture.fill(palette.TIMBER[1], (x, 79, 18, 5))
        picture.fill(palette.FLAME[1], (x + 2, 79, 10, 1))
    picture.fill(palette.IRON[0], (45, 48, 2, 8))  # onions simmer
    pygame.draw.ellipse(picture, palette.IRON[0], (36, 55, 20, 14))
    pygame.draw.ellipse(picture, palette.IRON[1], (37, 54, 18, 5))
    for x, tone in ((8, palette.BRASS[2]), (18, palette.PLASTER[2]), (74, palette.BRASS[1]), (82, palette.PLASTER[1])):
        picture.fill(tone, (x, 26, 5, 6))
    return picture


def _bar() -> pygame.Surface:
    picture = canvas(164, 36)
    picture.fill(palette.TIMBER[1], (0, 8, 164, 28))
    for x in range(2, 162, 20):
        picture.fill(palette.TIMBER[2], (x, 14, 17, 19))
        pygame.draw.rect(picture, palette.TIMBER[0], (x + 2, 16, 13, 15), 1)
    picture.fill(palette.PLANKS[2], (0, 2, 164, 8))
    picture.fill(palette.PLANKS[3], (0, 2, 164, 2))
    for x in (34, 120):
        picture.fill(palette.PLASTER[3], (x - 2, 0, 4, 7))
        picture.fill(palette.BRASS[1], (x - 4, 6, 8, 2))
    for x in (58, 70, 142):
        picture.fill(palette.PLANKS[0], (x, 0, 6, 7))
        picture.fill(palette.PLASTER[3], (x, 0, 6, 2))
    return picture


def _bar_end() -> pygame.Surface:
    picture = canvas(16, 50)
    picture.fill(palette.PLANKS[2], (0, 0, 16, 50))
    picture.fill(palette.PLANKS[3], (0, 0, 2, 50))
    picture.fill(palette.PLANKS[1], (13, 0, 3, 50))
    return picture


def _trapdoor() -> pygame.Surface:
    picture = canvas(36, 24)
    picture.fill(palette.TIMBER[0], (0, 0, 36, 24))
    for x in range(2, 34, 8):
        picture.fill(palette.PLANKS[0], (x, 2, 7, 20))
    picture.fill(palette.IRON[1], (2, 5, 32, 2))
    picture.fill(palette.IRON[1], (2, 17, 32, 2))
    pygame.draw.circle(picture, palette.IRON[3], (18, 12), 3, 1)
    return picture


def _shelves() -> pygame.Surface:
    picture = canvas(120, 30)
    for y in (12, 27):
        picture.fill(palette.TIMBER[0], (0, y + 2, 120, 1))
        picture.fill(palette.PLANKS[1], (0, y, 120, 2))
    glazes = (palette.TILES[2], palette.GLASS[1], palette.BRASS[1], (96, 118, 82), palette.PLASTER[1], (130, 96, 120))
    for jar in range(17):
        x, height = 3 + jar * 7, 6 + jar * 5 % 5
        for y in (12, 27):
            tone = glazes[(jar * 5 + y) % 6]
            picture.fill(tone, (x, y - height, 5, height))
            picture.fill(palette.WHITE, (x + 1, y - height + 1, 1, 2))
            picture.fill(palette.TIMBER[2], (x + 1, y - height - 1, 3, 1))
    return picture


def _stuffed_heron() -> pygame.Surface:
    picture = canvas(50, 44)
    pygame.draw.ellipse(picture, palette.TIMBER[2], (8, 36, 34, 8))
    grey, dark, pale = (124, 134, 150), (74, 84, 102), (196, 200, 204)
    for x in (23, 28):
        pygame.draw.line(picture, palette.BRASS[1], (x, 28), (x, 39))
    pygame.draw.ellipse(picture, grey, (14, 18, 24, 13))
    pygame.draw.polygon(picture, dark, [(30, 20), (43, 28), (26, 30)])
    pygame.draw.lines(picture, grey, False, [(17, 22), (13, 16), (18, 10), (16, 6)], 4)
    pygame.draw.lines(picture, pale, False, [(18, 24), (14, 17), (19, 11)], 1)
    picture.fill(pale, (14, 3, 7, 5))
    pygame.draw.line(picture, dark, (18, 3), (27, 6), 2)
    pygame.draw.polygon(picture, palette.BRASS[2], [(14, 4), (14, 7), (2, 9)])
    picture.fill(palette.INK, (15, 4, 2, 2))
    return picture


def _pegs() -> pygame.Surface:
    picture = canvas(58, 42)
    picture.fill(palette.TIMBER[2], (0, 0, 58, 4))
    picture.fill(palette.TIMBER[3], (0, 0, 58, 1))
    for x, tone, length in ((3, (82, 92, 74), 34), (21, (112, 62, 56), 38), (40, (74, 78, 100), 31)):
        points = [(x + 6, 3), (x, length), (x + 14, length), (x + 9, 3)]
        pygame.draw.polygon(picture, tone, points)
        pygame.draw.line(picture, tuple(part * 3 // 4 for part in tone), (x + 7, 6), (x + 9, length), 2)
        pygame.draw.line(picture, tuple(part * 5 // 4 for part in tone), (x + 5, 8), (x + 2, length - 2))
    return picture


def _long_table() -> pygame.Surface:
    picture = canvas(132, 40)
    for x in (8, 118):
        picture.fill(palette.TIMBER[0], (x, 28, 6, 12))
    picture.fill(palette.PLANKS[0], (0, 25, 132, 5))
    picture.fill(palette.PLANKS[2], (0, 3, 132, 22))
    for y in (9, 16):
        picture.fill(palette.PLANKS[1], (0, y, 132, 1))
    picture.fill(palette.PLANKS[3], (0, 3, 132, 1))
    for scar in range(18):  # knives and dice
        x, y = 6 + scar * 37 % 116, 6 + scar * 11 % 17
        pygame.draw.line(picture, palette.TIMBER[2], (x, y), (x + scar % 7 - 3, y + 2 + scar % 3))
    for x, y in ((22, 10), (96, 14), (112, 8)):
        picture.fill(palette.TIMBER[1], (x, y - 4, 7, 8))
        picture.fill(palette.PLASTER[3], (x, y - 5, 7, 3))
    for x, y in ((78, 17), (83, 14)):
        picture.fill(palette.WHITE, (x, y, 3, 3))
        picture.set_at((x + 1, y + 1), palette.INK)
    pygame.draw.ellipse(picture, palette.PLASTER[2], (38, 9, 15, 8))
    pygame.draw.ellipse(picture, palette.THATCH[2], (41, 8, 9, 6))
    picture.fill(palette.PLASTER[3], (64, 2, 4, 8))
    picture.fill(palette.BRASS[1], (61, 9, 10, 3))
    return picture


def _round_table() -> pygame.Surface:
    picture = canvas(42, 36)
    picture.fill(palette.TIMBER[0], (18, 20, 6, 14))
    picture.fill(palette.TIMBER[1], (12, 32, 18, 4))
    pygame.draw.ellipse(picture, palette.PLANKS[0], (0, 5, 42, 22))
    pygame.draw.ellipse(picture, palette.PLANKS[2], (0, 2, 42, 21))
    pygame.draw.ellipse(picture, palette.PLANKS[3], (0, 2, 42, 21), 1)
    for y in (9, 15):
        picture.fill(palette.PLANKS[1], (4, y, 34, 1))
    picture.fill(palette.PLASTER[3], (19, 8, 3, 6))
    picture.fill(palette.BRASS[1], (17, 13, 7, 2))
    picture.fill(palette.TIMBER[1], (29, 7, 6, 7))
    picture.fill(palette.PLASTER[3], (29, 6, 6, 2))
    return picture


def _stool() -> pygame.Surface:
    picture = canvas(16, 16)
    for x in (2, 11):
        picture.fill(palette.TIMBER[0], (x, 6, 3, 10))
    pygame.draw.ellipse(picture, palette.PLANKS[0], (0, 2, 16, 8))
    pygame.draw.ellipse(picture, palette.PLANKS[2], (0, 1, 16, 7))
    return picture


def _chair_turned() -> pygame.Surface:
    return pygame.transform.flip(_stool(), False, True)


def _settle() -> pygame.Surface:
    picture = canvas(24, 84)
    picture.fill(palette.TIMBER[1], (0, 0, 7, 84))
    picture.fill(palette.TIMBER[2], (0, 0, 3, 84))
    picture.fill(palette.PLANKS[1], (7, 18, 15, 56))
    picture.fill((112, 58, 52), (8, 20, 13, 24))
    picture.fill((92, 96, 70), (8, 48, 13, 23))
    picture.fill(palette.TIMBER[0], (7, 74, 15, 10))
    picture.fill(palette.TIMBER[1], (5, 14, 18, 5))
    return picture


def _stairs_up() -> pygame.Surface:
    picture = canvas(36, 56)
    picture.fill((34, 24, 24), (0, 0, 36, 56))
    for step in range(7):
        y = 50 - step * 7
        tone = palette.PLANKS[3] if step == 2 else palette.PLANKS[max(0, 2 - step // 2)]
        picture.fill(tone, (3, y, 30, 4))
        picture.fill(palette.TIMBER[0], (3, y + 4, 30, 3))
    for x in (0, 33):
        beam(picture, Rect(x, 0, 3, 56))
    return picture


def _crate() -> pygame.Surface:
    picture = canvas(24, 28)
    picture.fill(palette.PLANKS[2], (0, 0, 24, 10))
    picture.fill(palette.PLANKS[3], (0, 0, 24, 1))
    picture.fill(palette.PLANKS[0], (0, 10, 24, 18))
    picture.fill(palette.PLANKS[1], (2, 12, 20, 14))
    pygame.draw.line(picture, palette.PLANKS[0], (2, 26), (21, 12), 3)
    return picture


def _bowl() -> pygame.Surface:
    picture = canvas(14, 12)
    for x in (4, 8):
        pygame.draw.line(picture, (230, 226, 214, 130), (x, 0), (x + 1, 4))
    pygame.draw.ellipse(picture, palette.TILES[1], (0, 4, 14, 8))
    pygame.draw.ellipse(picture, palette.BRASS[2], (1, 4, 12, 4))
    return picture


#: Every kind, and who draws it.
THINGS: dict[str, Callable[[], pygame.Surface]] = {
    "hearth": _hearth,
    "bar": _bar,
    "bar_end": _bar_end,
    "trapdoor": _trapdoor,
    "shelves": _shelves,
    "stuffed_heron": _stuffed_heron,
    "pegs": _pegs,
    "long_table": _long_table,
    "round_table": _round_table,
    "stool": _stool,
    "chair_turned": _chair_turned,
    "settle": _settle,
    "stairs_up": _stairs_up,
    "crate": _crate,
    "bowl": _bowl,
}
