"""What stands on the green and along the ways: the market cross, the boards, the desk on wheels, lamps and signs."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demo_game.art import palette
from demo_game.art.buildings import beam, stones
from demo_game.art.texture import canvas
from demo_game.art.tones import Color

Rect = pygame.Rect


def _market_cross() -> pygame.Surface:
    picture = canvas(52, 84)
    for step, (width, height) in enumerate(((50, 9), (38, 8), (26, 8))):
        top = 84 - sum((9, 8, 8)[: step + 1])
        stones(picture, Rect(26 - width // 2, top, width, height))
        picture.fill(palette.STONE[3], (26 - width // 2, top, width, 2))
        picture.fill(palette.MOSS[1], (26 - width // 2 + step * 3, top, 7, 1))
    stones(picture, Rect(21, 20, 10, 40))
    picture.fill(palette.STONE[3], (21, 20, 2, 40))
    stones(picture, Rect(10, 18, 32, 8))
    picture.fill(palette.STONE[3], (10, 18, 32, 2))
    pygame.draw.circle(picture, palette.STONE[2], (26, 12), 9, 3)
    picture.fill(palette.STONE[2], (23, 2, 6, 18))
    # The worn hand: it points down the river road, to the ford.
    picture.fill(palette.STONE[2], (4, 20, 8, 6))
    picture.fill(palette.STONE[3], (0, 21, 6, 2))
    picture.fill(palette.MOSS[0], (24, 50, 6, 8))
    return picture


def _board(paper: Callable[[pygame.Surface], None]) -> pygame.Surface:
    picture = canvas(50, 50)
    for x in (4, 42):
        beam(picture, Rect(x, 12, 4, 38))
    picture.fill(palette.TIMBER[1], (2, 14, 46, 24))
    for y in range(14, 38, 6):
        picture.fill(palette.PLANKS[1], (3, y, 44, 5))
    pygame.draw.polygon(picture, palette.THATCH[1], [(0, 14), (7, 4), (43, 4), (50, 14)])
    pygame.draw.line(picture, palette.THATCH[3], (7, 4), (43, 4), 2)
    picture.fill(palette.THATCH[0], (0, 13, 50, 2))
    paper(picture)
    return picture


def _sheet(picture: pygame.Surface, x: int, y: int, width: int, height: int, ink: Color) -> None:
    picture.fill(palette.PLASTER[3], (x, y, width, height))
    picture.fill(palette.PLASTER[0], (x, y + height - 1, width, 1))
    for line in range(y + 2, y + height - 2, 3):
        picture.fill(ink, (x + 2, line, width - 4 - line % 3, 1))


def _notices(picture: pygame.Surface) -> None:
    _sheet(picture, 6, 17, 11, 15, (104, 122, 160))
    _sheet(picture, 19, 18, 10, 12, (124, 138, 168))
    _sheet(picture, 32, 16, 12, 17, palette.INK)  # twenty silver for word of the courier
    picture.fill(palette.RED, (37, 16, 2, 2))


def _warrant(picture: pygame.Surface) -> None:
    _sheet(picture, 5, 18, 9, 13, (104, 122, 160))
    _sheet(picture, 17, 15, 22, 22, palette.PLASTER[2])
    for line in (18, 23, 28):
        picture.fill(palette.INK, (20, line, 16, 3))
    pygame.draw.circle(picture, palette.RED, (34, 33), 3)


def _desk() -> pygame.Surface:
    picture = canvas(60, 58)
    for x in (6, 50):
        beam(picture, Rect(x, 8, 3, 38))
    picture.fill(palette.PLANKS[0], (5, 30, 50, 18))
    picture.fill(palette.PLANKS[2], (3, 28, 54, 5))
    picture.fill(palette.PLANKS[3], (3, 28, 54, 1))
    for x in (14, 46):
        pygame.draw.circle(picture, palette.TIMBER[0], (x, 49), 8)
        pygame.draw.circle(picture, palette.PLANKS[2], (x, 49), 7, 2)
        pygame.draw.line(picture, palette.PLANKS[1], (x - 5, 49), (x + 5, 49))
        pygame.draw.line(picture, palette.PLANKS[1], (x, 44), (x, 54))
    for stripe in range(9):  # the cover
        tone = (74, 84, 116) if stripe % 2 else palette.PLASTER[2]
        pygame.draw.polygon(
            picture,
            tone,
            [(6 + stripe * 5.4, 2), (11.4 + stripe * 5.4, 2), (6.4 + stripe * 6.0, 13), (stripe * 6.4 + 1, 13)],
        )
    picture.fill((52, 60, 88), (2, 13, 56, 2))
    picture.fill(palette.BRASS[1], (8, 20, 15, 9))  # the brass-bound box
    picture.fill(palette.TIMBER[1], (10, 22, 11, 6))
    picture.fill(palette.BRASS[3], (8, 20, 15, 1))
    picture.fill(palette.BRASS[3], (14, 24, 3, 3))
    picture.fill(palette.PLASTER[3], (29, 25, 12, 4))  # the roll, the ink, the pen
    picture.fill(palette.INK, (45, 24, 4, 5))
    pygame.draw.line(picture, palette.WHITE, (46, 24), (50, 17))
    return picture


def _well() -> pygame.Surface:
    picture = canvas(46, 58)
    pygame.draw.ellipse(picture, palette.STONE[0], (4, 30, 38, 26))
    stones(picture, Rect(5, 38, 36, 16))
    pygame.draw.ellipse(picture, palette.STONE[2], (4, 28, 38, 20))
    pygame.draw.ellipse(picture, (28, 40, 50), (9, 32, 28, 12))
    pygame.draw.ellipse(picture, palette.STONE[3], (4, 28, 38, 20), 1)
    for x in (5, 37):
        beam(picture, Rect(x, 12, 4, 30))
    picture.fill(palette.TIMBER[2], (6, 19, 34, 4))
    pygame.draw.line(picture, palette.SACK[2], (23, 22), (23, 34))
    picture.fill(palette.PLANKS[1], (19, 33, 8, 7))
    picture.fill(palette.IRON[1], (19, 35, 8, 1))
    pygame.draw.polygon(picture, palette.TILES[1], [(0, 14), (9, 1), (37, 1), (46, 14)])
    for y in range(4, 14, 4):
        picture.fill(palette.TILES[0], (6 - y // 3, y, 34 + y * 2 // 3, 1))
    pygame.draw.line(picture, palette.TILES[3], (9, 1), (37, 1), 2)
    return picture


def _bench() -> pygame.Surface:
    picture = canvas(36, 18)
    for x in (4, 29):
        picture.fill(palette.TIMBER[0], (x, 9, 4, 9))
    picture.fill(palette.PLANKS[0], (0, 9, 36, 3))
    picture.fill(palette.PLANKS[2], (0, 5, 36, 4))
    picture.fill(palette.PLANKS[3], (0, 5, 36, 1))
    return picture


def _barrel() -> pygame.Surface:
    picture = canvas(16, 22)
    pygame.draw.rect(picture, palette.PLANKS[0], (1, 3, 14, 19), border_radius=4)
    pygame.draw.rect(picture, palette.PLANKS[2], (2, 3, 7, 18), border_radius=3)
    picture.fill(palette.PLANKS[3], (4, 5, 2, 14))
    for y in (7, 16):
        picture.fill(palette.IRON[1], (1, y, 14, 2))
    pygame.draw.ellipse(picture, palette.TIMBER[1], (1, 0, 14, 7))
    pygame.draw.ellipse(picture, palette.PLANKS[1], (2, 1, 12, 5))
    return picture


def _post_lamp(glass: Color) -> pygame.Surface:
    picture = canvas(18, 46)
    beam(picture, Rect(7, 12, 4, 34))
    picture.fill(palette.IRON[0], (4, 4, 10, 13))
    picture.fill(glass, (6, 6, 6, 9))
    picture.fill(palette.WHITE, (8, 9, 2, 4))
    pygame.draw.polygon(picture, palette.IRON[1], [(3, 5), (9, 0), (15, 5)])
    return picture


def _heron_sign() -> pygame.Surface:
    picture = canvas(46, 70)
    beam(picture, Rect(20, 4, 5, 66))
    beam(picture, Rect(6, 8, 36, 4))
    for x in (12, 34):
        picture.fill(palette.IRON[1], (x, 12, 1, 5))
    picture.fill(palette.TIMBER[0], (5, 16, 37, 29))
    picture.fill((178, 190, 168), (7, 18, 33, 25))
    picture.fill((104, 140, 146), (7, 36, 33, 7))
    grey, dark = (112, 122, 138), (70, 78, 96)
    pygame.draw.ellipse(picture, grey, (16, 26, 15, 8))
    pygame.draw.polygon(picture, dark, [(29, 28), (35, 33), (26, 33)])
    pygame.draw.lines(picture, grey, False, [(18, 28), (15, 25), (17, 22)], 3)
    pygame.draw.line(picture, palette.BRASS[2], (15, 21), (9, 23), 2)
    picture.fill(palette.WHITE, (15, 20, 4, 2))
    pygame.draw.line(picture, dark, (18, 19), (23, 21))
    for x in (21, 25):
        pygame.draw.line(picture, palette.BRASS[1], (x, 34), (x, 40))
    return picture


def _signpost() -> pygame.Surface:
    picture = canvas(36, 44)
    beam(picture, Rect(16, 0, 4, 44))
    pygame.draw.polygon(picture, palette.PLANKS[2], [(18, 5), (32, 5), (36, 9), (32, 13), (18, 13)])
    pygame.draw.polygon(picture, palette.PLANKS[1], [(18, 16), (4, 16), (0, 20), (4, 24), (18, 24)])
    for y in (8, 19):
        picture.fill(palette.TIMBER[0], (7 if y > 10 else 21, y, 8, 1))
    return picture


#: Every kind, and who draws it.
THINGS: dict[str, Callable[[], pygame.Surface]] = {
    "market_cross": _market_cross,
    "notice_board": lambda: _board(_notices),
    "warrant_board": lambda: _board(_warrant),
    "desk": _desk,
    "well": _well,
    "bench": _bench,
    "barrel": _barrel,
    "lamp_post": lambda: _post_lamp(palette.GLASS_LIT[1]),
    "ferry_lamp": lambda: _post_lamp((240, 72, 56)),
    "heron_sign": _heron_sign,
    "signpost": _signpost,
}
