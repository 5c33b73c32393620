"""Heads of figures: skin, beard, hair and hats around the face."""

from __future__ import annotations

from typing import NamedTuple

import pygame

from demo_game.art.body import MIDDLE, fill_rows
from demo_game.art.looks import Look
from demo_game.art.tones import Color, darker, lighter, mix

#: Half widths of a head, row by row.
HEAD = (3, 5, 5, 6, 6, 6, 6, 6, 6, 6, 5, 4)


class Cut(NamedTuple):
    """A haircut: rows of hair on the brow (-1: a bald crown), rows down the temples, columns wide there, rows that it
    rises over the head, and rows that it falls below the ears at the back."""

    brow: int
    temples: int
    wide: int
    rise: int
    back: int


_CUTS = {
    "short": Cut(3, 5, 1, 1, 9),
    "crop": Cut(2, 4, 1, 1, 8),
    "slick": Cut(2, 5, 1, 1, 9),
    "fringe": Cut(-1, 8, 2, 0, 9),
    "bald": Cut(-1, 0, 0, 0, 0),
    "bun": Cut(3, 6, 1, 1, 9),
    "plaits": Cut(3, 7, 2, 1, 10),
    "long": Cut(3, 11, 2, 1, 14),
    "curly": Cut(3, 7, 2, 2, 10),
}


def draw_head(paint: pygame.Surface, look: Look, skin: Color, facing: str, top: int) -> None:
    """Skin, ears and beard; the face and the hair come over it."""
    fill_rows(paint, top, HEAD, skin)
    if facing == "up":
        return
    if facing == "down":
        for x in (MIDDLE - 7, MIDDLE + 6):
            paint.fill(darker(skin, 0.12), (x, top + 6, 1, 3))
        paint.fill(darker(skin, 0.2), (MIDDLE - 1, top + 8, 2, 1))
    else:
        paint.fill(skin, (MIDDLE - 7, top + 7, 1, 2))
        paint.fill(darker(skin, 0.25), (MIDDLE + 1, top + 6, 2, 3))
    if "freckles" in look.marks:
        for x in (-5, -3, 2, 4) if facing == "down" else (-4, -2):
            paint.fill(mix(skin, (176, 92, 60), 0.6), (MIDDLE + x, top + 8, 1, 1))
    if "lines" in look.marks and facing == "down":
        for x in (-5, 4):
            paint.fill(darker(skin, 0.16), (MIDDLE + x, top + 8, 1, 1))
    _draw_beard(paint, look, facing, top)


def _draw_beard(paint: pygame.Surface, look: Look, facing: str, top: int) -> None:
    shift = 0 if facing == "down" else -3
    if look.beard == "full":
        if facing == "down":
            for x in (MIDDLE - 6, MIDDLE + 4):
                paint.fill(look.hair, (x, top + 6, 2, 4))
            fill_rows(paint, top + 9, [6, 6, 6, 5, 4, 3], look.hair)
        else:
            paint.fill(look.hair, (MIDDLE - 1, top + 6, 3, 4))
            fill_rows(paint, top + 9, [4, 4, 4, 4, 3, 2], look.hair, MIDDLE - 2)
    elif look.beard == "moustache":
        paint.fill(look.hair, (MIDDLE - 3 + shift, top + 9, 6, 1))
        for x in (-4, 3):
            if facing == "down" or x > 0:
                paint.fill(look.hair, (MIDDLE + x + shift, top + 8, 1, 2))
    elif look.beard == "goatee":
        paint.fill(look.hair, (MIDDLE - 1 + shift, top + 11, 2, 2))


def draw_hair(paint: pygame.Surface, look: Look, facing: str, top: int) -> None:
    """Hair, with its bun, plaits and feather."""
    cut, hair = _CUTS[look.hair_style], look.hair
    if cut.temples:
        if facing == "up":
            _hair_behind(paint, cut, hair, top)
        elif facing == "down":
            _hair_in_front(paint, cut, hair, top)
        else:
            _hair_from_the_side(paint, cut, hair, top)
    if look.hair_style == "bun":
        middle = MIDDLE + (4 if facing in ("left", "right") else 0)
        fill_rows(paint, top - 4, [2, 3, 3, 2], hair, middle)
    elif look.hair_style == "plaits":
        _plaits(paint, hair, facing, top)
    elif look.hair_style == "curly":
        for x, y in ((-6, -1), (-3, -3), (0, -3), (4, -1)):
            paint.fill(lighter(hair, 0.1), (MIDDLE + x, top + y, 2, 1))
    if "flour" in look.marks:
        for x, y in ((-4, 0), (0, -1), (3, 1), (5, 3)):
            paint.fill((252, 250, 244), (MIDDLE + x, top + y, 1, 1))
    if "feather" in look.marks:
        _feather(paint, facing, top)


def _crown(paint: pygame.Surface, cut: Cut, hair: Color, top: int, rows: int) -> None:
    halves = [*(HEAD[0] + 1 + row for row in range(cut.rise)), *HEAD[:rows]]
    grown = [min(6 + (cut.rise > 1), half + (cut.rise > 0 and row > 0)) for row, half in enumerate(halves)]
    fill_rows(paint, top - cut.rise, grown, hair)
    paint.fill(lighter(hair, 0.35), (MIDDLE - 3, top, 3, 1))


