"""What does not move in a portrait: shoulders, clothes, and what is carried. Lengths are hundredths of the picture."""

from __future__ import annotations

from math import cos, pi, sin

from demo_game.art.brush import Brush, Point
from demo_game.art.looks import GREY_GLOVE, Look
from demo_game.art.tones import Color, darker, lighter, mix

#: Half the width of the shoulders, by build.
_SHOULDERS = {"adult": 36, "slender": 29, "tall": 34, "broad": 45, "round": 43, "small": 33, "child": 33}
_BRASS: Color = (226, 176, 74)
_LINE = 0.8


def draw_bust(brush: Brush, look: Look) -> None:
    """Neck, shoulders and clothes."""
    half = _SHOULDERS[look.build]
    _neck(brush, look)
    _shoulders(brush, look, half)
    _opening(brush, look, half)
    if look.apron:
        _apron(brush, look.apron)
    if "strap" in look.marks:
        brush.shape(((30, 76), (35, 75), (66, 100), (60, 102)), (104, 66, 40), outline=0.5)
    if look.cloak:
        _cloak(brush, look.cloak, half)
    if look.shawl:
        _shawl(brush, look.shawl, half)
    if look.scarf:
        _scarf(brush, look.scarf)
    if "chain" in look.marks:
        _chain(brush)
    if "flour" in look.marks:
        for x, y in ((30, 86), (36, 92), (66, 84), (71, 93), (58, 90), (44, 96)):
            brush.ellipse((x, y), 3.4, 2.4, (252, 250, 244), 150)
    _carried(brush, look)


def _neck(brush: Brush, look: Look) -> None:
    wide = 10 if look.build in ("broad", "round") else 7 if look.build != "child" else 6
    shade = darker(look.skin, 0.22)
    brush.shape(
        ((50 - wide, 62), (50 - wide - 1, 78), (50, 84), (50 + wide + 1, 78), (50 + wide, 62)), shade, outline=_LINE
    )


def _shoulders(brush: Brush, look: Look, half: int) -> None:
    cloth = look.shirt if look.garment == "dress" and look.rolled_sleeves else look.top
    body = brush.layer()
    body.shape(
        (
            (50 - half - 3, 108),
            (50 - half, 90),
            (50 - half * 0.72, 80),
            (50 - 12, 74.5),
            (50, 80),
            (50 + 12, 74.5),
            (50 + half * 0.72, 80),
            (50 + half, 90),
            (50 + half + 3, 108),
        ),
        cloth,
        outline=_LINE,
    )
    shade = brush.layer()
    shade.shape(((62, 74), (100, 78), (104, 108), (66, 108), (70, 90)), darker(cloth, 0.4), 120)
    shade.shape(
        ((50 - half, 84), (50 - half * 0.5, 76), (50 - half * 0.4, 79), (50 - half * 0.8, 88)),
        lighter(cloth, 0.5),
        80,
    )
    body.tint(shade)
    brush.lay(body)
    for side in (-1, 1):
        # The sleeve's seam.
        start = 50 + side * half * 0.7
        brush.line(((start, 90), (start - side * 1.5, 101)), darker(cloth, 0.4), 0.9)


