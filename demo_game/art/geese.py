"""The geese of the green: eleven, of whom Duchess is the biggest. Where they are follows from the time alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache

import pygame

from demo_game.art import palette
from demo_game.art.texture import canvas, outlined

COUNT = 11

#: The middle of their ground, beside the market cross.
HOME = (690, 486)

#: How long a goose walks and then stands before it goes elsewhere, seconds.
_WALK_S, _STAND_S = 2.6, 3.4


def flock(now_s: float, asleep: bool) -> Iterator[tuple[float, float, pygame.Surface]]:
    """Each goose: its feet's x and y, and its picture."""
    for goose in range(COUNT):
        big = goose == 0
        if asleep:
            x, y = _bed(goose)
            yield x, y, _picture("asleep", goose % 2 == 0, big)
            continue
        time = now_s + goose * 1.7
        turn, since = divmod(time, _WALK_S + _STAND_S)
        (x1, y1), (x2, y2) = _stop(goose, int(turn)), _stop(goose, int(turn) + 1)
        share = min(1.0, since / _WALK_S)
        if share < 1:
            pose = "step" if int(time * 5) % 2 else "stand"
        else:
            pose = "graze" if (goose + int(turn)) % 3 and since < _WALK_S + _STAND_S - 0.7 else "stand"
        yield x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, _picture(pose, x2 < x1, big)


@lru_cache(maxsize=256)
def _stop(goose: int, turn: int) -> tuple[float, float]:
    """Where a goose goes next."""
    dice = random.Random(goose * 7919 + turn // 2 * 31 + (turn % 2) * 104729)
    return HOME[0] + dice.uniform(-74, 84), HOME[1] + dice.uniform(-22, 46)


@lru_cache(maxsize=COUNT)
def _bed(goose: int) -> tuple[float, float]:
    dice = random.Random(goose)
    return 704 + dice.uniform(-34, 34), 460 + dice.uniform(0, 18)


@lru_cache(maxsize=16)
def _picture(pose: str, to_the_left: bool, big: bool) -> pygame.Surface:
    goose = canvas(22, 19)
    white, shade, orange = palette.WHITE, (196, 196, 192), (228, 132, 48)
    if pose == "asleep":
        pygame.draw.ellipse(goose, shade, (2, 8, 17, 10))
        pygame.draw.ellipse(goose, white, (2, 7, 15, 9))
        pygame.draw.ellipse(goose, white, (9, 6, 7, 5))
        goose.fill(orange, (9, 10, 3, 1))
    else:
        for leg, x in enumerate((8, 12)):
            lift = pose == "step" and leg == 0
            goose.fill(orange, (x, 14, 1, 4 - lift))
            goose.fill(orange, (x, 17 - lift, 3, 1))
        pygame.draw.ellipse(goose, shade, (2, 7, 15, 9))
        pygame.draw.ellipse(goose, white, (3, 6, 13, 8))
        pygame.draw.polygon(goose, white, [(0, 6), (6, 8), (5, 12)])
        pygame.draw.line(goose, (168, 170, 172), (5, 10), (11, 12))
        if pose == "graze":
            pygame.draw.lines(goose, white, False, [(14, 9), (18, 10), (19, 14)], 3)
            goose.fill(orange, (19, 16, 2, 2))
            goose.set_at((18, 14), palette.INK)
        else:
            pygame.draw.line(goose, white, (15, 9), (16, 3), 3)
            goose.fill(white, (15, 1, 4, 4))
            goose.fill(orange, (19, 2, 3, 2))
            goose.set_at((17, 2), palette.INK)
    if to_the_left:
        goose = pygame.transform.flip(goose, True, False)
    if big:
        goose = pygame.transform.scale(goose, (27, 24))
    return outlined(goose, (92, 88, 92)).convert_alpha()