def _hair_in_front(paint: pygame.Surface, cut: Cut, hair: Color, top: int) -> None:
    if cut.brow > 0:
        _crown(paint, cut, hair, top, cut.brow)
        # An uneven edge on the forehead.
        for x in (-5, -4, -1, 3, 4):
            paint.fill(darker(hair, 0.15), (MIDDLE + x, top + cut.brow, 1, 1))
    start = top + max(cut.brow, 4)
    for row in range(max(0, cut.temples - 3)):
        paint.fill(hair, (MIDDLE - 7, start - 1 + row, cut.wide, 1))
        paint.fill(darker(hair), (MIDDLE + 7 - cut.wide, start - 1 + row, cut.wide, 1))


def _hair_behind(paint: pygame.Surface, cut: Cut, hair: Color, top: int) -> None:
    if cut.brow > 0:
        _crown(paint, cut, hair, top, 9)
        fill_rows(paint, top + 9, [6] * max(0, cut.back - 10) + [5, 4][: max(0, cut.back - 8)], hair)
        for x, long in ((-3, 4), (0, 6), (3, 4)):
            paint.fill(darker(hair, 0.18), (MIDDLE + x, top + 9 - long, 1, long))
    else:
        fill_rows(paint, top + 5, [6, 6, 6, 6, 5], hair)


def _hair_from_the_side(paint: pygame.Surface, cut: Cut, hair: Color, top: int) -> None:
    if cut.brow > 0:
        _crown(paint, cut, hair, top, cut.brow)
    start = 1 if cut.brow > 0 else 4
    for row in range(start, cut.back + 1):
        half = HEAD[row] if row < len(HEAD) else 5
        left = 1 if row > 5 or cut.brow < 0 else -1
        left += 1 + (cut.brow < 0) if row in (6, 7, 8) else 0
        width = half + (cut.rise > 0) - left
        paint.fill(hair, (MIDDLE + left, top + row, width, 1))
        paint.fill(darker(hair), (MIDDLE + left + width - 2, top + row, 2, 1))


def _plaits(paint: pygame.Surface, hair: Color, facing: str, top: int) -> None:
    for x in (-8, 6) if facing != "left" and facing != "right" else (3,):
        for row in range(8):
            paint.fill(hair if row % 3 else darker(hair), (MIDDLE + x, top + 8 + row, 2, 1))
        paint.fill((196, 72, 64), (MIDDLE + x, top + 15, 2, 1))


def _feather(paint: pygame.Surface, facing: str, top: int) -> None:
    """A heron's: long, grey, dark at the tip, stuck in slanting."""
    sign = -1 if facing == "up" else 1
    for row in range(8):
        x = MIDDLE + sign * (3 + row // 2) - (sign < 0)
        color: Color = (62, 70, 92) if row > 5 else (188, 200, 214)
        paint.fill(color, (x, top + 1 - row, 2, 1))
        paint.fill(lighter(color, 0.5), (x, top + 1 - row, 1, 1))


def draw_hat(paint: pygame.Surface, look: Look, facing: str, top: int) -> None:
    """A hat or a hood, over the hair."""
    color = look.hat_color
    if look.hat == "cap":
        fill_rows(paint, top - 2, [4, 5, 6, 6, 6], color)
        if facing != "up":
            peak = (MIDDLE - 5, top + 3, 10, 1) if facing == "down" else (MIDDLE - 8, top + 2, 6, 1)
            paint.fill(darker(color, 0.4), peak)
    elif look.hat == "beret":
        fill_rows(paint, top - 3, [5, 7, 8, 8, 7], color)
        paint.fill(darker(color, 0.35), (MIDDLE - 6, top + 2, 12, 1))
        paint.fill((226, 178, 76), (MIDDLE - 4, top + 1, 2, 2))
    elif look.hat == "brim":
        fill_rows(paint, top - 3, [4, 5, 5, 5], color)
        paint.fill(darker(color, 0.45), (MIDDLE - 5, top + 1, 10, 1))
        fill_rows(paint, top + 2, [9, 9], color)
    elif look.hat == "kerchief":
        fill_rows(paint, top - 1, [4, 6, 6, 7], color)
        rest = [7, 7, 6, 6, 5] if facing == "up" else []
        fill_rows(paint, top + 3, rest, color)
        if facing in ("left", "right"):
            paint.fill(darker(color, 0.1), (MIDDLE + 2, top + 3, 5, 4))
    elif look.hat == "shawl":
        _shawl_over_head(paint, color, facing, top)


def _shawl_over_head(paint: pygame.Surface, color: Color, facing: str, top: int) -> None:
    fill_rows(paint, top - 2, [4, 6, 7, 7], color)
    for row in range(2, 12):
        if facing == "up":
            fill_rows(paint, top + row, [7], color)
        elif facing == "down":
            paint.fill(color, (MIDDLE - 8, top + row, 3 if row < 4 or row > 9 else 2, 1))
            paint.fill(darker(color), (MIDDLE + 8 - (3 if row < 4 or row > 9 else 2), top + row, 3, 1))
        else:
            left = -5 if row < 4 else 0 if row < 10 else -2
            paint.fill(color, (MIDDLE + left, top + row, 8 - left, 1))
            paint.fill(darker(color), (MIDDLE + 5, top + row, 3, 1))
