"""Heads of portraits: skull, ears, beard and hats. Lengths are hundredths of the picture."""

from __future__ import annotations

from typing import NamedTuple

from demo_game.art.brush import Brush, Point
from demo_game.art.looks import Look
from demo_game.art.portrait_hair import draw_hair
from demo_game.art.tones import Color, darker, lighter, mix

_LINE = 0.8
_BADGE: Color = (226, 176, 74)


class Face(NamedTuple):
    """Half the width of a face, and the height of its chin."""

    half: float
    chin: float


FACES = {
    "adult": Face(18.0, 71.0),
    "slender": Face(16.0, 72.0),
    "tall": Face(17.0, 73.0),
    "broad": Face(20.0, 72.0),
    "round": Face(21.0, 72.0),
    "small": Face(18.0, 70.0),
    "child": Face(19.0, 69.0),
}


def draw_head(brush: Brush, look: Look) -> None:
    """The head without what moves in it."""
    half, chin = FACES[look.build]
    skin = look.skin
    for side in (-1, 1):
        ear = 50 + side * (half + 0.6)
        brush.shape(
            ((ear, 43), (ear + side * 4, 44), (ear + side * 3.4, 52), (ear, 55)),
            darker(skin, 0.08 + 0.1 * (side > 0)),
            outline=_LINE,
        )
    face = brush.layer()
    face.shape(_outline(half, chin), skin, outline=_LINE)
    shade = brush.layer()
    shade.shape(
        (
            (50 + half * 0.5, 24),
            (50 + half * 1.3, 30),
            (50 + half * 1.3, 60),
            (54, chin + 4),
            (44, chin + 2),
            (50 + half * 0.62, 62),
            (50 + half * 0.78, 46),
        ),
        darker(skin, 0.5),
        80,
    )
    shade.ellipse((44, 33), half * 1.1, 9, lighter(skin, 0.5), 70)
    face.tint(shade)
    brush.lay(face)
    if "freckles" in look.marks:
        for x, y in ((36, 52), (39, 54.5), (42, 52.5), (58, 52.5), (61, 54.5), (64, 52)):
            brush.ellipse((x, y), 1.3, 1.2, mix(skin, (160, 80, 50), 0.6))
    if "lines" in look.marks:
        for side in (-1, 1):
            brush.line(((50 + side * 15.6, 45), (50 + side * 17, 44)), darker(skin, 0.36), 0.7)
            brush.line(((50 + side * 15.4, 47.5), (50 + side * 17, 48.3)), darker(skin, 0.36), 0.7)
            brush.line(((50 + side * 8, 56.5), (50 + side * 10.6, 60), (50 + side * 10.2, 63)), darker(skin, 0.26), 0.8)
    if "cloudy_eye" in look.marks:
        brush.line(((60, 36), (61.5, 43)), darker(skin, 0.26), 0.8)
    if "scars" in look.marks:
        brush.line(((33.5, 51), (37, 55), (36, 58)), (172, 82, 68), 1.4)
    if "flour" in look.marks:
        brush.ellipse((39, 55), 7, 5, (255, 255, 250), 130)
        brush.ellipse((57, 33), 8, 4, (255, 255, 250), 110)
    _beard(brush, look, half, chin)
    draw_hair(brush, look, half)
    _hat(brush, look, half)


def _outline(half: float, chin: float) -> tuple[Point, ...]:
    left = [
        (50 - 4.5, chin - 0.4),
        (50 - half * 0.66, chin - 6),
        (50 - half * 0.95, 56),
        (50 - half, 43),
        (50 - half * 0.86, 29),
        (50 - half * 0.4, 22.5),
    ]
    right = [(100 - x, y) for x, y in reversed(left)]
    return (*left, *right)


