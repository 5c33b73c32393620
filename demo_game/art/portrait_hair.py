"""Hair in portraits: behind the shoulders, over the forehead, in locks. Lengths are hundredths of the picture."""

from __future__ import annotations

from math import cos, pi, sin

from demo_game.art.brush import Brush, Point
from demo_game.art.looks import Look
from demo_game.art.tones import darker, lighter

_LINE = 0.8


def draw_behind(brush: Brush, look: Look, half: float) -> None:
    """Hair that lies behind the neck and the shoulders, for a face of this half width."""
    back = darker(look.hair, 0.3)
    if look.hair_style == "long":
        brush.shape(
            ((50 - half - 5, 30), (50, 14), (50 + half + 5, 30), (50 + half + 7, 84), (50, 88), (50 - half - 7, 84)),
            back,
            outline=_LINE,
        )
    elif look.hair_style == "curly":
        for x, y, size in ((30, 38, 13), (70, 38, 13), (31, 47, 11), (69, 47, 11), (33, 55, 9), (67, 55, 9)):
            brush.ellipse((x, y), size, size, back)
    elif look.hair_style == "bun":
        brush.ellipse((50, 12), 21, 17, darker(look.hair, 0.6))
        brush.ellipse((50, 12), 19.4, 15.4, look.hair)
        brush.line(((42, 13), (49, 7), (57, 12)), darker(look.hair, 0.35), 1.0)
        brush.line(((45, 16), (51, 11), (56, 15)), lighter(look.hair, 0.3), 0.9)
    if look.hair_style in ("bun", "plaits", "short", "slick"):
        brush.shape(
            ((50 - half - 1, 30), (50, 18), (50 + half + 1, 30), (50 + half - 2, 64), (50 - half + 2, 64)), back
        )
    if "feather" in look.marks:
        _feather(brush)


def draw_hair(brush: Brush, look: Look, half: float) -> None:
    """Hair that lies around the face."""
    hair, style = look.hair, look.hair_style
    if style == "bald":
        return
    if style == "fringe":
        for side in (-1, 1):
            edge = 50 + side * half
            brush.shape(
                (
                    (edge - side * 2, 31),
                    (edge + side * 4, 34),
                    (edge + side * 5, 44),
                    (edge + side * 3, 54),
                    (edge - side * 1, 51),
                    (edge - side * 1.6, 42),
                ),
                hair,
                outline=_LINE,
            )
            brush.line(((edge + side * 2, 38), (edge + side * 2.4, 49)), darker(hair, 0.3), 0.8)
        return
    cap = brush.layer()
    cap.shape((*_crown(half, style), *_hairline(half, style)), hair, outline=_LINE)
    shine = brush.layer()
    shine.shape(((34, 26), (42, 19), (52, 18), (44, 22), (37, 30)), lighter(hair, 0.55), 110)
    shine.shape(((58, 14), (76, 24), (78, 58), (66, 46), (64, 26)), darker(hair, 0.5), 90)
    cap.tint(shine)
    brush.lay(cap)
    _locks(brush, look, half)


def _crown(half: float, style: str) -> list[Point]:
    """The outer edge of the hair, from the left temple over the head to the right one."""
    low = {"long": 66, "plaits": 52, "curly": 52, "bun": 50}.get(style, 46)
    rise = {"slick": 17.0, "crop": 15.5, "curly": 14.0}.get(style, 15.0)
    left: list[Point] = [(50 - half - 1, low), (50 - half - 3, 40), (50 - half * 1.02, 27), (50 - half * 0.6, rise + 3)]
    right: list[Point] = [(100 - x, y) for x, y in reversed(left)]
    return [*left, (50, rise), *right]


def _hairline(half: float, style: str) -> list[Point]:
    """The inner edge, from the right temple over the forehead to the left one."""
    right, left = 50 + half - 2.4, 50 - half + 2.4
    match style:
        case "slick":
            return [(right, 40), (60, 27), (50, 32), (40, 27), (left, 40)]
        case "crop":
            return [(right, 40), (64, 29), (57, 28), (51, 30.5), (45, 27.5), (38, 29), (left, 40)]
        case "bun" | "long":
            return [(right + 0.6, 42), (62, 32), (51, 24), (40, 31), (left - 0.6, 42)]
        case "plaits":
            return [(right, 42), (62, 30), (58, 36), (53, 30), (47, 36.5), (42, 30), (38, 36), (left, 42)]
        case "curly":
            return [(right, 43), (64, 33), (57, 36), (50, 31), (43, 35), (36, 32), (left, 43)]
        case _:
            return [(right, 40), (64, 30), (54, 29), (44, 33), (38, 32), (left, 41)]


def _locks(brush: Brush, look: Look, half: float) -> None:
    hair, style = look.hair, look.hair_style
    dark, light = darker(hair, 0.32), lighter(hair, 0.32)
    if style in ("bun", "long"):
        brush.line(((50, 17), (41, 22), (34, 33)), dark, 0.9)
        brush.line(((51, 17), (60, 22), (66, 33)), dark, 0.9)
        brush.line(((48, 18.5), (38, 25)), light, 1.0)
    if style == "bun":
        brush.line(((50 - half, 42), (50 - half - 2.6, 52), (50 - half - 0.6, 60)), hair, 2.0)
    elif style == "slick":
        for x in (-10, -4, 4, 10):
            brush.line(((50 + x, 28 - abs(x) * 0.1), (50 + x * 0.8, 19)), light if x < 0 else dark, 0.8)
    elif style == "curly":
        for step in range(9):
            angle = pi * (step + 0.2) / 8.4
            place = (50 - (half + 1) * cos(angle), 34 - 16 * sin(angle))
            brush.ellipse(place, 11, 11, dark)
            brush.ellipse((place[0] - 0.4, place[1] - 0.6), 9.4, 9.4, hair)
            brush.line(
                ((place[0] - 3, place[1] - 1), (place[0] - 0.5, place[1] - 3), (place[0] + 2.4, place[1] - 1.6)),
                light,
                0.8,
            )
    elif style == "crop":
        for x in (-12, -6, 0, 6, 12):
            brush.line(((50 + x, 22 + abs(x) * 0.3), (50 + x * 1.1, 17.5 + abs(x) * 0.3)), darker(hair, 0.16), 0.9)
    elif style == "plaits":
        for side in (-1, 1):
            for knot in range(5):
                place = (50 + side * (half + 4 - knot * 0.5), 54 + knot * 6)
                brush.ellipse(place, 9 - knot * 0.7, 8, dark)
                brush.ellipse((place[0] - 0.4, place[1] - 0.5), 7.6 - knot * 0.7, 6.4, hair)
            brush.ellipse((50 + side * (half + 1.6), 82.5), 6, 4, (196, 72, 64))
        brush.line(((48, 18), (44, 12), (40, 12)), hair, 1.6)
        brush.line(((53, 17), (56, 11)), hair, 1.5)
    elif style == "short":
        brush.line(((44, 20), (52, 25), (62, 28)), dark, 0.9)
        brush.line(((42, 23), (46, 27)), light, 0.9)


def _feather(brush: Brush) -> None:
    """A heron's: grey, with a dark tip."""
    brush.shape(((57, 20), (62, 6), (72, -3), (77, 0), (74, 9), (64, 20), (58, 23)), (196, 206, 218), outline=0.7)
    brush.shape(((69, 2), (72, -3), (77, 0), (75.6, 5), (71, 8)), (66, 74, 98))
    brush.line(((58, 22), (66, 9), (75, 0)), (240, 244, 250), 0.9)