def _opening(brush: Brush, look: Look, half: int) -> None:
    """Collar, lapels, lacing."""
    if look.garment == "coat":
        brush.shape(((41, 75), (50, 72), (59, 75), (54, 104), (46, 104)), look.shirt, outline=0.6)
        for side in (-1, 1):
            brush.shape(
                (
                    (50 + side * 11, 72),
                    (50 + side * 17, 80),
                    (50 + side * 9, 88),
                    (50 + side * 3, 103),
                    (50 + side * 5, 86),
                ),
                lighter(look.top, 0.1),
                outline=0.7,
            )
        if look.build == "tall":
            # A cravat, folded twice.
            brush.shape(((43, 75), (50, 73), (57, 75), (55, 81), (50, 83), (45, 81)), (236, 236, 244), outline=0.6)
            brush.shape(((47, 80), (53, 80), (55, 93), (50, 95), (45, 92)), (226, 226, 238), outline=0.6)
    elif look.garment == "dress":
        if look.rolled_sleeves:
            # A bodice over the blouse.
            brush.shape(
                ((50 - half * 0.62, 79), (41, 77), (50, 88), (59, 77), (50 + half * 0.62, 79), (76, 110), (24, 110)),
                look.top,
                outline=0.7,
            )
        brush.shape(
            ((37, 76), (41, 73), (50, 82), (59, 73), (63, 76), (58, 89), (50, 92), (42, 89)), look.shirt, outline=0.6
        )
        brush.shape(((43, 73), (50, 81), (57, 73), (55, 83), (50, 86), (45, 83)), darker(look.skin, 0.08))
    elif look.garment == "robe":
        brush.shape(((41, 75), (50, 79), (59, 75), (53, 90), (50, 93), (47, 90)), darker(look.top, 0.35))
    else:
        brush.shape(((40, 75), (50, 79), (60, 75), (52, 92), (48, 92)), look.shirt, outline=0.6)
        brush.shape(((44, 74), (50, 78), (56, 74), (50, 86)), darker(look.skin, 0.12))
        for y in (86, 90):
            brush.line(((47, y), (53, y + 2)), (112, 76, 48), 0.9)


def _apron(brush: Brush, color: Color) -> None:
    for side in (-1, 1):
        brush.line(((50 + side * 17, 78), (50 + side * 16, 92)), darker(color, 0.12), 4.0, taper=False)
    brush.shape(((32, 91), (50, 92.5), (68, 91), (71, 110), (29, 110)), color, outline=0.7)
    brush.line(((34, 94), (50, 95.3), (66, 94)), darker(color, 0.25), 0.7)


def _cloak(brush: Brush, color: Color, half: int) -> None:
    for side in (-1, 1):
        brush.shape(
            (
                (50 + side * 8, 74),
                (50 + side * half * 0.7, 77),
                (50 + side * (half + 5), 90),
                (50 + side * (half + 8), 110),
                (50 + side * 22, 110),
                (50 + side * 17, 90),
            ),
            color if side < 0 else darker(color, 0.2),
            outline=_LINE,
        )
        brush.line(((50 + side * 24, 82), (50 + side * 29, 100)), darker(color, 0.4), 0.9)
    # The hood lies around the neck.
    brush.shape(
        ((31, 76), (39, 69), (50, 79), (61, 69), (69, 76), (60, 84), (50, 87), (40, 84)),
        lighter(color, 0.1),
        outline=_LINE,
    )
    brush.shape(((40, 73), (50, 80), (60, 73), (55, 81), (50, 83), (45, 81)), darker(color, 0.45))
    brush.ellipse((50, 85), 7, 7, darker(_BRASS, 0.5))
    brush.ellipse((50, 85), 5.6, 5.6, _BRASS)
    brush.ellipse((49, 84), 2, 2, (255, 238, 190))


def _shawl(brush: Brush, color: Color, half: int) -> None:
    brush.shape(
        ((50 - half - 2, 94), (50 - half * 0.8, 80), (38, 70), (45, 76), (62, 94), (56, 110), (50 - half, 110)),
        color,
        outline=_LINE,
    )
    brush.shape(
        ((50 + half + 2, 94), (50 + half * 0.8, 80), (62, 70), (55, 76), (36, 98), (44, 110), (50 + half, 110)),
        darker(color, 0.16),
        outline=_LINE,
    )
    for x in (26, 34, 42):
        brush.line(((x, 80 + (42 - x) * 0.3), (x - 4, 100)), darker(color, 0.25), 0.7)
    brush.ellipse((49, 85.5), 5, 5, (96, 128, 150))
    brush.ellipse((48.3, 84.8), 1.8, 1.8, (206, 226, 236))


