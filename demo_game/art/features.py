"""What moves in a portrait: eyes, brows and mouth. All lengths are hundredths of the picture."""

from __future__ import annotations

import pygame

from demo_game.art.brush import Brush, Point
from demo_game.art.expressions import Expression
from demo_game.art.looks import Look
from demo_game.art.palette import INK
from demo_game.art.tones import Color, darker, lighter, mix

EYE_HEIGHT, BROW_HEIGHT, MOUTH_HEIGHT = 46.5, 38.5, 62.0
#: How far the eyes are from the middle.
EYE_APART = 9.0
_MOUTH: Color = (110, 34, 42)
_TONGUE: Color = (214, 104, 98)
_TEETH: Color = (252, 246, 232)
_TEAR: Color = (126, 192, 240)


def draw_features(brush: Brush, look: Look, face: Expression, mouth_open: bool, blink: bool) -> None:
    """Draws eyes, brows and mouth where they lie in the head of a portrait."""
    if face.veil_alpha:
        for ring in range(6):
            brush.ellipse((50, 48.5), 37 - 4 * ring, 27 - 3 * ring, face.veil, face.veil_alpha // 4)
    for side in (-1, 1):
        for share in (1.0, 0.66):
            brush.ellipse((50 + side * 11.5, 54.5), 8.5 * share, 5.5 * share, (226, 84, 74), face.blush // 2)
    _draw_nose(brush, look)
    for side in (-1, 1):
        _draw_eye(brush, look, face, side, blink)
        _draw_brow(brush, look, face, side)
    _draw_mouth(brush, look, face, mouth_open)
    if face.sweat:
        brush.shape(((65.5, 30), (68, 35.5), (65.5, 38), (63, 35.5)), _TEAR, outline=0.6)
        brush.ellipse((64.8, 35.6), 1.2, 1.8, (236, 248, 255))


def _draw_nose(brush: Brush, look: Look) -> None:
    shade = darker(look.skin, 0.34)
    long = 0.0 if look.build == "child" else 2.0
    brush.line(((51.5, 50 - long), (53, 54.5), (50.6, 56), (48.6, 55.2)), shade, 1.1)
    brush.ellipse((50.2, 53.6), 2.0, 1.4, lighter(look.skin, 0.4), 150)


def _draw_eye(brush: Brush, look: Look, face: Expression, side: int, blink: bool) -> None:
    x, y = 50 + side * EYE_APART, EYE_HEIGHT
    half = 5.0 if look.build == "child" else 4.5
    lash = mix(INK, look.hair, 0.15)
    if face.laughing_eyes or blink:
        bend = -3.0 if face.laughing_eyes and not blink else 1.4
        brush.line(((x - half, y - bend * 0.3), (x, y + bend), (x + half, y - bend * 0.3)), lash, 1.5)
        return
    up = (3.7 if look.build == "child" else 3.3) * face.eyes
    down = 3.0 * (1 - 0.75 * face.lower_lid) * min(face.eyes, 1.3)
    white: Color = (252, 248, 240)
    # A lid follows its brow: an angry one slopes down to the nose.
    slope = max(-1.2, min(1.2, (face.brow_inner - face.brow_outer) * 0.18)) * side
    brush.shape(
        (
            (x - half, y + 0.2 - slope * 0.4),
            (x - half * 0.5, y - up * 0.86 - slope),
            (x + half * 0.5, y - up * 0.86 + slope),
            (x + half, y + 0.2 + slope * 0.4),
            (x, y + down),
        ),
        white,
    )
    iris, middle = 5.4 * face.iris, (x + face.gaze[0], y - 0.3 + face.gaze[1])
    with brush.between(y - up * 0.92, y + down):
        if "cloudy_eye" in look.marks and side > 0:
            brush.ellipse(middle, iris, iris * 1.1, (150, 166, 178))
            brush.ellipse(middle, iris * 0.5, iris * 0.5, (206, 216, 222))
        else:
            brush.ellipse(middle, iris, iris * 1.1, darker(look.eyes, 0.35))
            brush.ellipse((middle[0], middle[1] + 0.8), iris * 0.72, iris * 0.7, lighter(look.eyes, 0.3))
            brush.ellipse(middle, iris * 0.5, iris * 0.55, (28, 20, 28))
            brush.ellipse((middle[0] - 1.1, middle[1] - 1.3), 1.7, 1.7, (255, 255, 255))
    lid = (
        (x - half - 0.4, y + 0.3 - slope * 0.4),
        (x - half * 0.5, y - up - slope),
        (x + half * 0.5, y - up + slope),
        (x + half + 0.4, y + 0.3 + slope * 0.4),
    )
    brush.line(lid, lash, 1.5)
    brush.line(
        ((x - half * 0.7, y + down * 0.72), (x, y + down), (x + half * 0.7, y + down * 0.72)),
        darker(look.skin, 0.4),
        0.7,
    )
    if face.tears:
        brush.ellipse((x, y + down), half * 1.7, 1.8, _TEAR)
        brush.shape(
            ((x + 2.4 * side, y + 5), (x + 4.2 * side, y + 11), (x + 2.6 * side, y + 13), (x + 1.0 * side, y + 11)),
            _TEAR,
        )
        brush.ellipse((x + 2.2 * side, y + 10.8), 1.0, 1.6, (236, 248, 255))


def _draw_brow(brush: Brush, look: Look, face: Expression, side: int) -> None:
    lift = face.brow_skew * side / 2
    x, y = 50 + side * EYE_APART, BROW_HEIGHT - lift
    bushy = (
        2.9
        if look.beard == "full" or look.build == "round"
        else 1.7
        if look.hair_style in ("bun", "plaits", "long")
        else 2.2
    )
    color = mix(darker(look.hair, 0.42), look.skin, 0.1)
    points = (
        (x - side * 5.2, y + 0.8 - face.brow_inner),
        (x, y - 0.9 - (face.brow_inner + face.brow_outer) / 2),
        (x + side * 6.0, y + 0.6 - face.brow_outer),
    )
    brush.line(points, color, bushy)
    if face.brow_inner < -2:
        # The fold between angry brows.
        brush.line(((50 + side * 2.0, 38.5), (50 + side * 1.6, 43)), darker(look.skin, 0.4), 0.9)


def _draw_mouth(brush: Brush, look: Look, face: Expression, mouth_open: bool) -> None:
    half, y = face.width / 2, MOUTH_HEIGHT
    left, right = (50 - half, y - face.smile), (50 + half, y - face.smile - face.skew)
    gape = max(face.gape + 2.6, 5.4) if mouth_open else face.gape
    lip = mix(darker(look.skin, 0.5), (120, 30, 40), 0.45)
    if not gape:
        middle = y + face.smile * 0.5
        points: tuple[Point, ...] = (
            left,
            (50 - half * 0.4, middle),
            (50 + half * 0.4, middle - face.skew * 0.4),
            right,
        )
        if face.wavy:
            points = (left, (50 - half * 0.4, middle - 2.4), (50 + half * 0.3, middle + 0.6), right)
        brush.line(points, lip, 1.5)
        brush.line(((47.5, middle + 3.4), (50, middle + 3.9), (52.5, middle + 3.4)), darker(look.skin, 0.2), 0.9)
        return
    bend = face.smile * 0.5
    upper, lower = y + bend - gape * 0.5, y + bend + gape * 0.5
    ragged = 0.9 if face.wavy else 0.0
    outline = (
        left,
        (50 - half * 0.55, upper + gape * 0.1 + ragged),
        (50, upper - ragged),
        (50 + half * 0.55, upper + gape * 0.1 + ragged - face.skew * 0.3),
        right,
        (50 + half * 0.6, lower - gape * 0.12 - ragged),
        (50, lower + ragged),
        (50 - half * 0.6, lower - gape * 0.12 - ragged),
    )
    brush.shape(outline, _MOUTH)
    with brush.between(upper - 3, lower - 0.4):
        if face.teeth:
            edge = 0.44 if mouth_open or face.smile > 0 else 0.86
            depth = max(1.6, gape * edge)
            brush.shape(
                (
                    (50 - half * 0.74, upper + 0.6 - face.smile * 0.5),
                    (50, upper + 0.4),
                    (50 + half * 0.74, upper + 0.6 - face.smile * 0.5),
                    (50 + half * 0.62, upper + depth - face.smile * 0.25),
                    (50, upper + depth),
                    (50 - half * 0.62, upper + depth - face.smile * 0.25),
                ),
                _TEETH,
            )
            if face.smile < 0:
                for x in (-0.36, -0.12, 0.12, 0.36):
                    brush.line(((50 + face.width * x, upper + 0.8), (50 + face.width * x, upper + depth)), lip, 0.5)
        if mouth_open or face.smile > 0:
            brush.ellipse((50, lower), min(face.width * 0.5, 8), gape * 0.7, _TONGUE)
    brush.line([*outline, outline[0]], lip, 1.1, taper=False)


def glow(size_px: int, color: Color) -> pygame.Surface:
    """The light behind a head: warm in the middle, darker to the corners."""
    small = pygame.Surface((24, 24))
    for y in range(24):
        for x in range(24):
            away = min(1.0, ((x - 11.5) ** 2 + (y - 9.0) ** 2) ** 0.5 / 15)
            small.set_at((x, y), mix(lighter(color, 0.35), darker(color, 0.62), away))
    return pygame.transform.smoothscale(small, (size_px, size_px))
