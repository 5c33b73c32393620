"""Where Oakhollow works: the open-fronted forge, the mill, and the mill's great wheel."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin

import pygame

from demo_game.art import palette
from demo_game.art.buildings import EAVES, beam, chimney, door, pitched_roof, stones, window
from demo_game.art.texture import canvas, outlined, soft_shadow

#: Pictures of the wheel until its paddles stand as before.
WHEEL_FRAMES = 6

_PADDLES = 12
_RADIUS = 44


def forge(width: int, hearth_is_banked: bool) -> pygame.Surface:
    """The smithy: black inside, with the coals glowing."""
    wall, roof = 52, 58
    picture = canvas(width + 2 * EAVES, wall + roof + 22)
    foot = picture.get_height()
    front = pygame.Rect(EAVES, foot - wall, width, wall)
    stones(picture, front, (palette.IRON[0], palette.STONE[0], palette.STONE[1], palette.STONE[2]))
    inside = pygame.Rect(front.x + 22, front.y, 116, wall)
    picture.fill((30, 24, 26), inside)
    picture.fill((44, 34, 32), (inside.x, inside.bottom - 14, inside.width, 14))
    _rack(picture, inside.x + 8, inside.y + 16)
    # The hearth with its hood, the bellows beside it.
    middle = inside.x + 58
    stones(picture, pygame.Rect(middle - 20, inside.bottom - 24, 44, 20), palette.STONE)
    pygame.draw.polygon(
        picture,
        palette.IRON[1],
        [(middle - 8, inside.y), (middle + 12, inside.y), (middle + 24, inside.y + 14), (middle - 20, inside.y + 14)],
    )
    glow = palette.FLAME[:2] if hearth_is_banked else palette.FLAME[1:3]
    pygame.draw.ellipse(picture, glow[0], (middle - 15, inside.bottom - 28, 34, 9))
    pygame.draw.ellipse(picture, glow[1], (middle - 10, inside.bottom - 27, 24, 6))
    if not hearth_is_banked:
        pygame.draw.ellipse(picture, palette.FLAME[3], (middle - 4, inside.bottom - 26, 12, 3))
    pygame.draw.polygon(
        picture,
        (112, 66, 44),
        [
            (middle + 28, inside.bottom - 20),
            (middle + 48, inside.bottom - 30),
            (middle + 50, inside.bottom - 12),
            (middle + 28, inside.bottom - 15),
        ],
    )
    pygame.draw.line(
        picture, palette.TIMBER[3], (middle + 28, inside.bottom - 20), (middle + 50, inside.bottom - 31), 2
    )
    picture.fill(palette.TIMBER[1], (inside.x + 4, inside.bottom - 14, 26, 4))  # the bench, and the chest far under it
    picture.fill(palette.IRON[1], (inside.x + 10, inside.bottom - 9, 13, 7))
    picture.fill(palette.BRASS[1], (inside.x + 15, inside.bottom - 7, 3, 2))
    for x in (inside.x - 3, inside.right - 3):
        beam(picture, pygame.Rect(x, front.y, 6, wall))
    beam(picture, pygame.Rect(front.x, front.y, front.width, 6))
    chimney(picture, front.x + 84, 24, 20)
    pitched_roof(picture, pygame.Rect(0, 22, picture.get_width(), roof), palette.SLATE, slant=14)
    return outlined(picture).convert_alpha()


def _rack(picture: pygame.Surface, x: int, y: int) -> None:
    """Hinges and pot hooks, each with its paper tag."""
    picture.fill(palette.TIMBER[2], (x, y, 32, 2))
    for hook in range(0, 32, 6):
        pygame.draw.line(picture, palette.IRON[3], (x + hook, y + 2), (x + hook, y + 8))
        picture.set_at((x + hook + 1, y + 9), palette.IRON[3])
        picture.fill(palette.WHITE, (x + hook + 2, y + 4, 2, 3))


def mill(width: int, lit: bool) -> pygame.Surface:
    """The Low Mill: tall, of weathered boards on a foot of stone."""
    wall, roof = 84, 72
    picture = canvas(width + 2 * EAVES, wall + roof + 4)
    foot = picture.get_height()
    front = pygame.Rect(EAVES, foot - wall, width, wall)
    for board, x in enumerate(range(front.x, front.right, 6)):
        shade = (0, 1, 1, 2, 0, 1, 2)[board % 7]
        picture.fill(palette.PLANKS[shade], (x, front.y, 6, wall))
        picture.fill(palette.TIMBER[0], (x + 5, front.y, 1, wall))
        picture.fill(palette.TIMBER[1], (x + 2, front.y + 20 + board * 17 % 40, 1, 9))
    picture.fill(palette.TIMBER[0], (front.x, front.y, front.width, 8))
    stones(picture, pygame.Rect(front.x, foot - 30, front.width, 30))
    for y in (front.y + 26, foot - 33):
        beam(picture, pygame.Rect(front.x, y, front.width, 5))
    for x in (front.x, front.x + 76, front.right - 5):
        beam(picture, pygame.Rect(x, front.y, 5, wall - 30))
    for x in (18, 50):
        window(picture, front.x + x, front.y + 36, 14, 12, lit, shutters=False)
    window(picture, front.x + 20, front.y + 9, 12, 10, False, shutters=False)
    door(picture, front.x + 32, foot, 30, 34)
    pitched_roof(picture, pygame.Rect(0, 4, picture.get_width(), roof), palette.SLATE, slant=20)
    # The loft with its hoist.
    loft = pygame.Rect(front.x + 90, 30, 34, 40)
    picture.fill(palette.PLANKS[1], loft)
    for x in range(loft.x, loft.right, 6):
        picture.fill(palette.TIMBER[1], (x, loft.y, 1, loft.height))
    picture.fill(palette.INK, (loft.x + 9, loft.y + 16, 16, 24))
    picture.fill(palette.TIMBER[2], (loft.x + 9, loft.y + 16, 7, 24))
    for side, tone in ((-1, palette.SLATE[3]), (1, palette.SLATE[1])):
        pygame.draw.line(picture, palette.SLATE[0], (107 + EAVES, 8), (107 + EAVES + side * 24, 34), 8)
        pygame.draw.line(picture, tone, (107 + EAVES, 6), (107 + EAVES + side * 24, 32), 4)
    pygame.draw.line(picture, palette.TIMBER[3], (107 + EAVES, 34), (107 + EAVES, 46), 3)
    pygame.draw.line(picture, palette.SACK[2], (107 + EAVES, 46), (107 + EAVES, 92))
    pygame.draw.ellipse(picture, palette.SACK[1], (102 + EAVES, 90, 11, 13))
    return outlined(picture).convert_alpha()


@lru_cache(maxsize=WHEEL_FRAMES + 1)
def wheel(frame: int, chained: bool) -> pygame.Surface:
    """The great wheel, its middle in the middle of the picture; its foot stands in the water."""
    side = 2 * _RADIUS + 16
    picture = canvas(side, side)
    middle = pygame.Vector2(side / 2, side / 2)
    turned = 2 * pi / _PADDLES * frame / WHEEL_FRAMES
    for paddle in range(_PADDLES):
        angle = turned + 2 * pi * paddle / _PADDLES
        out = pygame.Vector2(cos(angle), sin(angle))
        across = pygame.Vector2(-out.y, out.x) * 5
        pygame.draw.line(picture, palette.TIMBER[1], middle, middle + out * _RADIUS, 3)
        pygame.draw.line(picture, palette.TIMBER[3], middle, middle + out * _RADIUS, 1)
        start, end = middle + out * (_RADIUS - 6), middle + out * (_RADIUS + 6)
        corners = [start - across * 0.4, start + across * 0.4, end + across, end - across * 0.2]
        pygame.draw.polygon(picture, palette.PLANKS[1], corners)
        pygame.draw.polygon(picture, palette.TIMBER[0], corners, 1)
    for radius, tone, width in (
        (_RADIUS, palette.TIMBER[1], 5),
        (_RADIUS - 1, palette.PLANKS[2], 2),
        (_RADIUS * 5 // 9, palette.TIMBER[1], 3),
    ):
        pygame.draw.circle(picture, tone, middle, radius, width)
    pygame.draw.circle(picture, palette.IRON[0], middle, 7)
    pygame.draw.circle(picture, palette.IRON[2], middle - (1, 1), 4)
    if chained:
        for link in range(-_RADIUS - 2, _RADIUS + 2, 5):
            pygame.draw.ellipse(picture, palette.IRON[0], (middle.x + link, middle.y + link * 0.5 - 12, 6, 5))
            pygame.draw.ellipse(picture, palette.IRON[3], (middle.x + link + 1, middle.y + link * 0.5 - 11, 4, 3), 1)
        picture.fill(palette.BRASS[1], (middle.x - 4, middle.y - 14, 9, 8))
        picture.fill(palette.BRASS[3], (middle.x - 3, middle.y - 13, 7, 1))
    framed = outlined(picture)
    # What is under water, and the foam around it.
    level = side - 14
    framed.fill((0, 0, 0, 0), (0, level, side + 2, side))
    framed.blit(soft_shadow(70, 10, 120), (side // 2 - 35, level - 5))
    for x in range(side // 2 - 34, side // 2 + 34, 5):
        if not chained or x % 3 == 0:
            pygame.draw.ellipse(framed, palette.FOAM, (x, level - 3 + (x + frame * 3) % 4, 5, 3))
    return framed.convert_alpha()
