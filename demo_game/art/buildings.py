"""The houses of Oakhollow: timber frames, plaster and thatch, seen from the front and a little from above."""

from __future__ import annotations

import random

import pygame

from demo_game.art import palette
from demo_game.art.texture import canvas, dithered, outlined, paint, polygon_mask
from demo_game.art.tones import Color

#: How far a roof hangs over the walls at each side, pixels.
EAVES = 8


def house(kind: str, width: int, lit: bool) -> pygame.Surface:
    """A cottage, the bakery or the inn; the foot of its front wall is the lower edge, EAVES wider at each side."""
    wall, roof, tones = {"inn": (70, 84, palette.TILES), "bakery": (42, 64, palette.THATCH)}.get(
        kind, (38, 60, palette.THATCH)
    )
    picture = canvas(width + 2 * EAVES, wall + roof + 14)
    foot = picture.get_height()
    front = pygame.Rect(EAVES, foot - wall, width, wall)
    plaster(picture, front)
    frame(picture, front, 2 if kind == "inn" else 1)
    {"inn": _inn_front, "bakery": _bakery_front}.get(kind, _cottage_front)(picture, front, lit)
    chimney(picture, EAVES + width * 3 // 4, 18, 34)
    pitched_roof(picture, pygame.Rect(0, 14, picture.get_width(), roof), tones, slant=width // 9)
    if kind == "inn":
        for x in (54, 146):
            _dormer(picture, EAVES + x, 72, lit)
    return outlined(picture).convert_alpha()


def plaster(picture: pygame.Surface, wall: pygame.Rect) -> None:
    """A plastered wall on a foot of field stones."""
    mask = pygame.mask.Mask(picture.get_size())
    mask.draw(pygame.mask.Mask(wall.size, fill=True), wall.topleft)
    paint(picture, mask, dithered(palette.PLASTER[1:], 32, 120, 41))
    picture.fill(palette.PLASTER[0], (wall.x, wall.y, wall.width, 7))  # the shade of the eaves
    stones(picture, pygame.Rect(wall.x, wall.bottom - 8, wall.width, 8))


def stones(picture: pygame.Surface, wall: pygame.Rect, tones: tuple[Color, ...] = palette.STONE) -> None:
    """Rows of rough stones."""
    dice = random.Random(wall.width * 7 + wall.height)
    picture.fill(tones[0], wall)
    for y in range(wall.y, wall.bottom, 6):
        x = wall.x - dice.randrange(8)
        while x < wall.right:
            width = dice.randrange(7, 13)
            stone = pygame.Rect(x, y, width - 1, 5).clip(wall)
            tone = dice.randrange(1, 4)
            picture.fill(tones[tone - 1], stone)
            picture.fill(tones[tone], (stone.x, stone.y, max(0, stone.width - 1), max(0, stone.height - 1)))
            x += width


def frame(picture: pygame.Surface, wall: pygame.Rect, storeys: int) -> None:
    """The beams of a timber frame."""
    bays = max(2, wall.width // 34)
    height = (wall.height - 8) // storeys
    for storey in range(storeys):
        top = wall.y + storey * height
        beam(picture, pygame.Rect(wall.x, top, wall.width, 4))
        for bay in range(bays + 1):
            x = wall.x + bay * (wall.width - 4) // bays
            beam(picture, pygame.Rect(x, top, 4, height))
        for bay in (0, bays - 1):
            left, right = (wall.x + end * (wall.width - 4) // bays for end in (bay, bay + 1))
            ends = ((left + 2, top + height), (right, top + 4))
            if bay:
                ends = ((left + 2, top + 4), (right, top + height))
            pygame.draw.line(picture, palette.TIMBER[0], *ends, 4)
            pygame.draw.line(picture, palette.TIMBER[1], *ends, 2)
    beam(picture, pygame.Rect(wall.x, wall.bottom - 11, wall.width, 3))


def beam(picture: pygame.Surface, rect: pygame.Rect) -> None:
    """A squared beam."""
    picture.fill(palette.TIMBER[0], rect)
    picture.fill(palette.TIMBER[1], (rect.x, rect.y, rect.width - 1, rect.height - 1))
    if rect.width > rect.height:
        picture.fill(palette.TIMBER[2], (rect.x, rect.y, rect.width, 1))
    else:
        picture.fill(palette.TIMBER[2], (rect.x, rect.y, 1, rect.height))


def window(picture: pygame.Surface, x: int, y: int, width: int, height: int, lit: bool, shutters: bool = True) -> None:
    """A window of small panes; x and y are its upper left corner."""
    if shutters:
        for side in (x - 7, x + width + 1):
            picture.fill(palette.TIMBER[0], (side, y - 1, 6, height + 2))
            picture.fill((92, 104, 92), (side + 1, y, 4, height))
            picture.fill((72, 84, 76), (side + 1, y + height // 2, 4, 1))
    picture.fill(palette.TIMBER[0], (x - 2, y - 2, width + 4, height + 4))
    glass = palette.GLASS_LIT if lit else palette.GLASS
    picture.fill(glass[0], (x, y, width, height))
    picture.fill(glass[1], (x, y, width, height // 3))
    pygame.draw.line(picture, glass[1], (x + 1, y + height - 2), (x + width // 2, y + 1))
    for pane in range(width // 3, width - 1, max(3, width // 3)):
        picture.fill(palette.TIMBER[1], (x + pane, y, 1, height))
    picture.fill(palette.TIMBER[1], (x, y + height // 2, width, 1))
    picture.fill(palette.TIMBER[3], (x - 3, y + height + 2, width + 6, 2))


def door(picture: pygame.Surface, x: int, foot: int, width: int, height: int) -> None:
    """A plank door with iron hinges and a stone step; x is its left side."""
    picture.fill(palette.TIMBER[0], (x - 3, foot - height - 3, width + 6, height + 3))
    picture.fill(palette.TIMBER[3], (x - 3, foot - height - 3, width + 6, 1))
    for plank in range(0, width, 5):
        picture.fill(palette.PLANKS[0 if plank % 2 else 1], (x + plank, foot - height, min(4, width - plank), height))
    for hinge in (foot - height + 5, foot - 10):
        picture.fill(palette.IRON[0], (x, hinge, width * 2 // 3, 2))
    picture.fill(palette.BRASS[2], (x + width - 5, foot - height // 2, 2, 3))
    picture.fill(palette.STONE[1], (x - 5, foot - 3, width + 10, 3))
    picture.fill(palette.STONE[3], (x - 5, foot - 3, width + 10, 1))


def chimney(picture: pygame.Surface, x: int, height: int, depth: int) -> None:
    """A chimney that stands in the roof; x is its middle, `depth` how far it goes down behind the tiles."""
    stones(picture, pygame.Rect(x - 9, 2, 18, height + depth))
    picture.fill(palette.STONE[3], (x - 10, 2, 20, 3))
    picture.fill(palette.INK, (x - 6, 2, 12, 2))


def pitched_roof(picture: pygame.Surface, roof: pygame.Rect, tones: tuple[Color, ...], slant: int) -> None:
    """The front slope of a roof: courses of thatch, tiles or slates from the ridge to the eaves."""
    corners = ((roof.x + slant, roof.y), (roof.right - slant, roof.y), (roof.right, roof.bottom), (roof.x, roof.bottom))
    mask = polygon_mask(picture.get_size(), corners)
    mask.to_surface(picture, setsurface=_courses(picture.get_size(), tones, roof), unsetcolor=None)
    # The ridge, the sunny left edge, the shaded right one and the drip of the eaves.
    pygame.draw.line(picture, tones[0], (roof.right - slant - 1, roof.y), (roof.right - 2, roof.bottom), 3)
    pygame.draw.line(picture, tones[3], (roof.x + slant, roof.y), (roof.x + 1, roof.bottom - 1), 2)
    picture.fill(tones[0], (roof.x + slant - 2, roof.y, roof.width - 2 * slant + 4, 6))
    picture.fill(tones[2], (roof.x + slant - 2, roof.y, roof.width - 2 * slant + 4, 3))
    picture.fill(tones[3], (roof.x + slant - 1, roof.y, roof.width - 2 * slant + 2, 1))
    picture.fill(palette.INK, (roof.x, roof.bottom - 1, roof.width, 1))
    picture.fill(tones[0], (roof.x, roof.bottom - 3, roof.width, 2))


def _courses(size: tuple[int, int], tones: tuple[Color, ...], roof: pygame.Rect) -> pygame.Surface:
    dice = random.Random(roof.width)
    picture = canvas(*size)
    picture.fill(tones[1])
    if tones is palette.THATCH:
        for _ in range(roof.width * roof.height // 9):
            x, y = dice.randrange(size[0]), dice.randrange(roof.y, roof.bottom)
            tone = tones[dice.choice((0, 2, 2, 2, 3))]
            pygame.draw.line(picture, tone, (x, y), (x + (x - size[0] // 2) // 40, y + dice.randrange(3, 7)))
        for y in (roof.y + roof.height // 3, roof.y + roof.height * 2 // 3):
            for x in range(0, size[0], 3):
                picture.fill(tones[0], (x, y + dice.randrange(2), 3, 2))
    else:
        for row, y in enumerate(range(roof.y, roof.bottom, 6)):
            for x in range(-(row % 2) * 4, size[0], 8):
                tone = tones[dice.choice((1, 1, 2, 2, 2, 3))]
                picture.fill(tones[0], (x, y, 8, 6))
                pygame.draw.rect(picture, tone, (x, y, 7, 5), border_bottom_left_radius=2, border_bottom_right_radius=2)
    for _ in range(roof.width // 14):  # moss, where the rain runs
        x, y = dice.randrange(size[0]), roof.bottom - int(dice.uniform(0, 1) ** 2 * roof.height * 0.7)
        for _ in range(14):
            spot = (x + int(dice.gauss(0, 5)), y + int(dice.gauss(0, 3)), 2, 1)
            picture.fill(palette.MOSS[dice.randrange(3)], spot)
    return picture


def _dormer(picture: pygame.Surface, x: int, y: int, lit: bool) -> None:
    wall = pygame.Rect(x - 13, y - 22, 26, 22)
    picture.fill(palette.PLASTER[1], wall)
    window(picture, x - 6, y - 17, 12, 12, lit, shutters=False)
    for side in (-1, 1):
        pygame.draw.line(picture, palette.TILES[0], (x, y - 40), (x + side * 19, y - 19), 6)
        pygame.draw.line(picture, palette.TILES[2 if side < 0 else 1], (x, y - 41), (x + side * 19, y - 20), 3)
    pygame.draw.polygon(picture, palette.PLASTER[2], [(x, y - 34), (x - 12, y - 20), (x + 12, y - 20)])
    picture.fill(palette.TIMBER[1], (x - 13, y - 21, 26, 2))


def _cottage_front(picture: pygame.Surface, front: pygame.Rect, lit: bool) -> None:
    middle = front.x + front.width // 2
    door(picture, middle - 9, front.bottom, 18, 28)
    for x in (front.x + 16, front.right - 32):
        window(picture, x, front.y + 10, 15, 13, lit)
        picture.fill(palette.TIMBER[1], (x - 2, front.y + 27, 19, 3))
        for flower in range(0, 18, 3):
            tone = palette.RED if flower % 2 else palette.LEAVES["birch"][2]
            picture.fill(tone, (x - 1 + flower, front.y + 25, 2, 2))


def _bakery_front(picture: pygame.Surface, front: pygame.Rect, lit: bool) -> None:
    window(picture, front.x + 46, front.y + 10, 16, 14, lit)
    door(picture, front.x + 12, front.bottom, 18, 30)
    hatch = pygame.Rect(front.x + 80, front.y + 8, 36, 20)
    picture.fill(palette.TIMBER[0], hatch.inflate(6, 6))
    picture.fill(palette.GLASS_LIT[0] if lit else (122, 78, 48), hatch)
    picture.fill(palette.GLASS_LIT[1] if lit else (156, 104, 60), (hatch.x, hatch.y, hatch.width, 8))
    for x in range(hatch.x + 3, hatch.right - 4, 8):  # loaves on the shelf
        pygame.draw.ellipse(picture, palette.THATCH[1], (x, hatch.y + 4, 7, 5))
    for stripe in range(6):  # the awning
        tone = palette.RED if stripe % 2 else palette.WHITE
        pygame.draw.polygon(
            picture,
            tone,
            [
                (hatch.x - 2 + stripe * 7, hatch.y - 6),
                (hatch.x + 5 + stripe * 7, hatch.y - 6),
                (hatch.x + 5 + stripe * 7, hatch.y + 4),
                (hatch.x - 2 + stripe * 7, hatch.y + 4),
            ],
        )
    picture.fill(palette.PLANKS[3], (hatch.x - 5, hatch.bottom, hatch.width + 10, 4))
    picture.fill(palette.PLANKS[0], (hatch.x - 5, hatch.bottom + 4, hatch.width + 10, 2))
    for x in range(hatch.x + 2, hatch.right - 6, 8):  # honey buns on the tray
        pygame.draw.ellipse(picture, (178, 104, 44), (x, hatch.bottom - 4, 8, 6))
        pygame.draw.ellipse(picture, (236, 180, 92), (x + 1, hatch.bottom - 4, 5, 3))


def _inn_front(picture: pygame.Surface, front: pygame.Rect, lit: bool) -> None:
    for x in (14, 48, 148, 182):
        window(picture, front.x + x - 4, front.y + 10, 14, 13, lit)
    window(picture, front.x + 98, front.y + 10, 14, 13, lit)
    for x in (24, 160):
        window(picture, front.x + x, front.bottom - 27, 24, 14, lit)
    door(picture, front.x + 98, front.bottom, 28, 31)
    beam(picture, pygame.Rect(front.x + 88, front.bottom - 40, 48, 5))
    for x in (90, 131):
        pygame.draw.line(
            picture, palette.TIMBER[1], (front.x + x + 1, front.bottom - 35), (front.x + x + 1, front.bottom - 28), 2
        )
    for x in (84, 140):  # lanterns beside the door
        picture.fill(palette.IRON[0], (front.x + x - 2, front.bottom - 30, 5, 9))
        picture.fill(palette.GLASS_LIT[1] if lit else palette.BRASS[1], (front.x + x - 1, front.bottom - 28, 3, 5))
