"""Bodies of figures: legs, clothes, arms, and what people carry. Everything faces down, up or left; "right" is drawn as
its own mirror image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pygame

from demo_game.art.looks import Look
from demo_game.art.tones import Color, darker, lighter, mix

#: The middle of a figure lies left of this column; its boots end above this row.
MIDDLE, GROUND = 12, 37
BRASS: Color = (226, 178, 76)
WOOD: Color = (150, 100, 58)
LINEN: Color = (246, 242, 232)


class Body(NamedTuple):
    """Proportions in pixels: heights, then half widths from the shoulders down."""

    legs: int
    torso: int
    shoulder: int
    waist: int
    hem: int

    @property
    def neck(self) -> int:
        """The first row of the torso."""
        return GROUND - self.legs - self.torso

    @property
    def head_top(self) -> int:
        """The first row of the head, which is 12 rows high and rests on the shoulders."""
        return self.neck - 11


BODIES = {
    "adult": Body(8, 11, 5, 4, 6),
    "slender": Body(9, 11, 4, 3, 5),
    "tall": Body(9, 13, 5, 4, 6),
    "broad": Body(7, 12, 7, 6, 8),
    "round": Body(6, 12, 5, 8, 7),
    "small": Body(4, 11, 5, 5, 7),
    "child": Body(4, 8, 4, 4, 6),
}

#: How far down the legs a garment reaches.
_LENGTHS = {"tunic": 0.15, "coat": 0.55, "dress": 0.75, "robe": 0.9}


def fill_rows(paint: pygame.Surface, top: int, halves: Sequence[int], color: Color, middle: int = MIDDLE) -> None:
    """A shape given by half widths, row by row, lit from the left."""
    for row, half in enumerate(halves):
        if half > 0:
            paint.fill(color, (middle - half, top + row, 2 * half, 1))
            paint.fill(lighter(color), (middle - half, top + row, 1, 1))
            paint.fill(darker(color), (middle + half - max(1, half // 3), top + row, max(1, half // 3), 1))


def draw_body(paint: pygame.Surface, look: Look, facing: str, step: int) -> None:
    """All of a person below the head."""
    body = BODIES[look.build]
    neck = body.neck + step % 2
    side = facing in ("left", "right")
    if side:
        _legs_from_the_side(paint, look, body, step)
        _clothes(paint, look, body._replace(shoulder=body.shoulder - 1, waist=max(3, body.waist - 1)), neck, facing)
        _arm_from_the_side(paint, look, body, neck, facing, step)
    else:
        _legs(paint, look, body, facing, step)
        _clothes(paint, look, body, neck, facing)
        _arms(paint, look, body, neck, facing, step)
    _wraps(paint, look, body, neck, facing)
    if facing == "down":
        _badges(paint, look, body, neck)


def _legs(paint: pygame.Surface, look: Look, body: Body, facing: str, step: int) -> None:
    top = GROUND - body.legs
    for x, lifted in ((MIDDLE - 4, step == 3), (MIDDLE + 1, step == 1)):
        _leg(paint, look, x, top, body.legs - 2 * lifted, darker(look.legs) if lifted else look.legs)


def _legs_from_the_side(paint: pygame.Surface, look: Look, body: Body, step: int) -> None:
    top, long = GROUND - body.legs, body.legs
    if step % 2:
        # The far leg is in shadow; each goes ahead in turn.
        ahead, behind = (look.legs, darker(look.legs)) if step == 1 else (darker(look.legs), look.legs)
        _leg(paint, look, MIDDLE + 2, top, long - 1, behind)
        _leg(paint, look, MIDDLE - 5, top, long, ahead)
    else:
        _leg(paint, look, MIDDLE + 1 + step // 2, top, long - step, darker(look.legs))
        _leg(paint, look, MIDDLE - 2, top, long, look.legs)


def _leg(paint: pygame.Surface, look: Look, x: int, top: int, length: int, color: Color) -> None:
    paint.fill(color, (x, top, 3, length))
    paint.fill(darker(color), (x + 2, top, 1, length))
    boot, height = (look.boots, 3) if look.boots else (look.skin, 2)
    paint.fill(boot, (x, top + length - height, 3, height))
    paint.fill(lighter(boot, 0.3), (x, top + length - height, 1, 1))


def _clothes(paint: pygame.Surface, look: Look, body: Body, neck: int, facing: str) -> None:
    """The garment, its belt or its apron."""
    skirt = round(body.legs * _LENGTHS[look.garment]) + 1
    hem = body.waist + 1 if look.garment == "tunic" else body.hem
    halves = [
        body.shoulder - 1,
        *(
            round(body.shoulder + (body.waist - body.shoulder) * min(1.0, r / (body.torso - 3)))
            for r in range(1, body.torso)
        ),
        *(round(body.waist + (hem - body.waist) * r / skirt) for r in range(1, skirt + 1)),
    ]
    fill_rows(paint, neck, halves, look.top)
    last = neck + len(halves) - 1
    if look.garment != "tunic":
        # Folds.
        for x in (-4, -1, 3):
            paint.fill(darker(look.top, 0.18), (MIDDLE + x, last - skirt, 1, skirt))
        paint.fill(darker(look.top), (MIDDLE - halves[-1], last, 2 * halves[-1], 1))
    if look.garment in ("coat", "dress") and facing == "down":
        # The shirt shows in the opening; a coat is open all the way down.
        paint.fill(look.shirt, (MIDDLE - 1, neck, 2, 5))
        paint.fill(look.shirt, (MIDDLE - 2, neck, 4, 2))
        if look.garment == "coat":
            paint.fill(darker(look.top, 0.45), (MIDDLE - 1, neck + 5, 1, last - neck - 4))
    if look.apron:
        _apron(paint, look.apron, body, neck, facing, last)
    elif look.garment in ("tunic", "dress"):
        half = halves[body.torso - 2]
        paint.fill(darker(look.top, 0.5), (MIDDLE - half, neck + body.torso - 2, 2 * half, 1))
        if facing == "down":
            paint.fill(BRASS, (MIDDLE - 1, neck + body.torso - 2, 2, 1))


def _apron(paint: pygame.Surface, color: Color, body: Body, neck: int, facing: str, last: int) -> None:
    string = neck + body.torso - 3
    if facing == "up":
        paint.fill(color, (MIDDLE - body.waist, string, 2 * body.waist, 1))
        paint.fill(lighter(color), (MIDDLE - 2, string - 1, 4, 3))
        return
    if facing != "down":
        paint.fill(color, (MIDDLE - body.waist, string, 2 * body.waist - 2, 1))
        paint.fill(color, (MIDDLE - body.waist, neck + 3, 3, last - neck - 2))
        paint.fill(darker(color, 0.15), (MIDDLE - body.waist + 2, string, 1, last - string + 1))
        return
    half = body.waist - 1
    fill_rows(paint, neck + 3, [half - 1] * (body.torso - 6), color)
    fill_rows(paint, string, [half + 1] + [half] * (last - string), color)
    paint.fill(darker(color), (MIDDLE - half, string + 1, 2 * half, 1))


def _sleeve(paint: pygame.Surface, look: Look, rect: pygame.Rect, hand: Color, tinted: Color) -> None:
    """One arm, hanging: the sleeve, a bare forearm if it is rolled up, and the hand."""
    paint.fill(tinted, rect)
    paint.fill(darker(tinted), (rect.right - 1, rect.top, 1, rect.height))
    if look.rolled_sleeves:
        bare = rect.height // 2
        paint.fill(look.shirt, (rect.left, rect.bottom - bare - 2, rect.width, 2))
        paint.fill(look.skin, (rect.left, rect.bottom - bare, rect.width, bare))
        paint.fill(darker(look.skin), (rect.right - 1, rect.bottom - bare, 1, bare))
        if "scars" in look.marks:
            paint.fill((166, 70, 62), (rect.left + 1, rect.bottom - bare + 1, 1, 1))
            paint.fill((166, 70, 62), (rect.left, rect.bottom - 2, 1, 1))
    paint.fill(hand, (rect.left, rect.bottom, rect.width, 2))
    paint.fill(darker(hand), (rect.right - 1, rect.bottom, 1, 2))


def _arms(paint: pygame.Surface, look: Look, body: Body, neck: int, facing: str, step: int) -> None:
    length = body.torso - 3
    left, right = look.left_hand or look.skin, look.right_hand or look.skin
    if facing == "up":
        left, right = right, left
    half = max(body.shoulder, body.waist - 1)
    upper = look.shirt if look.rolled_sleeves and look.garment == "dress" else look.top
    # An arm swings forward with the other side's leg, which shows as a shorter sleeve.
    for x, hand, forward in ((MIDDLE - half - 2, right, step == 3), (MIDDLE + half - 1, left, step == 1)):
        _sleeve(paint, look, pygame.Rect(x, neck + 1, 3, length - 2 * forward), hand, darker(upper, 0.1))
    if facing == "down" and "box" in look.marks:
        paint.fill(WOOD, (MIDDLE + half - 3, neck + 5, 5, 5))
        paint.fill(lighter(WOOD), (MIDDLE + half - 3, neck + 5, 5, 1))
        paint.fill(BRASS, (MIDDLE + half - 1, neck + 7, 1, 1))
        paint.fill(left, (MIDDLE + half - 2, neck + 10, 3, 1))
    if "switch" in look.marks:
        _switch(paint, MIDDLE - half - 5 if facing == "down" else MIDDLE + half + 4, neck + length)
    if facing == "down" and "rag" in look.marks:
        for x, lift in ((-3, step == 1), (0, step == 3)):
            paint.fill(look.skin, (MIDDLE + x, neck + 6 - lift, 3, 2))
        paint.fill(LINEN, (MIDDLE - 2, neck + 8, 4, 3))
        paint.fill(darker(LINEN), (MIDDLE + 1, neck + 8, 1, 3))


def _arm_from_the_side(paint: pygame.Surface, look: Look, body: Body, neck: int, facing: str, step: int) -> None:
    length = body.torso - 3
    near = look.left_hand if facing == "left" else look.right_hand
    swing = {1: 2, 3: -2}.get(step, 0)
    upper = look.shirt if look.rolled_sleeves and look.garment == "dress" else look.top
    arm = pygame.Rect(MIDDLE - 1, neck + 2, 3, length - 1)
    paint.fill(darker(upper, 0.2), (arm.left - 1, arm.top, 1, 3))
    _sleeve(paint, look, arm.move(swing, 0), near or look.skin, darker(upper, 0.08))
    if facing == "left" and "box" in look.marks:
        paint.fill(WOOD, (MIDDLE - 4, neck + 6, 7, 5))
        paint.fill(lighter(WOOD), (MIDDLE - 4, neck + 6, 7, 1))
        paint.fill(BRASS, (MIDDLE - 1, neck + 8, 1, 1))
        paint.fill(near or look.skin, (MIDDLE - 1, neck + 11, 3, 1))
    if facing == "right" and "switch" in look.marks:
        _switch(paint, arm.left + swing - 1, arm.bottom)
    if "rag" in look.marks:
        paint.fill(LINEN, (arm.left + swing - 1, arm.bottom, 3, 4))


def _switch(paint: pygame.Surface, x: int, hand: int) -> None:
    """A willow switch, held upright, with two leaves."""
    paint.fill((112, 92, 50), (x, hand - 13, 1, 18))
    paint.fill((166, 190, 92), (x - 1, hand - 14, 1, 2))
    paint.fill((166, 190, 92), (x + 1, hand - 11, 1, 2))


def _wraps(paint: pygame.Surface, look: Look, body: Body, neck: int, facing: str) -> None:
    """What lies over the shoulders: a cloak, a shawl, a scarf."""
    half = body.shoulder + 2
    if look.cloak:
        rows = body.torso + body.legs // 2
        drape = [half - 1, half] + [min(half + row // 5, 10) for row in range(rows - 2)]
        if facing == "up":
            fill_rows(paint, neck, drape, look.cloak)
            for x in (-3, 2):
                paint.fill(darker(look.cloak, 0.2), (MIDDLE + x, neck + 5, 1, rows - 6))
            fill_rows(paint, neck, [4, 4, 3, 2], darker(look.cloak, 0.15))
        elif facing == "down":
            for row, wide in enumerate(drape):
                edge = max(3, wide - (4 if row > 3 else 0)) - min(row, 3) % 3
                tone = look.cloak
                paint.fill(tone, (MIDDLE - wide, neck + row, wide - (edge - 3 if row < 3 else edge - 1), 1))
                paint.fill(lighter(tone), (MIDDLE - wide, neck + row, 1, 1))
                paint.fill(
                    darker(tone, 0.18), (MIDDLE + (edge - 3 if row < 3 else edge - 1), neck + row, wide - edge + 1, 1)
                )
            fill_rows(paint, neck, [half - 2, half - 2], lighter(look.cloak, 0.1))
            paint.fill(BRASS, (MIDDLE - 1, neck + 1, 2, 2))
        else:
            for row in range(rows):
                paint.fill(look.cloak, (MIDDLE - 3 + min(row, 4) // 2, neck + row, 7 + row // 6, 1))
                paint.fill(darker(look.cloak), (MIDDLE + 2 + row // 6, neck + row, 2, 1))
            paint.fill(lighter(look.cloak), (MIDDLE - 2, neck + 1, 1, rows - 2))
            paint.fill(BRASS, (MIDDLE - 3, neck + 1, 1, 2))
    if look.shawl:
        fill_rows(paint, neck, [half - 2, half - 1, half, half, half - 1, half - 2, half - 4], look.shawl)
        if facing == "down":
            # It crosses over the breast, held by a pin.
            for row in range(6):
                paint.fill(darker(look.shawl, 0.4), (MIDDLE + 2 - row, neck + row, 1, 1))
            paint.fill(BRASS, (MIDDLE, neck + 2, 1, 1))
    if look.scarf:
        fill_rows(paint, neck - 1, [4, 5, 4], look.scarf)
        if facing != "up":
            paint.fill(darker(look.scarf, 0.15), (MIDDLE + (2 if facing == "down" else -3), neck + 1, 2, 6))


def _badges(paint: pygame.Surface, look: Look, body: Body, neck: int) -> None:
    """What shows on the breast."""
    if "chain" in look.marks:
        for x, y in ((-5, 1), (-4, 2), (-3, 3), (-2, 4), (1, 4), (2, 3), (3, 2), (4, 1)):
            paint.fill(BRASS, (MIDDLE + x, neck + y, 1, 2))
        paint.fill(lighter(BRASS, 0.5), (MIDDLE - 1, neck + 5, 2, 2))
    if "strap" in look.marks:
        for row in range(body.torso - 2):
            paint.fill((96, 62, 38), (MIDDLE - 4 + row * 7 // 10, neck + 1 + row, 2, 1))
        paint.fill((122, 80, 46), (MIDDLE + 2, neck + body.torso - 3, 4, 4))
        paint.fill(BRASS, (MIDDLE + 3, neck + body.torso - 2, 1, 1))
    if "flour" in look.marks:
        for x, y in ((-3, 4), (2, 2), (4, 6), (-5, 8), (1, 12)):
            paint.fill(mix(look.top, LINEN, 0.8), (MIDDLE + x, neck + y, 1, 1))
