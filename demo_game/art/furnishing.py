"""The things that stand about the village: the market cross, the desk on wheels, the bells and the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pygame

from demo_game.art import palette
from demo_game.art.buildings import beam, stones
from demo_game.art.texture import canvas, outlined

Rect = pygame.Rect


@lru_cache(maxsize=128)
def thing(kind: str) -> pygame.Surface:
    """A thing by its kind; its foot is in the middle of the lower edge."""
    return outlined(_THINGS[kind]()).convert_alpha()


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


def _sheet(picture: pygame.Surface, x: int, y: int, width: int, height: int, ink: palette.Color) -> None:
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


def _post_lamp(glass: palette.Color) -> pygame.Surface:
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


def _signpost() -> pygame.Surface:
    picture = canvas(36, 44)
    beam(picture, Rect(16, 0, 4, 44))
    pygame.draw.polygon(picture, palette.PLANKS[2], [(18, 5), (32, 5), (36, 9), (32, 13), (18, 13)])
    pygame.draw.polygon(picture, palette.PLANKS[1], [(18, 16), (4, 16), (0, 20), (4, 24), (18, 24)])
    for y in (8, 19):
        picture.fill(palette.TIMBER[0], (7 if y > 10 else 21, y, 8, 1))
    return picture


_THINGS: dict[str, Callable[[], pygame.Surface]] = {
    "market_cross": _market_cross,
    "notice_board": lambda: _board(_notices),
    "warrant_board": lambda: _board(_warrant),
    "desk": _desk,
    "well": _well,
    "bench": _bench,
    "barrel": _barrel,
    "cart": _cart,
    "lamp_post": lambda: _post_lamp(palette.GLASS_LIT[1]),
    "ferry_lamp": lambda: _post_lamp((240, 72, 56)),
    "heron_sign": _heron_sign,
    "trough": _trough,
    "quench_trough": _quench_trough,
    "anvil": _anvil,
    "anvil_with_key": _anvil_with_key,
    "woodpile": _woodpile,
    "hay": _hay,
    "sacks": _sacks,
    "bells": _bells,
    "altar": _altar,
    "shrine_fire": _shrine_fire,
    "stone": _stone,
    "ferry_bell": _ferry_bell,
    "rope_post": _rope_post,
    "eel_rail": _eel_rail,
    "water_mark": _water_mark,
    "scarecrow": _scarecrow,
    "laundry": _laundry,
    "signpost": _signpost,
}
