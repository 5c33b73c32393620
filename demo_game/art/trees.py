"""The trees of autumn, and the reeds: each kind in a few shapes, drawn once."""

from __future__ import annotations

import random
from functools import lru_cache

import pygame

from demo_game.art.palette import LEAVES, PLANKS, RED, TIMBER, WHITE
from demo_game.art.texture import canvas, outlined, ragged
from demo_game.art.tones import Color

#: How many shapes there are of each kind.
SHAPES = 4

#: Width and height of the crown, and the height of the bare trunk, in pixels.
_BUILD = {
    "oak": (58, 50, 16),
    "maple": (50, 54, 16),
    "birch": (38, 56, 20),
    "rowan": (40, 42, 15),
    "willow": (62, 58, 12),
    "great_oak": (124, 98, 30),
}


@lru_cache(maxsize=64)
def tree(kind: str, shape: int) -> pygame.Surface:
    """A tree; its foot is in the middle of the lower edge."""
    dice = random.Random(f"{kind} {shape}")
    return outlined(_pine(dice) if kind == "pine" else _leafy(kind, dice), _edge(kind)).convert_alpha()


def _edge(kind: str) -> Color:
    red, green, blue = LEAVES[kind][0]
    return red // 2, green // 2, blue // 2


def _leafy(kind: str, dice: random.Random) -> pygame.Surface:
    width, height, trunk = _BUILD[kind]
    tones = LEAVES[kind]
    picture = canvas(width + 8, height + trunk + 4)
    middle, foot = picture.get_width() // 2, picture.get_height()
    bark = (WHITE, (206, 200, 190), (160, 152, 146)) if kind == "birch" else (TIMBER[2], TIMBER[1], TIMBER[0])
    half = {"great_oak": 9, "birch": 2}.get(kind, 3)
    top = foot - trunk - height // 3
    pygame.draw.polygon(
        picture,
        bark[1],
        [
            (middle - half, top),
            (middle + half, top),
            (middle + half, foot - 6),
            (middle + half + 4, foot - 1),
            (middle - half - 4, foot - 1),
            (middle - half, foot - 6),
        ],
    )
    pygame.draw.rect(picture, bark[0], (middle - half, top, half, foot - top - 4))
    pygame.draw.rect(picture, bark[2], (middle + half - 1, top, 2, foot - top - 4))
    for _ in range(trunk // 2):
        y = dice.randrange(top, foot - 2)
        pygame.draw.line(
            picture, TIMBER[0], (middle - half + dice.randrange(half), y), (middle + dice.randrange(half), y)
        )
    # The crown: tufts of leaves from the back to the front, each lit from the upper left.
    tufts: list[tuple[float, float, int]] = [(middle, 4 + height / 2, min(width, height) // 2 - 5)]
    radius = min(14, max(9, width // 5))
    for _ in range(width * height // (radius * 9)):
        spot = pygame.Vector2(dice.uniform(0, 1) ** 0.5, 0).rotate(dice.uniform(0, 360))
        tufts.append(
            (
                middle + spot.x * (width / 2 - radius),
                4 + height / 2 + spot.y * (height / 2 - radius),
                radius + dice.randrange(-3, 3),
            )
        )
    tufts[1:] = sorted(tufts[1:], key=lambda tuft: tuft[1])
    for tuft in tufts:
        _tuft(picture, tones, *tuft, dice)
    crown = pygame.mask.from_surface(picture)
    for _ in range(width * height // 11):
        x, y = dice.randrange(picture.get_width()), dice.randrange(height + 2)
        if crown.get_at((x, y)):
            light = (x - middle) / width + (y - height / 2) / height < dice.uniform(-0.4, 0.4)
            picture.fill(tones[3] if light else tones[0], (x, y, 2, 1))
    if kind == "willow":
        for _ in range(46):
            x = dice.randrange(3, picture.get_width() - 3)
            top = height // 2 + dice.randrange(-10, 12) - abs(x - middle) // 5
            end = min(foot - 6, top + dice.randrange(18, 32))
            pygame.draw.line(picture, tones[dice.randrange(1, 4)], (x, top), (x + dice.randrange(-1, 2), end))
    if kind == "rowan":
        for _ in range(26):
            x, y = dice.randrange(8, width), dice.randrange(8, height)
            if crown.get_at((x, y)):
                picture.fill(RED, (x, y, 2, 2))
                picture.set_at((x, y), (232, 96, 72))
    return picture


def _tuft(
    picture: pygame.Surface, tones: tuple[Color, ...], x: float, y: float, radius: int, dice: random.Random
) -> None:
    for tone, size, across, down in (
        (tones[0], radius, 1, 2),
        (tones[1], radius - 1, 0, 0),
        (tones[2], radius - 4, -2, -2),
        (tones[3], radius - 8, -3, -4),
    ):
        if size > 0:
            brush = ragged(size, dice.randrange(5))
            half = brush.get_size()[0] // 2
            brush.to_surface(
                picture, setcolor=tone, unsetcolor=None, dest=(round(x) - half + across, round(y) - half + down)
            )


def _pine(dice: random.Random) -> pygame.Surface:
    tones = LEAVES["pine"]
    height = dice.randrange(70, 92)
    picture = canvas(48, height)
    picture.fill(TIMBER[1], (21, height - 14, 6, 14))
    picture.fill(TIMBER[0], (25, height - 14, 2, 14))
    layers = 6
    for layer in range(layers):
        reach = 22 - layer * 3
        low = height - 8 - layer * (height - 26) // layers
        points: list[tuple[float, float]] = [(24, low - 26)]
        points += [(24 + reach * side / 4, low - abs(side) % 2 * 3 + dice.randrange(2)) for side in range(4, -5, -1)]
        pygame.draw.polygon(picture, tones[0], points)
        pygame.draw.polygon(picture, tones[1], [(x * 0.9 + 1.4, y - 3) for x, y in points])
        for _ in range(reach * 2):
            x, y = 24 + dice.uniform(-reach, reach * 0.5) * 0.8, low - dice.randrange(3, 16)
            if picture.get_at((int(x), max(0, int(y))))[3]:
                tone = tones[3] if x < 22 and dice.random() < 0.4 else tones[2]
                pygame.draw.line(picture, tone, (x, y), (x - 2, y + 2))
    return picture


@lru_cache(maxsize=16)
def reeds(shape: int, lean: int) -> pygame.Surface:
    """A clump of reeds that the wind leans by so many pixels."""
    dice = random.Random(shape)
    picture = canvas(34, 30)
    for _ in range(15):
        x = dice.randrange(6, 28)
        height = dice.randrange(12, 27)
        tip = x + dice.randrange(-3, 4) + lean
        tone = dice.choice(((112, 116, 58), (146, 140, 70), (176, 158, 88), (92, 100, 52)))
        pygame.draw.line(picture, tone, (x, 29), (tip, 29 - height))
        if height > 21:
            pygame.draw.line(picture, PLANKS[0], (tip, 29 - height), (tip, 33 - height), 2)
    return picture.convert_alpha()