def _beard(brush: Brush, look: Look, half: float, chin: float) -> None:
    hair = look.hair
    if look.beard == "full":
        left: list[Point] = [(50 - half - 0.5, 48), (50 - half - 1, 62), (50 - half * 0.8, 76), (50 - 9, 85)]
        inner: list[Point] = [(50 + half * 0.8, 55), (60, 58), (50, 57.5), (40, 58), (50 - half * 0.8, 55)]
        right: list[Point] = [(100 - x, y) for x, y in reversed(left)]
        brush.shape((*left, (50, 89), *right, *inner), hair, outline=_LINE)
        for x in (-13, -8, -3, 3, 8, 13):
            brush.line(((50 + x, 68), (50 + x * 0.8, 80 - abs(x) * 0.3)), darker(hair, 0.3), 0.9)
        for x in (-11, -5, 1):
            brush.line(((50 + x, 67), (50 + x * 0.85, 77)), lighter(hair, 0.4), 0.8)
        brush.ellipse((50, 62.4), 17, 8.5, darker(hair, 0.3))
        brush.shape(
            ((50, 56), (58, 58), (64, 63), (56, 60.6), (50, 59.6), (44, 60.6), (36, 63), (42, 58)),
            lighter(hair, 0.12),
            outline=0.5,
        )
    elif look.beard == "moustache":
        for side in (-1, 1):
            brush.shape(
                ((50, 57.4), (50 + side * 8, 57.6), (50 + side * 14, 55), (50 + side * 11, 60), (50 + side * 4, 60)),
                hair,
                outline=0.6,
            )
    elif look.beard == "goatee":
        brush.shape(
            (
                (46.5, chin - 4.5),
                (50, chin - 6),
                (53.5, chin - 4.5),
                (51.6, chin + 3),
                (50, chin + 5),
                (48.4, chin + 3),
            ),
            hair,
        )
        for side in (-1, 1):
            brush.line(((50 + side * 1.0, 58.2), (50 + side * 5, 58.4), (50 + side * 8.6, 60.4)), hair, 1.3)


def _hat(brush: Brush, look: Look, half: float) -> None:
    color, wide = look.hat_color, half + 3
    band = darker(color, 0.4)
    if look.hat == "cap":
        brush.shape(
            ((50 - wide, 33), (50 - wide + 1, 20), (50, 11), (50 + wide - 1, 20), (50 + wide, 33), (50, 29)),
            color,
            outline=_LINE,
        )
        brush.shape(((32, 31), (50, 27.5), (68, 31), (66, 35), (50, 32.4), (34, 35)), band, outline=0.6)
    elif look.hat == "beret":
        brush.shape(
            ((50 - wide - 5, 24), (38, 8), (58, 5), (50 + wide + 8, 15), (50 + wide + 5, 25), (50, 27)),
            color,
            outline=_LINE,
        )
        brush.shape(
            ((50 - wide + 1, 24), (50, 22), (50 + wide - 1, 24), (50 + wide, 30), (50, 27.6), (50 - wide, 30)),
            band,
            outline=0.6,
        )
        brush.line(((40, 13), (54, 9.5), (66, 13)), lighter(color, 0.25), 1.2)
        brush.ellipse((39, 25.5), 6, 6, _BADGE)
        brush.ellipse((38.4, 25), 2.4, 2.4, (255, 240, 190))
    elif look.hat == "brim":
        brush.shape(
            ((50 - wide + 2, 27), (50 - wide + 5, 11), (50, 7), (50 + wide - 5, 11), (50 + wide - 2, 27)),
            color,
            outline=_LINE,
        )
        brush.shape(
            ((50 - wide - 13, 29), (50, 22), (50 + wide + 13, 29), (50, 34)), lighter(color, 0.1), outline=_LINE
        )
        brush.line(((50 - wide + 3, 22.5), (50, 24.6), (50 + wide - 3, 22.5)), band, 2.2, taper=False)
    elif look.hat == "kerchief":
        brush.shape(
            (
                (50 - wide - 1, 38),
                (50 - wide, 22),
                (50, 12),
                (50 + wide, 22),
                (50 + wide + 1, 38),
                (64, 27),
                (50, 24),
                (36, 27),
            ),
            color,
            outline=_LINE,
        )
        brush.line(((38, 22), (50, 18.5), (62, 22)), lighter(color, 0.35), 1.0)
    elif look.hat == "shawl":
        outer: list[Point] = [(50 - wide - 5, 80), (50 - wide - 5, 40), (50 - wide + 1, 20), (50, 11)]
        inner: list[Point] = [(50 + half - 1, 72), (50 + half + 1, 44), (50 + half - 3, 29), (50, 23.5)]
        edge = [*outer, *((100 - x, y) for x, y in reversed(outer[:-1]))]
        brush.shape((*edge, *inner, *((100 - x, y) for x, y in reversed(inner[:-1]))), color, outline=_LINE)
        brush.line(
            ((50 - half - 1.5, 66), (50 - half - 2.6, 42), (50 - half + 1, 27), (50, 20)), darker(color, 0.22), 0.9
        )
        brush.line(((50 + half + 4, 66), (50 + half + 4, 42), (50 + half - 1, 26)), darker(color, 0.35), 1.2)
