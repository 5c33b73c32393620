"""Oakhollow under the sky: its ground, its water and all that stands there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import sin

import pygame

from demo_game.art import buildings, geese, riverside, trees, water, workshops
from demo_game.art.furnishing import thing
from demo_game.art.ground import village_ground
from demo_game.art.sights import Sights, Sprite, standing_at
from demo_game.village import outdoors
from demo_game.village.geometry import Building
from demo_game.village.river import HIGH_LEVEL, mud_width, north_bank, south_bank

#: Chimneys: (x, y of the opening).
_CHIMNEYS = ((1040, 184), (720, 184), (1316, 200), (276, 144), (484, 112), (244, 352), (1528, 128))

#: People in a doorway stand before the house, all others who are further up behind it.
_DOORWAY = 15

#: Things that this module draws by the story and not by their kind alone.
_BY_STORY = {"notice_board", "anvil", "altar"}


class Outside:
    """The village."""

    def __init__(self) -> None:
        self._ground = village_ground()
        self._glints = water.glints()
        self._high_water = water.high_water()
        forge = next(house for house in outdoors.BUILDINGS if house.kind == "forge")
        others = [house for house in outdoors.BUILDINGS if house is not forge]
        self._houses = {lit: [_house(house, lit) for house in others] for lit in (False, True)}
        self._forge = {banked: _placed(forge, workshops.forge(forge.width, banked)) for banked in (False, True)}
        self._fixed = [
            *(standing_at(thing(it.kind), it.x, it.y) for it in outdoors.THINGS if it.kind not in _BY_STORY),
            *(standing_at(trees.tree(it.kind, number % trees.SHAPES), it.x, it.y)
              for number, it in enumerate(outdoors.TREES)),
            *_fences(),
        ]  # fmt: skip
        self._reeds = _reeds()

    def draw_ground(self, view: pygame.Surface, camera: tuple[int, int], now_s: float, sights: Sights) -> None:
        """What nobody can walk behind."""
        view.blit(self._ground, (0, 0), (*camera, *view.get_size()))
        if camera[1] + view.get_height() > water.TOP:
            strip = pygame.Rect(camera[0], max(0, camera[1] - water.TOP), view.get_width(), view.get_height())
            where = 0, max(0, water.TOP - camera[1])
            if sights.river_level >= HIGH_LEVEL:
                view.blit(self._high_water, where, strip)
            view.blit(self._glints[int(now_s / water.FRAME_S) % water.FRAMES], where, strip)

    def standing(self, camera: tuple[int, int], now_s: float, sights: Sights) -> list[Sprite]:
        """What people can walk behind, as far as the camera sees it."""
        everything = [
            *self._fixed,
            *self._houses[sights.is_dark],
            *self._by_story(now_s, sights),
            *self._moving(now_s, sights),
        ]
        return [sprite for sprite in everything if sprite.is_seen(camera)]

    def _by_story(self, now_s: float, sights: Sights) -> Iterator[Sprite]:
        yield standing_at(thing("warrant_board" if sights.flag("buyer_named") else "notice_board"), 626, 412)
        yield standing_at(thing("anvil_with_key" if sights.flag("satchel_found") else "anvil"), 1288, 376)
        yield self._forge[sights.is_night]
        afloat = sights.river_level >= HIGH_LEVEL
        x, y = outdoors.FERRY_AFLOAT if afloat else outdoors.FERRY_AGROUND
        yield standing_at(riverside.ferry(afloat), x, y + (round(sin(now_s * 1.6)) if afloat else 0))
        yield standing_at(thing("altar"), 974 if sights.flag("satchel_found") else 968, 716)
        rope = riverside.ferry_rope()
        yield Sprite(outdoors.FERRY_AFLOAT[1] - 20, rope, 726, 700)
        if not sights.flag("met_courier"):
            yield Sprite(709, riverside.parcel(), 664, 688)
        turning = sights.flag("buyer_named")
        frame = int(now_s * 7) % workshops.WHEEL_FRAMES if turning else 0
        wheel = workshops.wheel(frame, not turning)
        yield Sprite(
            700, wheel, outdoors.WHEEL[0] - wheel.get_width() // 2, outdoors.WHEEL[1] - wheel.get_height() // 2
        )

    def _moving(self, now_s: float, sights: Sights) -> Iterator[Sprite]:
        for x, y, picture in geese.flock(now_s, sights.is_night):
            yield standing_at(picture, x, y)
        for number, (still, leaning) in enumerate(self._reeds):
            yield leaning if sin(now_s * 1.3 + number * 0.9) > 0.2 else still
        for number, (x, y) in enumerate(_CHIMNEYS):
            for puff in range(4):
                age = (now_s * 0.22 + puff / 4 + number * 0.37) % 1
                picture = riverside.smoke(int(age * 8))
                drift = x + age * 26 + 3 * sin(age * 9 + number)
                yield Sprite(y + 240, picture, drift - picture.get_width() // 2, y - age * 46 - picture.get_height())
        yield standing_at(riverside.flame(int(now_s * 8) % 4, 12), 1016, 713, lift=2)


def _house(house: Building, lit: bool) -> Sprite:
    if house.kind == "mill":
        return _placed(house, workshops.mill(house.width, lit))
    return _placed(house, buildings.house(house.kind, house.width, lit))


def _placed(house: Building, picture: pygame.Surface) -> Sprite:
    left, top = house.x - buildings.EAVES - 1, house.base + 1 - picture.get_height()
    return Sprite(house.base - _DOORWAY, picture, left, top)


def _fences() -> Iterator[Sprite]:
    for x1, y1, x2, y2 in outdoors.FENCES:
        if y1 == y2:
            picture = riverside.fence(x2 - x1, False)
            yield Sprite(y1 + 4, picture, x1, y1 + 4 - picture.get_height())
        else:
            for y in range(y1, y2, 16):
                picture = riverside.fence(16, True)
                yield Sprite(y + 16, picture, x1, y + 16 - picture.get_height())


def _reeds() -> list[tuple[Sprite, Sprite]]:
    """Clumps along both banks, upright and leaning; where they were pressed flat, none."""
    dice = random.Random(6)
    clumps = []
    for _ in range(90):
        x = dice.randrange(10, 1330)
        north = dice.random() < 0.55
        y = north_bank(x) + min(16, mud_width(x) * 0.6) if north else south_bank(x) + 1
        open_ground = 500 < x < 790 or 880 < x < 1070
        if not (north and open_ground):
            shape = dice.randrange(6)
            clumps.append((standing_at(trees.reeds(shape, 0), x, y), standing_at(trees.reeds(shape, 2), x, y)))
    return clumps