def _scarf(brush: Brush, color: Color) -> None:
    brush.shape(((53, 78), (62, 79), (67, 98), (58, 101)), darker(color, 0.16), outline=0.7)
    brush.shape(((34, 75), (40, 69), (50, 74), (60, 69), (66, 75), (59, 83), (50, 85), (41, 83)), color, outline=0.7)
    brush.line(((40, 73), (50, 79), (60, 74)), darker(color, 0.35), 1.0)
    brush.shape(((52, 76), (60, 75), (62, 82), (54, 84)), lighter(color, 0.12), outline=0.6)


def _chain(brush: Brush) -> None:
    for link in range(17):
        angle = pi * link / 16
        place: Point = (50 - 27 * cos(angle), 79 + 15 * sin(angle))
        brush.ellipse(place, 4.4, 4.0, darker(_BRASS, 0.55))
        brush.ellipse(place, 3.2, 2.8, _BRASS)
        brush.ellipse((place[0] - 0.5, place[1] - 0.6), 1.2, 1.0, (255, 236, 180))
    brush.ellipse((50, 96), 11, 11, darker(_BRASS, 0.55))
    brush.ellipse((50, 96), 9.4, 9.4, _BRASS)
    brush.line(((50, 92.5), (50, 99)), darker(_BRASS, 0.5), 1.0)
    brush.line(((47, 95), (53, 95)), darker(_BRASS, 0.5), 1.0)


def _carried(brush: Brush, look: Look) -> None:
    if look.left_hand == GREY_GLOVE:
        _hand(brush, (67, 93), GREY_GLOVE)
    if "box" in look.marks:
        brush.shape(((74, 88), (97, 85), (99, 104), (76, 106)), (140, 92, 54), outline=_LINE)
        brush.line(((76, 92.5), (97, 89.5)), (92, 58, 38), 1.0, taper=False)
        brush.ellipse((86, 91.5), 4, 4.4, _BRASS)
    if "rag" in look.marks:
        brush.shape(((36, 94), (50, 87), (64, 93), (62, 108), (40, 108)), (250, 248, 240), outline=0.7)
        _hand(brush, (43, 94), look.skin)
        _hand(brush, (56, 92), darker(look.skin, 0.08))
    if "goose" in look.marks:
        _goose(brush)
    if "switch" in look.marks:
        brush.line(((13, 104), (17, 74), (15, 50)), (112, 92, 50), 1.8)
        for x, y in ((17, 58), (13.5, 66), (15, 50)):
            brush.shape(((x, y), (x + 5, y - 4), (x + 6, y - 8), (x + 1, y - 4)), (150, 174, 84), outline=0.4)


def _hand(brush: Brush, middle: Point, color: Color) -> None:
    x, y = middle
    brush.shape(
        ((x - 7, y + 2), (x - 5, y - 4), (x + 4, y - 5), (x + 8, y), (x + 8, y + 9), (x - 4, y + 9)), color, outline=0.7
    )
    for finger in range(3):
        start = x - 4 + finger * 3.4
        brush.line(((start, y - 2.6), (start - 0.8, y + 3)), mix(darker(color, 0.4), (30, 24, 40), 0.2), 0.8)


def _goose(brush: Brush) -> None:
    """Duchess, who goes wherever Pip goes."""
    white: Color = (246, 246, 242)
    brush.shape(
        ((81, 110), (83, 84), (81, 74), (87, 66), (95, 68), (97, 76), (94, 90), (103, 110)), white, outline=_LINE
    )
    brush.line(((94, 80), (93, 92), (97, 102)), (204, 206, 214), 1.4)
    brush.shape(((82, 70), (82, 75), (71, 76.5), (70, 74), (77, 71)), (238, 148, 54), outline=0.6)
    brush.ellipse((87, 71.5), 2.2, 2.4, (34, 26, 34))
    brush.ellipse((86.6, 71), 0.9, 0.9, (255, 255, 255))
