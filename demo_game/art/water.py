"""The moving water of the Wend: glints and foam, in a few pictures that repeat, and the mud's high water."""

from __future__ import annotations

import random
from math import pi, sin

import pygame

from demo_game.art import palette
from demo_game.art.texture import canvas, dithered
from demo_game.village.outdoors import LANDING, WIDTH
from demo_game.village.river import WEIR, mud_width, north_bank, south_bank

#: The part of the map that the river's pictures cover, y of the first and the last row.
TOP, BOTTOM = 676, 900

#: Pictures of the water in one round, and how long each stays, seconds.
FRAMES = 8
FRAME_S = 0.14

#: How far a glint drifts to the left in one round, pixels.
_DRIFT = 22


def glints() -> list[pygame.Surface]:
    """Pictures of the light on the water, with nothing between."""
    dice = random.Random(4)
    waves = []
    for _ in range(1500):
        x = dice.randrange(WIDTH)
        y = dice.uniform(north_bank(x) + mud_width(x) + 3, south_bank(x) - 3)
        if not (LANDING.x - 6 < x < LANDING.x + LANDING.width + 26 and y < LANDING.y + LANDING.height + 10):
            waves.append((x, y, dice.randrange(4, 15), dice.random(), dice.choice((0, 0, 0, 1, 1, 2))))
    pictures = []
    for frame in range(FRAMES):
        picture = pygame.Surface((WIDTH, BOTTOM - TOP))
        picture.set_colorkey((0, 0, 0))
        for x, y, length, start, tone in waves:
            age = (frame / FRAMES + start) % 1
            reach = length * sin(pi * age)
            if reach > 1:
                left = x - _DRIFT * age - reach / 2
                picture.fill(palette.GLINT[tone], (left, y - TOP, reach, 1))
        _falling(picture, frame)
        pictures.append(picture.convert())
    for picture in pictures:
        picture.set_colorkey((0, 0, 0), pygame.RLEACCEL)
    return pictures


def _falling(picture: pygame.Surface, frame: int) -> None:
    """The foam below the weir."""
    dice = random.Random(3)
    (x1, y1), (x2, y2) = WEIR
    for step in range(240):
        share = step / 240
        x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
        age = (frame / FRAMES + dice.random()) % 1
        far = 7 + dice.randrange(14, 44) * age
        tone = palette.FOAM if age < 0.5 else palette.GLINT[2]
        picture.fill(tone, (x - far, y - TOP + dice.randrange(-3, 4), max(1, 6 - 6 * age), 2 if age < 0.4 else 1))


def high_water() -> pygame.Surface:
    """The water that covers the mud when the river is up."""
    picture = canvas(WIDTH, BOTTOM - TOP)
    texture, edge = dithered(palette.WATER, 16, 150, 14), palette.SHALLOWS[1]
    for x in range(WIDTH):
        depth = int(mud_width(x)) + 8
        top = int(north_bank(x)) - TOP + 3
        if depth > 9:
            for y in range(top, top + depth, 64):
                picture.blit(texture, (x, y), (x % 256, (y + TOP) % 64, 1, min(64, top + depth - y)))
            picture.fill(edge, (x, top, 1, 3))
            picture.set_at((x, top), palette.GLINT[1])
    picture.fill((0, 0, 0, 0), (LANDING.x - 2, 0, LANDING.width + 4, LANDING.y + LANDING.height - TOP))
    return picture.convert_alpha()
