"""The rooms one can enter, the taproom and the mill: floor and walls, and what stands in them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import sin

import pygame

from demo_game.art import palette, riverside
from demo_game.art.buildings import beam, stones, window
from demo_game.art.room_things import room_thing
from demo_game.art.sights import Sights, Sprite, standing_at
from demo_game.art.texture import soft_shadow
from demo_game.village import interiors
from demo_game.village.geometry import Area

Rect = pygame.Rect

#: Where flames stand: (x, y of the lower edge, height, y of the foot of what carries them).
_FLAMES: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "inn": (
        (168, 125, 24, 129),
        (400, 142, 7, 178),
        (486, 142, 7, 178),
        (232, 203, 7, 242),
        (423, 229, 6, 258),
        (499, 277, 6, 306),
        (163, 285, 6, 314),
    ),
    "mill": ((201, 256, 7, 290),),
}


class Room:
    """An interior."""

    def __init__(self, map_id: str) -> None:
        self._id = map_id
        inn = map_id == "inn"
        floor, things = (
            (interiors.INN_FLOOR, interiors.INN_THINGS) if inn else (interiors.MILL_FLOOR, interiors.MILL_THINGS)
        )
        self._ground = _walls_and_floor(floor, inn)
        for thing in things:
            if thing.blocks:
                width = thing.blocks.width + 14
                self._ground.blit(soft_shadow(width, 16, 120), (thing.x - width // 2, thing.y - 9))
        self._ground = self._ground.convert()
        self._things = [
            standing_at(room_thing(thing.kind), thing.x, thing.y) for thing in things if thing.kind != "iron_gate"
        ]

    def draw_ground(self, view: pygame.Surface, camera: tuple[int, int], now_s: float, sights: Sights) -> None:
        """Floor and walls."""
        if not (0 <= camera[0] <= interiors.WIDTH - view.get_width()):
            view.fill(palette.NIGHT)
        view.blit(self._ground, (-camera[0], -camera[1]))

    def standing(self, camera: tuple[int, int], now_s: float, sights: Sights) -> list[Sprite]:
        """Furniture, and what the story changes."""
        sprites = [*self._things, *(self._inn(sights) if self._id == "inn" else self._mill(now_s, sights))]
        for number, (x, y, size, foot) in enumerate(_FLAMES[self._id]):
            picture = riverside.flame((int(now_s * 8) + number) % 4, size)
            sprites.append(Sprite(foot, picture, x - size // 2, y - size))
        return [sprite for sprite in sprites if sprite.is_seen(camera)]

    def _inn(self, sights: Sights) -> Iterator[Sprite]:
        rolled_away = sights.flag("buyer_named") or sights.flag("met_courier")
        spot = interiors.BARREL_ROLLED_AWAY if rolled_away else interiors.BARREL_ON_TRAPDOOR
        yield standing_at(room_thing("barrel"), *spot)
        if not sights.flag("met_courier"):
            yield Sprite(179, room_thing("bowl"), 506, 135)
        if sights.is_night:
            for x, y in ((200, 226), (262, 224), (424, 242), (500, 290)):
                picture = room_thing("chair_turned")
                yield Sprite(y + 19, picture, x - picture.get_width() // 2, y - picture.get_height())

    def _mill(self, now_s: float, sights: Sights) -> Iterator[Sprite]:
        is_open = sights.flag("buyer_named")
        yield standing_at(room_thing("gate_open" if is_open else "iron_gate"), 464, 113)
        lantern = room_thing("lantern")
        yield Sprite(114, lantern, 428 - lantern.get_width() // 2 + round(1.4 * sin(now_s * 1.1)), 82)
        if not is_open and sights.river_level < 3:
            yield Sprite(1, room_thing("boot_prints"), 330, 240)


def _walls_and_floor(floor: Area, inn: bool) -> pygame.Surface:
    picture = pygame.Surface((interiors.WIDTH, interiors.HEIGHT), 0, 32)
    picture.fill(palette.NIGHT)
    wall = Rect(floor.x, floor.y - interiors.WALL, floor.width, interiors.WALL)
    room = Rect(*floor)
    picture.fill(palette.TIMBER[0], room.union(wall).inflate(16, 8))
    picture.fill(palette.TIMBER[1], room.union(wall).inflate(12, 4))
    _floor(picture, room, inn)
    _wall(picture, wall, inn)
    # The way out: a mat in the light of the doorway.
    way_out = Rect(*interiors.EXIT)
    picture.fill(palette.PLANKS[1], way_out)
    picture.fill(palette.TIMBER[0], (way_out.x - 4, way_out.y, 4, 16))
    picture.fill(palette.TIMBER[0], (way_out.right, way_out.y, 4, 16))
    mat = Rect(way_out.x - 4, way_out.y - 14, way_out.width + 8, 20)
    picture.fill((104, 62, 52), mat)
    pygame.draw.rect(picture, palette.BRASS[1], mat.inflate(-4, -4), 1)
    # The dark of the corners.
    for side, x in ((0, room.x), (1, room.right - 12)):
        for step in range(12):
            shade = pygame.Surface((1, room.height + wall.height))
            shade.set_alpha(9 * (12 - step))
            picture.blit(shade, (x + (11 - step if side else step), wall.y))
    for step in range(14):
        shade = pygame.Surface((room.width, 1))
        shade.set_alpha(8 * (14 - step))
        picture.blit(shade, (room.x, room.y + step))
    return picture


def _floor(picture: pygame.Surface, room: pygame.Rect, inn: bool) -> None:
    picture.set_clip(room)
    dice = random.Random(8)
    tones = ((112, 78, 52), (122, 86, 58), (132, 94, 64)) if inn else ((126, 108, 86), (136, 118, 94), (146, 128, 102))
    dark = palette.TIMBER[1] if inn else (98, 82, 66)
    for y in range(room.y, room.bottom, 10):
        x = room.x - dice.randrange(60)
        while x < room.right:
            width = dice.randrange(44, 92)
            board = Rect(x, y, width, 10).clip(room)
            picture.fill(tones[dice.randrange(3)], board)
            picture.fill(dark, (board.x, board.bottom - 1, board.width, 1))
            picture.fill(dark, (board.right - 1, board.y, 1, 10))
            for _ in range(2):
                grain = dice.randrange(max(1, board.width))
                length = min(dice.randrange(4, 16), board.width - grain)
                picture.fill(tones[0], (board.x + grain, board.y + dice.randrange(2, 8), length, 1))
            x += width
    if inn:  # a worn rug before the fire
        rug = Rect(124, 146, 92, 44)
        picture.fill((96, 44, 42), rug)
        pygame.draw.rect(picture, (142, 70, 54), rug.inflate(-4, -4), 2)
        pygame.draw.rect(picture, palette.BRASS[1], rug.inflate(-12, -12), 1)
        for x in range(rug.x + 14, rug.right - 12, 12):
            pygame.draw.polygon(picture, palette.BRASS[0], [(x, 168), (x + 4, 163), (x + 8, 168), (x + 4, 173)])
    else:  # flour, trodden into the boards
        for _ in range(2600):
            x, y = int(dice.gauss(300, 84)), int(dice.gauss(216, 44))
            if room.collidepoint(x, y):
                picture.fill((184, 170, 146), (x, y, dice.randrange(1, 4), 1))
    picture.set_clip(None)


def _wall(picture: pygame.Surface, wall: pygame.Rect, inn: bool) -> None:
    dice = random.Random(3)
    if inn:
        picture.fill((188, 158, 116), wall)
        for _ in range(1200):
            tone = dice.choice(((178, 148, 108), (198, 168, 126)))
            picture.fill(tone, (dice.randrange(wall.x, wall.right - 3), dice.randrange(wall.y, wall.bottom), 3, 1))
        panel = Rect(wall.x, wall.bottom - 24, wall.width, 24)
        picture.fill(palette.TIMBER[1], panel)
        for x in range(panel.x, panel.right, 16):
            picture.fill(palette.TIMBER[2], (x + 2, panel.y + 4, 12, 17))
            picture.fill(palette.TIMBER[3], (x + 2, panel.y + 4, 12, 1))
        picture.fill(palette.TIMBER[3], (panel.x, panel.y, panel.width, 2))
        for x in range(wall.x, wall.right, 74):
            beam(picture, Rect(x, wall.y, 6, wall.height))
        window(picture, 360, wall.y + 14, 18, 16, False)
    else:
        for board, x in enumerate(range(wall.x, wall.right, 8)):
            picture.fill(palette.PLANKS[(0, 1, 0, 1, 1)[board % 5]], (x, wall.y, 8, wall.height))
            picture.fill(palette.TIMBER[0], (x + 7, wall.y, 1, wall.height))
        stones(picture, Rect(wall.x, wall.bottom - 14, wall.width, 14))
        for x in range(wall.x, wall.right, 92):
            beam(picture, Rect(x, wall.y, 7, wall.height))
    beam(picture, Rect(wall.x, wall.y, wall.width, 7))
    picture.fill(palette.TIMBER[0], (wall.x, wall.bottom - 2, wall.width, 2))
